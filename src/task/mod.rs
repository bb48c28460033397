//! The task: what is backed up and whom to tell, as one JSON file says it.
//!
//! These types are the whole contract of the file. The JSON Schema is made from them
//! ([`schema`]); [`read`] turns bytes into them and reports every fault of a file at once.
//! Nothing here touches a file, the network, the environment or the clock.

mod document;
mod edit;
mod faults;
mod read;
mod read_email;
mod read_password;
mod schema;
mod trust_rule;
mod walk;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use document::MAX_BYTES;
pub(crate) use document::{Node, parse as parse_document};
pub use faults::{Fault, Faults};
pub(crate) use read::KEYS as TASK_KEYS;
pub(crate) use read::read_password as read_password_source;
pub use read::{read_account, read_report, read_task};
pub(crate) use read_email::EMAIL as EMAIL_KEYS;
pub(crate) use read_email::TLS as TLS_KEYS;
pub use schema::schema;
pub use trust_rule::{Pin, TrustRule};
pub use words::{parse_duration, parse_host, parse_long_duration, parse_mailboxes, parse_server};

use crate::accounts::AccountSpec;
use crate::decide::{Policy, ScreenEvent};
use crate::run::{Outcome, RunFacts};
use crate::tools::Tool;

/// How long a run of the program may take when a task does not say.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// What is backed up and whom to tell.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(title = "backup-notify task", deny_unknown_fields)]
pub struct Task {
    /// What people call this backup.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What is backed up.
    pub source: Option<String>,
    /// Where the backup goes.
    pub destination: Option<String>,
    /// The backup program, for the meaning of its exit codes.
    pub tool: Option<Tool>,
    /// Whom to tell by e-mail: one, or several with policies of their own.
    #[schemars(with = "Option<schema::OneOrMany<Email>>")]
    pub email: Vec<Email>,
    /// Whether to show notices on this computer's desktop.
    #[schemars(with = "Option<schema::SwitchOr<Desktop>>")]
    pub desktop: Option<Desktop>,
    /// Whether to show notices through Growl.
    #[schemars(with = "Option<schema::SwitchOr<Growl>>")]
    pub growl: Option<Growl>,
    /// Where messages wait that no server has accepted yet.
    #[schemars(with = "Option<schema::SwitchOr<schema::PathOr<Outbox>>>")]
    pub outbox: Option<Outbox>,
    /// How long the whole run of the program may take: "45s", "2m".
    #[schemars(with = "Option<String>", extend("default" = "60s", "pattern" = "^\\s*[0-9]+\\s*[smh]\\s*$"))]
    pub deadline: Duration,
    /// The home folder to read Mail's accounts from.
    #[schemars(with = "Option<String>")]
    pub mail_home: Option<PathBuf>,
    /// What an exit code means, where it differs from the tool's own table.
    #[schemars(with = "Option<BTreeMap<String, Outcome>>", extend("propertyNames" = {"pattern": "^[+-]?[0-9]+$"}))]
    pub exit_codes: BTreeMap<i32, Outcome>,
    /// Words that never appear in a message.
    #[schemars(with = "Option<Vec<String>>")]
    pub redact: Vec<String>,
    /// The facts of the last run, when the backup program writes them here.
    pub run: Option<RunFacts>,
}

impl Task {
    /// Makes a task that has a name and tells nobody yet.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: None,
            destination: None,
            tool: None,
            email: Vec::new(),
            desktop: None,
            growl: None,
            outbox: None,
            deadline: DEFAULT_DEADLINE,
            mail_home: None,
            exit_codes: BTreeMap::new(),
            redact: Vec::new(),
            run: None,
        }
    }
}

/// One e-mail: who gets it, when, and how it is sent.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Email {
    /// Which outcomes are worth it.
    #[schemars(with = "Option<Policy>", extend("default" = "finish"))]
    pub when: Policy,
    /// The recipients: text with commas, or an array.
    #[schemars(with = "schema::OneOrMany<String>")]
    pub to: Vec<Mailbox>,
    /// The sender; without it the account's address.
    #[schemars(with = "Option<String>")]
    pub from: Option<Mailbox>,
    /// The account to send with.
    pub account: AccountSpec,
    /// Where the password or token is.
    #[schemars(with = "Option<Password>")]
    pub password: Password,
    /// How the connection is protected.
    #[schemars(with = "Option<Tls>")]
    pub tls: Tls,
    /// The subject, as a template.
    pub subject: Option<Template>,
    /// The text part, as a template.
    pub text: Option<Template>,
    /// The HTML part, as a template.
    pub html: Option<Template>,
    /// When the log goes with the message.
    #[schemars(with = "Option<AttachLog>", extend("default" = "never"))]
    pub attach_log: AttachLog,
}

