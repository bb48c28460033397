//! What a run left behind, and the assertions on it: each failure tells the whole story, so that
//! nobody has to run a test again to see why it failed.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// What became of a run.
pub(crate) struct Output {
    /// Command, folder, environment and stdin, for failure messages.
    pub(super) story: String,
    pub(super) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
}

impl Output {
    /// The exit code; `None` when a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.and_then(|status| status.signal())
    }

    /// The one JSON value on stdout.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| self.fail(&format!("stdout is not one JSON value: {error}")))
    }

    pub(crate) fn assert_code(&self, expected: i32) -> &Self {
        if self.code() != Some(expected) {
            self.fail(&format!("expected exit code {expected}"));
        }
        self
    }

    pub(crate) fn assert_success(&self) -> &Self {
        self.assert_code(0)
    }

    pub(crate) fn assert_stderr_has(&self, text: &str) -> &Self {
        if !self.stderr.contains(text) {
            self.fail(&format!("expected on stderr: {text:?}"));
        }
        self
    }

    pub(crate) fn assert_stderr_lacks(&self, text: &str) -> &Self {
        if self.stderr.contains(text) {
            self.fail(&format!("not expected on stderr: {text:?}"));
        }
        self
    }

    pub(crate) fn assert_stdout_has(&self, text: &str) -> &Self {
        if !self.stdout.contains(text) {
            self.fail(&format!("expected on stdout: {text:?}"));
        }
        self
    }

    pub(crate) fn assert_stdout_is(&self, text: &str) -> &Self {
        if self.stdout != text {
            self.fail(&format!("expected stdout to be {text:?}"));
        }
        self
    }

    pub(crate) fn assert_stderr_is_empty(&self) -> &Self {
        if !self.stderr.is_empty() {
            self.fail("expected nothing on stderr");
        }
        self
    }

    pub(crate) fn assert_within(&self, limit: Duration) -> &Self {
        if self.elapsed > limit {
            self.fail(&format!("expected an end within {limit:?}"));
        }
        self
    }

    /// Fails the test, with everything there is to know about this run.
    pub(crate) fn fail(&self, why: &str) -> ! {
        panic!("{why}\n{self}")
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.story)?;
        match self.status {
            Some(status) => writeln!(f, "status:  {status}, after {:?}", self.elapsed)?,
            None => writeln!(f, "status:  none, after {:?}", self.elapsed)?,
        }
        writeln!(f, "--- stdout\n{}", self.stdout)?;
        writeln!(f, "--- stderr\n{}---", self.stderr)
    }
}
