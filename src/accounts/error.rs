//! Why a task's account cannot be used, and what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

use super::found::{Found, Problem};
use crate::error::Situation;
use crate::exit::Exit;
use crate::text::{nearest, one_line, shell_word, shorten};

/// How many candidates are listed.
const CANDIDATES: usize = 12;
/// How much of a name is shown, in characters.
const SHOWN: usize = 200;

/// What to do where Mail's accounts are of no help.
pub(crate) const WRITE_OUT: &str = "write the account out: \"account\": {\"host\": \"smtp.example.com\", \"user\": \
                                    \"kim@example.com\"}, or {\"preset\": \"icloud\", \"user\": \"kim@icloud.com\"}";

/// A name by which no account can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountError {
    /// The name, as the task has it.
    pub name: String,
    /// What became of looking it up.
    pub lookup: Lookup,
    /// Whose home was looked at, when it is not the person's own.
    pub other_home: Option<PathBuf>,
    /// The account that the name would mean if it were asked about, and not written in a task.
    pub meant: Option<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Every path looked at, when nothing was found there.
    pub looked_at: Vec<PathBuf>,
    /// The home folder that root may have meant, who has looked in root's own.
    pub elsewhere: Option<PathBuf>,
}

/// What became of looking a name up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// No account goes by it; these are there.
    Unknown(Vec<Found>),
    /// Several accounts go by it.
    Ambiguous(Vec<Found>),
    /// The account cannot be used.
    Unusable(Box<Found>),
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = one_line(&self.name);
        let name = shorten(&name, 120);
        match &self.lookup {
            Lookup::Unknown(known) if known.is_empty() => {
                write!(f, "no account \"{name}\" is known: no SMTP account of Apple Mail was found")?;
                for path in &self.looked_at {
                    write!(f, "\nlooked at {}", one_line(&path.to_string_lossy()))?;
                }
            }
            Lookup::Unknown(known) => {
                write!(f, "no account goes by the name \"{name}\"; there are:{}", Names(known))?;
            }
            Lookup::Ambiguous(several) => {
                write!(f, "several accounts go by the name \"{name}\":{}", Names(several))?;
            }
            Lookup::Unusable(found) => {
                let reason = found.reason.as_deref().unwrap_or("it is not known in full");
                write!(f, "the account \"{name}\" cannot be used: {}", one_line(reason))?;
            }
        }
        for problem in self.problems.iter().filter(|problem| self.concerns(problem)) {
            write!(f, "\n{problem}")?;
        }
        Ok(())
    }
}

/// The ids of accounts, a line each.
struct Names<'a>(&'a [Found]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in self.0.iter().take(CANDIDATES) {
            write!(f, "\n  {}", shorten(&one_line(&found.id), SHOWN))?;
            if let Some(description) = &found.description {
                write!(f, "  ({})", one_line(description))?;
            }
            if !found.usable {
                f.write_str("  cannot be used")?;
            }
        }
        match self.0.len().saturating_sub(CANDIDATES) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Says how root reads the Mail of a person.
fn for_root(home: &Path) -> String {
    let home = shell_word(&one_line(&home.to_string_lossy())).into_owned();
    format!("as root, only root's own Mail is looked at; to read a person's: --mail-home {home}")
}

impl AccountError {
    /// Tells whether a problem may have to do with this error.
    fn concerns(&self, problem: &Problem) -> bool {
        match (&problem.account, &self.lookup) {
            (None, Lookup::Unknown(_) | Lookup::Unusable(_)) => true,
            (Some(account), Lookup::Unusable(found)) => *account == found.id,
            _ => false,
        }
    }

    /// Returns what to do about a file that could not be read.
    fn hint_of_problem(&self) -> Option<String> {
        self.problems.iter().filter(|problem| self.concerns(problem)).find_map(|problem| problem.hint.clone())
    }

    /// Returns what to do where this name is none.
    fn hint_of_unknown(&self, known: &[Found]) -> String {
        if let Some(id) = &self.meant {
            let id = one_line(id);
            return format!(
                "write its id, \"{id}\": in another's home a task finds accounts by their ids only"
            );
        }
        // no slip of the fingers makes a name half as long again
        let length = self.name.len();
        let similar = |id: &&str| length <= SHOWN && id.len().abs_diff(length) <= length / 3;
        let ids: Vec<&str> = known.iter().map(|found| found.id.as_str()).filter(similar).collect();
        if let Some(near) = nearest(&self.name, &ids) {
            return format!("did you mean \"{}\"? {} shows them", one_line(near), self.listing_command());
        }
        // the system's own words about a file that it guards help more than ours
        let person = self.elsewhere.as_ref().map(|home| for_root(home));
        let mut hints: Vec<String> = self.hint_of_problem().into_iter().chain(person).collect();
        if known.is_empty() {
            hints.push(WRITE_OUT.to_owned());
        } else if hints.is_empty() {
            hints.push(format!("write one of these ids; {} shows them", self.listing_command()));
        }
        hints.join("\nor ")
    }

    /// Writes the command that lists the accounts.
    fn listing_command(&self) -> String {
        match &self.other_home {
            Some(home) => format!(
                "backup-notify accounts --mail-home {}",
                shell_word(&one_line(&home.to_string_lossy()))
            ),
            None => "backup-notify accounts".to_owned(),
        }
    }
}

impl Situation for AccountError {
    fn exit(&self) -> Exit {
        Exit::Config
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.lookup {
            Lookup::Unknown(known) => self.hint_of_unknown(known),
            Lookup::Ambiguous(_) => "write the id of the one that is meant".to_owned(),
            Lookup::Unusable(found) => match found.instead_line() {
                Some(line) => {
                    let from = found.from_line().map(|from| format!(", {from}")).unwrap_or_default();
                    format!("write in its place: {line}{from}")
                }
                None => WRITE_OUT.to_owned(),
            },
        })
    }
}
