//! `password remove`: the password of one account is forgotten.

use std::time::Duration;

use serde_json::json;

use super::{done_all_the_same, named, place, vault};
use crate::World;
use crate::accounts::Book;
use crate::cli::RemovePasswordArgs;
use crate::commands::deliver::somebody_is_there;
use crate::commands::output::{Output, json as print_json, print_and_end};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{Access, Keychain, Slot};
use crate::text::{one_line, shell_word};

/// How long it may take when nobody says.
const USUAL_DEADLINE: Duration = Duration::from_secs(30);
/// How many of those that are kept are named.
const NAMED: usize = 12;

/// Runs the command.
pub(super) fn run(args: &RemovePasswordArgs, world: &World) -> Exit {
    let output = Output::for_hook(args.output);
    match remove(args, world, output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn remove(args: &RemovePasswordArgs, world: &World, output: Output) -> Result<Exit, Failure> {
    let deadline = Deadline::after(world.started, args.lookup.deadline.unwrap_or(USUAL_DEADLINE));
    let access = Access { deadline, may_prompt: somebody_is_there() };
    let keychain = Keychain::own().map_err(|e| Failure::from_situation(&e))?;
    let book = Book::new(args.lookup.mail_home.as_deref(), deadline);
    let slot = place::find(&args.kept, None, &book)?.slot;
    if !keychain.remove(&slot, access).map_err(|e| Failure::from_situation(&e))? {
        return Err(not_kept(&slot, &keychain, access));
    }
    let account = slot.to_string();
    if output.is_for_people() {
        output.detail(&format!("removed from {}", named(&keychain)));
        let printed = print_and_end(&format!("removed: {}\n", one_line(&account)));
        return Ok(done_all_the_same(printed, "removed", output));
    }
    let (vault, user) = (vault(&keychain), keychain.whose());
    let printed = print_json(&json!({
        "account": account, "vault": vault, "user": user, "removed": true, "exit_code": Exit::Ok,
    }));
    Ok(done_all_the_same(printed, "removed", output))
}

/// Says that there is nothing to remove. The account is clear; what was not found is a secret, and that
/// is code 77 (design, section 6), as it is where a task's password is not found.
fn not_kept(slot: &Slot, keychain: &Keychain, access: Access) -> Failure {
    let kept = keychain.list(access).unwrap_or_default();
    let account = slot.to_string();
    let mut what = format!("no password is kept for {}: {} ", one_line(&account), named(keychain));
    if kept.is_empty() {
        what.push_str("keeps nothing");
        return Failure::new(Exit::NoPermission, what).with_hint("there is nothing to remove");
    }
    what.push_str("keeps those of:");
    for kept in kept.iter().take(NAMED) {
        what.push_str(&format!("\n  {}", one_line(&kept.slot.to_string())));
    }
    if kept.len() > NAMED {
        what.push_str(&format!("\n  and {} more", kept.len() - NAMED));
    }
    let same = |other: &Slot| other.user() == slot.user() || other.host() == slot.host();
    let hint = match kept.iter().map(|kept| &kept.slot).filter(|other| same(other)).collect::<Vec<_>>()[..] {
        [only] => format!(
            "if that one is meant: backup-notify password remove {}",
            shell_word(&one_line(&only.to_string()))
        ),
        _ => "name one of these".to_owned(),
    };
    Failure::new(Exit::NoPermission, what).with_hint(hint)
}
