//! What a task writes in place of an account: a name to look up, a server, or a provider.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presets::Preset;

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
    #[schemars(with = "super::presets::Word")]
    pub preset: &'static Preset,
    /// The user name: the full address.
    #[schemars(length(min = 1))]
    pub user: String,
    /// How to sign in; without it the provider's usual way.
    pub auth: Option<Auth>,
}

/// How to sign in (RFC 4954).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, auth)| *auth == self).map_or("password", |(word, _)| word)
    }
}
