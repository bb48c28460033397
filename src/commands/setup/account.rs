//! Step 2: the account. Mail's own, then the known providers, then "Other…", each with what is
//! known of it.

use std::time::Instant;

use lettre::Address;
use lettre::message::Mailbox;
use nix::unistd::geteuid;

use super::Setup;
use super::picked::{Picked, name_of, of_preset, of_server, own_sender, title_of};
use super::talk::Question;
use crate::accounts::{
    Account, AccountSpec, Auth, Book, Found, PRESETS, Preset, PresetSpec, ServerSpec, shown,
};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::task::{self, Node, parse_document, parse_mailboxes};
use crate::text::one_line;

/// One line of the menu.
enum Choice<'a> {
    Keep,
    OfMail(&'a Found),
    OfPreset(&'static Preset),
    Other,
}

impl Setup<'_> {
    /// Lets the account be chosen and puts it into the draft.
    pub(super) fn account(&mut self) -> Result<Account, Failure> {
        self.talk.step("Step 2 of 5: the account to send with");
        let mut book = self.book();
        let typed = self.given.account.take();
        if typed.is_none() && self.talk.person {
            self.offer_home(&mut book)?;
        }
        let picked = match typed {
            Some(spec) => Some(self.typed(spec, &book)?),
            None => self.pick(&book)?,
        };
        let before = self.draft.email_before().map(|email| email.account.clone());
        let picked = picked.filter(|picked| Some(&picked.spec) != before.as_ref());
        let changed = picked.is_some();
        let mut spec = before;
        let mut from = None;
        if let Some(mut picked) = picked {
            // how to talk to a server that stays is known
            let found = if self.stays(&picked, &book) { None } else { self.find_out(&mut picked)? };
            if !self.stays(&picked, &book) {
                self.forget_connection(&book);
            } else if self.draft.mode().is_some() {
                self.stored.set(None);
            }
            if let Some(mode) = found {
                self.take_mode(&picked.spec, mode)?;
            }
            self.draft.set_email("account", picked.node);
            from = picked.from;
            spec = Some(picked.spec);
        }
        let Some(spec) = spec else { return Err(Failure::new(Exit::Usage, "there is no account")) };
        self.protect(&spec, &book)?;
        // the mode is that of the draft by now, whoever has put it there
        let mut account = book.resolve(&spec, self.draft.mode()).map_err(|e| Failure::from_situation(&*e))?;
        self.sender(&account, from.as_ref(), changed)?;
        account.sender = self.draft.from().or(account.sender);
        self.describe(&account);
        Ok(account)
    }

    /// Returns the account that it is going to be when nobody is asked, as far as that can be told.
    pub(super) fn account_to_be(&self) -> Result<Option<Account>, Failure> {
        let book = self.book();
        let before = self.draft.email_before().map(|email| email.account.clone());
        let picked = match (&self.given.account, before) {
            (Some(spec), _) => self.typed(spec.clone(), &book)?,
            (None, Some(before)) => Picked::new(before, Node::Null),
            (None, None) => {
                let mut usable = book.listing().accounts.iter().filter(|found| found.usable);
                let (Some(only), None) = (usable.next(), usable.next()) else { return Ok(None) };
                self.of_mail(only, &book)?
            }
        };
        let mode = self.given.mode.or(self.stored.take()).or(self.draft.mode());
        let account = book.resolve(&picked.spec, mode).map_err(|e| Failure::from_situation(&*e))?;
        Ok(Some(Account { sender: picked.from.or(account.sender), ..account }))
    }

    /// Opens the book of Mail's accounts; they are read at once, not when the person has answered.
    fn book(&self) -> Book {
        let before = self.draft.before.as_ref().and_then(|task| task.mail_home.as_deref());
        let home = self.mail_home.as_deref().or(before);
        Book::new(home, Deadline::after(Instant::now(), self.patience()))
    }

    /// Asks root whether the accounts of the person who has become root are meant.
    fn offer_home(&mut self, book: &mut Book) -> Result<(), Failure> {
        let person = home::behind_root().filter(|_| geteuid().is_root() && self.mail_home.is_none());
        let Some(home) = person else { return Ok(()) };
        let text = format!("Look for accounts in the Mail of {}?", home.display());
        if self.talk.agree(&text, true, "--mail-home DIR")? {
            self.mail_home = Some(home);
            *book = self.book();
        }
        Ok(())
    }

    /// Takes what was typed after --account.
    fn typed(&self, spec: AccountSpec, book: &Book) -> Result<Picked, Failure> {
        match spec {
            AccountSpec::Named(name) => {
                let found = book.find_by_any_name(&name).map_err(|e| Failure::from_situation(&*e))?;
                self.of_mail(found, book)
            }
            AccountSpec::Server(server) => {
                let unknown_mode = self.given.mode.is_none();
                Ok(Picked { unknown_mode, ..of_server(server) })
            }
            AccountSpec::Preset(preset) => Ok(of_preset(preset)),
        }
    }

    /// Shows what there is and lets one be chosen; `None` keeps the one in the file.
    fn pick(&self, book: &Book) -> Result<Option<Picked>, Failure> {
        let listing = book.listing();
        if self.talk.person {
            for problem in &listing.problems {
                self.output.doubt(&problem.to_string(), problem.hint.as_deref());
            }
        }
        let mut choices = Vec::new();
        let before = self.draft.email_before();
        choices.extend(before.map(|email| (format!("Keep {}", name_of(&email.account)), Choice::Keep)));
        choices.extend(listing.accounts.iter().map(|found| (title_of(found), Choice::OfMail(found))));
        choices.extend(
            PRESETS.iter().filter_map(|preset| Preset::named(preset.word)).map(|preset| {
                (format!("{}: wants {}", preset.title, preset.secret), Choice::OfPreset(preset))
            }),
        );
        choices.push(("Other…".to_owned(), Choice::Other));
        let usable = |(_, choice): &(_, Choice<'_>)| match choice {
            Choice::Keep => true,
            Choice::OfMail(found) => found.usable,
            Choice::OfPreset(_) | Choice::Other => false,
        };
        // of several nobody knows which is meant
        let alone = before.is_some() || choices.iter().filter(|choice| usable(choice)).count() == 1;
        let default = choices.iter().position(usable).filter(|_| alone);
        let titles: Vec<String> = choices.iter().map(|(title, _)| title.clone()).collect();
        loop {
            let chosen = self.talk.choose("Which account?", &titles, default, "--account ACCOUNT")?;
            match choices.get(chosen).map(|(_, choice)| choice) {
                None => return Ok(None),
                Some(Choice::Keep) => {
                    match before.map(|email| book.resolve(&email.account, email.tls.mode)) {
                        // its file may have gone, or have another account of that name
                        Some(Err(error)) if self.talk.decides() => {
                            self.output.trouble(&Failure::from_situation(&*error));
                        }
                        _ => return Ok(None),
                    }
                }
                Some(Choice::OfMail(found)) => match self.of_mail(found, book) {
                    Ok(picked) => return Ok(Some(picked)),
                    Err(failure) if self.talk.decides() => self.output.trouble(&failure),
                    Err(failure) => return Err(failure),
                },
                Some(Choice::OfPreset(preset)) => return self.ask_preset(preset).map(Some),
                Some(Choice::Other) => return self.ask_server().map(Some),
            }
        }
    }

    /// Takes an account of Mail: by its id, or written out where it must not change with that
    /// person's files.
    fn of_mail(&self, found: &Found, book: &Book) -> Result<Picked, Failure> {
        let named = AccountSpec::Named(found.id.clone());
        if !found.usable
            && let Some(instead) = &found.instead
        {
            let text = instead.to_string();
            let spec = task::read_account(text.as_bytes(), "the account")
                .map_err(|faults| Failure::from_situation(&faults))?;
            let node = parse_document(text.as_bytes()).0.unwrap_or(Node::Null);
            return Ok(Picked { from: own_sender(found, &spec), ..Picked::new(spec, node) });
        }
        let account = book.resolve(&named, self.given.mode);
        let account = account.map_err(|e| Failure::from_situation(&*e))?;
        if !self.writes_out() {
            return Ok(Picked::new(named, Node::text(found.id.clone())));
        }
        let server = ServerSpec {
            host: account.host,
            port: Some(account.port),
            user: account.user,
            auth: account.auth,
        };
        let spec = AccountSpec::Server(server.clone());
        // what the object alone would mean is not always what Mail has
        self.stored.set(Some(account.tls_mode));
        Ok(Picked { from: own_sender(found, &spec), ..of_server(server) })
    }

    /// Tells whether an account of Mail is written out in the file.
    fn writes_out(&self) -> bool {
        geteuid().is_root() || self.mail_home.is_some()
    }

    fn ask_preset(&self, preset: &'static Preset) -> Result<Picked, Failure> {
        let question = Question {
            text: &format!("The address at {} to sign in with", preset.title),
            default: None,
            flag: "--account ACCOUNT",
        };
        let user = self.talk.ask(&question, |typed| {
            typed
                .parse::<Address>()
                .map(|_| typed.to_owned())
                .map_err(|_| format!("\"{}\" is no address such as kim@example.com", one_line(typed)))
        })?;
        Ok(of_preset(PresetSpec { preset, user, auth: None }))
    }

    /// "Other…": host, port, sign-in and user by hand.
    fn ask_server(&self) -> Result<Picked, Failure> {
        let flag = "--account ACCOUNT";
        let question = Question { text: "Name of the SMTP server", default: None, flag };
        let host = self.talk.ask(&question, task::parse_host)?;
        let text = "Its port, or \"find\" to try 465, 587 and 25 with encryption";
        let question = Question { text, default: Some("find"), flag };
        let port = self.talk.ask(&question, |typed| {
            let port = typed.parse::<u16>().ok().filter(|port| *port > 0);
            match port {
                None if typed == "find" => Ok(None),
                Some(port) => Ok(Some(port)),
                None => Err("a port is a number from 1 to 65535".to_owned()),
            }
        })?;
        let ways = [
            ("with user name and password", Auth::Password),
            ("with an OAuth 2 token, XOAUTH2", Auth::Xoauth2),
            ("with an OAuth 2 token, OAUTHBEARER", Auth::Oauthbearer),
            ("not at all", Auth::None),
        ];
        let titles: Vec<String> = ways.iter().map(|(title, _)| (*title).to_owned()).collect();
        let chosen = self.talk.choose("How does one sign in there?", &titles, Some(0), flag)?;
        let auth = ways.get(chosen).map_or(Auth::Password, |(_, auth)| *auth);
        let user = match auth {
            Auth::None => None,
            _ => Some(self.talk.ask(&Question { text: "User name", default: None, flag }, user_name)?),
        };
        let unknown_mode = self.given.mode.is_none();
        Ok(Picked { unknown_mode, ..of_server(ServerSpec { host, port, user, auth }) })
    }

    /// Puts into the draft what flags say about the protection of the connection, and what Mail says.
    fn protect(&mut self, spec: &AccountSpec, book: &Book) -> Result<(), Failure> {
        if let Some(mode) = self.given.mode.or(self.stored.take()) {
            let implied = book.resolve(spec, None).map_err(|e| Failure::from_situation(&*e))?.tls_mode;
            self.draft.set_mode((implied != mode).then_some(mode));
        }
        if let Some(rule) = &self.given.trust {
            self.draft.set_trust(rule);
        }
        if self.given.cleartext {
            self.draft.set_cleartext(true);
        }
        Ok(())
    }

    /// Settles whom the message comes from; asked only where the account has no address of its own,
    /// or where the sender in the file was another account's.
    fn sender(&mut self, account: &Account, from: Option<&Mailbox>, changed: bool) -> Result<(), Failure> {
        let before = self.draft.email_before().and_then(|email| email.from.clone());
        if let Some(from) = &self.args.answers.from {
            if before.as_ref() != Some(from) || changed {
                self.draft.set_email("from", Node::text(shown(from)));
            }
            return Ok(());
        }
        if !changed && (before.is_some() || own_address(account).is_some()) {
            return Ok(());
        }
        let own = from.cloned().or_else(|| own_address(account));
        if before.is_none()
            && let Some(own) = &own
        {
            if from.is_some() {
                self.draft.set_email("from", Node::text(shown(own)));
            }
            return Ok(());
        }
        let default = own.or(before).map(|mailbox| shown(&mailbox));
        let question =
            Question { text: "Send from the address", default: default.as_deref(), flag: "--from ADDRESS" };
        let sender = self.talk.ask(&question, one_mailbox)?;
        if own_address(account) == Some(sender.clone()) {
            self.draft.remove_email("from");
        } else {
            self.draft.set_email("from", Node::text(shown(&sender)));
        }
        Ok(())
    }

    /// Says what the account is, and which secret its provider wants.
    fn describe(&self, account: &Account) {
        let server = one_line(&account.label()).into_owned();
        self.talk.say(&format!("  {server}, mode \"{}\"", account.tls_mode.word()));
        if let Some(preset) = account.preset {
            self.talk.say(&format!("  {} wants {}", preset.title, preset.secret));
        }
    }
}

/// Returns the address that an account sends from when the task does not say.
pub(super) fn own_address(account: &Account) -> Option<Mailbox> {
    let by_name =
        || account.user.as_deref()?.parse::<Address>().ok().map(|address| Mailbox::new(None, address));
    account.sender.clone().or_else(by_name)
}

/// Reads a user name; what would end a SASL message early is refused, as in a task file.
fn user_name(typed: &str) -> Result<String, String> {
    if typed.is_empty() || typed.chars().any(char::is_control) {
        return Err("type the name to sign in with".to_owned());
    }
    Ok(typed.to_owned())
}

/// Reads one address.
pub(super) fn one_mailbox(typed: &str) -> Result<Mailbox, String> {
    let mut list = parse_mailboxes(typed)?;
    match (list.pop(), list.is_empty()) {
        (Some(mailbox), true) => Ok(mailbox),
        _ => Err("expected one address".to_owned()),
    }
}
