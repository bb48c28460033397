//! The bytes of a request: what GNTP 1.0 says of them, and what receivers make of it.

use std::fmt::Display;

use crate::channels::growl::icon::Icon;
use crate::channels::screen::ScreenNotice;
use crate::decide::ScreenEvent;
use crate::text;

/// The name of the program there, under which people find its settings.
pub(super) const APPLICATION: &str = "backup-notify";

/// How Growl for Linux reads: so many bytes at a time, and it takes a piece that ends with a blank
/// line for the end of the request (gol.c, `read_all`).
const PIECE: usize = 1024;
/// The end of a block of headers, and of a request.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// What is said in every request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    /// The name of this computer.
    pub(super) host: &'a str,
    /// What proves that the sender knows the password, new for each request.
    pub(super) proof: Option<&'a str>,
}

impl Sender<'_> {
    /// Makes known which notices there are, so that people can say how each is to be shown.
    pub(super) fn register(self) -> Vec<u8> {
        let icons = ScreenEvent::WORDS.map(|(_, event)| Icon::of(event));
        self.request("REGISTER", &icons, |request| {
            request.header("Application-Name", APPLICATION);
            request.icon("Application-Icon", &Icon::of(ScreenEvent::Begin));
            request.header("Notifications-Count", ScreenEvent::WORDS.len());
            for (name, event) in ScreenEvent::WORDS {
                request.end_of_block();
                request.header("Notification-Name", name);
                request.header("Notification-Display-Name", display_name(event));
                request.header("Notification-Enabled", "True");
                request.icon("Notification-Icon", &Icon::of(event));
            }
        })
    }

    /// Shows a notice.
    pub(super) fn notify(self, notice: &ScreenNotice) -> Vec<u8> {
        let icon = Icon::of(notice.event);
        let (priority, sticky) = weight(notice.event);
        // what ended takes the place of what began
        let id = format!("{APPLICATION}-{}", notice.id);
        self.request("NOTIFY", std::slice::from_ref(&icon), |request| {
            request.header("Application-Name", APPLICATION);
            request.header("Notification-Name", notice.event.word());
            request.header("Notification-ID", &id);
            request.header("Notification-Coalescing-ID", &id);
            request.header("Notification-Title", &notice.title);
            request.header("Notification-Text", &notice.text);
            request.header("Notification-Sticky", if sticky { "True" } else { "False" });
            request.header("Notification-Priority", priority);
            request.icon("Notification-Icon", &icon);
        })
    }

    /// Makes a request of these headers and these pictures.
    fn request(self, command: &str, icons: &[Icon], headers: impl Fn(&mut Request)) -> Vec<u8> {
        let make = |filler: usize| {
            let proof = self.proof.map(|proof| format!(" {proof}")).unwrap_or_default();
            let mut request = Request { bytes: format!("GNTP/1.0 {command} NONE{proof}\r\n").into_bytes() };
            if filler > 0 {
                request.header("X-Filler", ".".repeat(filler));
            }
            request.header("Origin-Machine-Name", self.host);
            request.header("Origin-Software-Name", APPLICATION);
            request.header("Origin-Software-Version", env!("CARGO_PKG_VERSION"));
            let system = if cfg!(target_os = "macos") { "Mac OS X" } else { "Linux" };
            request.header("Origin-Platform-Name", system);
            headers(&mut request);
            request.end_of_block();
            for icon in icons {
                request.resource(icon);
            }
            request.bytes
        };
        // a few more bytes at its beginning move what would be mistaken for its end
        (0..16).map(make).find(|bytes| !seems_to_end_early(bytes)).unwrap_or_else(|| make(0))
    }
}

/// Tells whether a receiver that reads piece by piece would take a part of a request for the whole.
fn seems_to_end_early(request: &[u8]) -> bool {
    let mut pieces = request.chunks(PIECE).peekable();
    std::iter::from_fn(|| pieces.next().map(|piece| (piece, pieces.peek().is_some())))
        .any(|(piece, more)| more && piece.ends_with(BLANK_LINE))
}

