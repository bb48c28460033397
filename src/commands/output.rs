//! Where results go: data to stdout, talk to stderr, and the same truth in both.

use std::io::{self, ErrorKind, Write as _};

use serde::Serialize;

use crate::cli::OutputArgs;
use crate::commands::deliver::Looked;
use crate::commands::ran_as::RanAs;
use crate::commands::waiting::Tally;
use crate::delivery::{Delivery, Recipient, Stage, Status};
use crate::error::Failure;
use crate::exit::Exit;
use crate::text;

/// The result of a command about a task, as `--json` prints it (design, section 2).
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// `notify` or `silent`.
    pub(crate) decision: &'static str,
    /// Why.
    pub(crate) reason: String,
    /// How the backup ended; null when this is not about an end.
    pub(crate) outcome: Option<&'static str>,
    /// The Message-ID of the first e-mail.
    pub(crate) message_id: Option<String>,
    /// One entry for each channel.
    pub(crate) deliveries: Vec<Delivery>,
    /// The messages of a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) messages: Vec<String>,
    /// What became of what waited, or whether it can be used; only where the task has an outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outbox: Option<OutboxReport>,
    /// As whom it was tried; only where a person wants to see whether it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ran_as: Option<RanAs>,
    /// The code the program ends with.
    pub(crate) exit_code: Exit,
}

/// What there is to say of an outbox.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum OutboxReport {
    /// What became of what waited.
    Passed(Tally),
    /// Whether it can be used.
    Looked(Looked),
}

/// An error before the decision, as `--json` prints it.
#[derive(Serialize)]
struct ErrorReport<'a> {
    error: &'a str,
    hint: Option<&'a str>,
    exit_code: Exit,
}

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    args: OutputArgs,
    /// Whether each stage is what the person asked to see.
    by_hand: bool,
    /// Whether stages and deliveries are part of a conversation: talk, and not the result.
    aside: bool,
}

impl Output {
    /// For the hook: silence is golden.
    pub(crate) fn for_hook(args: OutputArgs) -> Self {
        Self { args, by_hand: false, aside: false }
    }

    /// For commands that a person types to see what happens.
    pub(crate) fn by_hand(args: OutputArgs) -> Self {
        Self { args, by_hand: true, aside: false }
    }

    /// For a conversation, whose result is something else than what is tried on the way.
    pub(crate) fn in_conversation(args: OutputArgs) -> Self {
        Self { args, by_hand: true, aside: true }
    }

    /// Prints an error that came before any delivery, and returns its code.
    pub(crate) fn failure(self, failure: &Failure) -> Exit {
        talk_failure(failure);
        self.told(failure)
    }

    /// Says an error that may not be the end.
    #[allow(clippy::unused_self, reason = "beside `failure`, which asks the flags")]
    pub(crate) fn trouble(self, failure: &Failure) {
        talk_failure(failure);
    }

    /// Ends with an error that people have been told, and returns its code.
    pub(crate) fn told(self, failure: &Failure) -> Exit {
        if self.args.json {
            let error = &failure.what;
            let report = ErrorReport { error, hint: failure.hint.as_deref(), exit_code: failure.exit };
            return failure.exit.worse(json(&report));
        }
        failure.exit
    }

    /// Writes a result, or the error in its place, as `--json` prints it.
    pub(crate) fn in_json(result: &Result<Report, Failure>) -> String {
        let text = match result {
            Ok(report) => serde_json::to_string(report),
            Err(failure) => {
                let (error, hint) = (failure.what.as_str(), failure.hint.as_deref());
                serde_json::to_string(&ErrorReport { error, hint, exit_code: failure.exit })
            }
        };
        text.unwrap_or_default() + "\n"
    }

    /// Prints a result and returns its code.
    pub(crate) fn report(self, report: &Report) -> Exit {
        if self.args.json {
            return report.exit_code.worse(json(report));
        }
        report.exit_code
    }

    /// Prints the end of one delivery; fails when stdout takes nothing.
    pub(crate) fn delivery(self, channel: &str, delivery: &Delivery) -> Result<(), Exit> {
        if delivery.exit_code != Exit::Ok {
            let failure = Failure {
                exit: delivery.exit_code,
                what: format!("{channel}: {}", delivery.detail),
                hint: delivery.hint.clone(),
            };
            talk_failure(&failure);
            // one whom the server took before it refused the message is not to blame
            let to_blame = |r: &&Recipient| !r.accepted && !r.reply.is_empty() && !r.reply.starts_with('2');
            // with one recipient the error has said it all
            let several = delivery.recipients.len() > 1;
            for recipient in delivery.recipients.iter().filter(to_blame).filter(|_| several) {
                talk(&format!("  not accepted: {}: {}", recipient.address, recipient.reply));
            }
        } else if self.aside {
            self.say(&delivery.detail);
        } else if self.by_hand && !self.args.json && delivery.status != Status::Skipped {
            return print(&format!("{}\n", text::block(&delivery.detail)));
        } else if self.args.verbose || (delivery.status == Status::Skipped && !self.args.quiet) {
            talk(&format!("{channel}: {}", delivery.detail));
        }
        Ok(())
    }

