//! The server's side of one session: greeting, EHLO, STARTTLS, QUIT, and what holds for every
//! command. Mail itself is in `transaction`, AUTH in `auth`, what is checked of every line in
//! `rules`, how replies go out in `replies`.

use std::sync::{Arc, Mutex};

use super::builder::{Config, Mode};
use super::record::{End, Handshake, SessionRecord};
use super::script::{Action, Quirk, Stage};
use super::transaction::Transaction;
use super::wire::Wire;
use super::{Shared, lock};

pub(super) struct Session {
    pub(super) wire: Wire,
    shared: Arc<Shared>,
    record: Arc<Mutex<SessionRecord>>,
    pub(super) connection: usize,
    hello: Hello,
    pub(super) signed_in: bool,
    pub(super) transaction: Option<Transaction>,
    /// The flight in which MAIL or RCPT was last refused. What the client sent along with it is
    /// no fault of its own: it could not know.
    pub(super) refused_in: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hello {
    None,
    Helo,
    Ehlo,
}

impl Session {
    pub(super) fn new(mut wire: Wire, shared: Arc<Shared>, record: Arc<Mutex<SessionRecord>>) -> Self {
        wire.split_every_byte = shared.config.script.has(Quirk::SplitEveryByte);
        let connection = lock(&record).connection;
        Self {
            wire,
            shared,
            record,
            connection,
            hello: Hello::None,
            signed_in: false,
            transaction: None,
            refused_in: None,
        }
    }

    /// Talks until one side ends it.
    pub(super) fn run(mut self) {
        let (Ok(end) | Err(end)) = self.converse();
        if end != End::Stopped && end != End::Server && !self.wire.waiting().is_empty() {
            self.violation("the client left in the middle of a line");
        }
        let flights = self.wire.flights;
        self.record(|record| {
            record.flights = flights;
            record.end = Some(end);
        });
    }

    fn converse(&mut self) -> Result<End, End> {
        self.act_without_reply(Stage::Connect)?;
        if self.config().mode == Mode::Implicit {
            self.shake_hands()?;
        }
        self.wire.look_ahead(None);
        self.leave_if_client_hello()?;
        if !self.wire.waiting().is_empty() {
            self.violation("the client spoke before the greeting");
        }
        self.reply(Stage::Greeting, "220 mail.test ESMTP ready")?;
        loop {
            self.wire.wait_for_input()?;
            self.leave_if_client_hello()?;
            let line = self.wire.line()?;
            let text = self.check_line(&line);
            let (verb, arguments) = text.split_once(' ').unwrap_or((&text, ""));
            let verb = verb.to_ascii_uppercase();
            self.log(&verb, &text, arguments);
            if verb == "QUIT" {
                return Ok(self.quit());
            }
            self.obey(&verb, arguments)?;
        }
    }

    fn obey(&mut self, verb: &str, arguments: &str) -> Result<(), End> {
        // BDAT looks after its chunk, DATA after the final dot
        if verb != "BDAT" {
            self.check_grouping(verb);
        }
        match verb {
            "EHLO" => self.ehlo(arguments),
            "HELO" => {
                self.must_be_last(verb);
                self.check_name(arguments);
                self.hello = Hello::Helo;
                self.forget_transaction();
                self.answer("250 mail.test")
            }
            "STARTTLS" => self.starttls(arguments),
            "AUTH" => self.auth(arguments),
            "MAIL" => self.mail(arguments),
            "RCPT" => self.rcpt(arguments),
            "DATA" => self.data(arguments),
            "BDAT" => self.bdat(arguments),
            "RSET" => {
                self.forget_transaction();
                self.reply(Stage::Rset, "250 2.0.0 ok").map(drop)
            }
            "NOOP" => {
                self.must_be_last(verb);
                self.answer("250 2.0.0 ok")
            }
            "VRFY" => {
                self.must_be_last(verb);
                self.answer("252 2.5.0 cannot say")
            }
            _ => {
                if !self.config().script.has(Quirk::NoBdat) {
                    self.violation(&format!("not a command: {verb:?}"));
                }
                self.answer("500 5.5.2 not a command")
            }
        }
    }

    fn ehlo(&mut self, name: &str) -> Result<(), End> {
        self.must_be_last("EHLO");
        self.check_name(name);
        if self.config().script.has(Quirk::HeloOnly) {
            return self.answer("502 5.5.1 not implemented");
        }
        let mut reply = "250-mail.test".to_owned();
        for keyword in self.keywords() {
            reply += "\n250-";
            reply += &keyword;
        }
        let last = reply.rfind('\n').map_or(0, |at| at + 1);
        reply.replace_range(last + 3..=last + 3, " ");
        let again = self.config().mode == Mode::Starttls && self.wire.is_tls();
        let stage = if again { Stage::EhloAgain } else { Stage::Ehlo };
        if self.reply(stage, &reply)? {
            self.hello = Hello::Ehlo;
            self.forget_transaction();
        }
        Ok(())
    }

