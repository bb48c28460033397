//! `outbox send`: what waits is sent now.

use std::ffi::OsStr;
use std::path::{self, Path, PathBuf};

use serde_json::{Value, json};

use super::{find, folder, line, parsed, quoted, see, unknown};
use crate::World;
use crate::channels::{Lines, Tried};
use crate::cli::SendOutboxArgs;
use crate::commands::output::{Output, json as print_json, print};
use crate::commands::waiting::{Heir, Pass, Tally, Waiting};
use crate::deadline::Deadline;
use crate::delivery::Status;
use crate::error::Failure;
use crate::exit::Exit;
use crate::outbox::Id;
use crate::settings;
use crate::stages::Stages;
use crate::text::one_line;

/// Runs the command.
pub(super) fn run(args: &SendOutboxArgs, world: &World) -> Exit {
    let output = Output::by_hand(args.output);
    match send(args, world, output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn send(args: &SendOutboxArgs, world: &World, output: Output) -> Result<Exit, Failure> {
    let folder = folder(&args.which)?;
    let named = args.messages.iter().map(|word| parsed(word, &folder)).collect::<Result<Vec<Id>, _>>()?;
    let Some(outbox) = find(&folder)? else {
        if let Some(id) = named.first() {
            return Err(unknown(id, &folder));
        }
        output.note(&format!("nothing waits: the outbox {} does not exist", quoted(&folder)));
        let nothing = Tally::default();
        return Ok(told(output, &folder.to_string_lossy(), &nothing, &[]));
    };
    // what is wrong with it is told before anything is sent
    let file = args.task.as_deref().map(task_file).transpose()?;
    let task = file.as_deref().map(settings::read_task_file).transpose()?;
    let heir = file.as_deref().zip(task.as_ref()).map(|(file, task)| Heir { file, name: &task.name });
    let waits = outbox.ids().map_err(|error| Failure::from_situation(&error))?;
    if let Some(id) = named.iter().find(|id| !waits.contains(id)) {
        return Err(unknown(id, &folder));
    }
    let deadline = Deadline::after(world.started, args.deadline);
    let detail = |line: &str| output.detail(line);
    let alarm = |line: &str| output.alarm(line);
    let unwatched = |_| ();
    let stages = Stages::new(&unwatched);
    let waiting = Waiting { outbox: &outbox, task: None, heir, own: &[], now: world.now, deadline, output };
    let mut results: Vec<Value> = Vec::new();
    let mut printed = Exit::Ok;
    let mut each = |tried: &Tried| {
        if !output.is_for_people() {
            results.push(as_json(tried));
        } else if printed == Exit::Ok && tried.status == Status::Sent {
            let line = format!(
                "{}: {}: {}\n",
                tried.entry.id,
                one_line(&tried.entry.subject),
                one_line(&tried.detail)
            );
            printed = print(&line).err().unwrap_or_default();
        }
    };
    let wanted = (!named.is_empty()).then_some(named.as_slice());
    let Pass { tally, reasons, cut, others } =
        waiting.send(wanted, true, Lines::new(Vec::new(), &stages, deadline, &detail, &alarm), &mut each)?;
    let mut exit = tally.exit.worse(printed);
    for (failure, count) in &reasons {
        let many = if *count == 1 { "1 message waits".to_owned() } else { format!("{count} messages wait") };
        let what = format!("{many} in the outbox: {}", failure.what);
        output.trouble(&Failure { what, ..failure.clone() });
    }
    if waits.is_empty() {
        output.note(&format!("nothing waits in the outbox {}", quoted(&folder)));
    } else if let Some(task) = &task
        && others == waits.len()
    {
        let name = one_line(&task.name);
        output.answer(
            &[format!("nothing of the task \"{name}\" waits in the outbox {}", quoted(&folder))],
            &format!("name what is to be sent by it; {}", see(&folder)),
        );
    } else if reasons.is_empty() {
        let left = outbox.ids().map_err(|error| Failure::from_situation(&error))?;
        let left = left.iter().filter(|id| wanted.is_none_or(|wanted| wanted.contains(id))).count();
        let left = left.saturating_sub(others);
        if left > 0 {
            let failure = left_over(left, cut, deadline, &folder);
            exit = exit.worse(failure.exit);
            output.trouble(&failure);
        }
    }
    let tally = Tally { exit, ..tally };
    Ok(told(output, &folder.to_string_lossy(), &tally, &results))
}

/// Returns the absolute path of the task file that is meant by a path or a name.
fn task_file(path: &Path) -> Result<PathBuf, Failure> {
    if path == OsStr::new("-") {
        let what = "--task -: what waits is sent by the word of a file, which can be read again";
        return Err(Failure::new(Exit::Usage, what).with_hint("give the path or the name of a task file"));
    }
    let path = settings::find(path)?;
    Ok(path::absolute(&path).unwrap_or(path))
}

/// Says why there is more that nobody has tried.
fn left_over(left: usize, cut: bool, deadline: Deadline, folder: &Path) -> Failure {
    let many = if left == 1 { "1 message waits".to_owned() } else { format!("{left} messages wait") };
    let why = if !cut && deadline.remaining().is_some() {
        "another process has it in hand, or it came meanwhile".to_owned()
    } else {
        format!("sending {}", deadline.over())
    };
    Failure::new(Exit::TempFail, format!("{many} in the outbox: {why}"))
        .with_hint(format!("send the rest in a while: {}", line("send", folder)))
}

/// Prints the result for programs, and returns the code.
fn told(output: Output, folder: &str, tally: &Tally, results: &[Value]) -> Exit {
    if output.is_for_people() {
        return tally.exit;
    }
    let Tally { sent, waiting, given_up, set_aside, exit } = tally;
    exit.worse(print_json(&json!({
        "folder": folder, "messages": results, "sent": sent, "waiting": waiting, "given_up": given_up,
        "set_aside": set_aside, "exit_code": exit,
    })))
}

/// One message for programs.
fn as_json(tried: &Tried) -> Value {
    json!({
        "id": tried.entry.id.as_str(),
        "message_id": tried.entry.message_id,
        "task": tried.entry.task.to_string_lossy(),
        "subject": tried.entry.subject,
        "status": tried.status,
        "exit_code": tried.exit,
        "detail": tried.detail,
        "hint": tried.hint,
        "recipients": tried.recipients,
    })
}
