//! What the server has said of each recipient, over all the tries of one message.

use lettre::Address;

use crate::delivery::Recipient;
use crate::exit::Exit;
use crate::smtp::Verdict;

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
    /// It was refused for good (5yz), or this server cannot reach it.
    Refused,
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
        let reachable = |address: &Address| smtputf8 || AsRef::<str>::as_ref(address).is_ascii();
        let (good, bad): (Vec<_>, Vec<_>) = self.pending().into_iter().partition(reachable);
        if good.is_empty() {
            return;
        }
        for address in bad {
            let why = "not asked: the server takes no addresses in other scripts (no SMTPUTF8)";
            self.leave_out(&address, why);
        }
    }

    /// Leaves out one that the server is not even asked about.
    fn leave_out(&mut self, address: &Address, why: &str) {
        for (recipient, standing) in self.0.iter_mut().filter(|(r, _)| r.address == *address) {
            why.clone_into(&mut recipient.reply);
            *standing = Standing::Refused;
        }
    }

    /// Lists those who have not got the message and have not been refused for good, each once.
    pub(super) fn pending(&self) -> Vec<Address> {
        let mut pending: Vec<Address> = Vec::new();
        for (recipient, standing) in &self.0 {
            let open = matches!(standing, Standing::Open | Standing::Later);
            if open && !pending.contains(&recipient.address) {
                pending.push(recipient.address.clone());
            }
        }
        pending
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
            Standing::Refused => Exit::Refused,
        };
        self.0.iter().fold(Exit::Ok, |worst, (_, standing)| worst.worse(code(*standing)))
    }

    /// Returns the list that results print.
    pub(super) fn into_list(self) -> Vec<Recipient> {
        self.0.into_iter().map(|(recipient, _)| recipient).collect()
    }
}
