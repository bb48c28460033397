//! Looks things up in the rows: properties, parents, and which account sends through which.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::archive;
use super::rows::{AccountRow, Rows, Stored};
use crate::accounts::mail::lenient;
use crate::accounts::mail::property_list::{Node, is_whole};
use crate::accounts::mail::record::Remark;
use crate::text::{one_line, shorten};

/// How far up parents are followed; Apple's go one up.
const MOST_PARENTS: usize = 8;
/// How many incoming accounts are looked at for one outgoing.
const MOST_LINKED: usize = 100;
/// How many remarks are made; a file that gives reason for more has one reason.
const MOST_REMARKS: usize = 20;

/// The data class of mail in `ZDATACLASSPROPERTIES`.
const MAIL: &str = "com.apple.Dataclass.Mail";
/// What is read of it.
const MAIL_KEYS: [&str; 5] = ["smtpHostname", "smtpPort", "smtpRequiresSSL", "EmailAddress", "FullUserName"];
/// The place of that column among the properties.
const DATA_CLASSES: &str = "ZDATACLASSPROPERTIES";

/// A value is stored that cannot be read, and a remark says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unreadable;

type Read = Result<Option<Rc<Node>>, Unreadable>;

#[derive(Debug)]
pub(super) struct View<'a> {
    rows: &'a Rows,
    by_number: HashMap<i64, &'a AccountRow>,
    /// By the identifier of the outgoing account, in lower case.
    linked: HashMap<String, Vec<&'a AccountRow>>,
    /// What was read, so that a parent's values are read once and not for every child.
    read: RefCell<HashMap<(i64, &'static str), Read>>,
    remarks: RefCell<(Vec<Remark>, usize)>,
}

impl<'a> View<'a> {
    pub(super) fn new(rows: &'a Rows, remarks: Vec<String>) -> Self {
        let remarks = remarks.into_iter().map(Remark::of_place).collect();
        let mut view = Self {
            rows,
            by_number: rows.accounts.iter().map(|account| (account.number, account)).collect(),
            linked: HashMap::new(),
            read: RefCell::default(),
            remarks: RefCell::new((remarks, 0)),
        };
        for account in rows.accounts.iter().filter(|account| !is(account, "SMTP")) {
            if let Some(identifier) = view.said(account, "SendingAccountIdentifier") {
                let linked = view.linked.entry(identifier.to_ascii_lowercase()).or_default();
                if linked.len() < MOST_LINKED {
                    linked.push(account);
                }
            }
        }
        view
    }

    pub(super) fn remark(&self, account: &AccountRow, what: &str) {
        let name = [&account.description, &account.user, &account.identifier].into_iter().flatten().next();
        let name =
            name.map_or_else(|| account.number.to_string(), |name| shorten(&one_line(name), 60).into_owned());
        let (list, left_out) = &mut *self.remarks.borrow_mut();
        let text = format!("account \"{name}\": {what}");
        let remark = Remark { text, record: Some(account.number) };
        if list.contains(&remark) {
            return;
        }
        if list.len() < MOST_REMARKS {
            list.push(remark);
        } else {
            *left_out += 1;
        }
    }

    pub(super) fn into_remarks(self) -> Vec<Remark> {
        let (mut list, left_out) = self.remarks.into_inner();
        if left_out > 0 {
            list.push(Remark::of_place(format!("{left_out} more values cannot be used")));
        }
        list
    }

