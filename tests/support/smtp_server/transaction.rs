//! MAIL, RCPT, DATA and BDAT: envelope and message, and what is wrong with them.

use super::record::{End, Envelope, Recipient};
use super::script::{Action, Quirk, Stage};
use super::session::Session;

/// The mail under way in a session.
pub(super) struct Transaction {
    /// Which of the record's envelopes it is.
    envelope: usize,
    recipients: usize,
    accepted: usize,
    eight_bit: bool,
    utf8: bool,
    declared: Option<usize>,
    /// What came by BDAT so far.
    chunks: Option<Vec<u8>>,
}

impl Session {
    pub(super) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    pub(super) fn forget_transaction(&mut self) {
        self.transaction = None;
        self.refused_in = None;
    }

    pub(super) fn mail(&mut self, arguments: &str) -> Result<(), End> {
        let verdict = self.may_begin_mail();
        let path = self.path("MAIL", "FROM:", arguments);
        let (from, parameters) = path.unwrap_or_default();
        let mut transaction = Transaction {
            envelope: 0,
            recipients: 0,
            accepted: 0,
            eight_bit: false,
            utf8: false,
            declared: None,
            chunks: None,
        };
        let unknown = self.read_parameters(&parameters, &mut transaction);
        self.check_address(&from, transaction.utf8, true);
        let too_big =
            self.config().size.zip(transaction.declared).is_some_and(|(most, declared)| declared > most);
        let verdict = verdict.err().unwrap_or(match () {
            () if unknown => "555 5.5.4 parameter not known",
            () if too_big => "552 5.3.4 message too big",
            () => "250 2.1.0 sender ok",
        });
        let tls = self.is_tls();
        transaction.envelope = self.record(|record| {
            record.envelopes.push(Envelope { from, parameters, tls, ..Envelope::default() });
            record.envelopes.len() - 1
        });
        if self.reply(Stage::Mail, verdict)? {
            self.transaction = Some(transaction);
        } else {
            self.refused_in = Some(self.wire.flights);
        }
        Ok(())
    }

