//! SMTP accounts: what a task names, and the places where one can be found.
//!
//! This version knows accounts that are written out in the task ("Other…" of the manual), with or
//! without a preset. Apple Mail's own settings are the next place to be read from here.

mod presets;

use std::fmt;

use schemars::JsonSchema;

pub use presets::{PRESETS, Preset};

use crate::error::Situation;
use crate::exit::Exit;
use crate::task::TlsMode;

/// How a task names its account.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum AccountSpec {
    /// An id, a sender address or a description, to be looked up.
    Named(String),
    /// Written out.
    Server(ServerSpec),
    /// A known provider.
    Preset(PresetSpec),
}

/// An account written out in a task.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ServerSpec {
    /// The server's name or address.
    #[schemars(length(min = 1))]
    pub host: String,
    /// Its port; without it 587 for STARTTLS, 465 for implicit TLS, 25 for none.
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub port: Option<u16>,
    /// The user name; not needed with `"auth": "none"`.
    pub user: Option<String>,
    /// How to sign in.
    #[schemars(with = "Option<Auth>", extend("default" = "password"))]
    pub auth: Auth,
}

/// An account with a provider whose server is known.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PresetSpec {
    /// The provider.
    #[schemars(with = "presets::Word")]
    pub preset: &'static Preset,
    /// The user name: the full address.
    #[schemars(length(min = 1))]
    pub user: String,
    /// How to sign in; without it the provider's usual way.
    pub auth: Option<Auth>,
}

/// How to sign in (RFC 4954).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Auth {
    /// With a password, by whichever of PLAIN, LOGIN and CRAM-MD5 the server offers.
    #[default]
    Password,
    /// With an OAuth token, as Google and Microsoft first defined it.
    Xoauth2,
    /// With an OAuth token (RFC 7628).
    Oauthbearer,
    /// Not at all.
    None,
}

impl Auth {
    /// Every way, as spelled in a task.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("password", Self::Password),
        ("xoauth2", Self::Xoauth2),
        ("oauthbearer", Self::Oauthbearer),
        ("none", Self::None),
    ];
}

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
}

impl Account {
    /// Makes an account of what a task says; `mode` is the task's own `tls.mode`.
    ///
    /// Where no port is given it is the standard one of the mode, and where no mode is given it is
    /// that of the port (RFC 8314, section 7.3: 465 is implicit TLS). It is never "TLS if
    /// available": what is not said is encrypted.
    pub fn of_spec(spec: &AccountSpec, mode: Option<TlsMode>) -> Result<Self, AccountError> {
        match spec {
            AccountSpec::Named(name) => Err(AccountError::NotFound(name.clone())),
            AccountSpec::Server(server) => {
                let tls_mode = mode.unwrap_or(match server.port {
                    Some(465) => TlsMode::Implicit,
                    _ => TlsMode::Starttls,
                });
                Ok(Self {
                    host: server.host.clone(),
                    port: server.port.unwrap_or(standard_port(tls_mode)),
                    user: server.user.clone().filter(|_| server.auth != Auth::None),
                    auth: server.auth,
                    tls_mode,
                    preset: Preset::of_host(&server.host),
                })
            }
            AccountSpec::Preset(spec) => {
                let tls_mode = mode.unwrap_or(spec.preset.tls_mode);
                let usual = tls_mode == spec.preset.tls_mode;
                Ok(Self {
                    host: spec.preset.host.to_owned(),
                    port: if usual { spec.preset.port } else { standard_port(tls_mode) },
                    user: Some(spec.user.clone()),
                    auth: spec.auth.unwrap_or(spec.preset.auth),
                    tls_mode,
                    preset: Some(spec.preset),
                })
            }
        }
    }

    /// Returns the name under which messages and the private keychain know it: `host:port:user`.
    pub fn label(&self) -> String {
        match &self.user {
            Some(user) => format!("{}:{}:{user}", self.host, self.port),
            None => format!("{}:{}", self.host, self.port),
        }
    }
}

/// Returns the port that servers use for a mode (RFC 8314, section 3.3; RFC 6409; RFC 5321).
fn standard_port(mode: TlsMode) -> u16 {
    match mode {
        TlsMode::Implicit => 465,
        TlsMode::Starttls => 587,
        TlsMode::None => 25,
    }
}

/// Why a task's account cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountError {
    /// No account goes by this name.
    NotFound(String),
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name) => write!(
                f,
                "no account \"{}\" is known: the accounts of Apple Mail are not read by this version",
                crate::text::one_line(name)
            ),
        }
    }
}

impl Situation for AccountError {
    fn exit(&self) -> Exit {
        Exit::Config
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound(_) => "write the account out: \"account\": {\"host\": \"smtp.example.com\", \"user\": \
                                  \"kim@example.com\"}, or {\"preset\": \"icloud\", \"user\": \"kim@icloud.com\"}"
                .to_owned(),
        })
    }
}
