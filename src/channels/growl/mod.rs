//! Growl: a notice on the screen of this computer or of another one, by GNTP 1.0.
//!
//! Two requests, each on a connection of its own, because receivers close it after each: REGISTER
//! makes the notices known, NOTIFY shows one. Nothing is kept between runs, so every run does
//! both. A password is never sent, only a hash of it; nothing else is hidden from the network.
//! What a receiver answers is other people's text, and it may answer as slowly, as long and as
//! oddly as it likes.

mod error;
mod exchange;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod icon;
mod key;
mod reply;
mod request;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};

use crate::channels::growl::error::{Doing, GrowlError, Problem, place};
use crate::channels::growl::exchange::{NoAnswer, exchange};
use crate::channels::growl::reply::{Refusal, Reply};
use crate::channels::growl::request::Sender;
use crate::channels::screen::ScreenNotice;
use crate::channels::{Channel, Circumstances, Effort, SCREEN};
use crate::deadline::Deadline;
use crate::delivery::{ChannelName, Delivery, Status};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::Story;
use crate::net;
use crate::run::Event;
use crate::secrets::{self, Request, Secret, Slot};
use crate::stages::Stages;
use crate::task::{Growl, Password};

/// Growl, on this computer or another one.
#[derive(Debug)]
pub struct GrowlChannel<'a> {
    growl: &'a Growl,
}

impl<'a> GrowlChannel<'a> {
    /// Makes the channel.
    pub fn new(growl: &'a Growl) -> Self {
        Self { growl }
    }
}

impl Channel for GrowlChannel<'_> {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        let stages = Stages::new(circumstances.watch);
        let (status, exit, detail, hint) = match self.attempt(story, circumstances, &stages) {
            Ok((status, detail)) => (status, Exit::Ok, detail, None),
            Err(failure) => (Status::Failed, failure.exit, failure.what, failure.hint),
        };
        let mut delivery = Delivery::plain(ChannelName::Growl, status, exit, detail);
        delivery.hint = hint;
        delivery.stages = stages.take();
        delivery
    }
}

impl GrowlChannel<'_> {
    /// Goes the whole way, or as far as it is to go.
    fn attempt(
        &self,
        story: &Story<'_>,
        circumstances: Circumstances<'_>,
        stages: &Stages<'_>,
    ) -> Result<(Status, String), Failure> {
        let password = match &self.growl.password {
            None => None,
            Some(source) => Some(stages.time("secret", || self.secret(source, circumstances))?),
        };
        if circumstances.effort == Effort::Offline {
            return Ok((Status::Checked, "everything but the network was checked".to_owned()));
        }
        // the password may have taken its time, which is not the receiver's
        let own = circumstances.deadline.length();
        let deadline = circumstances.patience.within(own);
        let (stream, peer, here) = self.connect(deadline, stages)?;
        let conversation = Conversation {
            growl: self.growl,
            host: story.host,
            password: password.as_ref(),
            peer,
            here,
            deadline,
            // the beginning of a backup waits for nobody, and no screen gets more than that
            longer: story.event != Event::Begin && own < SCREEN,
        };
        let register =
            |stream| stages.time(Doing::Register.name(), || conversation.register(stream)).map_err(failure);
        register(Some(stream))?;
        let place = place(self.growl);
        if circumstances.effort == Effort::Rehearse {
            return Ok((Status::Checked, format!("{place} takes notices; nothing was shown")));
        }
        let notice = ScreenNotice::of(story);
        let notify = || stages.time(Doing::Notify.name(), || conversation.notify(&notice));
        match notify() {
            // it may have been told to forget us in between
            Err(error) if error.wants_registration() => {
                register(None)?;
                notify().map_err(failure)?;
            }
            other => other.map_err(failure)?,
        }
        Ok((Status::Sent, format!("{place} took the notice")))
    }

    /// Fetches the password, or asks for it.
    fn secret(&self, source: &Password, circumstances: Circumstances<'_>) -> Result<Secret, Failure> {
        let request = Request {
            account: &Slot::growl(&self.growl.host, self.growl.port),
            // a person may have to type it, here or at the command that prints it
            deadline: circumstances.patience,
            as_root: nix::unistd::Uid::effective().is_root(),
            may_prompt: circumstances.may_prompt,
            title: &place(self.growl),
            // what is about to be kept is the password of a mail account
            given: None,
        };
        secrets::fetch(source, &request).map_err(|e| Failure::from_situation(&e))
    }

    /// Looks the receiver up and connects to it; tells which of its addresses answered, and whether it
    /// is on this computer.
    fn connect(
        &self,
        deadline: Deadline,
        stages: &Stages<'_>,
    ) -> Result<(TcpStream, SocketAddr, bool), Failure> {
        let Growl { host, port, .. } = self.growl;
        let fail = |here, problem| failure(GrowlError { growl: self.growl, here, longer: false, problem });
        let addresses = stages
            .time(Doing::Resolve.name(), || net::resolve(host, *port, deadline))
            .map_err(|error| match error.kind() {
                ErrorKind::TimedOut => Problem::TimedOut(Doing::Resolve, deadline.over()),
                _ => Problem::NameNotFound(net::lookup_words(&error)),
            })
            .map_err(|problem| fail(false, problem))?;
        let here = addresses.iter().all(|address| address.ip().to_canonical().is_loopback());
        let stream = stages
            .time(Doing::Connect.name(), || net::connect(&addresses, deadline))
            .map_err(|error| fail(here, unreachable(error, deadline)))?;
        match stream.peer_addr() {
            Ok(peer) => Ok((stream, peer, here)),
            Err(error) => Err(fail(here, Problem::Broken(Doing::Connect, error))),
        }
    }
}