    fn may_begin_mail(&self) -> Result<(), &'static str> {
        let config = self.config();
        if !self.said_hello() {
            self.violation("MAIL before EHLO");
            return Err("503 5.5.1 say hello first");
        }
        if self.in_transaction() {
            self.violation("MAIL within a mail transaction");
            return Err("503 5.5.1 one mail at a time");
        }
        if config.needs_tls() && !self.is_tls() {
            return Err("530 5.7.0 must issue STARTTLS first");
        }
        if !config.users.is_empty() && !self.signed_in {
            return Err("530 5.7.0 sign in first");
        }
        Ok(())
    }

    /// Takes `FROM:<path> parameters` apart.
    fn path(&self, verb: &str, keyword: &str, arguments: &str) -> Option<(String, Vec<String>)> {
        let head = arguments.get(..keyword.len()).unwrap_or_default();
        let rest = arguments.get(keyword.len()..).unwrap_or_default();
        let inner = rest.strip_prefix('<').and_then(|rest| rest.rsplit_once('>'));
        match inner {
            Some((address, parameters)) if head.eq_ignore_ascii_case(keyword) => {
                if !parameters.is_empty() && !parameters.starts_with(' ') {
                    self.violation(&format!("{verb}: no blank before the parameters"));
                }
                let parameters = parameters.split_whitespace().map(str::to_owned);
                Some((address.into(), parameters.collect()))
            }
            _ => {
                self.violation(&format!("{verb}: not {keyword}<address>: {arguments:?}"));
                None
            }
        }
    }

    /// Reads the parameters of MAIL; true when one of them was not offered.
    fn read_parameters(&self, parameters: &[String], transaction: &mut Transaction) -> bool {
        let mut unknown = false;
        for parameter in parameters {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let offered = match key.to_ascii_uppercase().as_str() {
                "SIZE" => {
                    transaction.declared = value.parse().ok();
                    if transaction.declared.is_none() {
                        self.violation(&format!("MAIL: not a size: {value:?}"));
                    }
                    self.offers("SIZE")
                }
                "BODY" => {
                    transaction.eight_bit = value.eq_ignore_ascii_case("8BITMIME");
                    if !transaction.eight_bit && !value.eq_ignore_ascii_case("7BIT") {
                        self.violation(&format!("MAIL: not a body type: {value:?}"));
                    }
                    self.offers("8BITMIME")
                }
                "SMTPUTF8" => {
                    transaction.utf8 = true;
                    self.offers("SMTPUTF8")
                }
                "AUTH" => self.offers_auth(),
                _ => false,
            };
            if !offered {
                self.violation(&format!("MAIL: {parameter} was not offered"));
                unknown = true;
            }
        }
        unknown
    }

    fn check_address(&self, address: &str, utf8: bool, may_be_empty: bool) {
        if address.is_empty() && may_be_empty {
            return;
        }
        let quoted = address.starts_with('"');
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let clean =
            !address.chars().any(|c| c.is_control() || !quoted && (c.is_whitespace() || "<>,;".contains(c)));
        if domain.is_empty() || !clean || address.len() > 254 {
            self.violation(&format!("not an address: {address:?}"));
        }
        if !address.is_ascii() && !utf8 {
            self.violation(&format!("an address beyond ASCII without SMTPUTF8: {address:?}"));
        }
    }

    pub(super) fn rcpt(&mut self, arguments: &str) -> Result<(), End> {
        let path = self.path("RCPT", "TO:", arguments);
        let (address, parameters) = path.unwrap_or_default();
        if !parameters.is_empty() {
            self.violation("RCPT with parameters, which were not offered");
        }
        let Some(transaction) = &mut self.transaction else {
            self.out_of_order("RCPT without MAIL");
            return self.answer("503 5.5.1 MAIL first");
        };
        transaction.recipients += 1;
        let count = transaction.recipients;
        let (envelope, utf8) = (transaction.envelope, transaction.utf8);
        self.check_address(&address, utf8, false);
        let config = self.config();
        let refusal = config.refused.iter().find(|(refused, _)| *refused == address);
        let verdict = match refusal {
            Some((_, reply)) => reply.clone(),
            None if config.most_recipients.is_some_and(|most| count > most) => {
                "452 4.5.3 too many recipients".into()
            }
            None => "250 2.1.5 recipient ok".into(),
        };
        let accepted = self.reply(Stage::Rcpt(count), &verdict)?;
        if accepted {
            self.transaction.as_mut().unwrap().accepted += 1;
        } else {
            self.refused_in = Some(self.wire.flights);
        }
        self.record(|record| {
            let recipients = &mut record.envelopes[envelope].recipients;
            recipients.push(Recipient { address, accepted });
        });
        Ok(())
    }

    pub(super) fn data(&mut self, arguments: &str) -> Result<(), End> {
        self.must_be_last("DATA");
        if !arguments.is_empty() {
            self.violation("DATA with an argument");
        }
        if !self.may_send_message("DATA") {
            return self.answer("554 5.5.1 no valid recipients");
        }
        if self.reply(Stage::Data, "354 go ahead")? {
            let message = self.read_message()?;
            self.check_grouping("the final dot");
            self.deliver(message, false)?;
        }
        Ok(())
    }

    /// Whether a message may come now; what a client could not know is no fault of its own.
    fn may_send_message(&mut self, verb: &str) -> bool {
        match &self.transaction {
            Some(transaction) if transaction.accepted > 0 => {
                let mixed = verb == "DATA" && transaction.chunks.is_some();
                if mixed {
                    self.violation("DATA after BDAT");
                }
                !mixed
            }
            _ => {
                self.out_of_order(&format!("{verb} without an accepted recipient"));
                false
            }
        }
    }

    fn out_of_order(&self, what: &str) {
        if self.refused_in != Some(self.wire.flights) {
            self.violation(what);
        }
    }

    /// Reads up to the final dot, and takes the added dots away.
    fn read_message(&mut self) -> Result<Vec<u8>, End> {
        let mut message = Vec::new();
        let mut first = true;
        loop {
            let line = self.wire.line()?;
            if std::mem::take(&mut first) {
                self.act_without_reply(Stage::Body)?;
            }
            // only CRLF . CRLF ends it: everything else is how mail is smuggled
            if line.text == b"." && line.crlf && (message.is_empty() || message.ends_with(b"\r\n")) {
                return Ok(message);
            }
            message.extend_from_slice(line.text.strip_prefix(b".").unwrap_or(&line.text));
            message.extend_from_slice(if line.crlf { b"\r\n" } else { b"\n" });
        }
    }

    pub(super) fn bdat(&mut self, arguments: &str) -> Result<(), End> {
        let (size, last) = match arguments.split_once(' ') {
            Some((size, last)) => (size, last.eq_ignore_ascii_case("LAST")),
            None => (arguments, false),
        };
        let Some(size) = size.parse().ok().filter(|_| self.offers("CHUNKING")) else {
            self.violation(&format!("BDAT was not offered, or not so: {arguments:?}"));
            return self.answer("500 5.5.2 not a command");
        };
        if self.config().script.has(Quirk::NoBdat) {
            return self.answer("502 5.5.1 not implemented");
        }
        self.wire.wait_for_input()?;
        match self.action(Stage::Body) {
            Some(Action::Reply(bytes)) => self.wire.send(&bytes),
            _ => self.act_without_reply(Stage::Body)?,
        }
        let chunk = self.wire.exactly(size)?;
        self.check_grouping("BDAT");
        if !self.may_send_message("BDAT") {
            return self.answer("554 5.5.1 no valid recipients");
        }
        let transaction = self.transaction.as_mut().unwrap();
        let chunks = transaction.chunks.get_or_insert_default();
        chunks.extend_from_slice(&chunk);
        if last {
            let message = std::mem::take(chunks);
            self.deliver(message, true)
        } else {
            self.answer("250 2.0.0 chunk ok")
        }
    }

    /// Takes the message, or says why not, and ends the transaction.
    fn deliver(&mut self, message: Vec<u8>, chunked: bool) -> Result<(), End> {
        let transaction = self.transaction.take().unwrap();
        self.check_message(&message, &transaction);
        let note = format!("C: ({} bytes of message)", message.len());
        let too_big = self.config().size.is_some_and(|most| message.len() > most);
        let at = transaction.envelope;
        self.record(|record| {
            record.transcript.push(note);
            record.envelopes[at].message = Some(message);
            record.envelopes[at].chunked = chunked;
        });
        let verdict = if too_big { "552 5.3.4 message too big" } else { "250 2.0.0 queued" };
        // a fault that ends the session here may still have let the message through: the
        // record says what the client was told
        let stage = match self.action(Stage::Taken) {
            Some(_) if !too_big => Stage::Taken,
            _ => Stage::FinalDot,
        };
        self.record(|record| record.envelopes[at].taken = stage == Stage::Taken);
        // a yes that belongs to another command takes nothing
        let meant = match self.action(stage) {
            Some(Action::Reply(bytes)) => bytes.starts_with(b"25"),
            _ => true,
        };
        let accepted = self.reply(stage, verdict)?;
        self.record(|record| {
            record.envelopes[at].accepted = accepted;
            record.envelopes[at].taken |= accepted && meant;
        });
        self.refused_in = None;
        Ok(())
    }

    fn check_message(&self, message: &[u8], transaction: &Transaction) {
        if let Some(declared) = transaction.declared
            && declared < message.len()
        {
            let actual = message.len();
            self.violation(&format!("SIZE={declared} for a message of {actual} bytes"));
        }
        if !message.ends_with(b"\r\n") {
            self.violation("the message does not end with CRLF");
        }
        for fault in faults_of(message, transaction.eight_bit, transaction.utf8) {
            self.violation(fault);
        }
    }
}

/// What is wrong with the bytes of a message, each fault once.
fn faults_of(message: &[u8], eight_bit: bool, utf8: bool) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut note = |fault: &'static str| {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    };
    let mut in_header = true;
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        let (text, end): (_, &[u8]) = match line {
            [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
            [text @ .., b'\n'] => (text, b"\n"),
            text => (text, b""),
        };
        if end == b"\n" {
            note("a bare LF in the message");
        }
        in_header &= !text.is_empty();
        if text.contains(&b'\r') {
            note("a bare CR in the message");
        }
        if text.contains(&0) {
            note("a NUL in the message");
        }
        if text.len() > 998 {
            note("a line of more than 998 bytes in the message");
        }
        if !text.is_ascii() {
            if !eight_bit && !utf8 {
                note("bytes beyond ASCII without BODY=8BITMIME");
            }
            if in_header && !utf8 {
                note("bytes beyond ASCII in a header without SMTPUTF8");
            }
        }
    }
    faults
}
