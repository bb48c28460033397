//! What the server has said of each recipient, over all the tries of one message.

use lettre::Address;

use crate::delivery::Recipient;
use crate::exit::Exit;
use crate::smtp::Verdict;

/// Why a server is not asked about somebody.
const NO_SMTPUTF8: &str = "the server takes no addresses in other scripts (no SMTPUTF8)";

/// The recipients of one message, and what became of each so far.
#[derive(Debug)]
pub(super) struct Recipients(Vec<(Recipient, Standing)>);

/// How far one of them has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The server was not asked, or its answer does not count any more.
    Open,
    /// The server has the message for this one.
    Accepted,
    /// It was refused, but that may pass (4yz).
    Later,
    /// It was refused for good (5yz).
    Refused,
    /// This server cannot reach it, and was not asked: another one may.
    Unreachable,
}

impl Recipients {
    /// Lists them as long as nobody has asked the server about them.
    pub(super) fn of<'m>(addresses: impl IntoIterator<Item = &'m Address>) -> Self {
        let unasked = |address: &Address| {
            let recipient = Recipient { address: address.clone(), accepted: false, reply: String::new() };
            (recipient, Standing::Open)
        };
        Self(addresses.into_iter().map(unasked).collect())
    }

    /// Takes over what the server has said of one of them.
    fn record(&mut self, verdict: Verdict) {
        let Verdict { address, accepted, transient, permanent, reply } = verdict;
        for (recipient, standing) in self.0.iter_mut().filter(|(r, _)| r.address == address) {
            *standing = match (accepted, transient, permanent) {
                (true, _, _) => Standing::Accepted,
                (_, true, _) => Standing::Later,
                (_, _, true) => Standing::Refused,
                _ => Standing::Open,
            };
            recipient.accepted = accepted;
            recipient.reply.clone_from(&reply);
        }
    }

    /// Takes over what the server has said of all of them.
    pub(super) fn record_all(&mut self, verdicts: Vec<Verdict>) {
        for verdict in verdicts {
            self.record(verdict);
        }
    }

    /// Leaves out those whom a server without SMTPUTF8 cannot reach (RFC 6531), so that the others get the
    /// message; where nobody would be left, the session says why.
    pub(super) fn leave_out_unreachable(&mut self, smtputf8: bool) {
        // of another connection
        for (_, standing) in self.0.iter_mut().filter(|(_, standing)| *standing == Standing::Unreachable) {
            *standing = Standing::Open;
        }
        let reachable = |address: &Address| smtputf8 || AsRef::<str>::as_ref(address).is_ascii();
        let (good, bad): (Vec<_>, Vec<_>) = self.pending().into_iter().partition(reachable);
        if good.is_empty() {
            return;
        }
        for address in bad {
            self.leave_out(&address);
        }
    }

    /// Leaves out one that the server is not even asked about.
    fn leave_out(&mut self, address: &Address) {
        for (recipient, standing) in self.0.iter_mut().filter(|(r, _)| r.address == *address) {
            recipient.reply = format!("not asked: {NO_SMTPUTF8}");
            *standing = Standing::Unreachable;
        }
    }

    /// Lists whom the server is to be asked about, each once.
    pub(super) fn pending(&self) -> Vec<Address> {
        self.each_once(|standing| matches!(standing, Standing::Open | Standing::Later))
    }

    /// Lists those who have not got the message and have not been refused for good, each once: for them it
    /// waits where there is an outbox.
    pub(super) fn remaining(&self) -> Vec<Address> {
        self.each_once(|standing| !matches!(standing, Standing::Accepted | Standing::Refused))
    }

    fn each_once(&self, wanted: impl Fn(Standing) -> bool) -> Vec<Address> {
        let mut list: Vec<Address> = Vec::new();
        for (recipient, _) in self.0.iter().filter(|(_, standing)| wanted(*standing)) {
            if !list.contains(&recipient.address) {
                list.push(recipient.address.clone());
            }
        }
        list
    }

    /// Says why a message that others have got waits on for some.
    pub(super) fn why_it_waits(&self) -> (&'static str, Exit) {
        let unreachable = self.0.iter().any(|(_, standing)| *standing == Standing::Unreachable);
        if unreachable && !self.some_later() {
            (NO_SMTPUTF8, Exit::Refused)
        } else {
            ("the server refused this recipient for now", Exit::TempFail)
        }
    }

    /// Tells whether the server has said of one of them that it may take the message later.
    pub(super) fn some_later(&self) -> bool {
        self.0.iter().any(|(_, standing)| *standing == Standing::Later)
    }

    /// Tells whether the server has refused one of them for good.
    pub(super) fn some_refused(&self) -> bool {
        self.0.iter().any(|(_, standing)| *standing == Standing::Refused)
    }

    /// Counts those for whom the server has the message.
    pub(super) fn accepted(&self) -> usize {
        self.0.iter().filter(|(recipient, _)| recipient.accepted).count()
    }

    /// Says for whom the server has the message.
    pub(super) fn whom(&self) -> String {
        match (self.accepted(), self.0.len()) {
            (1, 1) => self.0.first().map(|(r, _)| r.address.to_string()).unwrap_or_default(),
            (good, all) if good == all => format!("{all} recipients"),
            (good, all) => format!("{good} of {all} recipients"),
        }
    }

    /// Returns the code for those who were refused while others got the message, or would get it.
    pub(super) fn exit(&self) -> Exit {
        let code = |standing: Standing| match standing {
            Standing::Accepted | Standing::Open => Exit::Ok,
            Standing::Later => Exit::TempFail,
            Standing::Refused | Standing::Unreachable => Exit::Refused,
        };
        self.0.iter().fold(Exit::Ok, |worst, (_, standing)| worst.worse(code(*standing)))
    }

    /// Returns the list that results print.
    pub(super) fn into_list(self) -> Vec<Recipient> {
        self.0.into_iter().map(|(recipient, _)| recipient).collect()
    }
}
