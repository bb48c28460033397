//! SMTP accounts: what a task names, and the places where one can be found.
//!
//! An account is written out in the task ([`AccountSpec`]: "Other…" of the manual, with or without
//! a preset), or it is one that Apple Mail knows already (`mail`). A [`Book`] looks names up, and
//! opens Mail's files only when one has to be looked up.

mod book;
mod error;
mod found;
mod mail;
mod presets;
mod spec;

use lettre::message::Mailbox;

pub use book::Book;
pub(crate) use error::WRITE_OUT;
pub use error::{AccountError, Lookup};
pub(crate) use found::shown;
pub use found::{Found, Listing, Problem};
#[cfg(fuzzing)]
pub(crate) use mail::fuzzing;
pub(crate) use mail::list as read_home;
pub use presets::{PRESETS, Preset};
pub use spec::{AccountSpec, Auth, PresetSpec, ServerSpec};

use crate::task::TlsMode;
use crate::text::bracketed;

/// The first argument of the child that reads somebody else's home folder.
pub(crate) const READ_MAIL_HOME: &str = "read-mail-home";

/// An account that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The server's name or address, in ASCII.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user name; `None` with [`Auth::None`].
    pub user: Option<String>,
    /// How to sign in.
    pub auth: Auth,
    /// When TLS begins.
    pub tls_mode: TlsMode,
    /// The provider, when it is a known one.
    pub preset: Option<&'static Preset>,
    /// Whom its mail comes from, when that is known beside the user name.
    pub sender: Option<Mailbox>,
}

impl Account {
    /// Makes an account of a server that is written out; `mode` is the task's own `tls.mode`.
    ///
    /// Where no port is given it is the standard one of the mode, and where no mode is given it is
    /// that of the port (RFC 8314, section 7.3: 465 is implicit TLS). It is never "TLS if
    /// available": what is not said is encrypted.
    fn of_server(server: &ServerSpec, mode: Option<TlsMode>) -> Self {
        let tls_mode = mode.unwrap_or(match server.port {
            Some(465) => TlsMode::Implicit,
            _ => TlsMode::Starttls,
        });
        Self {
            host: server.host.clone(),
            port: server.port.unwrap_or(standard_port(tls_mode)),
            user: server.user.clone().filter(|_| server.auth != Auth::None),
            auth: server.auth,
            tls_mode,
            preset: Preset::of_host(&server.host),
            sender: None,
        }
    }

    /// Makes an account with a known provider.
    fn of_preset(spec: &PresetSpec, mode: Option<TlsMode>) -> Self {
        let preset = spec.preset;
        let tls_mode = mode.unwrap_or(preset.tls_mode);
        let usual = tls_mode == preset.tls_mode;
        Self {
            host: preset.host.to_owned(),
            port: if usual { preset.port } else { standard_port(tls_mode) },
            user: Some(spec.user.clone()),
            auth: spec.auth.unwrap_or(preset.auth),
            tls_mode,
            preset: Some(preset),
            sender: None,
        }
    }

    /// Makes an account of one that was found; `None` when it cannot be used.
    ///
    /// A mode of the task's own moves it to the standard port of that mode, unless Mail has it on a
    /// port of its own.
    fn of_found(found: &Found, mode: Option<TlsMode>) -> Option<Self> {
        let (host, port) = (found.host.clone()?, found.port?);
        let (stored, auth) = (found.tls_mode?, found.auth?);
        let tls_mode = mode.unwrap_or(stored);
        let moves = tls_mode != stored && port == standard_port(stored);
        found.usable.then(|| Self {
            preset: Preset::of_host(&host),
            host,
            port: if moves { standard_port(tls_mode) } else { port },
            user: found.user.clone(),
            auth,
            tls_mode,
            sender: found.senders.first().cloned(),
        })
    }

    /// Returns the name under which messages and the private keychain know it: `host:port:user`.
    pub fn label(&self) -> String {
        label(&self.host, self.port, self.user.as_deref())
    }
}

/// Returns the full name of an account: `host:port:user`. The colons of an IPv6 address stand in
/// brackets, so that no name can be taken for another one.
fn label(host: &str, port: u16, user: Option<&str>) -> String {
    let host = bracketed(host);
    match user {
        Some(user) => format!("{host}:{port}:{user}"),
        None => format!("{host}:{port}"),
    }
}

/// Returns the name of an account without its port; `None` where that could be the full name of
/// another one.
fn short_name(host: &str, user: Option<&str>) -> Option<String> {
    let host = bracketed(host);
    let Some(user) = user else { return Some(host.into_owned()) };
    let begins_as_port = user.split(':').next().is_some_and(|word| word.parse::<u16>().is_ok());
    (!begins_as_port).then(|| format!("{host}:{user}"))
}

/// Returns the port that servers use for a mode (RFC 8314, section 3.3; RFC 6409; RFC 5321).
fn standard_port(mode: TlsMode) -> u16 {
    match mode {
        TlsMode::Implicit => 465,
        TlsMode::Starttls => 587,
        TlsMode::None => 25,
    }
}
