//! Who carries an e-mail: the account found, the sender known, the rule of trust at hand. Everything about
//! the way to a server but the secret and the network.

use lettre::Address;
use lettre::message::Mailbox;

use crate::accounts::{Account, Auth, Book};
use crate::channels::Circumstances;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::secrets::{self, Request, Secret, Slot};
use crate::smtp::Route;
use crate::task::{Email, Password};
use crate::text;

/// The account of an e-mail, with everything that is needed to send by it but its secret.
#[derive(Debug)]
pub(crate) struct Courier {
    /// Who the message is from, unless it says so itself.
    pub(crate) from: Mailbox,
    /// The way to the server.
    pub(crate) route: Route,
    password: Password,
}

impl Courier {
    /// Finds the account and the sender: what can be wrong before a secret or the network is touched.
    pub(crate) fn find(email: &Email, accounts: &Book, warn: &dyn Fn(&str)) -> Result<Self, Failure> {
        let account =
            accounts.resolve(&email.account, email.tls.mode).map_err(|e| Failure::from_situation(&*e))?;
        for doubt in accounts.doubts(&email.account) {
            warn(&doubt);
        }
        let from = sender(email, &account)?;
        let route = Route {
            host: account.host,
            port: account.port,
            user: account.user,
            auth: account.auth,
            mode: account.tls_mode,
            trust: email.tls.trust.clone(),
            allow_cleartext_password: email.tls.allow_cleartext_password,
            hello_name: home::hello_name(),
        };
        Ok(Self { from, route, password: email.password.clone() })
    }

    /// Tells whether the server wants to know who comes.
    pub(crate) fn signs_in(&self) -> bool {
        self.route.auth != Auth::None
    }

    /// Fetches the secret, or asks for it.
    pub(crate) fn secret(&self, circumstances: Circumstances<'_>) -> Result<Secret, Failure> {
        let Circumstances { deadline, may_prompt, given, .. } = circumstances;
        self.fetch(deadline, may_prompt, given)
    }

    /// Fetches the secret; nobody is asked.
    pub(crate) fn secret_unasked(&self, deadline: Deadline) -> Result<Secret, Failure> {
        self.fetch(deadline, false, None)
    }

    fn fetch(&self, deadline: Deadline, may_prompt: bool, given: Option<&Secret>) -> Result<Secret, Failure> {
        let slot = Slot::smtp(&self.route.host, self.route.port, self.route.user.as_deref());
        let user = self.route.user.as_deref().unwrap_or_default();
        let request = Request {
            account: &slot,
            deadline,
            as_root: nix::unistd::Uid::effective().is_root(),
            may_prompt,
            title: &format!("{user} at {}", self.route.server()),
            given,
        };
        secrets::fetch(&self.password, &request).map_err(|e| Failure::from_situation(&e))
    }
}

/// Returns the sender: the task's, or the account's own address.
fn sender(email: &Email, account: &Account) -> Result<Mailbox, Failure> {
    if let Some(from) = &email.from {
        return Ok(from.clone());
    }
    if let Some(sender) = &account.sender {
        return Ok(sender.clone());
    }
    let address = account.user.as_deref().and_then(|user| user.parse::<Address>().ok());
    address.map(|address| Mailbox::new(None, address)).ok_or_else(|| {
        let what = format!(
            "the account {} has no address of its own to send from",
            text::one_line(&account.label())
        );
        Failure::new(Exit::Data, what)
            .with_hint("add \"from\": \"you@example.com\" to the e-mail (or --from)")
    })
}
