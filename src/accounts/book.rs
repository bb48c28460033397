//! Looks accounts up by the names that people write, and opens Mail's files only for that.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::error::{AccountError, Lookup};
use super::found::{Found, Listing, Problem};
use super::{Account, AccountSpec, mail, short_name};
use crate::deadline::Deadline;
use crate::home;
use crate::task::TlsMode;

/// The accounts that can be named, read when the first name is looked up.
#[derive(Debug)]
pub struct Book {
    /// The home folder of somebody else, or on another disk.
    other_home: Option<PathBuf>,
    deadline: Deadline,
    listing: OnceCell<Listing>,
    /// Whether its problems have been told.
    told: Cell<bool>,
}

impl Book {
    /// Opens nothing yet. `other_home` is the `mail_home` of a task; without it the person's own
    /// home counts.
    pub fn new(other_home: Option<&Path>, deadline: Deadline) -> Self {
        Self {
            other_home: other_home.map(Path::to_owned),
            deadline,
            listing: OnceCell::new(),
            told: Cell::new(false),
        }
    }

    /// Lists what Mail has, within the deadline.
    pub fn listing(&self) -> &Listing {
        self.listing.get_or_init(|| match &self.other_home {
            Some(home) => mail::list_other(home, self.deadline),
            None => home::own().map(|home| mail::list_within(&home, self.deadline)).unwrap_or_default(),
        })
    }

    /// Returns what a person has to know of the account that a name has led to: what is wrong with
    /// the files, the first time it is asked, and with this account. Nothing when no name was
    /// looked up.
    pub fn doubts(&self, spec: &AccountSpec) -> Vec<String> {
        let (AccountSpec::Named(name), Some(listing)) = (spec, self.listing.get()) else { return Vec::new() };
        let chosen = self.find(name).ok().map(|found| &found.id);
        let again = self.told.replace(true);
        let concerns = |problem: &&Problem| match &problem.account {
            Some(account) => Some(account) == chosen,
            None => !again,
        };
        listing.problems.iter().filter(concerns).map(ToString::to_string).collect()
    }

    /// Makes an account of what a task says; `mode` is the task's own `tls.mode`.
    pub fn resolve(&self, spec: &AccountSpec, mode: Option<TlsMode>) -> Result<Account, Box<AccountError>> {
        match spec {
            AccountSpec::Server(server) => Ok(Account::of_server(server, mode)),
            AccountSpec::Preset(preset) => Ok(Account::of_preset(preset, mode)),
            AccountSpec::Named(name) => {
                let found = self.find(name)?;
                Account::of_found(found, mode)
                    .ok_or_else(|| self.error(name, Lookup::Unusable(Box::new(found.clone()))))
            }
        }
    }

    /// Finds the account that a task means by a name.
    ///
    /// In somebody else's home only ids and full names count: what a task of root's means must not
    /// change with the words that this person chooses.
    pub fn find(&self, name: &str) -> Result<&Found, Box<AccountError>> {
        self.look_up(name, self.other_home.is_some()).map_err(|lookup| self.error(name, lookup))
    }

    /// Finds the account that a person asks about, by any of its names.
    pub fn find_by_any_name(&self, name: &str) -> Result<&Found, Box<AccountError>> {
        self.look_up(name, false).map_err(|lookup| self.error(name, lookup))
    }

    /// An id comes first, then the full name that messages print, then a sender's address, then a
    /// description.
    fn look_up(&self, name: &str, in_full: bool) -> Result<&Found, Lookup> {
        let accounts = &self.listing().accounts;
        let wanted = name.trim().to_lowercase();
        let same = |a: &str| a.to_lowercase() == wanted;
        let address = |found: &Found| {
            let sender = found.senders.iter().any(|sender| same(sender.email.as_ref()));
            sender || found.user.as_deref().is_some_and(|user| user.contains('@') && same(user))
        };
        let named = |found: &Found| found.description.as_deref().is_some_and(same);
        let ways: [&dyn Fn(&Found) -> bool; 5] = [
            &|found| found.id == name,
            &|found| same(&found.id),
            &|found| {
                found.label().is_some_and(|label| same(&label))
                    || short_name_of(found).is_some_and(|short| same(&short))
            },
            &address,
            &named,
        ];
        let ways = if in_full { ways.get(..3).unwrap_or_default() } else { &ways };
        for way in ways {
            let matches: Vec<&Found> = accounts.iter().filter(|found| way(found)).collect();
            // one that cannot be used does not make the other one doubtful
            let usable: Vec<&Found> = matches.iter().copied().filter(|found| found.usable).collect();
            match (matches.as_slice(), usable.as_slice()) {
                ([], _) => {}
                ([only], _) | (_, [only]) => return Ok(only),
                (several, _) => {
                    let candidates = several.iter().map(|found| (*found).clone()).collect();
                    return Err(Lookup::Ambiguous(candidates));
                }
            }
        }
        Err(Lookup::Unknown(accounts.clone()))
    }

    fn error(&self, name: &str, lookup: Lookup) -> Box<AccountError> {
        let listing = self.listing();
        let own = self.other_home.is_none();
        let elsewhere = own.then(|| {
            let found = !listing.accounts.is_empty();
            home::to_offer_root(geteuid().is_root(), home::behind_root(), found)
        });
        let unknown = matches!(&lookup, Lookup::Unknown(_));
        let meant = (unknown && !own).then(|| self.look_up(name, false).ok()).flatten();
        Box::new(AccountError {
            name: name.to_owned(),
            meant: meant.map(|found| found.id.clone()),
            lookup,
            other_home: self.other_home.clone(),
            problems: listing.problems.clone(),
            looked_at: listing.looked_at.clone(),
            elsewhere: elsewhere.flatten(),
        })
    }
}

/// The id that an account would have if it were alone with its server and user: a task may have
/// been written when it was.
fn short_name_of(found: &Found) -> Option<String> {
    short_name(found.host.as_deref()?, found.user.as_deref())
}
