//! What the task of a message says of its way, today.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::{Waiting, is_there};
use crate::accounts::Book;
use crate::channels::Courier;
use crate::commands::outbox;
use crate::error::Failure;
use crate::exit::Exit;
use crate::outbox::Entry;
use crate::settings;
use crate::task::Task;
use crate::text;

/// A task as its file is now.
type Read = Rc<Result<(Task, Book), Failure>>;

/// The way of a message, or why there is none.
pub(super) type Found = Rc<Result<Courier, Failure>>;

/// The tasks and accounts that were looked up, each once.
pub(super) struct Ways<'p> {
    waiting: &'p Waiting<'p>,
    tasks: HashMap<PathBuf, Read>,
    /// By the task file and the place of the e-mail in it.
    couriers: HashMap<(PathBuf, Option<usize>), Found>,
}

impl<'p> Ways<'p> {
    pub(super) fn new(waiting: &'p Waiting<'p>) -> Self {
        Self { waiting, tasks: HashMap::new(), couriers: HashMap::new() }
    }

    /// Returns the way that the task of a message says today.
    pub(super) fn find(&mut self, entry: &Entry) -> Found {
        let own = self.waiting.task.filter(|(path, ..)| *path == entry.task);
        let read;
        let task = if let Some((_, task, book)) = own {
            Ok((task, book))
        } else {
            read = self.task(&entry.task);
            read.as_ref().as_ref().map(|(task, book)| (task, book))
        };
        let place = task.ok().and_then(|(task, _)| place_of(task, entry));
        let key = (entry.task.clone(), place);
        if let Some(found) = self.couriers.get(&key) {
            return Rc::clone(found);
        }
        let output = self.waiting.output;
        let found = match task {
            Ok((task, book)) => match place.and_then(|place| task.email.get(place)) {
                Some(email) => Courier::find(email, book, &|line: &str| output.warning(line)),
                None => Err(self.no_email(entry)),
            },
            Err(failure) => Err(self.helped(failure.clone(), entry)),
        };
        let found = Rc::new(found);
        self.couriers.insert(key, Rc::clone(&found));
        found
    }

    /// Returns how long a message may wait: by its own task, while that can be read.
    pub(super) fn max_age(&self, entry: &Entry) -> Duration {
        let said = |task: &Task| task.outbox.as_ref().map(|outbox| outbox.max_age);
        let said = match self.waiting.task.filter(|(path, ..)| *path == entry.task) {
            Some((_, task, _)) => said(task),
            None => match self.tasks.get(&entry.task).map(|read| &**read) {
                Some(Ok((task, _))) => said(task),
                _ => None,
            },
        };
        said.unwrap_or_else(|| self.waiting.outbox.max_age())
    }

    /// Reads a task file anew, once.
    fn task(&mut self, path: &Path) -> Read {
        let deadline = self.waiting.deadline;
        let read = || {
            let task = settings::read_task_file(path)?;
            let book = Book::new(task.mail_home.as_deref(), deadline);
            Ok((task, book))
        };
        Rc::clone(self.tasks.entry(path.to_owned()).or_insert_with(|| Rc::new(read())))
    }

    fn no_email(&self, entry: &Entry) -> Failure {
        let path = text::one_line(&entry.task.to_string_lossy()).into_owned();
        let what = format!("the task \"{path}\" has no e-mail any more, and a message of it waits");
        let remove = outbox::line(&format!("remove {}", entry.id), self.waiting.outbox.folder());
        Failure::new(Exit::Data, what).with_hint(format!("give it one, or remove the message: {remove}"))
    }

    /// Says what helps where a task file is gone: what helps a task that is typed does not help one that was
    /// moved since.
    fn helped(&self, failure: Failure, entry: &Entry) -> Failure {
        if failure.exit != Exit::NoInput || is_there(&entry.task) {
            return failure;
        }
        let folder = self.waiting.outbox.folder();
        failure.with_hint(format!(
            "if it was moved or renamed, send by the new file: {}; if it is gone for good, remove the messages: {}",
            outbox::line("send --task FILE", folder),
            outbox::line("remove MESSAGE", folder)
        ))
    }
}

/// Finds the e-mail of a task that a message was written for: the one of its place, unless the task was
/// changed so that another one is for its recipients now.
fn place_of(task: &Task, entry: &Entry) -> Option<usize> {
    let knows = |place: &usize| {
        let email = task.email.get(*place);
        email.is_some_and(|email| email.to.iter().any(|to| entry.recipients.contains(&to.email)))
    };
    let same = Some(entry.email).filter(|place| *place < task.email.len());
    let any = || (0..task.email.len()).find(knows);
    same.filter(knows).or_else(any).or(same).or_else(|| (!task.email.is_empty()).then_some(0))
}
