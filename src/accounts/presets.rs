//! The providers whose servers are known.
//!
//! Source of every row: facts/apple-mail-accounts.md, section 6, and above the row the provider's own
//! page. For all of them the user name is the full address.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::accounts::Auth;
use crate::task::TlsMode;

/// A provider whose server is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word that a task uses.
    pub word: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Its submission server.
    pub host: &'static str,
    /// The server's port.
    pub port: u16,
    /// When TLS begins there.
    pub tls_mode: TlsMode,
    /// How to sign in when the task does not say.
    pub auth: Auth,
    /// Which secret the provider wants: the end of "… wants".
    pub secret: &'static str,
}

/// Every preset.
pub const PRESETS: [Preset; 9] = [
    // "iCloud Mail server settings", https://support.apple.com/en-us/102525
    preset("icloud", "iCloud", "smtp.mail.me.com", 587, Auth::Password, "an app-specific password"),
    // "IMAP, POP, and SMTP", https://developers.google.com/gmail/imap/imap-smtp; app passwords:
    // https://support.google.com/accounts/answer/185833
    preset("gmail", "Gmail", "smtp.gmail.com", 465, Auth::Password, "an app password, or OAuth 2"),
    // "POP, IMAP, and SMTP settings for Outlook.com", which asks for OAuth 2:
    // https://support.microsoft.com/en-us/office/pop-imap-and-smtp-settings-8361e398-8af4-4e97-b147-6c6c4ac95353
    preset("outlook", "Outlook.com", "smtp-mail.outlook.com", 587, Auth::Xoauth2, "an OAuth 2 token"),
    // "How to set up a multifunction device or application to send emails using Microsoft 365 or Office
    // 365", option 1, which announces the end of passwords, on learn.microsoft.com
    preset("microsoft365", "Microsoft 365", "smtp.office365.com", 587, Auth::Xoauth2, "an OAuth 2 token"),
    // "IMAP server settings for Yahoo Mail", https://help.yahoo.com/kb/SLN4075.html
    preset("yahoo", "Yahoo", "smtp.mail.yahoo.com", 465, Auth::Password, "an app password, or OAuth 2"),
    // https://help.aol.com/articles/how-do-i-use-other-email-applications-to-send-and-receive-my-aol-mail
    preset("aol", "AOL", "smtp.aol.com", 465, Auth::Password, "an app password, or OAuth 2"),
    // "Server names and ports", https://www.fastmail.com/help/technical/servernamesandports.html
    preset("fastmail", "Fastmail", "smtp.fastmail.com", 465, Auth::Password, "an app password"),
    // https://hilfe.gmx.net/pop-imap/imap/imap-serverdaten.html
    preset("gmx", "GMX", "mail.gmx.net", 465, Auth::Password, "the account's password"),
    // "SMTP Server Configuration", https://www.zoho.com/mail/help/zoho-smtp.html
    preset("zoho", "Zoho", "smtp.zoho.com", 465, Auth::Password, "the account's password"),
];

const fn preset(
    word: &'static str,
    title: &'static str,
    host: &'static str,
    port: u16,
    auth: Auth,
    secret: &'static str,
) -> Preset {
    // port 465 is implicit TLS (RFC 8314, section 7.3); the others of the table use STARTTLS
    let tls_mode = if port == 465 { TlsMode::Implicit } else { TlsMode::Starttls };
    Preset { word, title, host, port, tls_mode, auth, secret }
}

/// The word of a preset, as the schema of the task file knows it.
pub(super) struct Word;

impl JsonSchema for Word {
    fn schema_name() -> Cow<'static, str> {
        "PresetWord".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = PRESETS.iter().map(|preset| preset.word).collect();
        json_schema!({ "enum": words })
    }
}

impl Preset {
    /// Finds the preset with this word.
    pub fn named(word: &str) -> Option<&'static Self> {
        static TABLE: &[Preset] = &PRESETS;
        TABLE.iter().find(|preset| preset.word == word)
    }

    /// Finds the preset with this server, whatever the case of its name.
    ///
    /// Mail stores iCloud's under the name of one of its shards, `p42-smtp.mail.me.com`
    /// (facts/apple-mail-accounts.md, section 3).
    pub fn of_host(host: &str) -> Option<&'static Self> {
        static TABLE: &[Preset] = &PRESETS;
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let shard = host.strip_suffix("-smtp.mail.me.com").and_then(|shard| shard.strip_prefix('p'));
        if shard.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())) {
            return Self::named("icloud");
        }
        TABLE.iter().find(|preset| preset.host == host)
    }
}
