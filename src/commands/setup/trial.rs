//! Step 5: a test message by the very path of the hook, and what to do when it does not arrive.

use std::time::Instant;

use jiff::Timestamp;
use lettre::Address;

use super::Setup;
use super::account::{one_mailbox, own_address};
use super::password::Held;
use super::talk::Question;
use crate::accounts::{Account, shown};
use crate::channels::Effort;
use crate::commands::deliver::{self, Target, Trial};
use crate::commands::output::Report;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{Loaded, Origin};
use crate::task::Node;
use crate::{Inherited, World};

/// How the test ended.
#[derive(Debug)]
pub(super) enum Tested {
    /// The message was accepted.
    Sent(Report),
    /// Nobody wanted a test.
    NotTried,
    /// It failed, and the task is kept all the same.
    KeptAllTheSame(Report),
    /// It failed, and another account is wanted.
    OtherAccount,
    /// It failed, and nothing is kept.
    GivenUp(Report),
}

/// What can be done about a test that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    Password,
    Recipients,
    Sender,
    Again,
    Account,
    Keep,
    Quit,
}

impl Setup<'_> {
    /// Sends the test message, as often as the person wants to try something else.
    pub(super) fn trial(&mut self, account: &Account, held: &mut Held) -> Result<Tested, Failure> {
        self.talk.step("Step 5 of 5: a test message");
        let answers = &self.args.answers;
        let wanted = answers.test
            || (!answers.no_test
                && self.talk.agree("Send a test message now?", true, "--test or --no-test")?);
        if !wanted {
            if !answers.no_test {
                self.typed_alike(account, held)?;
            }
            return Ok(Tested::NotTried);
        }
        loop {
            let report = self.send_test(held)?;
            if report.exit_code == Exit::Ok {
                return Ok(Tested::Sent(report));
            }
            if !self.talk.decides() {
                return Ok(Tested::GivenUp(report));
            }
            if stopped_at(&report) == Some("tls") && self.choose_trust(account)? {
                continue;
            }
            match self.choose_remedy(&report, held)? {
                Remedy::Password => *held = Held::Here(self.type_password(account, false)?),
                Remedy::Recipients => {
                    let to = self.ask_recipients(account, &accepted(&report))?;
                    self.set_recipients(&to);
                }
                Remedy::Sender => {
                    let from = self.draft.from().or_else(|| own_address(account)).map(|from| shown(&from));
                    let text = "Send from the address";
                    let question = Question { text, default: from.as_deref(), flag: "--from ADDRESS" };
                    let from = self.talk.ask(&question, one_mailbox)?;
                    self.draft.set_email("from", Node::text(shown(&from)));
                }
                Remedy::Again => {}
                Remedy::Account => {
                    self.given.other_server();
                    return Ok(Tested::OtherAccount);
                }
                Remedy::Keep => return Ok(Tested::KeptAllTheSame(report)),
                Remedy::Quit => return Ok(Tested::GivenUp(report)),
            }
        }
    }

    /// Sends one, with the task and the password in memory.
    fn send_test(&self, held: &Held) -> Result<Report, Failure> {
        let mut task = self.draft.task()?;
        task.deadline = self.args.deadline.unwrap_or(task.deadline);
        let origin = Origin::File(self.draft.place.path.clone());
        let loaded = Loaded { task, origin, overridden: Vec::new() };
        let targets = loaded.task.email.get(self.draft.index).map(Target::Email).into_iter();
        let trial = Trial { may_prompt: false, given: held.given(), ..Trial::to(Effort::Deliver) };
        Ok(deliver::by_hand(&loaded, targets, &this_moment(), trial, self.output))
    }

    /// Offers what fits the failure, the likeliest first.
    fn choose_remedy(&self, report: &Report, held: &Held) -> Result<Remedy, Failure> {
        let own = match stopped_at(report) {
            Some("sign-in" | "secret") if !matches!(held, Held::Elsewhere | Held::Nowhere) => {
                Some(Remedy::Password)
            }
            Some("sender") => Some(Remedy::Sender),
            Some("recipients") => Some(Remedy::Recipients),
            // some were refused, and others got it
            None if report.exit_code == Exit::Refused => Some(Remedy::Recipients),
            _ => None,
        };
        let mut remedies: Vec<Remedy> = own.into_iter().collect();
        remedies.extend([Remedy::Again, Remedy::Account, Remedy::Keep, Remedy::Quit]);
        let titles: Vec<String> = remedies.iter().map(|remedy| title(*remedy).to_owned()).collect();
        let chosen = self.talk.choose("\nWhat now?", &titles, Some(0), "--no-test")?;
        Ok(remedies.get(chosen).copied().unwrap_or(Remedy::Quit))
    }
}

/// Returns the stage that the message did not get beyond: the last one. An earlier one may have failed
/// and been done again in another way, as the handshake is under `self-signed-root`.
fn stopped_at(report: &Report) -> Option<&'static str> {
    let delivery = report.deliveries.first()?;
    let last = delivery.stages.last().filter(|stage| !stage.ok)?;
    // sender and recipients are one stage; of a refused sender no recipient has a reply
    let unheard = delivery.recipients.iter().all(|recipient| recipient.reply.is_empty());
    if last.name == "recipients" && delivery.exit_code == Exit::Refused && unheard {
        return Some("sender");
    }
    Some(last.name)
}

/// Returns whom the server has accepted.
fn accepted(report: &Report) -> Vec<Address> {
    let recipients = report.deliveries.iter().flat_map(|delivery| &delivery.recipients);
    recipients.filter(|recipient| recipient.accepted).map(|recipient| recipient.address.clone()).collect()
}

fn title(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Password => "type another password",
        Remedy::Recipients => "type other recipients",
        Remedy::Sender => "send from another address",
        Remedy::Again => "try again",
        Remedy::Account => "choose another account or server",
        Remedy::Keep => "keep it all the same",
        Remedy::Quit => "quit, and write nothing",
    }
}

/// A world that begins now: a deadline must not count the time that a person took to answer.
pub(super) fn this_moment() -> World {
    World {
        args: Vec::new(),
        started: Instant::now(),
        now: Timestamp::now(),
        inherited: Inherited::default(),
    }
}
