//! What ACCOUNT on the command line means: the place of one password.
//!
//! A full name says everything and opens no file. A preset says server and port. Everything else is
//! looked up where `accounts` looks, and means what it means there.

use crate::accounts::{
    Account, AccountError, AccountSpec, Auth, Book, Found, Lookup, Preset, PresetSpec, WRITE_OUT,
};
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{Service, Slot};
use crate::task::{TlsMode, parse_host, read_account};
use crate::text::{is_active, one_line, shell_word};

/// What to write where nothing else names an account.
const FULL_NAME: &str = "name server, port and user: smtp.example.com:587:kim@example.com";
/// What the name of a computer with Growl begins with.
const GROWL: &str = "growl:";

/// The place of a password, and what is known of the account beside it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) slot: Slot,
    /// When TLS begins there, where somebody has said so.
    pub(super) mode: Option<TlsMode>,
    /// How to sign in there.
    pub(super) auth: Auth,
    /// Whether it was written out, so that Mail may know more of it.
    pub(super) by_hand: bool,
}

/// Finds the place that a name means; `mode` is what was typed after `--tls-mode`, which moves an account
/// to another port as it does in a task.
pub(super) fn find(name: &str, mode: Option<TlsMode>, book: &Book) -> Result<Place, Failure> {
    if name.contains("://") {
        // not shown: where a URL has its user name it often has a password too
        return Err(
            Failure::new(Exit::Usage, "expected the name of an account; found a URL").with_hint(FULL_NAME)
        );
    }
    if let Some(slot) = Slot::parse(name) {
        return full_name(name, &slot, mode);
    }
    // nothing else has a blank at its end that means something
    let name = name.trim();
    if name.starts_with(GROWL) {
        let what = format!("\"{}\" names no computer", one_line(name));
        return Err(Failure::new(Exit::Config, what).with_hint("write growl:HOST or growl:HOST:PORT"));
    }
    if let Some((preset, user)) = preset(name) {
        let spec = AccountSpec::Preset(PresetSpec { preset, user, auth: None });
        return of_account(&resolve(&spec, mode, book)?);
    }
    let found = book.find_by_any_name(name).map_err(|error| not_found(name, &error))?;
    of_account(&resolve(&spec_of(found), mode, book)?)
}

/// Takes a full name at its word, with the host as a task spells it.
fn full_name(name: &str, slot: &Slot, mode: Option<TlsMode>) -> Result<Place, Failure> {
    let wrong = |what: String| {
        Failure::new(Exit::Config, format!("\"{}\": {what}", one_line(name))).with_hint(FULL_NAME)
    };
    let host = parse_host(slot.host()).map_err(wrong)?;
    if slot.user().is_some_and(|user| user.chars().any(is_active)) {
        return Err(wrong("a user name may not hold characters that cannot be shown".to_owned()));
    }
    let slot = match slot.service() {
        Service::Smtp => Slot::smtp(&host, slot.port(), slot.user()),
        Service::Growl => Slot::growl(&host, slot.port()),
    };
    Ok(Place { slot, mode, auth: Auth::Password, by_hand: true })
}

/// Reads `PRESET:user`.
fn preset(name: &str) -> Option<(&'static Preset, String)> {
    let (word, user) = name.split_once(':')?;
    let user = user.trim();
    let preset = Preset::named(&word.trim().to_lowercase())?;
    (!user.is_empty() && !user.chars().any(is_active)).then(|| (preset, user.to_owned()))
}

/// Says what a task would name: the account itself, or what stands for one that cannot be used.
fn spec_of(found: &Found) -> AccountSpec {
    let instead = found.instead.as_ref().filter(|_| !found.usable);
    let written = instead.and_then(|value| read_account(value.to_string().as_bytes(), "ACCOUNT").ok());
    written.unwrap_or_else(|| AccountSpec::Named(found.id.clone()))
}

fn resolve(spec: &AccountSpec, mode: Option<TlsMode>, book: &Book) -> Result<Account, Failure> {
    book.resolve(spec, mode).map_err(|error| in_our_words(&error))
}

fn of_account(account: &Account) -> Result<Place, Failure> {
    let Some(user) = account.user.as_deref().filter(|_| account.auth != Auth::None) else {
        let what =
            format!("nobody signs in to the account {}: it has no password", one_line(&account.label()));
        return Err(Failure::new(Exit::Config, what).with_hint(FULL_NAME));
    };
    let slot = Slot::smtp(&account.host, account.port, Some(user));
    Ok(Place { slot, mode: Some(account.tls_mode), auth: account.auth, by_hand: false })
}

/// Says which names there are. Who has no Mail does not want to hear where its files could be.
fn not_found(name: &str, error: &AccountError) -> Failure {
    let nothing_there = matches!(&error.lookup, Lookup::Unknown(known) if known.is_empty());
    let mut failure = in_our_words(error);
    if nothing_there && error.problems.is_empty() {
        let name = one_line(name);
        failure.what = format!(
            "no account \"{name}\" is known: Apple Mail has none here, and \"{name}\" is no full name"
        );
    }
    let guessed = failure.hint.as_ref().is_some_and(|hint| hint.starts_with("did you mean"));
    if matches!(error.lookup, Lookup::Unknown(_)) && !guessed {
        failure.hint = with_port(name).or(failure.hint);
    }
    failure
}

/// Takes over an error about an account, whose advice is for somebody who writes a task.
fn in_our_words(error: &AccountError) -> Failure {
    let mut failure = Failure::from_situation(error);
    failure.hint = failure.hint.map(|hint| hint.replace(WRITE_OUT, FULL_NAME));
    failure
}

/// Completes `host:user`, which is how `accounts` prints an account and Mail is not there to ask.
fn with_port(name: &str) -> Option<String> {
    let (host, user) = name.split_once(':')?;
    let host = parse_host(host).ok().filter(|host| host.contains('.') || host == "localhost")?;
    if user.is_empty() || user.parse::<u16>().is_ok() || user.chars().any(is_active) {
        return Some(FULL_NAME.to_owned());
    }
    let named = |port| shell_word(&format!("{host}:{port}:{user}")).into_owned();
    Some(format!("name its port too: {} or {}", named(587), named(465)))
}

/// Looks up when TLS begins at a place and how Mail signs in there.
pub(super) fn in_mail(slot: &Slot, book: &Book) -> Option<(TlsMode, Auth)> {
    let same = |found: &&Found| {
        let (Some(host), Some(port)) = (&found.host, found.port) else { return false };
        found.usable && Slot::smtp(host, port, found.user.as_deref()) == *slot
    };
    let found = book.listing().accounts.iter().find(same)?;
    found.tls_mode.zip(found.auth)
}
