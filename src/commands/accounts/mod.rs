//! `accounts`: the SMTP accounts that Mail knows, each with the id to write in a task.
//!
//! Data goes to stdout: the table, one account in detail, or the object for programs. What could not
//! be read is told on stderr, and so is that nothing was found; both cost nobody the exit code 0.

mod detail;
mod table;

use std::path::Path;
use std::time::Duration;

use nix::unistd::Uid;

use crate::World;
use crate::accounts::{Auth, Book, Found, Listing, WRITE_OUT};
use crate::cli::{AccountsArgs, Offer};
use crate::commands::output::{Output, json, print_and_end, print_quietly};
use crate::commands::password;
use crate::commands::screen::Screen;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::text::{one_line, shell_word, shorten};

/// How long it may take when nobody says.
const USUAL_DEADLINE: Duration = Duration::from_secs(30);
/// How long somebody who has pressed TAB may have to wait.
const COMPLETION_DEADLINE: Duration = Duration::from_secs(2);
/// How much is said of an account that is offered, in characters.
const DESCRIPTION_MOST: usize = 60;

/// Runs the command.
pub(super) fn run(args: &AccountsArgs, world: &World) -> Exit {
    if let Some(offer) = args.complete {
        let deadline = Deadline::after(world.started, COMPLETION_DEADLINE);
        print_quietly(&completions(offer, args.mail_home.as_deref(), deadline));
        return Exit::Ok;
    }
    let output = Output::by_hand(args.output);
    let deadline = Deadline::after(world.started, args.deadline.unwrap_or(USUAL_DEADLINE));
    let book = Book::new(args.mail_home.as_deref(), deadline);
    let listing = book.listing();
    let Some(name) = &args.id else {
        tell_problems(listing, output);
        return all(listing, args, output);
    };
    match book.find_by_any_name(name) {
        Ok(found) => {
            tell_problems(listing, output);
            one(found, listing, args, output)
        }
        Err(error) => output.failure(&Failure::from_situation(&*error)),
    }
}

fn tell_problems(listing: &Listing, output: Output) {
    for (index, problem) in listing.problems.iter().enumerate() {
        // of several with the same advice the last one gives it
        let next = listing.problems.get(index + 1);
        let hint = problem.hint.as_deref().filter(|hint| next.and_then(|n| n.hint.as_deref()) != Some(hint));
        output.doubt(&problem.to_string(), hint);
    }
}

fn all(listing: &Listing, args: &AccountsArgs, output: Output) -> Exit {
    if !output.is_for_people() {
        return json(listing);
    }
    if listing.accounts.is_empty() {
        let (lines, hint) = nothing(listing, args.mail_home.as_deref());
        output.answer(&lines, &hint);
        return Exit::Ok;
    }
    tell_sources(listing, output);
    print_and_end(&table::page(&listing.accounts, Screen::of_stdout()))
}

fn one(found: &Found, listing: &Listing, args: &AccountsArgs, output: Output) -> Exit {
    if output.is_for_people() {
        return print_and_end(&detail::page(found, args.mail_home.as_deref(), Screen::of_stdout()));
    }
    json(&Listing { accounts: vec![found.clone()], ..listing.clone() })
}

/// Names the files that the accounts are from, to who wants to know.
fn tell_sources(listing: &Listing, output: Output) {
    let mut sources: Vec<&Path> = listing.accounts.iter().map(|found| found.source.as_path()).collect();
    sources.dedup();
    for source in sources {
        output.detail(&format!("found in {}", source.display()));
    }
}

/// Says where nothing was found, and what to do.
fn nothing(listing: &Listing, mail_home: Option<&Path>) -> (Vec<String>, String) {
    let mut lines = Vec::new();
    // what stands in the way has been told as a problem, as a rule
    let missing = |home: &&Path| listing.problems.is_empty() && home.try_exists().is_ok_and(|there| !there);
    if let Some(home) = mail_home.filter(missing) {
        lines.push(format!("there is no folder \"{}\"", home.display()));
    }
    match (listing.looked_at.as_slice(), mail_home) {
        ([], Some(home)) => {
            lines.push(format!("no SMTP account of Apple Mail was found in \"{}\"", home.display()));
        }
        ([], None) => {
            lines.push("no SMTP account of Apple Mail was found: no home folder is known".to_owned());
        }
        (paths, _) => {
            lines.push("no SMTP account of Apple Mail was found; looked at:".to_owned());
            lines.extend(paths.iter().map(|path| format!("  {}", path.display())));
        }
    }
    let mut hint = WRITE_OUT.to_owned();
    if mail_home.is_none() {
        hint.push_str(&format!("\nor {}", another_home()));
    }
    (lines, hint)
}

/// Says how the accounts of somebody else are listed. Root has none of its own, as a rule.
fn another_home() -> String {
    let root = Uid::effective().is_root();
    match home::to_offer_root(root, home::behind_root(), false) {
        Some(home) => format!(
            "list those of the person whose Mail it is: backup-notify accounts --mail-home {}",
            shell_word(&one_line(&home.to_string_lossy()))
        ),
        None => {
            "list those of another home folder, for example on the disk of a Mac: backup-notify accounts --mail-home \
             DIR"
            .to_owned()
        }
    }
}

/// Lists what the completions offer: id, tab, description (of a kept password since when). It never fails; a disk that does not answer
/// offers nothing.
fn completions(offer: Offer, mail_home: Option<&Path>, deadline: Deadline) -> String {
    if offer == Offer::Kept {
        return password::completions(deadline);
    }
    offered(Book::new(mail_home, deadline).listing(), offer)
}

/// Tells whether somebody signs in to an account, as it is or as a task would write it.
fn has_password(found: &Found) -> bool {
    let instead = || found.instead.as_ref().is_some_and(|instead| instead.get("user").is_some());
    if found.usable { found.auth != Some(Auth::None) } else { instead() }
}

fn offered(listing: &Listing, offer: Offer) -> String {
    let mut lines = String::new();
    for found in &listing.accounts {
        // what would have to be cleaned would not be found under its clean name
        let can_be_typed = one_line(&found.id) == found.id;
        let fits = match offer {
            Offer::Usable => found.usable,
            Offer::Keepable => has_password(found),
            Offer::All | Offer::Kept => true,
        };
        if can_be_typed && fits {
            let sender = || found.senders.first().map(|sender| sender.email.to_string());
            let about = found.description.clone().or_else(sender).unwrap_or_default();
            let about = one_line(&about);
            lines.push_str(&format!("{}\t{}\n", found.id, shorten(&about, DESCRIPTION_MOST)));
        }
    }
    lines
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
