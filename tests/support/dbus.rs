//! A session bus with a notification service that behaves, or misbehaves, as a test says: see dbus.py.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The bus; dropping it ends it.
#[derive(Debug)]
pub(crate) struct ScriptedBus {
    script: Child,
    _folder: TempDir,
    log: PathBuf,
    socket: PathBuf,
}

impl ScriptedBus {
    /// Starts one with these faults.
    pub(crate) fn start(faults: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("backup-notify-dbus-").tempdir().unwrap();
        let socket = folder.path().join("bus");
        Self::listen(folder, socket, faults, None)
    }

    /// Starts one that listens at a path, or at `@` and an abstract name.
    pub(crate) fn start_at(socket: &Path, faults: &[&str]) -> Self {
        Self::listen(tempfile::tempdir().unwrap(), socket.into(), faults, None)
    }

    /// Starts one of another user, to whom the folder of the socket belongs. Only root can.
    pub(crate) fn start_for(uid: u32, socket: &Path, faults: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(uid), Some(uid)).unwrap();
        Self::listen(folder, socket.into(), faults, Some(uid))
    }

    fn listen(folder: TempDir, socket: PathBuf, faults: &[&str], uid: Option<u32>) -> Self {
        let log = folder.path().join("log");
        let mut command = Command::new("python3");
        // read by root: the sources may lie where the other user cannot go
        command.args(["-c", include_str!("dbus.py")]).args([&socket, &log]).args(faults);
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        let mut script = command.spawn().expect("python3 starts");
        let mut line = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n");
        Self { script, _folder: folder, log, socket }
    }

    /// Its address, as `DBUS_SESSION_BUS_ADDRESS` has it.
    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// Everything that was said to it.
    pub(crate) fn log(&self) -> Vec<Value> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The methods that were called.
    pub(crate) fn calls(&self) -> Vec<String> {
        let name = |entry: Value| entry["call"].as_str().map(ToOwned::to_owned);
        self.log().into_iter().filter_map(name).collect()
    }

    /// The arguments of the one notice.
    pub(crate) fn notice(&self) -> Value {
        let mut notices = self.log().into_iter().filter(|entry| entry["call"] == "Notify");
        let notice = notices.next().expect("a notice");
        assert!(notices.next().is_none(), "more than one notice");
        notice["arguments"].clone()
    }
}

impl Drop for ScriptedBus {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}
