//! `password set`: the password of one account is kept, after it was tried if somebody wants that.

use std::io::{self, IsTerminal};
use std::time::Duration;

use serde_json::json;

use super::place::{self, Place};
use super::trial::Trial;
use super::{TOKEN_ENDS, done_all_the_same, named, title, vault};
use crate::World;
use crate::accounts::{Auth, Book};
use crate::cli::SetPasswordArgs;
use crate::commands::deliver::somebody_is_there;
use crate::commands::output::{Output, json as print_json, print_and_end};
use crate::commands::question::confirmed;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{self, Access, Entry, Keychain, Secret, Service, Slot, wipe_stack};
use crate::task::TrustRule;
use crate::text::{one_line, shell_word};

/// How long it may take when nobody says and nobody has to type anything.
const USUAL_DEADLINE: Duration = Duration::from_secs(30);
/// How long it may take where somebody types, who may have to make an app-specific password first.
const TYPING_DEADLINE: Duration = Duration::from_secs(600);

/// Runs the command.
pub(super) fn run(args: &SetPasswordArgs, world: &World) -> Exit {
    let output = Output::for_hook(args.output);
    match set(args, world, output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn set(args: &SetPasswordArgs, world: &World, output: Output) -> Result<Exit, Failure> {
    let attended = somebody_is_there();
    let usual = if attended { TYPING_DEADLINE } else { USUAL_DEADLINE };
    let deadline = Deadline::after(world.started, args.lookup.deadline.unwrap_or(usual));
    let access = Access { deadline, may_prompt: attended };
    let keychain = Keychain::own().map_err(|e| Failure::from_situation(&e))?;
    let book = Book::new(args.lookup.mail_home.as_deref(), deadline);
    let place = place::find(&args.whose, args.trial.tls_mode, &book)?;
    let rule = rule(args, &place)?;
    let entry = entry(args, &place.slot, attended)?;

    announce(&place, &keychain, access, output)?;
    let title = title(&place.slot);
    let secret =
        secrets::enter(entry, &place.slot, &title, deadline).map_err(|e| Failure::from_situation(&e))?;
    let tested = match rule {
        Some(rule) if args.trial.test || (attended && !args.trial.no_test && try_it(&deadline)?) => {
            let trial = Trial::new(&place, &book, &rule, args.trial.allow_cleartext_password);
            match trial.sign_in(&secret, &deadline, world.now, output) {
                Ok(()) => true,
                Err(failure) if attended => {
                    output.trouble(&failure);
                    if !confirmed("Keep it all the same?", false, &deadline)? {
                        output.note("the password was not kept");
                        return Ok(output.told(&failure));
                    }
                    false
                }
                Err(mut failure) => {
                    failure.what.push_str("\nthe password was not kept");
                    return Err(failure);
                }
            }
        }
        _ => false,
    };
    keep(&place.slot, secret, tested, &keychain, (access, world), output)
}

/// Returns the rule under which the password can be tried, where there is a server to try it on.
fn rule(args: &SetPasswordArgs, place: &Place) -> Result<Option<TrustRule>, Failure> {
    if place.slot.service() == Service::Growl {
        if args.trial.test {
            let what = "--test: a password of Growl cannot be tried without a notice on the screen";
            return Err(Failure::new(Exit::Usage, what).with_hint("leave --test away"));
        }
        return Ok(None);
    }
    if args.trial.tls_trust.is_empty() {
        return Ok(Some(TrustRule::default()));
    }
    let usage = |error| Failure::new(Exit::Usage, format!("--tls-trust: {error}"));
    TrustRule::parse_all(&args.trial.tls_trust).map(Some).map_err(usage)
}

/// Finds out where the password will come from.
fn entry(args: &SetPasswordArgs, slot: &Slot, attended: bool) -> Result<Entry, Failure> {
    match (args.stdin, attended) {
        (true, _) if io::stdin().is_terminal() => Ok(Entry::Typed),
        (true, _) => Ok(Entry::Stdin),
        (false, true) => Ok(Entry::New),
        (false, false) => {
            let name = shell_word(&one_line(&slot.to_string())).into_owned();
            let what = "the password is asked for at a terminal, and nobody is there to be asked";
            Err(Failure::new(Exit::Usage, what).with_hint(format!(
                "hand it over as one line of standard input: backup-notify password set {name} --stdin"
            )))
        }
    }
}

/// Says what is going to be kept and where, before anybody types a password. A keychain that cannot be
/// used is found here.
fn announce(place: &Place, keychain: &Keychain, access: Access, output: Output) -> Result<(), Failure> {
    let kept = keychain.list(access).map_err(|e| Failure::from_situation(&e))?;
    let earlier = kept.iter().any(|kept| kept.slot == place.slot);
    let instead = if earlier { ", in place of the one that is kept there" } else { "" };
    output.note(&format!("the password of {} goes into {}{instead}", title(&place.slot), named(keychain)));
    if matches!(place.auth, Auth::Xoauth2 | Auth::Oauthbearer) {
        output.warning(TOKEN_ENDS);
    }
    Ok(())
}

fn try_it(deadline: &Deadline) -> Result<bool, Failure> {
    confirmed("Try it on the server first?", true, deadline)
}

fn keep(
    slot: &Slot,
    secret: Secret,
    tested: bool,
    keychain: &Keychain,
    (access, world): (Access, &World),
    output: Output,
) -> Result<Exit, Failure> {
    let set = keychain.set(slot, &secret, world.now, access);
    let replaced = set.map_err(|e| Failure::from_situation(&e))?;
    // what is left to do is to say so, and that can take its time
    drop(secret);
    wipe_stack();
    let account = slot.to_string();
    if output.is_for_people() {
        let tried = if tested { ", after a sign-in with it" } else { "" };
        let instead = if replaced { ", in place of the earlier one" } else { "" };
        let printed = print_and_end(&format!("kept: {}{tried}{instead}\n", one_line(&account)));
        return Ok(done_all_the_same(printed, "kept", output));
    }
    let printed = print_json(&json!({
        "account": account, "vault": vault(keychain), "user": keychain.whose(), "replaced": replaced, "tested": tested,
        "exit_code": Exit::Ok,
    }));
    Ok(done_all_the_same(printed, "kept", output))
}
