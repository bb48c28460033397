//! E-mail: from a story to a server's 250.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{Address, Transport};

use crate::accounts::{Account, Auth};
use crate::channels::{Channel, Circumstances, Effort, log_file};
use crate::delivery::{ChannelName, Delivery, Recipient, Status, TlsFacts};
use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::message::{self, Attachment, Composed, Letter, Story};
use crate::secrets::{self, Request, Secret};
use crate::smtp::{Mailer, Receipt, Route, SendError, Session, Stages, Verdict};
use crate::task::{Email, Template, TlsMode, TrustRule};
use crate::text;

/// How soon the end of a certificate is worth a warning (design, section 5).
const ENDS_SOON: Duration = Duration::from_secs(14 * 86_400);
/// The largest template, in bytes.
const TEMPLATE_MOST: usize = 256 * 1024;

/// One e-mail of a task.
#[derive(Debug)]
pub struct EmailChannel<'a> {
    email: &'a Email,
}

impl<'a> EmailChannel<'a> {
    /// Makes the channel for one e-mail.
    pub fn new(email: &'a Email) -> Self {
        Self { email }
    }

    /// Finds the account and the sender, and loads the templates: everything that can be wrong
    /// before a secret or the network is touched.
    pub(super) fn prepare(&self, circumstances: Circumstances<'_>) -> Result<Prepared<'a>, Failure> {
        let email = self.email;
        let account =
            Account::of_spec(&email.account, email.tls.mode).map_err(|e| Failure::from_situation(&e))?;
        let from = sender(email, &account)?;
        let mut notes = Vec::new();
        let mut load = |template: &Option<Template>, name| match load_template(template.as_ref(), name) {
            Ok(source) => Ok(source),
            // a notice that goes out in plain words is better than none; a rehearsal is there to
            // find this
            Err(failure) if circumstances.effort == Effort::Deliver => {
                notes.push(format!("{}; the usual text is used", failure.what));
                Ok(None)
            }
            Err(failure) => Err(failure),
        };
        let subject = load(&email.subject, "subject")?;
        let text = load(&email.text, "text")?;
        let html = load(&email.html, "html")?;
        let route = Route {
            host: account.host.clone(),
            port: account.port,
            user: account.user.clone(),
            auth: account.auth,
            mode: account.tls_mode,
            trust: email.tls.trust.clone(),
            allow_cleartext_password: email.tls.allow_cleartext_password,
            hello_name: hello_name(),
        };
        Ok(Prepared { email, account, from, subject, text, html, route, notes })
    }
}

impl Channel for EmailChannel<'_> {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        let stages = Stages::new(circumstances.watch);
        let mut attempt = Attempt { tls: None, recipients: self.unasked(), message_id: None };
        let result = self.attempt(story, circumstances, &stages, &mut attempt);
        let (status, exit_code, detail, hint) = match result {
            Ok(Done { status, detail }) => {
                let exit = refused_exit(&attempt.recipients);
                let hint = (exit != Exit::Ok).then(|| "check the refused addresses in \"to\"".to_owned());
                (status, exit, detail, hint)
            }
            Err(failure) => (Status::Failed, failure.exit, failure.what, failure.hint),
        };
        Delivery {
            channel: ChannelName::Email,
            status,
            exit_code,
            detail,
            hint,
            recipients: attempt.recipients.into_iter().map(|(recipient, _)| recipient).collect(),
            tls: attempt.tls,
            stages: stages.into_list(),
            message_id: attempt.message_id,
        }
    }
}

/// What has been learned on the way, kept whether the way ends well or not.
struct Attempt {
    tls: Option<TlsFacts>,
    /// Each recipient, and the code that its refusal stands for.
    recipients: Vec<(Recipient, Exit)>,
    message_id: Option<String>,
}

/// A good end.
struct Done {
    status: Status,
    detail: String,
}