    fn keywords(&self) -> Vec<String> {
        let config = self.config();
        let mut keywords = config.extensions.clone();
        if config.mode == Mode::Starttls && !self.wire.is_tls() {
            keywords.push("STARTTLS".into());
        }
        if self.offers_auth() {
            keywords.push(format!("AUTH {}", config.mechanisms.join(" ")));
        }
        keywords
    }

    fn starttls(&mut self, arguments: &str) -> Result<(), End> {
        self.must_be_last("STARTTLS");
        if !arguments.is_empty() {
            self.violation("STARTTLS with an argument");
        }
        if self.config().mode != Mode::Starttls || self.wire.is_tls() || self.hello != Hello::Ehlo {
            self.violation("STARTTLS was not offered");
            return self.answer("503 5.5.1 not now");
        }
        if !self.reply(Stage::Starttls, "220 2.0.0 go ahead")? {
            return Ok(());
        }
        self.wire.flush()?;
        // whatever else came in clear was noted above, and must not be taken for TLS
        self.wire.discard_input();
        self.shake_hands()?;
        self.hello = Hello::None;
        Ok(())
    }

    fn shake_hands(&mut self) -> Result<(), End> {
        let pause = match self.action(Stage::Handshake) {
            Some(Action::Drip(pause)) => Some(pause),
            _ => None,
        };
        self.act_without_reply(Stage::Handshake)?;
        let acceptor = self.config().acceptor.clone().expect("an acceptor");
        match self.wire.begin_tls(&acceptor, pause) {
            Ok(version) => {
                self.record(|record| {
                    record.handshake = Handshake::Done;
                    record.tls_version = version;
                    record.transcript.push("-- TLS".into());
                });
                Ok(())
            }
            Err(why) => {
                self.record(|record| record.handshake = Handshake::Failed(why));
                Err(self.wire.drain())
            }
        }
    }

    fn quit(&mut self) -> End {
        self.check_grouping("QUIT");
        self.must_be_last("QUIT");
        let gone = self.wire.client_is_gone();
        self.record(|record| {
            record.quit = true;
            record.left_before_goodbye = gone;
        });
        let said = self.reply(Stage::Quit, "221 2.0.0 goodbye").and_then(|_| self.wire.flush());
        let end = match said {
            // no closing words of TLS: unread by the client, they would turn its orderly end
            // into a reset
            Ok(()) => self.wire.end_writing(),
            Err(end) => end,
        };
        // with 221 on its way only a reset proves that it was not read
        let left = end == End::ClientReset || said.is_err() && end == End::Client;
        if left {
            self.record(|record| record.left_before_goodbye = true);
        }
        end
    }

    /// A `ClientHello` where text was due: the client mixed up the ports, or tries whether it did.
    fn leave_if_client_hello(&mut self) -> Result<(), End> {
        if self.wire.is_tls() || !self.wire.waiting().starts_with(&[0x16, 3]) {
            return Ok(());
        }
        self.record(|record| record.client_hello_in_clear = true);
        self.wire.discard_input();
        if self.record(|record| record.commands.is_empty()) {
            self.reply(Stage::Greeting, "220 mail.test ESMTP ready")?;
            self.wire.flush()?;
        }
        Err(self.wire.drain())
    }

    pub(super) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Whether the faults of the script are over.
    pub(super) fn is_mended(&self) -> bool {
        lock(&self.shared.state).mended
    }

    pub(super) fn is_tls(&self) -> bool {
        self.wire.is_tls()
    }

    pub(super) fn said_hello(&self) -> bool {
        self.hello != Hello::None
    }

    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.hello == Hello::Ehlo
            && self.config().extensions.iter().any(|extension| {
                let name = extension.split(' ').next().unwrap_or_default();
                name.eq_ignore_ascii_case(keyword)
            })
    }

    /// With STARTTLS on offer no password is taken in clear.
    pub(super) fn offers_auth(&self) -> bool {
        let config = self.config();
        let safe = config.mode != Mode::Starttls || self.wire.is_tls();
        !config.mechanisms.is_empty() && (safe || config.auth_in_clear)
    }

    pub(super) fn violation(&self, what: &str) {
        self.record(|record| record.violations.push(what.into()));
    }

    pub(super) fn record<T>(&self, change: impl FnOnce(&mut SessionRecord) -> T) -> T {
        change(&mut lock(&self.record))
    }
}