/// Says why no address could be connected to.
fn unreachable(error: net::ConnectError, deadline: Deadline) -> Problem {
    let all_late = error.attempts.iter().all(|(_, e)| e.kind() == ErrorKind::TimedOut);
    if all_late && deadline.remaining().is_none() {
        Problem::TimedOut(Doing::Connect, deadline.over())
    } else {
        Problem::Unreachable(error.attempts)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn failure(error: GrowlError<'_>) -> Failure {
    Failure::from_situation(&error)
}

/// One run's requests to one receiver.
struct Conversation<'a> {
    growl: &'a Growl,
    /// The name of this computer.
    host: &'a str,
    password: Option<&'a Secret>,
    /// The address that answered first, so that every request goes to the same receiver.
    peer: SocketAddr,
    here: bool,
    deadline: Deadline,
    /// Whether a longer deadline of the run would make this one longer.
    longer: bool,
}

impl<'a> Conversation<'a> {
    /// Makes the notices known, on a connection that is there already or on a new one.
    fn register(&self, stream: Option<TcpStream>) -> Result<(), GrowlError<'a>> {
        self.request(None, stream)
    }

    fn notify(&self, notice: &ScreenNotice) -> Result<(), GrowlError<'a>> {
        self.request(Some(notice), None)
    }

    /// Does one exchange: about a notice, or about the notices that there are.
    fn request(
        &self,
        notice: Option<&ScreenNotice>,
        stream: Option<TcpStream>,
    ) -> Result<(), GrowlError<'a>> {
        let doing = if notice.is_some() { Doing::Notify } else { Doing::Register };
        let fail = |problem| GrowlError { growl: self.growl, here: self.here, longer: self.longer, problem };
        let proof = self.password.map(|password| key::proof(password, self.growl.hash)).transpose();
        let proof = proof.map_err(|_| fail(Problem::NoRandom))?;
        let sender = Sender { host: self.host, proof: proof.as_deref() };
        let request = notice.map_or_else(|| sender.register(), |notice| sender.notify(notice));
        let mut stream = match stream {
            Some(stream) => stream,
            None => net::connect(&[self.peer], self.deadline)
                .map_err(|error| fail(unreachable(error, self.deadline)))?,
        };
        match exchange(&mut stream, &request, self.password, self.deadline) {
            Ok(Reply::Ok) => Ok(()),
            Ok(Reply::Error(refusal)) => Err(fail(Problem::Refused(doing, refusal))),
            Ok(Reply::Alien(line)) => Err(fail(Problem::Alien(line))),
            Ok(Reply::Silence) | Err(NoAnswer::Closed) => Err(fail(Problem::Closed(doing))),
            Err(NoAnswer::TimedOut) => Err(fail(Problem::TimedOut(doing, self.deadline.over()))),
            Err(NoAnswer::Broken(error)) => Err(fail(Problem::Broken(doing, error))),
        }
    }
}

impl GrowlError<'_> {
    /// Tells whether the receiver does not know what it is to show.
    fn wants_registration(&self) -> bool {
        matches!(self.problem, Problem::Refused(_, Refusal { code: Some(401 | 402), .. }))
    }
}
