//! Flags and task file made into typed settings: the last place that sees what was typed.
//!
//! Everything here happens before the decision, so nothing is opened but the task file and the
//! report.

mod facts;
mod report;

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{self, Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::{Overrides, TaskArgs};
use crate::deadline::{Deadline, Over};
use crate::decide::ScreenEvent;
use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::home;
use crate::outbox::Limits;
use crate::run::Event;
use crate::task::{
    self, AttachLog, DEFAULT_DEADLINE, Desktop, Email, GROWL_PORT, Growl, MAX_BYTES, Outbox, Password, Task,
    Tls, TrustRule, parse_server,
};
use crate::text::{io_words, one_line, shell_word};

pub(crate) use facts::combine;
pub use facts::{LoadedRun, load_run, tool};
pub(crate) use report::{Told, read_report};

/// Where a task came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From this file.
    File(PathBuf),
    /// From stdin.
    Stdin,
    /// From flags alone.
    Flags,
}

/// How long a notice that a backup begins may hold it up: 5 s at most (design, section 2), of which a
/// little is for what comes after the deadline.
const BEGIN: Duration = Duration::from_millis(4500);

impl Origin {
    /// Returns the absolute path of the task file; `None` for a task that has none.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) => path::absolute(path).ok(),
            Self::Stdin | Self::Flags => None,
        }
    }
}

/// A task with the overrides laid over it.
#[derive(Debug)]
pub struct Loaded {
    /// The task.
    pub task: Task,
    /// Where it came from.
    pub origin: Origin,
    /// Which of its own words about the protection of the connection do not count this time: trust
    /// belongs to the task, and a flag that takes its place says so.
    pub overridden: Vec<String>,
}

/// Reads the task and lays the overrides over it.
pub fn load_task(
    args: &TaskArgs,
    overrides: &Overrides,
    event: Event,
    started: Instant,
) -> Result<Loaded, Failure> {
    let deadline = Deadline::after(started, limit(overrides.deadline.unwrap_or(DEFAULT_DEADLINE), event));
    let (mut task, origin) = match (&args.task, &args.name) {
        (Some(path), _) => read_task(path, deadline)?,
        (None, Some(name)) => (ad_hoc(name)?, Origin::Flags),
        // clap asks for one of the two
        (None, None) => return Err(Failure::new(Exit::Usage, "expected --task or --name")),
    };
    let written: Vec<Tls> = task.email.iter().map(|email| email.tls.clone()).collect();
    apply(&mut task, overrides, &origin)?;
    let mut overridden: Vec<String> = Vec::new();
    for (old, new) in written.iter().zip(task.email.iter().map(|email| &email.tls)) {
        for note in differences(old, new) {
            if !overridden.contains(&note) {
                overridden.push(note);
            }
        }
    }
    Ok(Loaded { task, origin, overridden })
}

/// Says what flags have changed about the protection of a connection.
fn differences(old: &Tls, new: &Tls) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |flag: &str, is: String, was: String| {
        notes.push(format!("{flag}: \"{is}\" in place of the task's \"{was}\", for this run only"));
    };
    if old.trust != new.trust {
        note("--tls-trust", new.trust.to_string(), old.trust.to_string());
    }
    if let (Some(was), Some(is)) = (old.mode, new.mode)
        && was != is
    {
        note("--tls-mode", is.word().to_owned(), was.word().to_owned());
    }
    if new.allow_cleartext_password && !old.allow_cleartext_password {
        notes.push(
            "--allow-cleartext-password: the password may cross the network in clear, for this run only"
                .to_owned(),
        );
    }
    notes
}

fn read_task(path: &Path, deadline: Deadline) -> Result<(Task, Origin), Failure> {
    if path == OsStr::new("-") {
        let bytes = read_stdin("the task", deadline)?;
        let task =
            task::read_task(&bytes, "stdin", Path::new("")).map_err(|f| Failure::from_situation(&f))?;
        return Ok((task, Origin::Stdin));
    }
    let path = find(path)?;
    Ok((read_task_file(&path)?, Origin::File(path)))
}

/// Reads a task file as it is, without any flag: so it is read anew for a message of it that has waited
/// (design, section 6).
pub(crate) fn read_task_file(path: &Path) -> Result<Task, Failure> {
    let bytes =
        files::read_trusted(path, Purpose::TaskFile, MAX_BYTES).map_err(|e| Failure::from_situation(&e))?;
    let base = path.parent().unwrap_or(Path::new(""));
    task::read_task(&bytes, &path.to_string_lossy(), base).map_err(|f| Failure::from_situation(&f))
}

