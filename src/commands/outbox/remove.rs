//! `outbox remove`: messages that wait are given up.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{find, folder, line, parsed, quoted, unknown};
use crate::cli::RemoveOutboxArgs;
use crate::commands::deliver::somebody_is_there;
use crate::commands::output::{Output, json as print_json, print_and_end};
use crate::commands::question::confirmed;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::outbox::{Claim, Id, Outbox};

/// How long the question waits for an answer.
const PATIENCE: Duration = Duration::from_secs(600);

/// What became of the messages that were named.
#[derive(Default)]
struct Done {
    removed: Vec<Id>,
    /// Those that another process is sending.
    busy: Vec<Id>,
    failures: Vec<Failure>,
}

/// Runs the command.
pub(super) fn run(args: &RemoveOutboxArgs) -> Exit {
    let output = Output::for_hook(args.output);
    match remove(args, output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn remove(args: &RemoveOutboxArgs, output: Output) -> Result<Exit, Failure> {
    let folder = folder(&args.which)?;
    let named = args.messages.iter().map(|word| parsed(word, &folder)).collect::<Result<Vec<Id>, _>>()?;
    let outbox = find(&folder)?;
    let ids = match &outbox {
        Some(outbox) if args.all => outbox.ids().map_err(|error| Failure::from_situation(&error))?,
        _ => named,
    };
    if args.all && ids.is_empty() {
        output.note(&format!("nothing waits in the outbox {}", quoted(&folder)));
    } else if args.all && !args.yes {
        agreed(ids.len(), &folder)?;
    }
    let done = if let Some(outbox) = &outbox {
        remove_all(outbox, &ids, args.all, output)
    } else {
        let failures = ids.iter().map(|id| unknown(id, &folder)).collect();
        Done { failures, ..Done::default() }
    };
    Ok(tell(&done, &folder, output))
}

/// Asks whether everything is meant.
fn agreed(count: usize, folder: &Path) -> Result<(), Failure> {
    let messages = if count == 1 { "the message".to_owned() } else { format!("all {count} messages") };
    if !somebody_is_there() {
        return Err(Failure::new(
            Exit::Usage,
            format!("nobody can be asked whether to remove {messages} in {}", quoted(folder)),
        )
        .with_hint("if that is meant, add --yes"));
    }
    let deadline = Deadline::after(Instant::now(), PATIENCE);
    let question = format!("Remove {messages} in {}? Nobody will get them.", quoted(folder));
    if confirmed(&question, false, &deadline)? {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "nothing was removed").with_hint("answer yes, or add --yes"))
}

fn remove_all(outbox: &Outbox, ids: &[Id], all: bool, output: Output) -> Done {
    let mut done = Done::default();
    for id in ids {
        match outbox.claim(id) {
            Claim::Taken(claimed) => match claimed.give_up() {
                Ok(entry) => done.removed.push(entry.id),
                Err(error) => done.failures.push(Failure::from_situation(&error)),
            },
            Claim::Busy => done.busy.push(id.clone()),
            // sent meanwhile, or named twice
            Claim::Gone if all || done.removed.contains(id) => {}
            Claim::Gone => done.failures.push(unknown(id, outbox.folder())),
            Claim::SetAside(said) => output.alarm(&said),
            Claim::Failed(error) => {
                done.failures.push(Failure::from_situation(&error));
                // the key, or the disk: the next ones would say the same
                break;
            }
        }
    }
    done
}

/// Says what became of the messages, and returns the code for the worst of it.
fn tell(done: &Done, folder: &Path, output: Output) -> Exit {
    for failure in &done.failures {
        output.trouble(failure);
    }
    let busy = done.busy.iter().map(|id| {
        let what = format!("the message {id} is being sent just now, and was not removed");
        Failure::new(Exit::TempFail, what)
            .with_hint(format!("look again in a minute: {}", line("list", folder)))
    });
    let busy: Vec<Failure> = busy.collect();
    for failure in &busy {
        output.trouble(failure);
    }
    let exit = done.failures.iter().chain(&busy).fold(Exit::Ok, |exit, failure| exit.worse(failure.exit));
    let names = |ids: &[Id]| ids.iter().map(Id::to_string).collect::<Vec<_>>();
    let (removed, folder) = (names(&done.removed), folder.to_string_lossy());
    let printed = if output.is_for_people() {
        let lines: Vec<String> = removed.iter().map(|id| format!("removed: {id}\n")).collect();
        print_and_end(&lines.concat())
    } else {
        let (busy, failures) = (names(&done.busy), done.failures.iter().map(|failure| &failure.what));
        print_json(&json!({
            "folder": folder, "removed": removed, "busy": busy, "errors": failures.collect::<Vec<_>>(),
            "exit_code": exit,
        }))
    };
    if printed != Exit::Ok && !removed.is_empty() {
        output.alarm("the messages are removed all the same");
    }
    exit.worse(printed)
}
