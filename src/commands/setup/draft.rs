//! The task file as it is going to be: the document that is there, with the answers put into it.
//!
//! What is not asked about stays, and so does the order of the keys.

use std::path::PathBuf;

use lettre::message::Mailbox;

use super::place::Place;
use crate::error::Failure;
use crate::exit::Exit;
use crate::task::{
    self, EMAIL_KEYS, Email, Node, TASK_KEYS, TLS_KEYS, Task, TlsMode, TrustRule, parse_document,
    parse_mailboxes,
};

/// The task file in the making.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) place: Place,
    /// The task as it is in the file; `None` for a new file.
    pub(super) before: Option<Task>,
    /// Which of its e-mails this is about.
    pub(super) index: usize,
    original: Node,
    document: Node,
}

impl Draft {
    /// Opens the file that is there, or begins a new one. What is no task is refused.
    pub(super) fn open(place: Place) -> Result<Self, Failure> {
        let Some(bytes) = &place.bytes else {
            let empty = Node::object([]);
            return Ok(Self { place, before: None, index: 0, original: empty.clone(), document: empty });
        };
        let faulty = |faults: &task::Faults| {
            let mut failure = Failure::from_situation(faults);
            failure.what.push_str("\nthe file stays as it is: it cannot be edited as a task");
            failure
        };
        let name = place.path.to_string_lossy().into_owned();
        let before = task::read_task(bytes, &name, place.base()).map_err(|faults| faulty(&faults))?;
        let (document, _) = parse_document(bytes);
        let document = document.ok_or_else(|| Failure::new(Exit::Data, "the file is no document"))?;
        Ok(Self { place, before: Some(before), index: 0, original: document.clone(), document })
    }

    /// Returns the e-mail as it is in the file.
    pub(super) fn email_before(&self) -> Option<&Email> {
        self.before.as_ref()?.email.get(self.index)
    }

    /// Returns whether the answers change anything.
    pub(super) fn is_changed(&self) -> bool {
        self.document != self.original
    }

    /// Sets a key of the task.
    pub(super) fn set(&mut self, key: &str, value: Node) {
        self.document.set(key, value, TASK_KEYS);
    }

    /// Sets a key of the e-mail.
    pub(super) fn set_email(&mut self, key: &str, value: Node) {
        self.change(|email| email.set(key, value, EMAIL_KEYS));
    }

    /// Takes a key out of the e-mail.
    pub(super) fn remove_email(&mut self, key: &str) {
        self.change(|email| email.remove(key));
    }

    /// Sets when TLS begins; `None` leaves that to the account.
    pub(super) fn set_mode(&mut self, mode: Option<TlsMode>) {
        self.set_tls("mode", mode.map(|mode| Node::text(mode.word())));
    }

    /// Returns when TLS begins, where the task says so.
    pub(super) fn mode(&self) -> Option<TlsMode> {
        let Some(Node::Text(word)) = self.email()?.get("tls")?.get("mode") else { return None };
        TlsMode::WORDS.iter().find(|(known, _)| known == word).map(|(_, mode)| *mode)
    }

    /// Returns the sender, where the task says one.
    pub(super) fn from(&self) -> Option<Mailbox> {
        let Some(Node::Text(from)) = self.email()?.get("from") else { return None };
        parse_mailboxes(from).ok()?.pop()
    }

    /// Returns the recipients, where the task says some.
    pub(super) fn to(&self) -> Option<Vec<Mailbox>> {
        match self.email()?.get("to")? {
            Node::Text(list) => parse_mailboxes(list).ok(),
            Node::List(list) => {
                let each = list.iter().map(|node| match node {
                    Node::Text(one) => parse_mailboxes(one).ok(),
                    _ => None,
                });
                each.collect::<Option<Vec<_>>>().map(|lists| lists.concat())
            }
            _ => None,
        }
    }

    fn email(&self) -> Option<&Node> {
        match self.document.get("email") {
            Some(Node::List(list)) => list.get(self.index),
            email => email,
        }
    }

    /// Keeps the document as it is now, for [`Draft::go_back`].
    pub(super) fn remember(&self) -> Node {
        self.document.clone()
    }

    /// Takes back what was answered since.
    pub(super) fn go_back(&mut self, document: &Node) {
        self.document = document.clone();
    }

    /// Sets the trust rule.
    pub(super) fn set_trust(&mut self, rule: &TrustRule) {
        let node = match rule {
            TrustRule::System => None,
            TrustRule::Pins(pins) if pins.len() > 1 => {
                Some(Node::List(pins.iter().map(|pin| Node::text(pin.to_string())).collect()))
            }
            // what is relative was so for whoever typed it, and not for the file
            TrustRule::CaFile(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
                Some(Node::text(TrustRule::CaFile(path).to_string()))
            }
            rule => Some(Node::text(rule.to_string())),
        };
        self.set_tls("trust", node);
    }

    /// Lets a password cross an unencrypted connection, or no more.
    pub(super) fn set_cleartext(&mut self, allowed: bool) {
        self.set_tls("allow_cleartext_password", allowed.then_some(Node::Bool(true)));
    }

    fn set_tls(&mut self, key: &str, value: Option<Node>) {
        self.change(|email| {
            if value.is_some() && !matches!(email.get("tls"), Some(Node::Object(_))) {
                email.set("tls", Node::object([]), EMAIL_KEYS);
            }
            if let Some(tls) = email.get_mut("tls") {
                match value {
                    Some(value) => tls.set(key, value, TLS_KEYS),
                    None => tls.remove(key),
                }
            }
            if matches!(email.get("tls"), Some(Node::Object(entries)) if entries.is_empty()) {
                email.remove("tls");
            }
        });
    }

    /// Changes the e-mail of the document, which is made when there is none.
    fn change(&mut self, change: impl FnOnce(&mut Node)) {
        if !matches!(self.document.get("email"), Some(Node::Object(_) | Node::List(_))) {
            self.set("email", Node::object([]));
        }
        let index = self.index;
        let email = match self.document.get_mut("email") {
            Some(Node::List(list)) => list.get_mut(index),
            email => email,
        };
        email.map(change);
    }

    /// Returns the file as it is going to be.
    pub(super) fn text(&self) -> String {
        self.document.pretty()
    }

    /// Reads the task as every command would read it from the file.
    pub(super) fn task(&self) -> Result<Task, Failure> {
        let name = self.place.path.to_string_lossy().into_owned();
        task::read_task(self.text().as_bytes(), &name, self.place.base())
            .map_err(|faults| Failure::from_situation(&faults))
    }
}
