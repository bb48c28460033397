//! What holds for every line, and for which lines may come together.

use std::net::IpAddr;

use super::record::{Command, End};
use super::session::Session;
use super::wire::Line;

/// RFC 5321, 4.5.3.1.4, with room for the parameters of the extensions we know.
const LONGEST_COMMAND: usize = 512;
const LONGEST_MAIL: usize = 512 + 200;
/// An answer to a challenge; the line of AUTH itself is a command like any (RFC 4954, 4).
const LONGEST_AUTH: usize = 12288;

impl Session {
    /// Notes what is wrong with the form of a line, whatever it says.
    pub(super) fn check_line(&self, line: &Line) -> String {
        let text = String::from_utf8_lossy(&line.text).into_owned();
        let verb = text.get(..4).unwrap_or("").to_ascii_uppercase();
        let limit = match verb.as_str() {
            "MAIL" | "RCPT" => LONGEST_MAIL,
            _ => LONGEST_COMMAND,
        };
        self.check_form(line, limit);
        if text.ends_with(' ') {
            self.violation("a command ends with a blank");
        }
        text
    }

    fn check_form(&self, line: &Line, limit: usize) {
        if !line.crlf {
            self.violation("a command ends with LF alone");
        }
        if line.text.contains(&b'\r') {
            self.violation("a bare CR in a command");
        }
        if line.text.contains(&0) {
            self.violation("a NUL in a command");
        }
        if std::str::from_utf8(&line.text).is_err() {
            self.violation("a command is not UTF-8");
        }
        if line.text.len() + 2 > limit {
            self.violation(&format!("a command of more than {limit} bytes"));
        }
    }

    /// Keeps a command, without what AUTH gives away.
    pub(super) fn log(&self, verb: &str, text: &str, arguments: &str) {
        let shown = match (verb, arguments.split_once(' ')) {
            ("AUTH", Some((mechanism, _))) => format!("AUTH {mechanism} ***"),
            _ => text.to_owned(),
        };
        self.keep(shown, false);
    }

    fn keep(&self, line: String, answer: bool) {
        let (tls, flight) = (self.wire.is_tls(), self.wire.flights);
        self.record(|record| {
            record.transcript.push(format!("C: {line}"));
            record.commands.push(Command { line, tls, flight, answer });
        });
    }

    /// Reads the answer to a challenge.
    pub(super) fn read_answer(&mut self) -> Result<Vec<u8>, End> {
        let line = self.wire.line()?;
        self.check_form(&line, LONGEST_AUTH);
        let shown = match line.text.as_slice() {
            b"" => "",
            b"*" => "*",
            _ => "***",
        };
        self.keep(shown.into(), true);
        Ok(line.text)
    }

    /// Notes that nothing may follow this in the same group (RFC 2920, 3.1; RFC 3207; RFC 4954).
    pub(super) fn must_be_last(&mut self, what: &str) {
        self.wire.look_ahead(self.config().patience);
        if !self.wire.waiting().is_empty() {
            self.violation(&format!("something follows {what} in the same group"));
        }
    }

    /// Notes that the client did not wait although PIPELINING was not offered.
    pub(super) fn check_grouping(&mut self, what: &str) {
        if self.offers("PIPELINING") {
            return;
        }
        self.wire.look_ahead(self.config().patience);
        if !self.wire.waiting().is_empty() {
            self.violation(&format!("something follows {what} without PIPELINING"));
        }
    }

    /// RFC 5321, 4.1.1.1: a domain, or an address in brackets.
    pub(super) fn check_name(&self, name: &str) {
        let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let good = match literal {
            Some(literal) => {
                let (wants_v6, address) = match literal.strip_prefix("IPv6:") {
                    Some(address) => (true, address),
                    None => (false, literal),
                };
                address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6() == wants_v6)
            }
            None => name.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }),
        };
        if !good {
            self.violation(&format!("not a name to greet with: {name:?}"));
        }
    }
}
