//! The flags of "setup": every answer of the conversation, so that it also runs unattended.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lettre::message::Mailbox;

use super::values::{TrustWords, duration, mailbox, mailboxes, words};
use super::{OutputArgs, Recipients};
use crate::decide::Policy;
use crate::task::TlsMode;

// Flags of "setup".
#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The task file to write or to edit: a path, or a name of the configuration folder
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
    #[command(flatten)]
    pub answers: AnswerArgs,
    /// Bound each look at the server, the test and the check: 45s, 2m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Take the default of every question, and write without asking, also over a task file that is there;
    /// after a failure nothing is tried again
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

// The answers; what is not given is asked.
#[derive(Debug, Args, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that is there or not")]
pub struct AnswerArgs {
    /// Say who will run the hook: who runs this, or root. Without it you are asked; with --yes, and for root
    /// without sudo, it is whoever runs this
    #[arg(long, value_name = "WHO", value_parser = words(&RunBy::WORDS))]
    pub run_by: Option<RunBy>,
    /// Call the backup this in messages
    // of its own, because --name is another thing elsewhere
    #[arg(long = "name", id = "called", value_name = "NAME")]
    pub name: Option<String>,
    /// Send an e-mail about every outcome, from warnings on, or about errors only
    #[arg(long, value_name = "POLICY", value_parser = words(&Policy::WORDS))]
    pub when: Option<Policy>,
    /// Send with this account: an id as "accounts" prints it, a sender's address, a description, or an object
    /// as in a task file
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Read Mail's accounts from this home folder; the account is written out in the task then
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub mail_home: Option<PathBuf>,
    /// Send from this address
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox, value_hint = clap::ValueHint::EmailAddress)]
    pub from: Option<Mailbox>,
    /// Read the password from stdin, one line, and keep it in the private keychain
    #[arg(long)]
    pub password_stdin: bool,
    /// Take the password from elsewhere: an object as under "password" in a task file
    #[arg(long, value_name = "SOURCE", conflicts_with = "password_stdin")]
    pub password_source: Option<String>,
    /// Send to these addresses, separated by commas
    #[arg(long, value_name = "ADDRESSES", value_parser = mailboxes, value_hint = clap::ValueHint::EmailAddress)]
    pub to: Option<Recipients>,
    /// Begin TLS at once, after STARTTLS, or never; without it the server is asked
    #[arg(long, value_name = "MODE", value_parser = words(&TlsMode::WORDS))]
    pub tls_mode: Option<TlsMode>,
    /// Accept the server's certificate by this rule: system, ca-file:PATH, pin:sha256:HEX,
    /// pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins
    #[arg(long, value_name = "RULE", value_parser = TrustWords, hide_possible_values = true)]
    pub tls_trust: Vec<String>,
    /// Let a password cross an unencrypted connection
    #[arg(long)]
    pub allow_cleartext_password: bool,
    /// Send a test message before anything is written
    #[arg(long, conflicts_with = "no_test")]
    pub test: bool,
    /// Send none, and leave the network alone
    #[arg(long)]
    pub no_test: bool,
}

/// Who will run the hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunBy {
    /// The person who runs "setup".
    Me,
    /// Root.
    Root,
}

impl RunBy {
    /// Both, as they are typed.
    pub const WORDS: [(&'static str, Self); 2] = [("me", Self::Me), ("root", Self::Root)];
}