impl EmailChannel<'_> {
    /// Lists the recipients as long as nobody has asked the server about them.
    fn unasked(&self) -> Vec<(Recipient, Exit)> {
        let addresses = self.email.to.iter().map(|mailbox| mailbox.email.clone());
        addresses
            .map(|address| (Recipient { address, accepted: false, reply: String::new() }, Exit::Ok))
            .collect()
    }

    /// Goes the whole way. Every command that sends or rehearses comes through here.
    fn attempt(
        &self,
        story: &Story<'_>,
        circumstances: Circumstances<'_>,
        stages: &Stages<'_>,
        attempt: &mut Attempt,
    ) -> Result<Done, Failure> {
        let prepared = stages.time("account", || self.prepare(circumstances))?;
        for note in &prepared.notes {
            (circumstances.warn)(note);
        }
        let secret = match prepared.account.auth {
            Auth::None => None,
            _ => Some(stages.time("secret", || prepared.secret(circumstances))?),
        };
        if circumstances.effort == Effort::Offline {
            prepared.route.check_trust().map_err(|e| Failure::from_situation(&e))?;
            prepared.compose(story, &self.email.to, Vec::new())?;
            return Ok(Done {
                status: Status::Checked,
                detail: "everything but the network was checked".to_owned(),
            });
        }
        if prepared.route.mode != TlsMode::None && prepared.route.trust == TrustRule::AcceptAnyCertificate {
            (circumstances.warn)(&format!(
                "\"accept-any-certificate\": whoever answers for {} gets the password and the message",
                prepared.route.server()
            ));
        }
        let mut session = Session::open(&prepared.route, circumstances.deadline, stages)
            .map_err(|e| Failure::from_situation(&e))?;
        attempt.tls = Some(session.tls_facts());
        session.sign_in(secret.as_ref()).map_err(|e| Failure::from_situation(&e))?;

        let mut notes = prepared.notes.clone();
        if let Some(left) = session.certificate_ends_within(ENDS_SOON, story.now.timestamp()) {
            let note = certificate_note(&prepared.route.server(), left);
            (circumstances.warn)(&note);
            notes.push(note);
        }
        let to = self.reachable(&session, attempt);
        let composed = prepared.compose(story, &to, notes)?;
        attempt.message_id = Some(composed.message_id.clone());
        for note in &composed.notes {
            (circumstances.warn)(note);
        }
        let mailer = Mailer::new(session);
        let result = match circumstances.effort {
            Effort::Deliver => mailer.send_raw(&composed.envelope, &composed.bytes),
            Effort::Rehearse | Effort::Offline => mailer.rehearse(&composed.envelope, &composed.bytes),
        };
        attempt.settle(result, circumstances.effort)
    }

    /// Leaves out the recipients whom this server cannot reach, so that the others get the notice.
    fn reachable(&self, session: &Session<'_>, attempt: &mut Attempt) -> Vec<Mailbox> {
        let (good, bad): (Vec<_>, Vec<_>) = self
            .email
            .to
            .iter()
            .cloned()
            .partition(|m| AsRef::<str>::as_ref(&m.email).is_ascii() || session.offers_smtputf8());
        // when nobody is left, the session says why
        if good.is_empty() {
            return bad;
        }
        for (recipient, exit) in &mut attempt.recipients {
            if bad.iter().any(|mailbox| mailbox.email == recipient.address) {
                recipient.reply =
                    String::from("not asked: the server takes no addresses in other scripts (no SMTPUTF8)");
                *exit = Exit::Refused;
            }
        }
        good
    }
}

impl Attempt {
    /// Takes over what the server said of each recipient, and of the whole.
    fn settle(&mut self, result: Result<Receipt, SendError>, effort: Effort) -> Result<Done, Failure> {
        let (verdicts, result) = match result {
            Ok(receipt) => (receipt.verdicts, Ok(receipt.reply)),
            Err(SendError { error, verdicts }) => (verdicts, Err(error)),
        };
        for verdict in verdicts {
            self.record(verdict);
        }
        let reply = result.map_err(|e| Failure::from_situation(&e))?;
        let good = self.recipients.iter().filter(|(r, _)| r.accepted).count();
        let whom = match (good, self.recipients.len()) {
            (1, 1) => self.recipients.first().map(|(r, _)| r.address.to_string()).unwrap_or_default(),
            (good, all) if good == all => format!("{all} recipients"),
            (good, all) => format!("{good} of {all} recipients"),
        };
        Ok(match effort {
            Effort::Deliver => Done { status: Status::Sent, detail: format!("sent to {whom}: {reply}") },
            Effort::Rehearse | Effort::Offline => Done {
                status: Status::Checked,
                detail: format!("{whom} would be accepted; nothing was sent"),
            },
        })
    }

