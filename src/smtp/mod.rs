//! The SMTP session: from a route to a server's 250, or to the reason why not.
//!
//! It is our own because no library's has what a notifier must have (facts/smtp-and-tls.md,
//! section 1): one deadline over everything, every recipient's own result, nothing taken from the
//! clear text into the TLS session, and the fewest round trips. What is not ours is TLS
//! (native-tls) and the message (lettre), whose [`lettre::Transport`] a session implements.
//!
//! - `wire` the socket and its deadline, `stream` TLS over it
//! - `reply` and `capabilities` what the server says
//! - `tls`, `trust`, `certificate` the handshake and whom it may be with
//! - `session` greeting, EHLO, STARTTLS; `sign_in` AUTH; `transaction` MAIL, RCPT, DATA
//! - `echo` takes the secret out of what a server repeats
//! - `error` what can go wrong, `advice` what to do about it

mod advice;
mod capabilities;
mod certificate;
mod echo;
mod error;
mod reply;
mod session;
mod sign_in;
mod stages;
mod stream;
mod tls;
mod transaction;
mod trust;
mod wire;

pub use error::{SmtpError, Step};
pub use session::Session;
pub use stages::Stages;
pub use transaction::{Mailer, Receipt, SendError, Verdict};

use crate::accounts::Auth;
use crate::task::{TlsMode, TrustRule};

/// Where a message goes and how: everything about the server, and no secret.
#[derive(Debug, Clone)]
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
    /// Finds out whether the trust rule can be set up at all, without touching the network.
    pub fn check_trust(&self) -> Result<(), SmtpError> {
        if self.mode == TlsMode::None {
            return Ok(());
        }
        let fail = |problem| SmtpError { route: Box::new(self.clone()), step: Step::Tls, problem };
        trust::connector(&self.trust).map(|_| ()).map_err(fail)
    }

    /// Returns how messages call the server: `smtp.example.com:587`.
    pub fn server(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}
