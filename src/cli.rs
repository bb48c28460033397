//! What can be typed: the one definition of the command line.
//!
//! The help texts, the man page and the shell completions are all made from it, so the doc comments
//! below are what users read. Nothing is interpreted here; [`crate::settings`] does that.

mod examples;
mod hidden;
mod hook;
mod outbox;
mod overdue;
mod password;
mod run;
mod setup;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use jiff::Timestamp;
use lettre::message::Mailbox;

use crate::decide::Policy;
use crate::run::{Event, Outcome};
use crate::task::TlsMode;
use crate::tools::Tool;
pub use hidden::ReadMailHome;
#[cfg(not(target_os = "macos"))]
pub use hidden::ShowNotice;
pub use hook::parse;
pub use outbox::{ListOutboxArgs, OutboxCommand, RemoveOutboxArgs, SendOutboxArgs, WhichOutboxArgs};
pub use overdue::{LastSuccessArgs, OverdueArgs};
pub use password::{
    ListPasswordsArgs, LookupArgs, PasswordCommand, RemovePasswordArgs, SetPasswordArgs, TrialArgs,
};
pub use run::RunCommandArgs;
pub use setup::{AnswerArgs, RunBy, SetupArgs};
use values::{TrustWords, any_path, any_text, duration, exit_code, mailbox, mailboxes, time, words};

/// Tell people how a backup ended
///
/// A backup program calls "backup-notify notify" when it is done. The task file says whom to tell and when; the
/// message goes out by the SMTP account named there.
#[derive(Debug, Parser)]
#[command(name = "backup-notify", version, propagate_version = true, arg_required_else_help = true)]
#[command(max_term_width = 100, disable_help_subcommand = true, after_help = examples::MORE)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
// The flags of those that were not typed are not made. What is made so late takes the doc comment of a struct for
// the description of its command: those have none.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Decide, compose and deliver: the hook that a backup program calls
    #[command(after_help = examples::NOTIFY)]
    Notify(Box<NotifyArgs>),
    /// Run a command, tell how it ended, and end as it did: for backups without a hook
    #[command(after_help = run::EXAMPLES)]
    Run(Box<RunCommandArgs>),
    /// Send a test message by exactly the path that "notify" takes, and show each stage
    #[command(after_help = examples::TEST_EMAIL)]
    TestEmail(TestEmailArgs),
    /// Try everything up to an accepted recipient, ask the screens too, and send nothing
    #[command(after_help = examples::CHECK)]
    Check(CheckArgs),
    /// Tell the task's people when the last success is too old: for cron, beside the backup
    #[command(after_help = overdue::EXAMPLES)]
    Overdue(Box<OverdueArgs>),
    /// Show the certificates of a server and what each trust rule says of them
    #[command(after_help = examples::CERTIFICATE)]
    Certificate(CertificateArgs),
    /// List the SMTP accounts that Apple Mail knows, each with the id to write in a task
    #[command(after_help = examples::ACCOUNTS)]
    Accounts(AccountsArgs),
    /// Keep passwords in the private keychain, and see what it keeps
    #[command(subcommand, arg_required_else_help = true, disable_help_subcommand = true)]
    Password(PasswordCommand),
    /// See which messages no server has accepted yet, and give them up
    #[command(subcommand, arg_required_else_help = true, disable_help_subcommand = true)]
    Outbox(OutboxCommand),
    /// Write a task file in a short conversation: when, account, password, recipients, test
    #[command(after_help = examples::SETUP)]
    Setup(Box<SetupArgs>),
    /// Print the JSON Schema of the task file
    Schema,
    /// Print the completions for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_parser = words(&Shell::WORDS))]
        shell: Shell,
    },
    /// Print the man page
    Man,
}

/// The shells that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// Friendly interactive shell.
    Fish,
}

