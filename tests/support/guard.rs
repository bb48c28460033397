//! The process that stands between the tests and a server, and outlives neither: see guard.py.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Holds a server; dropping it kills every process of the server and removes its folder.
///
/// When the test process ends without dropping it, killed or with the server in a static, the
/// kernel closes the pipe, and the same happens.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Starts a server in the foreground, in an environment that holds nothing but PATH and
    /// what the command sets: no `SSL_CERT_FILE` of the caller reaches a server.
    pub(crate) fn watch(folder: &Path, command: &Command) -> Self {
        let mut guard = Command::new("python3");
        guard
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guard.py"))
            .arg(folder)
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .env("PATH", search_path())
            .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Self(guard.spawn().expect("python3 starts"))
    }

    /// Whether the server has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("the guard can be asked").is_some()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // the guard cannot fail to end, and a second panic here would hide the first
        let _ = self.0.wait();
    }
}

/// PATH with the folders where Debian keeps servers and their tools.
pub(crate) fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}