    fn record(&mut self, verdict: Verdict) {
        let Verdict { address, accepted, transient, reply } = verdict;
        if let Some((recipient, exit)) = self.recipients.iter_mut().find(|(r, _)| r.address == address) {
            *exit = match (accepted || reply.is_empty(), transient) {
                (true, _) => Exit::Ok,
                (false, true) => Exit::TempFail,
                (false, false) => Exit::Refused,
            };
            recipient.accepted = accepted;
            recipient.reply = reply;
        }
    }
}

/// Returns the code for the recipients that were refused while others got the message.
fn refused_exit(recipients: &[(Recipient, Exit)]) -> Exit {
    recipients.iter().fold(Exit::Ok, |worst, (_, exit)| worst.worse(*exit))
}

/// An e-mail with everything that is needed to send it, but its secret.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    email: &'a Email,
    account: Account,
    pub(super) from: Mailbox,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    route: Route,
    pub(super) notes: Vec<String>,
}

impl Prepared<'_> {
    pub(super) fn compose(
        &self,
        story: &Story<'_>,
        to: &[Mailbox],
        notes: Vec<String>,
    ) -> Result<Composed, Failure> {
        let mut story = story.clone();
        story.notes.extend(notes);
        let log = match &story.run.facts.log {
            Some(path) if log_file::wanted(self.email.attach_log, story.run.outcome) => {
                log_file::read(path).ok()
            }
            // one that cannot be read has been noted where its end was to be quoted
            _ => None,
        };
        let letter = Letter {
            from: &self.from,
            to,
            subject: self.subject.as_deref(),
            text: self.text.as_deref(),
            html: self.html.as_deref(),
            attachment: log.as_ref().map(|log| Attachment { name: &log.name, bytes: &log.bytes }),
        };
        message::compose(&story, &letter).map_err(|e| Failure::from_situation(&e))
    }

    fn secret(&self, circumstances: Circumstances<'_>) -> Result<Secret, Failure> {
        let label = self.account.label();
        let user = self.account.user.as_deref().unwrap_or_default();
        let request = Request {
            account: &label,
            deadline: circumstances.deadline,
            as_root: nix::unistd::Uid::effective().is_root(),
            may_prompt: circumstances.may_prompt,
            title: &format!("{user} at {}", self.route.server()),
        };
        secrets::fetch(&self.email.password, &request).map_err(|e| Failure::from_situation(&e))
    }
}

/// Returns the sender: the task's, or the account's own address.
fn sender(email: &Email, account: &Account) -> Result<Mailbox, Failure> {
    if let Some(from) = &email.from {
        return Ok(from.clone());
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

/// Returns the source of a template.
fn load_template(template: Option<&Template>, name: &str) -> Result<Option<String>, Failure> {
    let source = match template {
        None => return Ok(None),
        Some(Template::Inline(source)) => source.clone(),
        Some(Template::File { file }) => {
            let bytes = files::read_trusted(file, Purpose::Template, TEMPLATE_MOST)
                .map_err(|e| Failure::from_situation(&e))?;
            String::from_utf8(bytes).map_err(|_| {
                Failure::new(Exit::Data, format!("the template \"{}\" is not UTF-8", file.display()))
                    .with_hint("save it as UTF-8")
            })?
        }
    };
    message::check_template(&source).map_err(|fault| {
        let which = match template {
            Some(Template::File { file }) => file.to_string_lossy(),
            _ => name.into(),
        };
        Failure::new(Exit::Data, format!("the template \"{}\": {fault}", text::one_line(&which)))
            .with_hint("the man page lists the names a template can use")
    })?;
    Ok(Some(source))
}

/// Returns this computer's name for EHLO when it is a full domain name.
fn hello_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (name.contains('.') && name.len() <= 253 && name.split('.').all(label)).then_some(name)
}

fn certificate_note(server: &str, left: jiff::SignedDuration) -> String {
    match left.as_hours() {
        hours if hours < 0 => format!("the certificate of {server} has ended"),
        hours if hours < 48 => format!("the certificate of {server} ends in {hours} hours"),
        hours => format!("the certificate of {server} ends in {} days", hours / 24),
    }
}
