//! An empty world to run the program in: a home of its own, a cleared environment, a secret
//! that nobody else has.
//!
//! Nothing of the machine's or of another test's shows through, and everything is gone when the
//! world is dropped.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::leaks::Secret;
use super::output::Output;
use super::run::Run;

/// A folder with a `home/` in it, and the secrets that may not come out of it.
pub(crate) struct World {
    // dropped last: what runs in it is gone by then
    _folder: TempDir,
    path: PathBuf,
    secrets: RefCell<Vec<Secret>>,
    secret: Secret,
    odd_secret: Secret,
    binary: PathBuf,
}

impl World {
    /// A world for the binary that cargo built for the tests.
    pub(crate) fn new() -> Self {
        Self::with_binary(binary())
    }

    /// A world for another program, for example a release build in a demo.
    pub(crate) fn with_binary(binary: impl Into<PathBuf>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("backup-notify-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()
            .expect("a folder for the world");
        // macOS reaches its temporary folders by a link
        let path = folder.path().canonicalize().unwrap();
        let secret = Secret::random();
        let odd_secret = Secret::random_odd();
        let world = Self {
            _folder: folder,
            path,
            secrets: RefCell::new(vec![secret.clone(), odd_secret.clone()]),
            secret,
            odd_secret,
            binary: binary.into(),
        };
        world.folder("home");
        world
    }

    /// The folder that everything is in, and in which the program runs.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The home of whoever runs the program here.
    pub(crate) fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Makes a folder, and those above it, for the owner only.
    pub(crate) fn folder(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path.join(name);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Writes a file (mode 0600), and the folders above it.
    pub(crate) fn write(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        self.write_with_mode(name, contents, 0o600)
    }

    /// Writes an executable script (mode 0700).
    pub(crate) fn script(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        self.write_with_mode(name, contents, 0o700)
    }

    /// Writes a file with exactly this mode, whatever the umask.
    pub(crate) fn write_with_mode(
        &self,
        name: impl AsRef<Path>,
        contents: impl AsRef<[u8]>,
        mode: u32,
    ) -> PathBuf {
        let path = self.path.join(name);
        self.folder(path.parent().unwrap());
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| file.write_all(contents.as_ref()))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// Writes `task.json`.
    pub(crate) fn task(&self, task: &Value) -> PathBuf {
        self.write("task.json", serde_json::to_vec_pretty(task).unwrap())
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.path.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The password of this world: letters and digits, unlike any other.
    pub(crate) fn secret(&self) -> &str {
        self.secret.text()
    }

    /// A password with quotes, blanks and characters beyond ASCII.
    pub(crate) fn odd_secret(&self) -> &str {
        self.odd_secret.text()
    }

    /// Adds a secret of the test's own to those that may not come out.
    pub(crate) fn guard(&self, secret: &str) {
        self.secrets.borrow_mut().push(Secret::chosen(secret));
    }

    /// Everything that may not come out of this world.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.secrets.borrow().clone()
    }

    /// Puts the secret into a file and returns what names it under `password` in a task.
    pub(crate) fn secret_file(&self) -> Value {
        json!({ "file": self.write("secret", self.secret().to_owned() + "\n") })
    }

    /// A `password` entry with a command that prints the secret, which it has from a file.
    ///
    /// The secret is not an argument of it: arguments are for everybody to see.
    pub(crate) fn secret_command(&self) -> Value {
        let file = self.write("secret", self.secret().to_owned() + "\n");
        json!({ "command": ["/bin/cat", file] })
    }

    /// Runs the program with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).run()
    }

    /// Prepares to run the program with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Run<'_> {
        Run::new(self, self.binary.clone(), arguments)
    }

    /// Prepares to run another program under the same supervision.
    pub(crate) fn other_command(&self, program: &str, arguments: &[&str]) -> Run<'_> {
        Run::new(self, PathBuf::from(program), arguments)
    }
}

/// The program under test.
///
/// Cargo says where it is when it compiles tests, but not for examples, which name it in the
/// environment or stand beside it in the target folder.
fn binary() -> PathBuf {
    if let Some(path) = option_env!("CARGO_BIN_EXE_backup-notify") {
        return path.into();
    }
    if let Some(path) = std::env::var_os("BACKUP_NOTIFY") {
        return path.into();
    }
    let beside =
        std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join("backup-notify")));
    match beside {
        Some(path) if path.exists() => path,
        _ => panic!("no backup-notify found; build it first, or name it in BACKUP_NOTIFY"),
    }
}
