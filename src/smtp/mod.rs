//! The SMTP session: from a route to a server's 250, or to the reason why not.
//!
//! It is our own because no library's has what a notifier must have (facts/smtp-and-tls.md,
//! section 1): one deadline over everything, every recipient's own result, nothing taken from the
//! clear text into the TLS session, and the fewest round trips. What is not ours is TLS
//! (native-tls) and the message (lettre), whose [`lettre::Transport`] a session implements.
//!
//! - `wire` the socket and its deadline, `connect` the way to it, `stream` TLS over it
//! - `reply` and `capabilities` what the server says
//! - `tls`, `trust`, `system_roots` the handshake and whom it may be with; `certificate` what a
//!   certificate says of itself, `presented` the chain that a server shows, `diagnosis` what is
//!   wrong with it, `inspect` what every rule says of it
//! - `session` greeting, EHLO, STARTTLS; `sign_in` AUTH; `transaction` MAIL, RCPT, DATA or BDAT; `exchange`
//!   what all of these say and hear
//! - `echo` takes the secret out of what a server repeats
//! - `error` what can go wrong, `advice` what to do about it

mod advice;
mod capabilities;
mod certificate;
mod connect;
mod diagnosis;
mod echo;
mod error;
mod exchange;
mod inspect;
mod presented;
#[cfg(target_os = "macos")]
mod presented_macos;
#[cfg(not(target_os = "macos"))]
mod presented_openssl;
mod refusal;
mod reply;
mod session;
mod sign_in;
mod stream;
mod system_roots;
#[cfg(target_os = "macos")]
mod system_roots_macos;
#[cfg(not(target_os = "macos"))]
mod system_roots_openssl;
mod tls;
mod transaction;
mod trust;
mod wire;

pub(crate) use certificate::CertificateFacts;
#[cfg(test)]
pub(crate) use certificate::SubjectName;
pub(crate) use connect::is_this_computer;
pub use error::{SmtpError, Step};
pub(crate) use inspect::{Inspection, Verdict as TrustVerdict, inspect, route_to_inspect};
pub use session::Session;
pub use transaction::{Mailer, Receipt, SendError, Verdict};

use crate::accounts::Auth;
use crate::task::{TlsMode, TrustRule};
use crate::text;

/// Where a message goes and how: everything about the server, and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user name to sign in with; `None` when nobody signs in.
    pub user: Option<String>,
    /// How to sign in.
    pub auth: Auth,
    /// When TLS begins.
    pub mode: TlsMode,
    /// The rule by which the server's certificate is accepted.
    pub trust: TrustRule,
    /// Lets a password cross an unencrypted connection.
    pub allow_cleartext_password: bool,
    /// The name this computer gives itself in EHLO: a full domain name, or none.
    pub hello_name: Option<String>,
}

impl Route {
    /// Sets up the trust rule, once: what is wrong with it is found before a secret is fetched or
    /// the network is touched.
    pub fn secure(&self) -> Result<SecuredRoute, SmtpError> {
        let verifier = match self.mode {
            TlsMode::None => None,
            TlsMode::Implicit | TlsMode::Starttls => {
                Some(trust::Verifier::new(&self.trust).map_err(session::fail(self, Step::Tls))?)
            }
        };
        Ok(SecuredRoute { route: self.clone(), verifier })
    }

    /// Returns how messages call the server: `smtp.example.com:587`.
    pub fn server(&self) -> String {
        text::server(&self.host, self.port)
    }
}

/// A route with its trust rule set up: made by [`Route::secure`] alone, so that a route which asks
/// for TLS cannot be without what judges its server.
pub struct SecuredRoute {
    route: Route,
    /// What accepts or refuses the server; `None` for the mode `none` only.
    verifier: Option<trust::Verifier>,
}

impl SecuredRoute {
    /// Returns the route that it was made from.
    pub fn route(&self) -> &Route {
        &self.route
    }
}

impl std::fmt::Debug for SecuredRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecuredRoute").field("route", &self.route).finish_non_exhaustive()
    }
}