    /// Returns the parents of an account, the nearest first; one that is its own ends the row.
    pub(super) fn parents(&self, account: &AccountRow) -> Vec<&'a AccountRow> {
        let mut seen = HashSet::from([account.number]);
        let mut parents = Vec::new();
        let mut next = account.parent;
        while let Some(parent) = next.and_then(|number| self.by_number.get(&number)) {
            if parents.len() == MOST_PARENTS || !seen.insert(parent.number) {
                break;
            }
            parents.push(*parent);
            next = parent.parent;
        }
        parents
    }

    /// Tells whether an account has a parent that the database does not hold.
    pub(super) fn is_orphan(&self, account: &AccountRow) -> bool {
        account.parent.is_some_and(|number| !self.by_number.contains_key(&number))
    }

    /// Returns the incoming accounts that send through this one.
    pub(super) fn linked(&self, outgoing: &AccountRow) -> &[&'a AccountRow] {
        let identifier = outgoing.identifier.as_ref().map(|identifier| identifier.to_ascii_lowercase());
        identifier.and_then(|identifier| self.linked.get(&identifier)).map_or(&[], Vec::as_slice)
    }

    /// Reads a property of an account.
    pub(super) fn property(&self, account: &AccountRow, key: &'static str) -> Read {
        // before the rows are searched: each child of an account asks for its parent's
        if let Some(known) = self.read.borrow().get(&(account.number, key)) {
            return known.clone();
        }
        let rows = self.rows.properties.get(&account.number).map_or(&[][..], Vec::as_slice);
        let mut values = rows.iter().filter(|row| row.key == key).map(|row| &row.value);
        let Some(first) = values.next() else {
            self.read.borrow_mut().insert((account.number, key), Ok(None));
            return Ok(None);
        };
        self.once(account, key, || {
            let mut again = values.peekable();
            if again.peek().is_some() {
                self.remark(account, &format!("its {key} is stored more than once"));
            }
            if again.any(|value| value != first) {
                return Err("the values differ".to_owned());
            }
            self.examine(account, key, first);
            unfold(first)
        })
    }

    /// Says of a value that it may be another than the one that was stored.
    fn examine(&self, account: &AccountRow, key: &str, stored: &Stored) {
        if matches!(stored, Stored::Bytes(bytes) if !bytes.is_empty() && !is_whole(bytes)) {
            self.remark(account, &format!("its {key} may be damaged"));
        }
    }

    /// Reads the part for mail of an account's data classes; none when it is empty.
    pub(super) fn mail(&self, account: &AccountRow) -> Read {
        if account.data_classes == Stored::Null {
            return Ok(None);
        }
        let mail = self.once(account, DATA_CLASSES, || {
            self.examine(account, DATA_CLASSES, &account.data_classes);
            let classes = unfold(&account.data_classes)?;
            let Some(classes) = classes else { return Ok(None) };
            near_miss(&classes, &[MAIL])?;
            let mail = classes.get(MAIL).cloned();
            mail.as_ref().map_or(Ok(()), |mail| near_miss(mail, &MAIL_KEYS))?;
            Ok(mail)
        })?;
        Ok(mail.filter(|mail| matches!(&**mail, Node::Dictionary(entries) if !entries.is_empty())))
    }

    /// Reads text; some that is none is as good as unreadable.
    pub(super) fn text(&self, account: &AccountRow, key: &'static str) -> Result<Option<String>, Unreadable> {
        let value = self.property(account, key)?;
        self.understood(account, key, lenient::text(value.as_deref()))
    }

    /// Reads a flag; one that is neither yes nor no is not guessed at.
    pub(super) fn flag(&self, account: &AccountRow, key: &'static str) -> Result<Option<bool>, Unreadable> {
        let value = self.property(account, key)?;
        self.understood(account, key, lenient::flag(value.as_deref()))
    }

    /// Reads text; nothing when it cannot be read, which has been said.
    pub(super) fn said(&self, account: &AccountRow, key: &'static str) -> Option<String> {
        self.text(account, key).ok().flatten()
    }

    fn understood<T>(
        &self,
        account: &AccountRow,
        key: &str,
        value: Result<T, String>,
    ) -> Result<T, Unreadable> {
        value.map_err(|reason| {
            self.remark(account, &format!("its {key} {reason}"));
            Unreadable
        })
    }

    fn once(
        &self,
        account: &AccountRow,
        key: &'static str,
        read: impl FnOnce() -> Result<Option<Node>, String>,
    ) -> Read {
        if let Some(known) = self.read.borrow().get(&(account.number, key)) {
            return known.clone();
        }
        let result = match read() {
            Ok(value) => Ok(value.map(Rc::new)),
            Err(reason) => {
                self.remark(account, &format!("its {key} cannot be read: {}", one_line(&reason)));
                Err(Unreadable)
            }
        };
        self.read.borrow_mut().insert((account.number, key), result.clone());
        result
    }
}

/// Refuses a dictionary with a key that is nearly one of these, which is missing: what is read in
/// its place, nothing, may switch encryption off.
pub(super) fn near_miss(dictionary: &Node, keys: &[&str]) -> Result<(), String> {
    let Node::Dictionary(entries) = dictionary else { return Ok(()) };
    let missing = |key: &&str| dictionary.get(key).is_none();
    for key in keys.iter().copied().filter(missing) {
        if let Some((found, _)) = entries.iter().find(|(found, _)| is_near(key, found)) {
            return Err(format!("it has no {key}, but \"{found}\""));
        }
    }
    Ok(())
}

/// Tells whether a word is another with one letter changed, added, taken away or moved.
pub(super) fn is_near(word: &str, other: &str) -> bool {
    // by letters: what is no UTF-8 has become a letter of three bytes
    word.chars().count().abs_diff(other.chars().count()) <= 1
        && word != other
        && strsim::damerau_levenshtein(word, other) == 1
}

/// Tells whether an account is of the type `com.apple.account.` and this.
pub(super) fn is(account: &AccountRow, kind: &str) -> bool {
    const PREFIX: &str = "com.apple.account.";
    let parts = account.kind.split_at_checked(PREFIX.len());
    parts.is_some_and(|(prefix, own)| prefix.eq_ignore_ascii_case(PREFIX) && own.eq_ignore_ascii_case(kind))
}

fn unfold(stored: &Stored) -> Result<Option<Node>, String> {
    Ok(match stored {
        Stored::Null => None,
        Stored::Integer(number) => Some(Node::Integer(*number)),
        Stored::Real(number) => Some(Node::Real(*number)),
        Stored::Text(text) => Some(Node::Text(text.clone())),
        Stored::Bytes(bytes) => archive::read(bytes)?,
    })
}