/// Where a password or token is.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Password {
    /// In the private keychain.
    #[default]
    #[schemars(with = "schema::True")]
    Keychain,
    /// A command prints it; the first line counts.
    Command(#[schemars(length(min = 1))] Vec<String>),
    /// A file holds it; the first line counts.
    File(#[schemars(with = "String")] PathBuf),
    /// An environment variable holds it.
    Env(String),
    /// A credential that systemd hands to the service.
    SystemdCredential(String),
}

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tls {
    /// When TLS begins; without it the account's own setting.
    pub mode: Option<TlsMode>,
    /// The rule by which the server's certificate is accepted.
    #[schemars(with = "Option<schema::OneOrMany<String>>", extend("default" = "system"))]
    pub trust: TrustRule,
    /// Lets a password cross an unencrypted connection.
    #[schemars(with = "Option<bool>")]
    pub allow_cleartext_password: bool,
}

/// When TLS begins on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Before anything is said (port 465).
    Implicit,
    /// After STARTTLS (port 587).
    Starttls,
    /// Never.
    None,
}

impl TlsMode {
    /// Every mode, as spelled in a task and after `--tls-mode`.
    pub const WORDS: [(&'static str, Self); 3] =
        [("implicit", Self::Implicit), ("starttls", Self::Starttls), ("none", Self::None)];

    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Starttls => "starttls",
            Self::None => "none",
        }
    }
}

/// A template, written in the task or in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
pub enum Template {
    /// The template itself.
    Inline(String),
    /// The file that holds it.
    File {
        /// Its path.
        #[schemars(with = "String")]
        file: PathBuf,
    },
}

/// When the log goes with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum AttachLog {
    /// Never.
    #[default]
    Never,
    /// With warnings, errors and interruptions.
    Error,
    /// Always.
    Always,
}

impl AttachLog {
    /// Every choice, as spelled in a task.
    pub const WORDS: [(&'static str, Self); 3] =
        [("never", Self::Never), ("error", Self::Error), ("always", Self::Always)];
}

/// Notices on this computer's desktop.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Desktop {
    /// What is shown.
    #[schemars(with = "Option<Vec<ScreenEvent>>", length(min = 1))]
    pub events: Vec<ScreenEvent>,
}

/// The port that Growl listens on (GNTP 1.0; facts/growl-and-desktop.md).
pub const GROWL_PORT: u16 = 23053;

/// Notices through Growl (GNTP).
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Growl {
    /// What is shown.
    #[schemars(with = "Option<Vec<ScreenEvent>>", length(min = 1))]
    pub events: Vec<ScreenEvent>,
    /// The computer that runs Growl.
    #[schemars(with = "Option<String>", extend("default" = "127.0.0.1"))]
    pub host: String,
    /// Its port.
    #[schemars(with = "Option<u16>", range(min = 1), extend("default" = 23053))]
    pub port: u16,
    /// Where Growl's password is; without it none is used.
    pub password: Option<Password>,
    /// The hash that hides the password.
    #[schemars(with = "Option<GrowlHash>", extend("default" = "sha256"))]
    pub hash: GrowlHash,
}

impl Default for Growl {
    /// Growl on this computer, for every event and without a password.
    fn default() -> Self {
        Self {
            events: ScreenEvent::all(),
            host: "127.0.0.1".to_owned(),
            port: GROWL_PORT,
            password: None,
            hash: GrowlHash::default(),
        }
    }
}

/// The hash of a GNTP key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum GrowlHash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

impl GrowlHash {
    /// Every hash, as spelled in a task.
    pub const WORDS: [(&'static str, Self); 4] =
        [("md5", Self::Md5), ("sha1", Self::Sha1), ("sha256", Self::Sha256), ("sha512", Self::Sha512)];
}

/// Where messages wait that no server has accepted yet, and how many of them.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Outbox {
    /// The folder; without it the one in the person's state folder.
    #[schemars(with = "Option<String>", length(min = 1))]
    pub folder: Option<PathBuf>,
    /// How long a message may wait: "26h", "30d", "2w".
    #[schemars(with = "Option<String>")]
    #[schemars(extend("default" = "30d", "pattern" = "^\\s*[0-9]+\\s*[smhdw]\\s*$"))]
    pub max_age: Duration,
    /// How many messages may wait.
    #[schemars(with = "Option<u64>", range(min = 1), extend("default" = 10_000))]
    pub max_count: usize,
    /// How large they may be together: a number of bytes, or "500MB", "1GiB".
    #[schemars(with = "Option<schema::Size>", extend("default" = "1GiB"))]
    pub max_size: u64,
}

impl Default for Outbox {
    /// The outbox of the person who runs the program, with room for more than anybody waits for.
    fn default() -> Self {
        Self {
            folder: None,
            max_age: Duration::from_secs(30 * 86_400),
            max_count: 10_000,
            max_size: 1024 * 1024 * 1024,
        }
    }
}
