//! One supervised run of a program: never without an end, never without a look at what it
//! gave away.
//!
//! A run that outlasts its limit is killed with its whole process group, and the test fails
//! showing what it had printed so far. Every run fails the test when a secret of its world
//! comes out on stdout or stderr or stands in a command line or environment.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::leaks::shown_by_the_system;
use super::output::Output;
use super::world::World;

/// Longer than any deadline a test has reason to set.
const LIMIT: Duration = Duration::from_secs(30);

/// How long what was killed may take to be gone.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A run that is being prepared.
pub(crate) struct Run<'w> {
    world: &'w World,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    secret_in_environment: bool,
    folder: PathBuf,
    stdin: Option<Vec<u8>>,
    user: Option<(u32, u32)>,
    limit: Duration,
}

impl<'w> Run<'w> {
    pub(crate) fn new(world: &'w World, program: PathBuf, arguments: &[&str]) -> Self {
        let home = world.home();
        let environment =
            [("HOME", home.to_str().unwrap()), ("PATH", "/usr/bin:/bin"), ("TZ", "UTC"), ("LANG", "C.UTF-8")];
        Self {
            world,
            program,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            environment: environment.map(|(key, value)| (key.into(), value.into())).into(),
            secret_in_environment: false,
            folder: world.path().into(),
            stdin: None,
            user: None,
            limit: LIMIT,
        }
    }

    /// Adds arguments, for example the path of a task.
    pub(crate) fn args<S: AsRef<str>>(mut self, more: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(more.into_iter().map(|argument| argument.as_ref().into()));
        self
    }

    /// Adds `--task` and this path.
    pub(crate) fn task(self, path: &Path) -> Self {
        self.args(["--task", path.to_str().unwrap()])
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<str>) -> Self {
        self = self.without_env(key);
        self.environment.push((key.into(), value.as_ref().into()));
        self
    }

    pub(crate) fn without_env(mut self, key: &str) -> Self {
        self.environment.retain(|(known, _)| known != key);
        self
    }

    /// Passes the secret of the world in this variable, which is then the one place where the
    /// system may show it.
    pub(crate) fn secret_env(mut self, key: &str) -> Self {
        self.secret_in_environment = true;
        let secret = self.world.secret();
        self.env(key, secret)
    }

    pub(crate) fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = self.world.path().join(folder);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// Runs as this user, to whom the world is given first. Only root can.
    #[allow(clippy::wrong_self_convention, reason = "reads as a sentence, like the others")]
    pub(crate) fn as_user(mut self, uid: u32, gid: u32) -> Self {
        self.user = Some((uid, gid));
        self
    }

    pub(crate) fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end, and checks that no secret came out.
    pub(crate) fn run(self) -> Output {
        self.run_while(|_| ())
    }

    /// The same; `look` gets the number of the process once it is started, and may take its time.
    pub(crate) fn run_while(mut self, look: impl FnOnce(u32)) -> Output {
        self.give_world_to_user();
        let begun = Instant::now();
        let mut child = self.spawn();
        let pid = child.id();
        let feeder = self.feed(&mut child);
        let (done, finished) = channel();
        let stdout = Collected::from(child.stdout.take().unwrap(), done.clone());
        let stderr = Collected::from(child.stderr.take().unwrap(), done.clone());
        let status = Arc::new(Mutex::new(None));
        let waiter = {
            let status = Arc::clone(&status);
            thread::spawn(move || {
                let ended = child.wait();
                *status.lock().unwrap() = Some(ended.unwrap());
                drop(done);
            })
        };
        look(pid);
        let (leaks, in_time) = self.watch(pid, begun, &finished);
        let elapsed = begun.elapsed();
        let ended = *status.lock().unwrap();
        if !in_time {
            // not reaped, or its pipes are still held by its group: the number is still its own
            let _ = killpg(pgid(pid), Signal::SIGKILL);
            let _ = finished.recv_timeout(LAST_WORDS);
        }
        let output = Output {
            story: self.story(),
            status: ended,
            stdout: String::from_utf8_lossy(&stdout.bytes()).into_owned(),
            stderr: String::from_utf8_lossy(&stderr.bytes()).into_owned(),
            elapsed,
        };
        if !in_time {
            output.fail(&match ended {
                None => format!("still running after {:?}, so it was killed", self.limit),
                Some(_) => format!("ended, but a child of it held its pipes for {:?}", self.limit),
            });
        }
        waiter.join().unwrap();
        if let Some(feeder) = feeder {
            feeder.join().unwrap();
        }
        for (name, bytes) in [("stdout", stdout.bytes()), ("stderr", stderr.bytes())] {
            let secrets = self.world.secrets();
            if let Some(form) = secrets.iter().find_map(|secret| secret.found_in(&bytes)) {
                output.fail(&format!("a secret came out on {name} ({form})"));
            }
            if std::str::from_utf8(&bytes).is_err() {
                output.fail(&format!("{name} is not UTF-8"));
            }
        }
        if !leaks.is_empty() {
            output.fail(&leaks.join("; "));
        }
        output
    }

