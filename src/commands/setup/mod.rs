//! `setup`: the manual's five steps as a short conversation, or without a word from flags.
//!
//! Nothing is kept before the last answer: password and task stay in memory, and the test message is
//! sent from there by the very path of the hook. Then both are written at once, and the file is
//! checked from where it is.
//!
//! - `talk` asking; `signals` Ctrl-C; `missing` what nobody was there to be asked for
//! - `runner` who will run the hook; `place` the file; `draft` the document with the answers in it
//! - `answers` name, policy, recipients; `account`, `picked` and `server`; `password`; `trial` the test
//!   message; `trust` a certificate that is not accepted
//! - `finish` writing and checking; `hooks` the lines to paste

mod account;
mod answers;
mod draft;
mod finish;
mod hooks;
mod missing;
mod password;
mod picked;
mod place;
mod runner;
mod server;
mod signals;
mod talk;
mod trial;
mod trust;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use crate::World;
use crate::accounts::shown;
use crate::cli::{OutputArgs, SetupArgs};
use crate::commands::deliver::somebody_is_there;
use crate::commands::output::Output;
use crate::error::Failure;
use crate::exit::Exit;
use crate::task::{DEFAULT_DEADLINE, Node, TlsMode};
use answers::Given;
use draft::Draft;
use finish::Done;
use place::Place;
use signals::Signals;
use talk::{Talk, cancelled};
use trial::Tested;

/// A setup on its way.
struct Setup<'a> {
    args: &'a SetupArgs,
    world: &'a World,
    output: Output,
    talk: Talk,
    given: Given,
    draft: Draft,
    /// The home folder whose Mail is read, when it is not the person's own.
    mail_home: Option<PathBuf>,
    /// The mode that Mail has for an account which is written out.
    stored: Cell<Option<TlsMode>>,
}

/// Runs the command.
pub(super) fn run(args: &SetupArgs, world: &World) -> Exit {
    // whoever is asked has to see what the questions are about
    let quiet = args.output.quiet && !somebody_is_there();
    let output = Output::in_conversation(OutputArgs { quiet, ..args.output });
    let begun = Cell::new(false);
    match converse(args, world, output, &begun) {
        Ok(done) => {
            if !done.written {
                output.alarm("nothing was written");
            }
            done.print(args.output.json)
        }
        Err(mut failure) => {
            if !begun.get() && !failure.what.contains("nothing was written") {
                failure.what.push_str("\nnothing was written");
            }
            output.failure(&failure)
        }
    }
}

/// Goes through the whole of it.
fn converse(args: &SetupArgs, world: &World, output: Output, begun: &Cell<bool>) -> Result<Done, Failure> {
    let signals = Signals::watch()?;
    let talk = Talk { output, person: somebody_is_there(), yes: args.yes };
    let draft = Draft::open(Place::find(&args.file)?)?;
    let given = Given::read(&args.answers, draft.place.base())?;
    let mail_home = args.answers.mail_home.clone();
    let stored = Cell::new(None);
    let mut setup = Setup { args, world, output, talk, given, draft, mail_home, stored };
    setup.nothing_is_missing()?;
    setup.runner()?;
    setup.begin()?;
    setup.name()?;
    setup.when()?;
    let plain = setup.draft.remember();
    loop {
        let account = setup.account()?;
        let mut held = setup.password(&account)?;
        setup.recipients(&account)?;
        let test = match setup.trial(&account, &mut held)? {
            Tested::Sent(report) | Tested::KeptAllTheSame(report) => Some(report),
            Tested::NotTried => None,
            Tested::GivenUp(report) => return Ok(setup.given_up(&account, report)),
            Tested::OtherAccount => {
                setup.draft.go_back(&plain);
                continue;
            }
        };
        return setup.finish(&account, held, test, (&signals, begun));
    }
}

impl Setup<'_> {
    /// Says what is going to be done with which file, and asks where one is there.
    fn begin(&mut self) -> Result<(), Failure> {
        let path = self.draft.place.path.display().to_string();
        let emails = self.draft.before.as_ref().map(|task| task.email.as_slice()).unwrap_or_default();
        if self.talk.person {
            self.talk.say(&format!(
                "This writes {path}. Nothing is written before the last answer; Ctrl-C leaves everything as it is."
            ));
        }
        if self.draft.before.is_some() {
            let text = format!("{path} is there already. Edit it (what is not asked about stays)?");
            if !self.talk.agree(&text, true, "--yes")? {
                return Err(cancelled());
            }
        }
        if emails.len() > 1 {
            let titles: Vec<String> = emails
                .iter()
                .map(|email| format!("to {}", email.to.iter().map(shown).collect::<Vec<_>>().join(", ")))
                .collect();
            let text = "It sends several e-mails. Which one is this about?";
            self.draft.index = self.talk.choose(text, &titles, Some(0), "--yes")?;
        }
        // an e-mail of its own is what this is for
        if emails.is_empty() {
            self.draft.set("email", Node::object([]));
        }
        Ok(())
    }

    /// Returns how long the network may take each time.
    fn patience(&self) -> Duration {
        self.args.deadline.unwrap_or(DEFAULT_DEADLINE)
    }
}
