//! Finding out how a server wants to be talked to, and what its certificate is worth.

use std::time::Instant;

use super::Setup;
use super::picked::Picked;
use super::talk::{Question, cancelled};
use crate::accounts::{Account, AccountSpec, Auth, Book, ServerSpec};
use crate::commands::certificate::{attempts, first_that_answers};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::smtp::{Inspection, Route, SmtpError, is_this_computer};
use crate::task::{Node, TlsMode, TrustRule};
use crate::text::{self, one_line, shorten};

/// Where a server is looked for, always with encryption: the ports of submission (RFC 8314), and the
/// one on which servers of a network of its own take mail.
const USUAL: [(u16, TlsMode); 3] =
    [(465, TlsMode::Implicit), (587, TlsMode::Starttls), (25, TlsMode::Starttls)];

impl Setup<'_> {
    /// Tells whether a picked account has the host and the port of the one in the file, so that what the
    /// file says of the connection goes on being meant.
    pub(super) fn stays(&self, picked: &Picked, book: &Book) -> bool {
        let Some(there) = self.server_before(book) else { return false };
        let no_port = matches!(&picked.spec, AccountSpec::Server(server) if server.port.is_none());
        if no_port && picked.unknown_mode && !self.args.answers.no_test {
            // it is going to be asked for one
            return false;
        }
        let mode = self.given.mode.or(self.stored.get()).or(self.draft.mode());
        book.resolve(&picked.spec, mode)
            .is_ok_and(|account| account.host.eq_ignore_ascii_case(&there.host) && account.port == there.port)
    }

    fn server_before(&self, book: &Book) -> Option<Account> {
        let email = self.draft.email_before()?;
        book.resolve(&email.account, email.tls.mode).ok()
    }

    /// Takes out of the draft what the file says of the connection to another server, and says so.
    pub(super) fn forget_connection(&mut self, book: &Book) {
        let Some(email) = self.draft.email_before() else { return };
        let mut rules = Vec::new();
        if email.tls.trust != TrustRule::System {
            rules.push(format!("trust \"{}\"", email.tls.trust));
        }
        rules.extend(email.tls.mode.map(|mode| format!("mode \"{}\"", mode.word())));
        if email.tls.allow_cleartext_password {
            rules.push("allow_cleartext_password".to_owned());
        }
        if !rules.is_empty() {
            let before = self
                .server_before(book)
                .map(|there| format!(", {}", text::server(&one_line(&there.host), there.port)));
            let rules = rules.join(", ");
            self.talk.say(&format!(
                "  taken out of \"tls\", because it was for the server before{}:\n  {}",
                before.unwrap_or_default(),
                one_line(&rules)
            ));
        }
        self.draft.set_mode(None);
        self.draft.set_cleartext(false);
        self.draft.set_trust(&TrustRule::System);
    }

    /// Asks a server that was typed out when TLS begins there, and on which port.
    pub(super) fn find_out(&self, picked: &mut Picked) -> Result<Option<TlsMode>, Failure> {
        let AccountSpec::Server(server) = &mut picked.spec else { return Ok(None) };
        if !picked.unknown_mode || self.args.answers.no_test {
            return Ok(None);
        }
        let (port, mode) = loop {
            let place = server.port.map_or_else(
                || " on the ports 465, 587 and 25, with encryption".to_owned(),
                |port| format!(" on port {port}"),
            );
            self.talk.say(&format!("  asking {}{place} …", one_line(&server.host)));
            let ways = server.port.map_or_else(|| USUAL.to_vec(), |port| attempts(Some(port), None));
            let deadline = Deadline::after(Instant::now(), self.patience());
            let answer = first_that_answers(&server.host, &ways, deadline);
            match answer.map_err(|errors| what_was_met(&errors)) {
                Ok((route, inspection)) => {
                    self.talk.say(&what_was_found(&route, &inspection));
                    break (route.port, route.mode);
                }
                // the test will say the same, and decide
                Err(failure) if !self.talk.person => {
                    self.output.doubt(&failure.what, failure.hint.as_deref());
                    return Ok(None);
                }
                Err(failure) if !self.talk.decides() => return Err(failure),
                Err(failure) => {
                    self.output.trouble(&failure);
                    if let Some(found) = self.without_answer(server)? {
                        break found;
                    }
                }
            }
        };
        server.port = Some(port);
        picked.node.set("host", Node::text(server.host.clone()), &["host"]);
        picked.node.set("port", Node::Number(port.into()), &["host", "port", "user", "auth"]);
        Ok(Some(mode))
    }

    /// Puts into the draft when TLS begins at a server that was found out.
    pub(super) fn take_mode(&mut self, spec: &AccountSpec, mode: TlsMode) -> Result<(), Failure> {
        let AccountSpec::Server(server) = spec else { return Ok(()) };
        // what a task takes for granted: RFC 8314, section 7.3
        let implied = if server.port == Some(465) { TlsMode::Implicit } else { TlsMode::Starttls };
        self.draft.set_mode((mode != implied).then_some(mode));
        let port = server.port.unwrap_or_default();
        let here = || is_this_computer(&server.host, port, Deadline::after(Instant::now(), self.patience()));
        if mode == TlsMode::None && server.auth != Auth::None && !here() {
            let text =
                "Whoever is on the way can read the password, too. Let it cross the network like that?";
            let allowed = self.talk.agree(text, false, "--allow-cleartext-password")?;
            self.draft.set_cleartext(allowed);
        }
        Ok(())
    }

    /// Asks what to do with a server that does not answer as it should; `None` tries once more.
    fn without_answer(&self, server: &mut ServerSpec) -> Result<Option<(u16, TlsMode)>, Failure> {
        let options = [
            "another name or port",
            "try again",
            "take it as it is, with STARTTLS",
            "take it without encryption: whoever is on the way can read the message",
            "quit",
        ];
        let options = options.map(str::to_owned);
        let flag = "--tls-mode MODE";
        Ok(match self.talk.choose("What now?", &options, Some(0), flag)? {
            0 => {
                let question =
                    Question { text: "Name of the SMTP server", default: Some(&server.host.clone()), flag };
                server.host = self.talk.ask(&question, crate::task::parse_host)?;
                let question = Question { text: "Its port", default: Some("587"), flag };
                let port = self.talk.ask(&question, |typed| {
                    let port = typed.parse::<u16>().ok().filter(|port| *port > 0);
                    port.ok_or_else(|| "a port is a number from 1 to 65535".to_owned())
                })?;
                server.port = Some(port);
                None
            }
            1 => None,
            2 => Some((server.port.unwrap_or(587), TlsMode::Starttls)),
            3 => Some((server.port.unwrap_or(25), TlsMode::None)),
            _ => return Err(cancelled()),
        })
    }
}