/// A request in the making.
struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// Adds a header. A value may hold line feeds; what ends a header is CRLF.
    fn header(&mut self, name: &str, value: impl Display) {
        let value = text::block(&value.to_string()).replace('\r', "");
        self.bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }

    fn icon(&mut self, name: &str, icon: &Icon) {
        self.header(name, format_args!("x-growl-resource://{}", icon.id));
    }

    fn end_of_block(&mut self) {
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn resource(&mut self, icon: &Icon) {
        self.header("Identifier", &icon.id);
        self.header("Length", icon.png.len());
        self.end_of_block();
        self.bytes.extend_from_slice(icon.png);
        self.bytes.extend_from_slice(BLANK_LINE);
    }
}

/// What people see in the settings of their Growl.
fn display_name(event: ScreenEvent) -> &'static str {
    match event {
        ScreenEvent::Begin => "Backup started",
        ScreenEvent::Success => "Backup finished",
        ScreenEvent::Warning => "Backup finished with warnings",
        ScreenEvent::Error => "Backup failed",
    }
}

/// Returns the priority, from -2 to 2, and whether a notice stays until somebody has seen it.
fn weight(event: ScreenEvent) -> (i8, bool) {
    match event {
        ScreenEvent::Begin => (-1, false),
        ScreenEvent::Success => (0, false),
        ScreenEvent::Warning => (1, true),
        ScreenEvent::Error => (2, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(title: &str, text: &str) -> ScreenNotice {
        let id = "0123456789abcdef".to_owned();
        ScreenNotice { event: ScreenEvent::Error, title: title.into(), text: text.into(), id }
    }

    /// The headers of a request, without its pictures.
    fn head(request: &[u8]) -> String {
        let end = request.windows(15).position(|bytes| bytes == b"\r\n\r\nIdentifier:").unwrap();
        String::from_utf8(request[..end].to_vec()).unwrap()
    }

    #[test]
    fn a_notice_is_written_as_gntp_has_it() {
        let request = Sender { host: "box", proof: Some("SHA256:AB.CD") }.notify(&notice("a", "b\nc"));
        let icon = Icon::of(ScreenEvent::Error).id;
        let system = if cfg!(target_os = "macos") { "Mac OS X" } else { "Linux" };
        let wanted = format!(
            "GNTP/1.0 NOTIFY NONE SHA256:AB.CD\r\nOrigin-Machine-Name: box\r\nOrigin-Software-Name: backup-notify\r\n\
             Origin-Software-Version: {}\r\nOrigin-Platform-Name: {system}\r\nApplication-Name: backup-notify\r\n\
             Notification-Name: error\r\nNotification-ID: backup-notify-0123456789abcdef\r\n\
             Notification-Coalescing-ID: backup-notify-0123456789abcdef\r\nNotification-Title: a\r\n\
             Notification-Text: b\nc\r\nNotification-Sticky: True\r\nNotification-Priority: 2\r\n\
             Notification-Icon: x-growl-resource://{icon}",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(head(&request), wanted);
        let png = Icon::of(ScreenEvent::Error).png;
        let mut tail = format!("\r\n\r\nIdentifier: {icon}\r\nLength: {}\r\n\r\n", png.len()).into_bytes();
        tail.extend_from_slice(png);
        tail.extend_from_slice(b"\r\n\r\n");
        assert_eq!(&request[wanted.len()..], tail);
    }

    #[test]
    fn without_a_password_there_is_no_hash() {
        let request = Sender { host: "box", proof: None }.register();
        assert!(request.starts_with(b"GNTP/1.0 REGISTER NONE\r\nOrigin-"));
    }

    #[test]
    fn nothing_in_a_value_ends_its_header() {
        let sender = Sender { host: "box\r\nX: 1", proof: None };
        let request = sender.notify(&notice("a\r\nb\rc", "d\r\n\r\ne\u{2028}\u{85}f"));
        let head = head(&request);
        assert_eq!(head.matches("\r\n").count(), 13, "{head:?}");
        assert_eq!(head.matches('\r').count(), 13, "{head:?}");
    }

    #[test]
    fn no_piece_of_a_request_looks_like_its_end() {
        let mut filled = 0;
        for length in 0..2100 {
            let host = "h".repeat(length);
            let sender = Sender { host: &host, proof: None };
            for request in [sender.register(), sender.notify(&notice(&host, "text"))] {
                assert!(!seems_to_end_early(&request), "{length}");
                assert!(request.ends_with(BLANK_LINE));
                filled += usize::from(request.windows(8).any(|bytes| bytes == b"X-Filler"));
            }
        }
        assert!(filled > 0, "it happens");
    }
}
