//! How a server is described before it starts.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use native_tls::{Identity, Protocol};

use super::SmtpServer;
use super::acceptor::{Acceptor, Presents, Terms, TlsVersion};
use super::script::{Action, Quirk, Script, Stage};
use crate::support::certs::Issued;

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    None,
    Starttls,
    Implicit,
}

/// What a running server goes by.
pub(super) struct Config {
    pub(super) mode: Mode,
    pub(super) acceptor: Option<Acceptor>,
    pub(super) mechanisms: Vec<String>,
    pub(super) auth_in_clear: bool,
    pub(super) users: Vec<(String, String)>,
    pub(super) extensions: Vec<String>,
    pub(super) size: Option<usize>,
    pub(super) refused: Vec<(String, String)>,
    pub(super) most_recipients: Option<usize>,
    pub(super) patience: Option<Duration>,
    pub(super) script: Script,
}

impl Config {
    pub(super) fn needs_tls(&self) -> bool {
        self.mode != Mode::None
    }
}

/// A server to be started. Without further words: no TLS, no AUTH, takes everything, offers
/// PIPELINING, SIZE, 8BITMIME and ENHANCEDSTATUSCODES.
pub(crate) struct Builder {
    config: Config,
    address: IpAddr,
    presents: Option<Presents>,
    terms: Terms,
}

impl Default for Builder {
    fn default() -> Self {
        let extensions = ["PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES"];
        Self {
            config: Config {
                mode: Mode::None,
                acceptor: None,
                mechanisms: Vec::new(),
                auth_in_clear: false,
                users: Vec::new(),
                extensions: extensions.map(String::from).into(),
                size: Some(10_240_000),
                refused: Vec::new(),
                most_recipients: None,
                patience: None,
                script: Script::default(),
            },
            address: Ipv4Addr::LOCALHOST.into(),
            presents: None,
            terms: Terms::default(),
        }
    }
}

impl Builder {
    pub(crate) fn tls(mut self, mode: Mode) -> Self {
        self.config.mode = mode;
        self
    }

    /// What the server presents; this or [`Builder::chain`] is needed with TLS.
    pub(crate) fn identity(mut self, identity: Identity) -> Self {
        self.presents = Some(Presents::Identity(identity));
        self
    }

    /// What the server presents, exactly: this certificate, then what [`Issued`] says follows it,
    /// in that order and whatever clients think of it.
    ///
    /// Such a server speaks TLS 1.2 and 1.3 unless told otherwise, and notes the version of each
    /// session. On macOS it is the same as [`Builder::identity`].
    pub(crate) fn chain(mut self, issued: &Issued) -> Self {
        self.presents = Some(Presents::Chain(issued.clone()));
        self
    }

    /// The oldest and the newest version of TLS it speaks.
    pub(crate) fn tls_versions(mut self, oldest: Protocol, newest: Protocol) -> Self {
        self.terms.versions = (oldest.into(), Some(newest.into()));
        self
    }

    /// The one version of TLS it speaks; 1.3 needs [`Builder::chain`].
    pub(crate) fn tls_only(mut self, version: TlsVersion) -> Self {
        self.terms.versions = (version, Some(version));
        self
    }

    /// Demands a certificate of the client, any certificate; needs [`Builder::chain`].
    ///
    /// A client without one learns of it in the handshake up to TLS 1.2, and from its first read
    /// with TLS 1.3, where its own side of the handshake has succeeded by then.
    pub(crate) fn wants_client_certificate(mut self) -> Self {
        self.terms.wants_client_certificate = true;
        self
    }

    /// Listens on this loopback address, `::1` for example.
    pub(crate) fn address(mut self, address: &str) -> Self {
        self.address = address.parse().expect("an address");
        self
    }

    /// The mechanisms offered, in this order.
    pub(crate) fn auth(mut self, mechanisms: &[&str]) -> Self {
        self.config.mechanisms = mechanisms.iter().map(|name| name.to_uppercase()).collect();
        self
    }