/// Tells whether a task is meant by its name, and not by the path of its file.
pub(crate) fn is_name(path: &Path) -> bool {
    let name = path.to_string_lossy();
    !name.contains('/')
        && !Path::new(name.as_ref()).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// Finds the file of a task that is named without slash and `.json`.
pub(crate) fn find(path: &Path) -> Result<PathBuf, Failure> {
    let name = path.to_string_lossy();
    if !is_name(path) {
        return Ok(path.to_owned());
    }
    let places: Vec<PathBuf> =
        home::configuration_folders().iter().map(|folder| folder.join(format!("{name}.json"))).collect();
    if let Some(found) = places.iter().find(|place| place.symlink_metadata().is_ok()) {
        return Ok(found.clone());
    }
    let looked: Vec<String> = places.iter().map(|place| format!("\"{}\"", place.display())).collect();
    let what = format!("there is no task named \"{name}\": looked for {}", looked.join(" and "));
    let hint = if path.is_file() {
        format!("to read the file of that name here, write --task {}", shell_word(&format!("./{name}")))
    } else {
        format!(
            "have it written by backup-notify setup {}, or give the path of its file",
            shell_word(&one_line(&name))
        )
    };
    Err(Failure::new(Exit::NoInput, what).with_hint(hint))
}

/// Reads stdin to its end, within the size of a task file and before the deadline.
fn read_stdin(what: &str, deadline: Deadline) -> Result<Vec<u8>, Failure> {
    // a pipe that nobody closes cannot be given a time limit: it is read in a thread that is left
    // behind when the deadline comes first
    let (sender, receiver) = mpsc::channel();
    let reader = thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        // one byte more than allowed, so that too much is seen as such
        let most = u64::try_from(MAX_BYTES + 1).unwrap_or(u64::MAX);
        let read = io::stdin().lock().take(most).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    let read = reader.and_then(|_| deadline.receive(&receiver).map_err(|_| io::ErrorKind::TimedOut)?);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => match deadline.over() {
            over @ Over::By(_) => {
                Failure::new(Exit::TempFail, format!("reading stdin, which is to be {what}, {over}"))
            }
            Over::After(length) => {
                let seconds = length.as_secs_f32();
                Failure::new(
                    Exit::NoInput,
                    format!("stdin, which is to be {what}, did not end within {seconds} s"),
                )
                .with_hint("close stdin behind it, or give the path of a file")
            }
        },
        _ => Failure::new(Exit::NoInput, format!("cannot read {what} from stdin: {}", io_words(&error))),
    })
}

/// Makes a task that exists only on the command line.
fn ad_hoc(name: &str) -> Result<Task, Failure> {
    if name.trim().is_empty() {
        return Err(Failure::new(Exit::Usage, "--name: expected what people call this backup"));
    }
    Ok(Task::named(name))
}

fn apply(task: &mut Task, overrides: &Overrides, origin: &Origin) -> Result<(), Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let account = overrides.account.as_deref().map(|typed| {
        task::read_account(typed.as_bytes(), "--account").map_err(|faults| usage(faults.to_string()))
    });
    let account = account.transpose()?;
    if task.email.is_empty() {
        match (&overrides.to, &account) {
            (Some(to), Some(account)) => task.email.push(Email {
                when: overrides.when.unwrap_or_default(),
                to: to.0.clone(),
                from: None,
                account: account.clone(),
                password: Password::default(),
                tls: Tls::default(),
                subject: None,
                text: None,
                html: None,
                attach_log: AttachLog::Never,
            }),
            (Some(_), None) => {
                return Err(usage("--to needs --account, the account to send with".to_owned()));
            }
            (None, Some(_)) => return Err(usage("--account needs --to, the recipients".to_owned())),
            (None, None) => {}
        }
    }
    let trust = if overrides.tls_trust.is_empty() {
        None
    } else {
        Some(TrustRule::parse_all(&overrides.tls_trust).map_err(|e| usage(format!("--tls-trust: {e}")))?)
    };
    for email in &mut task.email {
        email.when = overrides.when.unwrap_or(email.when);
        if let Some(to) = &overrides.to {
            email.to.clone_from(&to.0);
        }
        if let Some(from) = &overrides.from {
            email.from = Some(from.clone());
        }
        if let Some(account) = &account {
            email.account = account.clone();
        }
        email.tls.mode = overrides.tls_mode.or(email.tls.mode);
        if let Some(trust) = &trust {
            email.tls.trust = trust.clone();
        }
        email.tls.allow_cleartext_password |= overrides.allow_cleartext_password;
    }
    apply_others(task, overrides)?;
    if task.email.is_empty() && task.growl.is_none() && task.desktop.is_none() {
        let what = "nobody to tell: give --to and --account, --growl or --desktop".to_owned();
        return Err(usage(what));
    }
    if task.outbox.is_some() {
        may_wait(task, origin)?;
    }
    Ok(())
}

/// Refuses an outbox to a task that has no file: what waits is sent by the task file's word, and stdin or a
/// command line is gone by then (design, section 6).
fn may_wait(task: &Task, origin: &Origin) -> Result<(), Failure> {
    match origin {
        Origin::File(_) => Ok(()),
        Origin::Stdin => {
            let what = "a task from stdin cannot use an outbox; add --outbox none, or use a file";
            Err(Failure::new(Exit::Usage, what))
        }
        Origin::Flags => {
            let file = shell_word(&one_line(&task.name)).into_owned();
            let what = "a task without a file cannot use an outbox: what waits is sent as its file says";
            Err(Failure::new(Exit::Usage, what).with_hint(format!(
                "have a task file written by backup-notify setup {file}, and name it with --task; or leave \
                 --outbox out"
            )))
        }
    }
}