/// Makes one failure of what was met on each way.
fn what_was_met(errors: &[SmtpError]) -> Failure {
    let Some(first) = errors.first() else { return Failure::new(Exit::Usage, "expected a server") };
    let one_port = errors.len() > 1 && errors.iter().all(|error| error.route.port == first.route.port);
    // whatever a handshake said there: it talks SMTP in clear, and nothing else
    if one_port && errors.iter().any(SmtpError::offers_no_starttls) {
        let server = first.route.server();
        let what = format!("{server} does not encrypt: neither from the start nor after STARTTLS");
        return Failure::new(Exit::Protocol, what).with_hint(
            "check host and port: servers that take mail from people encrypt, on 465 or 587. If it is the one \
             all the same, --tls-mode none takes it without encryption",
        );
    }
    let mut failure = Failure::from_situation(first);
    let mut said = vec![failure.what];
    for error in errors.iter().skip(1) {
        let what = Failure::from_situation(error).what;
        if !said.contains(&what) {
            said.push(what);
        }
    }
    failure.what = said.join("\n");
    failure
}

/// Says which server it is, and what the system thinks of its certificate.
fn what_was_found(route: &Route, inspection: &Inspection) -> String {
    let mode = if route.mode == TlsMode::Implicit { "TLS from the start" } else { "STARTTLS" };
    let found = format!("  found: {}, {mode}, {}", route.server(), inspection.tls_version);
    match inspection.verdicts.iter().find(|verdict| verdict.trust == "system") {
        Some(verdict) if verdict.accepted => format!("{found}; its certificate is in order"),
        Some(verdict) => {
            let reason = one_line(&verdict.reason);
            format!(
                "{found}\n  its certificate is not accepted as it is: {}\n  the test will show what can be done \
                 about that",
                shorten(&reason, 300)
            )
        }
        None => found,
    }
}