    /// Waits for stdout, stderr and the child to end, and meanwhile looks at what the system
    /// shows: at once, and then ever more rarely, so that children are seen too.
    fn watch(&self, pid: u32, begun: Instant, finished: &Receiver<()>) -> (Vec<String>, bool) {
        let secrets = self.world.secrets();
        let mut leaks = Vec::new();
        let mut pause = Duration::from_millis(5);
        let mut look = || {
            let seen = shown_by_the_system(pid, &secrets, self.secret_in_environment);
            leaks.extend(seen);
        };
        look();
        let mut next_look = begun + pause;
        loop {
            let end = (begun + self.limit).min(next_look);
            match finished.recv_timeout(end.saturating_duration_since(Instant::now())) {
                // nobody sends anything: that the last one let go of the channel is the message
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return (leaks, true),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() >= self.limit => {
                    return (leaks, false);
                }
                Err(RecvTimeoutError::Timeout) => {
                    look();
                    pause *= 3;
                    next_look = Instant::now() + pause;
                }
            }
        }
    }

    fn spawn(&self) -> Child {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(&self.folder)
            .process_group(0)
            .stdin(match self.stdin {
                Some(_) => Stdio::piped(),
                None => Stdio::null(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        loop {
            match command.spawn() {
                Ok(child) => return child,
                // a child of another test, between its fork and its exec, still has the
                // script open that was just written; it lets go by itself
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                    thread::yield_now();
                }
                Err(error) => panic!("{}\ncannot be started: {error}", self.story()),
            }
        }
    }

    fn feed(&mut self, child: &mut Child) -> Option<thread::JoinHandle<()>> {
        let bytes = self.stdin.clone()?;
        let mut pipe = child.stdin.take()?;
        // a program that does not read all of its stdin is no fault of this thread
        Some(thread::spawn(move || drop(pipe.write_all(&bytes))))
    }

    fn give_world_to_user(&mut self) {
        let Some((uid, gid)) = self.user else { return };
        // the build may be in a folder that the user cannot enter
        let tested = self.program == self.world.binary();
        let copy = self.world.path().join(if tested { "program" } else { "other-program" });
        // the program under test is large, and the same for every run
        if !tested || !copy.exists() {
            fs::copy(&self.program, &copy).unwrap();
        }
        self.program = copy;
        give(self.world.path(), uid, gid);
    }

    fn story(&self) -> String {
        let mut story = String::new();
        let _ = writeln!(story, "command: {} {:?}", self.program.display(), self.arguments);
        let _ = writeln!(story, "cwd:     {}", self.folder.display());
        let _ = writeln!(story, "env:     {:?}", self.environment);
        if let Some((uid, gid)) = self.user {
            let _ = writeln!(story, "user:    {uid}:{gid}");
        }
        match &self.stdin {
            Some(bytes) => {
                let _ = write!(story, "stdin:   {:?}", String::from_utf8_lossy(bytes));
            }
            None => story.push_str("stdin:   /dev/null"),
        }
        story
    }
}

fn pgid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap())
}

pub(crate) fn give(path: &Path, uid: u32, gid: u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    if metadata.is_symlink() {
        return;
    }
    chown(path, Some(uid), Some(gid)).expect("only root can run as another user");
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), uid, gid);
        }
    }
}

/// What came through a pipe so far, read by a thread of its own, so that neither pipe can
/// block the program while the other is read.
struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static, done: Sender<()>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut piece = [0; 16 * 1024];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                shared.lock().unwrap().extend_from_slice(&piece[..count]);
            }
            drop(done);
        });
        Self(bytes)
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}