    /// Says one thing that only matters to who wants to know.
    pub(crate) fn detail(self, line: &str) {
        if self.args.verbose {
            talk(line);
        }
    }

    /// Says one thing that people want to know.
    pub(crate) fn note(self, line: &str) {
        if !self.args.quiet {
            talk(line);
        }
    }

    /// Says one thing that matters, though nothing failed.
    pub(crate) fn warning(self, line: &str) {
        if !self.args.quiet {
            talk(&format!("warning: {line}"));
        }
    }

    /// Says what stands in the way of something, and what to do about it, though nothing failed.
    pub(crate) fn doubt(self, line: &str, hint: Option<&str>) {
        if !self.args.quiet {
            talk(&format!("warning: {line}"));
            hint.into_iter().for_each(talk_hint);
        }
    }

    /// Answers with lines and with what to do next, where there is no data to print.
    pub(crate) fn answer(self, lines: &[String], hint: &str) {
        if !self.args.quiet {
            for line in lines {
                talk(line);
            }
            talk_hint(hint);
        }
    }

    /// Says one thing that `--quiet` does not silence.
    #[allow(clippy::unused_self, reason = "beside `warning`, which asks the flags")]
    pub(crate) fn alarm(self, line: &str) {
        talk(&format!("warning: {line}"));
    }

    /// Shows as whom something is tried; fails when stdout takes nothing.
    pub(crate) fn ran_as(self, ran_as: &RanAs) -> Result<(), Exit> {
        let line = format!("  {:<12} {ran_as}", "as");
        if self.aside {
            self.say(&line);
            return Ok(());
        }
        if self.is_for_people() { print(&format!("{line}\n")) } else { Ok(()) }
    }

    /// Shows a stage as it ends; fails when stdout takes nothing.
    pub(crate) fn stage(self, stage: Stage) -> Result<(), Exit> {
        let line = format!("{:<12} {:>6} ms{}", stage.name, stage.ms, if stage.ok { "" } else { "  failed" });
        if self.aside {
            self.say(&format!("  {line}"));
            return Ok(());
        }
        if self.by_hand && !self.args.json {
            return print(&format!("  {line}\n"));
        }
        self.detail(&line);
        Ok(())
    }

    /// Says something in a conversation, where every line is the program's and none has to say so.
    pub(crate) fn say(self, lines: &str) {
        if !self.args.quiet {
            talk_raw(&format!("{}\n", text::block(lines)));
        }
    }

    /// Tells whether it is one.
    pub(crate) fn is_conversation(self) -> bool {
        self.aside
    }

    /// Tells whether stdout is for people.
    pub(crate) fn is_for_people(self) -> bool {
        !self.args.json
    }
}

/// Prints an error in its two parts.
fn talk_failure(failure: &Failure) {
    for line in failure.what.lines() {
        talk(line);
    }
    failure.hint.as_deref().into_iter().for_each(talk_hint);
}

/// Prints what to do.
fn talk_hint(hint: &str) {
    for (index, line) in hint.lines().enumerate() {
        talk(&if index == 0 { format!("  what to do: {line}") } else { format!("    {line}") });
    }
}

/// Says one line on stderr; a stderr that is gone changes nothing.
fn talk(line: &str) {
    // in one piece: others may write to the same file
    talk_raw(&format!("backup-notify: {}\n", text::one_line(line)));
}

/// Prints data on stdout. A reader who has gone is no error; a full disk is.
pub(crate) fn print(data: &str) -> Result<(), Exit> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            talk(&format!("cannot write to stdout: {}", text::io_words(&error)));
            Err(Exit::CannotWrite)
        }
    }
}

/// Prints one JSON object on a line of its own, and returns the code that stands for how that went.
pub(crate) fn json(value: &impl Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => print_and_end(&(text + "\n")),
        Err(error) => {
            talk(&format!("the result could not be written as JSON: {error}"));
            Exit::Software
        }
    }
}

/// Prints data and returns the code of a command that does nothing else.
pub(crate) fn print_and_end(data: &str) -> Exit {
    print(data).err().unwrap_or(Exit::Ok)
}

/// Prints data for a program that asks in the middle of something else, and does not want to hear of
/// faults.
pub(crate) fn print_quietly(data: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes text that is ours as it stands to stderr.
pub(crate) fn talk_raw(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