/// Returns the folder of an outbox: the task's, or the one in the state folder of whoever runs this (root's own
/// when it is root).
pub(crate) fn outbox_folder(outbox: &Outbox) -> Result<PathBuf, Failure> {
    // what waits in it has to be found from every folder
    let named =
        outbox.folder.as_ref().map(|folder| path::absolute(folder).unwrap_or_else(|_| folder.clone()));
    named.or_else(home::outbox).ok_or_else(|| {
        Failure::new(Exit::NoPermission, "the running user has no home folder to keep messages in")
            .with_hint("set HOME, or name a folder: \"outbox\": \"/var/spool/backup-notify\" (or --outbox)")
    })
}

/// Returns the limits of an outbox.
pub(crate) fn outbox_limits(outbox: &Outbox) -> Limits {
    Limits { max_age: outbox.max_age, max_count: outbox.max_count, max_size: outbox.max_size }
}

fn apply_others(task: &mut Task, overrides: &Overrides) -> Result<(), Failure> {
    task.deadline = overrides.deadline.unwrap_or(task.deadline);
    match &overrides.outbox {
        Some(folder) if folder == OsStr::new("none") => task.outbox = None,
        Some(folder) => task.outbox.get_or_insert_default().folder = Some(folder.clone()),
        None => {}
    }
    if let Some(home) = &overrides.mail_home {
        task.mail_home = Some(home.clone());
    }
    if let Some(typed) = &overrides.growl {
        // clap would quote what is wrong, and a URL can have a password in it
        let (host, port) = parse_server(typed).map_err(|what| {
            Failure::new(Exit::Usage, format!("--growl: {what}")).with_hint("write HOST or HOST:PORT")
        })?;
        let growl = task.growl.get_or_insert_with(Growl::default);
        // the task's port belongs to the task's host
        let usual = if growl.host == host { growl.port } else { GROWL_PORT };
        growl.port = port.unwrap_or(usual);
        growl.host = host;
    }
    if overrides.desktop && task.desktop.is_none() {
        task.desktop = Some(Desktop { events: ScreenEvent::all() });
    }
    Ok(())
}

/// Returns how long this run of the program may take; a notice that something begins never holds
/// it up (design, section 2).
pub fn time_limit(task: &Task, event: Event) -> Duration {
    limit(task.deadline, event)
}

fn limit(length: Duration, event: Event) -> Duration {
    match event {
        Event::Begin => length.min(BEGIN),
        Event::End | Event::Overdue => length,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Event, Origin, Overrides, TaskArgs, load_task, outbox_folder};
    use crate::exit::Exit;
    use crate::task::{Outbox, Task};

    fn with_outbox(typed: &str, outbox: Option<Outbox>) -> Option<Outbox> {
        let mut task = Task::named("Home");
        task.outbox = outbox;
        let overrides = Overrides { outbox: Some(typed.into()), ..Overrides::default() };
        super::apply_others(&mut task, &overrides).unwrap();
        task.outbox
    }

    #[test]
    fn a_folder_that_is_typed_keeps_the_limits_of_the_task() {
        let mine = Outbox { folder: Some("/mine".into()), max_count: 7, ..Outbox::default() };
        let typed = Some(PathBuf::from("/typed"));
        let changed = Outbox { folder: typed.clone(), ..mine.clone() };
        assert_eq!(with_outbox("/typed", Some(mine.clone())), Some(changed));
        assert_eq!(with_outbox("/typed", None), Some(Outbox { folder: typed, ..Outbox::default() }));
        assert_eq!(with_outbox("none", Some(mine)), None);
    }

    #[test]
    fn a_task_without_a_file_has_no_outbox() {
        let args = TaskArgs { task: None, name: Some("Home NAS".to_owned()) };
        let overrides = Overrides { outbox: Some("/typed".into()), desktop: true, ..Overrides::default() };
        let refused = load_task(&args, &overrides, Event::End, std::time::Instant::now()).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.hint.unwrap().contains("backup-notify setup 'Home NAS'"));
        let overrides = Overrides { outbox: Some("none".into()), ..overrides };
        let loaded = load_task(&args, &overrides, Event::End, std::time::Instant::now()).unwrap();
        assert_eq!((loaded.origin, loaded.task.outbox), (Origin::Flags, None));
    }

    #[test]
    fn an_outbox_is_in_its_folder_or_in_the_state_folder() {
        let folder = Some(PathBuf::from("/var/spool/mine"));
        let named = Outbox { folder, ..Outbox::default() };
        assert_eq!(outbox_folder(&named).unwrap(), Path::new("/var/spool/mine"));
        let usual = outbox_folder(&Outbox::default()).unwrap();
        assert!(usual.is_absolute() && usual.ends_with("backup-notify/outbox"), "{usual:?}");
    }
}
