//! The flags of "password".

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::OutputArgs;
use super::values::{TrustWords, duration, words};
use crate::task::TlsMode;

const SET_EXAMPLES: &str = "\
Examples:
  backup-notify password set smtp.example.com:587:kim@example.com
  backup-notify password set icloud:kim@icloud.com --test
  pass mail/work | head -n 1 | backup-notify password set kim@example.com --stdin

It exits 0 when the password is kept; 64 usage; 74 when the vault or standard output could
not be written (in the second case it is kept, and standard error says so); 77 when the password or the private keychain cannot be used; 78 when the account is unknown; with --test also
69, 75, 76 and 77 as \"check\".";

const REMOVE_EXAMPLES: &str = "\
Examples:
  backup-notify password remove smtp.example.com:587:kim@example.com

It exits 77 when no password is kept for this account; 74 when the vault or standard output could not
be written (in the second case the password is removed, and standard error says so).";

const LIST_EXAMPLES: &str = "\
Examples:
  backup-notify password list
  sudo backup-notify password list --json";

/// What can be done about the passwords that are kept.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum PasswordCommand {
    /// Keep the password of an account; it is asked for twice, without echo
    #[command(after_help = SET_EXAMPLES)]
    Set(SetPasswordArgs),
    /// Forget the password of an account
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove(RemovePasswordArgs),
    /// List the accounts whose passwords are kept, and since when
    #[command(after_help = LIST_EXAMPLES)]
    List(ListPasswordsArgs),
}

// Flags of "password set".
#[derive(Debug, Args)]
pub struct SetPasswordArgs {
    /// Keep it for this account: HOST:PORT:USER as messages print it, PRESET:USER, growl:HOST[:PORT], or what
    /// "accounts" shows: an id, a sender's address, a description
    #[arg(value_name = "ACCOUNT")]
    pub whose: String,
    /// Read the password from standard input, one line, instead of asking for it
    #[arg(long)]
    pub stdin: bool,
    #[command(flatten)]
    pub trial: TrialArgs,
    #[command(flatten)]
    pub lookup: LookupArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Whether and how a password is tried before it is kept.
#[derive(Debug, Args)]
pub struct TrialArgs {
    /// Sign in to the server with it before it is kept; nothing is sent
    #[arg(long, conflicts_with = "no_test")]
    pub test: bool,
    /// Keep it without asking whether to try it first
    #[arg(long)]
    pub no_test: bool,
    /// Begin TLS at once, after STARTTLS, or never; without it as Mail says, or by the port
    #[arg(long, value_name = "MODE", value_parser = words(&TlsMode::WORDS))]
    pub tls_mode: Option<TlsMode>,
    /// Accept the server's certificate by this rule: system, ca-file:PATH, pin:sha256:HEX,
    /// pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins
    #[arg(long, value_name = "RULE", value_parser = TrustWords, hide_possible_values = true)]
    pub tls_trust: Vec<String>,
    /// Let the password cross an unencrypted connection when it is tried
    #[arg(long)]
    pub allow_cleartext_password: bool,
}

// Flags of "password remove".
#[derive(Debug, Args)]
pub struct RemovePasswordArgs {
    /// Forget the one of this account, named as for "password set"
    #[arg(value_name = "ACCOUNT")]
    pub kept: String,
    #[command(flatten)]
    pub lookup: LookupArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Where an account is looked up, and for how long.
#[derive(Debug, Args)]
pub struct LookupArgs {
    /// Look the account up in the Mail of this home folder: another person's, or one on another disk
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub mail_home: Option<PathBuf>,
    /// Bound the whole run of the program: 45s, 2m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
}

// Flags of "password list".
#[derive(Debug, Args)]
pub struct ListPasswordsArgs {
    #[command(flatten)]
    pub output: OutputArgs,
}