    /// A user with its password or token. With a user, mail needs a sign-in; without
    /// [`Builder::auth`] it is by PLAIN or LOGIN.
    pub(crate) fn user(mut self, user: &str, secret: &str) -> Self {
        self.config.users.push((user.into(), secret.into()));
        if self.config.mechanisms.is_empty() {
            return self.auth(&["PLAIN", "LOGIN"]);
        }
        self
    }

    /// Offers AUTH before STARTTLS too, as servers that tempt clients do.
    pub(crate) fn auth_in_clear(mut self) -> Self {
        self.config.auth_in_clear = true;
        self
    }

    /// Exactly these keywords, without STARTTLS and AUTH, which follow from the rest.
    pub(crate) fn extensions(mut self, keywords: &[&str]) -> Self {
        self.config.extensions = keywords.iter().map(ToString::to_string).collect();
        if !keywords.iter().any(|keyword| keyword.starts_with("SIZE")) {
            self.config.size = None;
        }
        self
    }

    /// This keyword too.
    pub(crate) fn with(mut self, keyword: &str) -> Self {
        self.config.extensions.push(keyword.into());
        self
    }

    pub(crate) fn without(mut self, keyword: &str) -> Self {
        self.config.extensions.retain(|known| known != keyword);
        if keyword == "SIZE" {
            self.config.size = None;
        }
        self
    }

    /// Takes messages up to this size.
    pub(crate) fn size(mut self, most: usize) -> Self {
        self.config.size = Some(most);
        self
    }

    pub(crate) fn smtputf8(self, offered: bool) -> Self {
        let without = self.without("SMTPUTF8");
        if offered { without.with("SMTPUTF8") } else { without }
    }

    /// Answers RCPT for this address so.
    pub(crate) fn refuse(mut self, address: &str, reply: &str) -> Self {
        self.config.refused.push((address.into(), reply.into()));
        self
    }

    /// Answers further recipients of a message with `452`.
    pub(crate) fn most_recipients(mut self, most: usize) -> Self {
        self.config.most_recipients = Some(most);
        self
    }

    /// Waits so long before each reply after which the client has to wait, to see whether it
    /// does.
    ///
    /// Without it a client that speaks out of turn in a second write is caught only when that
    /// write overtakes the server.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.config.patience = Some(patience);
        self
    }

    /// Does this at that stage of every session.
    pub(crate) fn fault(mut self, stage: Stage, action: Action) -> Self {
        self.config.script.add(None, stage, action);
        self
    }

    /// Does this at that stage of one session, counted from 1.
    pub(crate) fn fault_on(mut self, connection: usize, stage: Stage, action: Action) -> Self {
        self.config.script.add(Some(connection), stage, action);
        self
    }

    pub(crate) fn quirk(mut self, quirk: Quirk) -> Self {
        self.config.script.add_quirk(quirk);
        self
    }

    /// Greets with something else than SMTP, such as `HTTP/1.0 400 Bad Request` or `SSH-2.0-x`.
    pub(crate) fn not_smtp(self, greeting: &str) -> Self {
        self.fault(Stage::Greeting, Action::reply_and_close(greeting))
    }

    /// Speaks plain text where the client was told to expect TLS at once.
    pub(crate) fn plain_text_on_tls_port(self) -> Self {
        self.tls(Mode::None)
    }

    /// Speaks TLS at once where the client was told to expect STARTTLS.
    pub(crate) fn tls_on_starttls_port(self) -> Self {
        self.tls(Mode::Implicit)
    }

    pub(crate) fn start(mut self) -> SmtpServer {
        let config = &mut self.config;
        if let Some(size) = config.size {
            for keyword in &mut config.extensions {
                if keyword == "SIZE" {
                    *keyword = format!("SIZE {size}");
                }
            }
        }
        if config.needs_tls() {
            let presents = self.presents.expect("a server with TLS needs an identity or a chain");
            config.acceptor = Some(Acceptor::new(presents, &self.terms));
        }
        SmtpServer::start(self.config, self.address)
    }
}
