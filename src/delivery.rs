//! What became of one notice on one channel: the result types that `--json` prints.
//!
//! The spelling of every field is an interface (design, section 2).

use lettre::Address;
use serde::{Serialize, Serializer};

use crate::exit::Exit;
use crate::task::TlsMode;

/// A way to reach people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelName {
    /// E-mail.
    Email,
    /// Growl.
    Growl,
    /// The desktop of this computer.
    Desktop,
}

impl ChannelName {
    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Growl => "growl",
            Self::Desktop => "desktop",
        }
    }
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A server said 250 to the message for at least one recipient.
    Sent,
    /// It waits in the outbox.
    Queued,
    /// It was not meant to go out.
    Skipped,
    /// Nobody got it.
    Failed,
    /// Everything up to an accepted recipient was tried, and nothing was sent.
    Checked,
}

/// One notice on one channel.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// The channel.
    pub channel: ChannelName,
    /// What became of it.
    pub status: Status,
    /// The code this delivery alone would end with.
    pub exit_code: Exit,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do next.
    pub hint: Option<String>,
    /// One entry for each recipient, in the order of the task.
    pub recipients: Vec<Recipient>,
    /// How the connection was protected; `None` when there was none.
    pub tls: Option<TlsFacts>,
    /// The stages of the conversation, in order.
    pub stages: Vec<Stage>,
    /// The Message-ID of the message, once it is composed.
    pub message_id: Option<String>,
}

impl Delivery {
    /// Makes a delivery about which nothing but its end is known.
    pub fn plain(channel: ChannelName, status: Status, exit_code: Exit, detail: impl Into<String>) -> Self {
        Self {
            channel,
            status,
            exit_code,
            detail: detail.into(),
            hint: None,
            recipients: Vec::new(),
            tls: None,
            stages: Vec::new(),
            message_id: None,
        }
    }
}

/// What the server said of one recipient.
#[derive(Debug, Clone, Serialize)]
pub struct Recipient {
    /// The address.
    #[serde(serialize_with = "address")]
    pub address: Address,
    /// Whether the server took the message for this address.
    pub accepted: bool,
    /// The server's words, or ours when it was not asked.
    pub reply: String,
}

fn address<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(address)
}

/// How a connection was protected; what is not known is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsFacts {
    /// When TLS began.
    #[serde(serialize_with = "mode")]
    pub mode: TlsMode,
    /// The protocol version: `TLSv1.2`, `TLSv1.3`.
    pub version: Option<String>,
    /// The rule under which the certificate was accepted, as a task spells it.
    pub trust: Option<String>,
    /// The SHA-256 of the server's certificate, in lower-case hex.
    pub sha256: Option<String>,
    /// When the certificate ends (RFC 3339).
    pub not_after: Option<String>,
}

// serde's `serialize_with` hands over a reference, whatever the size of the type
#[allow(clippy::trivially_copy_pass_by_ref)]
fn mode<S: Serializer>(mode: &TlsMode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(mode.word())
}

/// One stage of a conversation and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// What was done, from a closed set of names.
    pub name: &'static str,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Whether it went well.
    pub ok: bool,
}
