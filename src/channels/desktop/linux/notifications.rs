//! Desktop Notifications Specification 1.2: the questions and the notice, on a bus that has let us in.
//!
//! What takes the place of what. Nothing is kept between runs, so the number of the notice that a
//! service gave us is not known when the backup ends. The number to replace is therefore made of the
//! task, out of a range that no service's own counter reaches, and services do one of three things with
//! a number they have never given (read in their sources):
//!
//! - dunst (`queues.c`), Plasma (`server_p.cpp`, `abstractnotificationsmodel.cpp`) and xfce4-notifyd
//!   since it was rewritten (`xfce-notify-daemon.c`) take the notice under this number, so that
//!   the next one replaces it while it is shown (Plasma also in its list)
//! - mako (`dbus/xdg.c`) and swaync (`notiDaemon.vala`) give a number of their own, but a notice with the
//!   same tag replaces the one before: mako's is `x-dunst-stack-tag`, swaync's
//!   `x-canonical-private-synchronous`
//! - GNOME Shell (`notificationDaemon.js`) and the older xfce4-notifyd give a number of their own and
//!   know no tag: there the second notice is added to the first, which is why that something began is
//!   `transient` and does not stay in the list
//!
//! So both the number and `x-dunst-stack-tag` are sent. `x-canonical-private-synchronous` was made for a
//! passing display such as that of the volume, and notify-osd shows it as one; it is sent only to a
//! service that lists the capability `synchronous`, which is swaync.
//! `desktop-entry` is never sent: GNOME Shell takes away the notices of a program that it knows as soon as that
//! program has left the bus.

use std::borrow::Cow;
use std::collections::BTreeMap;

use zbus::Variant;
use zbus::wire::to_bytes;

use super::bus::Bus;
use super::fault::{Fault, Step};
use super::message::{Method, context};
use super::order::Order;
use crate::decide::ScreenEvent;

/// The bus itself (D-Bus specification, "org.freedesktop.DBus.Hello").
const HELLO: Method = Method {
    to: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    name: "Hello",
    signature: "",
};
const GET_CAPABILITIES: Method = service("GetCapabilities", "");
const GET_SERVER_INFORMATION: Method = service("GetServerInformation", "");
const NOTIFY: Method = service("Notify", "susssasa{sv}i");

const fn service(name: &'static str, signature: &'static str) -> Method {
    Method {
        to: "org.freedesktop.Notifications",
        path: "/org/freedesktop/Notifications",
        interface: "org.freedesktop.Notifications",
        name,
        signature,
    }
}

/// The name that services show beside a notice, and by which they can be told to treat it otherwise.
const APP_NAME: &str = "backup-notify";

/// Becomes a member of the bus and shows the notice.
pub(super) fn show(bus: &mut Bus, order: &Order) -> Result<(), Fault> {
    let hello = bus.call(Step::Hello, &HELLO, &[])?;
    let asked = bus.call(Step::Ask, &GET_CAPABILITIES, &[])?;
    bus.answer(hello)?;
    let capabilities = bus.answer(asked)?.texts().ok_or_else(|| odd(Step::Ask))?;
    let shown = bus.call(Step::Show, &NOTIFY, &notify(order, &capabilities)?)?;
    // a service numbers from 1 ("Notify", return value)
    match bus.answer(shown)?.number() {
        Some(1..) => Ok(()),
        _ => Err(odd(Step::Show)),
    }
}

/// Becomes a member of the bus and asks who would show a notice.
pub(super) fn ask(bus: &mut Bus) -> Result<String, Fault> {
    let hello = bus.call(Step::Hello, &HELLO, &[])?;
    let asked = bus.call(Step::Ask, &GET_SERVER_INFORMATION, &[])?;
    bus.answer(hello)?;
    let (name, _) = bus.answer(asked)?.two_texts().ok_or_else(|| odd(Step::Ask))?;
    Ok(name)
}

fn odd(step: Step) -> Fault {
    Fault::Garbage { step, why: "it is not of the type that the specification says".to_owned() }
}

/// How an event looks.
struct Look {
    icon: &'static str,
    category: &'static str,
    urgency: u8,
    /// In milliseconds; -1 is the service's own, 0 never.
    expires: i32,
    /// Whether it is gone once it was shown.
    transient: bool,
}

fn look(event: ScreenEvent) -> Look {
    match event {
        ScreenEvent::Begin => Look {
            icon: "dialog-information",
            category: "transfer",
            urgency: 0,
            expires: -1,
            transient: true,
        },
        ScreenEvent::Success => Look {
            icon: "dialog-information",
            category: "transfer.complete",
            urgency: 1,
            expires: -1,
            transient: false,
        },
        ScreenEvent::Warning => Look {
            icon: "dialog-warning",
            category: "transfer.complete",
            urgency: 1,
            expires: 0,
            transient: false,
        },
        ScreenEvent::Error => Look {
            icon: "dialog-error",
            category: "transfer.error",
            urgency: 2,
            expires: 0,
            transient: false,
        },
    }
}

/// Writes the arguments of "Notify".
fn notify(order: &Order, capabilities: &[String]) -> Result<Vec<u8>, Fault> {
    let Look { icon, category, urgency, expires, transient } = look(order.event());
    let can = |word: &str| capabilities.iter().any(|capability| capability == word);
    let tag = format!("{APP_NAME}-{}", order.id);
    let mut hints = BTreeMap::from([
        ("category", Variant::from(category)),
        ("urgency", Variant::from(urgency)),
        ("x-dunst-stack-tag", Variant::from(tag.as_str())),
    ]);
    if transient {
        hints.insert("transient", Variant::from(true));
    }
    if can("synchronous") {
        hints.insert("x-canonical-private-synchronous", Variant::from(tag.as_str()));
    }
    let text = if can("body-markup") { escape(&order.text) } else { Cow::Borrowed(order.text.as_str()) };
    let actions: [&str; 0] = [];
    let arguments =
        (APP_NAME, replaces(&order.id), icon, order.title.as_str(), &*text, &actions[..], hints, expires);
    let written = to_bytes(context(0), &arguments);
    let written =
        written.map_err(|error| Fault::Own { what: format!("the notice cannot be written: {error}") })?;
    Ok(written.bytes().to_vec())
}

/// Returns the number of the notice that is replaced: the same for the same task, and in a range that
/// no service reaches by counting.
fn replaces(id: &str) -> u32 {
    let number = id.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default();
    0x4000_0000 | (number & 0x3fff_ffff)
}

/// Makes letters of what would be markup ("Markup" in the specification: the body is XML). Only a
/// service with `body-markup` takes them back, and only in the body.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_would_be_markup_is_escaped() {
        assert_eq!(escape("Home → disk"), "Home → disk");
        assert_eq!(escape("<b>&amp;\"'"), "&lt;b&gt;&amp;amp;\"'");
    }

    #[test]
    fn the_number_to_replace_is_one_that_nobody_reaches_by_counting() {
        assert_eq!(replaces("0000000000000000"), 0x4000_0000);
        assert_eq!(replaces("ffffffffffffffff"), 0x7fff_ffff);
        assert_eq!(replaces("89abcdef01234567"), 0x49ab_cdef);
        assert_eq!(replaces("not hexadecimal"), 0x4000_0000);
    }

    proptest! {
        #[test]
        fn the_number_stays_in_its_range(id in "[0-9a-f]{16}") {
            prop_assert!((0x4000_0000..=0x7fff_ffff).contains(&replaces(&id)));
        }

        #[test]
        fn nothing_is_left_that_could_be_markup(text in ".*") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>']));
            let plain = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            prop_assert_eq!(plain, text);
        }
    }
}