impl Shell {
    /// Every shell, as it is typed.
    pub const WORDS: [(&'static str, Self); 3] =
        [("bash", Self::Bash), ("zsh", Self::Zsh), ("fish", Self::Fish)];
}

// Flags of "notify".
#[derive(Debug, Args)]
pub struct NotifyArgs {
    // its own flags come first: a heading holds for every flag that follows it
    /// Print the decision and the finished message; touch no secret, no network and no outbox
    #[arg(long)]
    pub dry_run: bool,
    /// Exit 0 whatever became of the deliveries, for backup programs that take a hook's failure for their own
    #[arg(long)]
    pub hook: bool,
    #[command(flatten)]
    pub task: TaskArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Flags of "test-email".
#[derive(Debug, Args)]
pub struct TestEmailArgs {
    /// Print the finished message; touch no secret, no network and no outbox
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub task: TaskArgs,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Flags of "check".
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Stop before the network; passwords are fetched all the same
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    pub task: TaskArgs,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Flags of "certificate".
#[derive(Debug, Args)]
pub struct CertificateArgs {
    /// The server: HOST or HOST:PORT; without a port 465, then 587
    #[arg(value_name = "HOST[:PORT]", value_hint = clap::ValueHint::Hostname)]
    pub target: String,
    /// Say when TLS begins; without it the port tells, or both are tried
    #[arg(long, value_name = "MODE", value_parser = words(&TLS_BEGINS))]
    pub tls_mode: Option<TlsMode>,
    /// Write the root that the server sends to this new file, for ca-file, after showing its fingerprint
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub save_ca: Option<PathBuf>,
    /// Write it without asking
    #[arg(long, requires = "save_ca")]
    pub yes: bool,
    /// Bound the whole run of the program: 45s, 2m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Flags of "accounts".
#[derive(Debug, Args)]
pub struct AccountsArgs {
    /// Show this account in detail, with the lines for a task: an id, a sender's address or a description (a
    /// task names one of another home folder by its id alone)
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Read Mail's accounts from this home folder: another person's, or one on another disk
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub mail_home: Option<PathBuf>,
    /// Bound the whole run of the program: 45s, 2m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Print what the completions offer: id, tab, description
    #[arg(long, value_name = "WHICH", value_parser = words(&Offer::WORDS), hide = true)]
    pub complete: Option<Offer>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Which accounts the completions offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Those that a task can use.
    Usable,
    /// Those that can be shown.
    All,
    /// Those whose password can be kept: also those that a task has to write in another way.
    Keepable,
    /// Those whose password is kept.
    Kept,
}

impl Offer {
    /// Every choice, as the scripts write it.
    pub const WORDS: [(&'static str, Self); 4] =
        [("usable", Self::Usable), ("all", Self::All), ("keepable", Self::Keepable), ("kept", Self::Kept)];
}

/// The modes in which there is a certificate at all.
const TLS_BEGINS: [(&str, TlsMode); 2] = [("implicit", TlsMode::Implicit), ("starttls", TlsMode::Starttls)];

// Which task it is about.
#[derive(Debug, Args)]
#[command(next_help_heading = "The task")]
#[group(required = true, multiple = false, id = "which")]
pub struct TaskArgs {
    /// Read the task from this file, from stdin (-), or by its name from the configuration folder
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, group = "which")]
    pub task: Option<PathBuf>,
    /// Make a task of this name from the other flags, without a file
    #[arg(long, value_name = "NAME", group = "which")]
    pub name: Option<String>,
}

// What is known of the run.
#[derive(Debug, Args)]
#[command(next_help_heading = "The run")]
pub struct RunArgs {
    /// Say which end of the backup this is
    #[arg(long, default_value = "end", value_parser = words(&Event::WORDS))]
    pub event: Event,
    /// Say how the backup ended; this decides, whatever the exit code and the report say
    #[arg(long, value_name = "OUTCOME", value_parser = words(&Outcome::WORDS))]
    pub status: Option<Outcome>,
    /// Give the exit code of the backup program; what it means depends on --tool
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = exit_code)]
    pub exit_code: Option<i32>,
    /// Name the backup program: for the meaning of its exit code, its report and what it hands over; without it
    /// only 0 is a success
    #[arg(long, value_name = "NAME", value_parser = words(&Tool::WORDS))]
    pub tool: Option<Tool>,
    /// Read the facts of the run from this file or from stdin (-): our JSON, or with --tool what that program printed
    #[arg(long, value_name = "FILE", value_parser = any_path(), value_hint = clap::ValueHint::FilePath)]
    pub report: Option<PathBuf>,
    /// Say when the backup began (RFC 3339, or seconds since 1970 as "date +%s" prints them)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub started: Option<Timestamp>,
    /// Say when the backup ended (the same forms); without it the time of this call
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub finished: Option<Timestamp>,
    /// Quote this log in the message: the lines that speak of errors, and its end
    #[arg(long, value_name = "FILE", value_parser = any_path(), value_hint = clap::ValueHint::FilePath)]
    pub log: Option<PathBuf>,
    /// Add a sentence about the run to the message
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = any_text())]
    pub message: Option<String>,
    /// Take what the backup program hands its hook: with --tool ccc "$@", with --tool borgmatic its words for
    /// configuration file, repository, error and output
    #[arg(last = true, value_name = "ARGUMENT", value_hint = clap::ValueHint::Other)]
    pub handed: Vec<OsString>,
}

// What overrides the task, for this one run.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Overrides of the task")]
pub struct Overrides {
    /// Send an e-mail about every outcome, from warnings on, or about errors only
    #[arg(long, value_name = "POLICY", value_parser = words(&Policy::WORDS))]
    pub when: Option<Policy>,
    /// Send to these addresses, separated by commas
    #[arg(long, value_name = "ADDRESSES", value_parser = mailboxes, value_hint = clap::ValueHint::EmailAddress)]
    pub to: Option<Recipients>,
    /// Send from this address
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox, value_hint = clap::ValueHint::EmailAddress)]
    pub from: Option<Mailbox>,
    /// Use this account: an id as "accounts" prints it, a sender's address, a description, or an object as
    /// in a task file
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Begin TLS at once, after STARTTLS, or never
    #[arg(long, value_name = "MODE", value_parser = words(&TlsMode::WORDS))]
    pub tls_mode: Option<TlsMode>,
    /// Accept the server's certificate by this rule: system, ca-file:PATH, pin:sha256:HEX,
    /// pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins
    #[arg(long, value_name = "RULE", value_parser = TrustWords, hide_possible_values = true)]
    pub tls_trust: Vec<String>,
    /// Let a password cross an unencrypted connection
    #[arg(long)]
    pub allow_cleartext_password: bool,
    /// Bound the whole run of the program, such as 45s or 2m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Keep each e-mail in this folder until a server has accepted it, or nowhere (none)
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub outbox: Option<PathBuf>,
    /// Read Mail's accounts from this home folder; they are named by their ids then
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub mail_home: Option<PathBuf>,
    /// Show a notice through Growl, on this computer or the one named
    #[arg(long, value_name = "HOST[:PORT]", num_args = 0..=1, default_missing_value = "127.0.0.1")]
    #[arg(value_hint = clap::ValueHint::Hostname)]
    pub growl: Option<String>,
    /// Show a notice on the desktop of whoever is logged in
    #[arg(long)]
    pub desktop: bool,
}

// What is printed.
#[derive(Debug, Args, Default, Clone, Copy)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print one result object on stdout
    #[arg(long)]
    pub json: bool,
    /// Say more on stderr: the decision, its reason, and each stage
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say nothing on stderr but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// Several addresses; a type of its own, because clap gives `Vec` a meaning of its own.
#[derive(Debug, Clone)]
pub struct Recipients(pub Vec<Mailbox>);

/// Tells whether JSON was asked for, when the command line is too wrong to be parsed.
pub fn wants_json(args: &[OsString]) -> bool {
    args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json")
}

/// Returns the command that was typed, such as "check" or "password set", when the command line is too
/// wrong to be parsed.
pub fn command_of(args: &[OsString]) -> Option<String> {
    let mut cli = Cli::command();
    cli.build();
    let mut command = &cli;
    let mut typed = Vec::new();
    for word in args.iter().skip(1).map_while(|word| word.to_str()) {
        let Some(below) = command.find_subcommand(word) else { break };
        typed.push(word);
        command = below;
    }
    (!typed.is_empty()).then(|| typed.join(" "))
}
