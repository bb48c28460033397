//! What the end of a child means: that a notice was handed over, or why not.

use crate::child::{Output, Stopped, ending};
use crate::deadline::Over;
use crate::error::Failure;
use crate::exit::Exit;
use crate::text;

use super::console::Person;

/// The most of a child's words that is passed on.
const SAID: usize = 200;

/// A program that shows notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    TerminalNotifier,
    Osascript,
}

impl Program {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::TerminalNotifier => "terminal-notifier",
            Self::Osascript => "osascript",
        }
    }
}

/// A child that has ended, and what was done to start it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) program: Program,
    /// Where it lies.
    pub(super) file: &'a str,
    /// What was started first: the program itself, or launchctl.
    pub(super) started: &'a str,
    pub(super) person: &'a Person,
    /// How long it had.
    pub(super) seconds: f32,
}

impl Case<'_> {
    /// Takes exit code 0 for success, whatever was printed: these programs print what they like
    /// (`* Removing previously sent notification`), and no word of theirs would prove more.
    pub(super) fn judge(&self, ended: Result<Output, Stopped>) -> Result<Output, Failure> {
        let output = ended.map_err(|stopped| self.stopped(stopped))?;
        let all = String::from_utf8_lossy(&output.stderr);
        // the one exception: it ends with 0 where it could not reach anybody
        // (julienXX/terminal-notifier: issues 199 and 220)
        let unheard = self.program == Program::TerminalNotifier
            && (all.contains("connection invalid") || all.contains("notification center invalid"));
        if output.status.success() && !unheard {
            return Ok(output);
        }
        let said = words(&all);
        let how = format!("{} {}", self.program.word(), ending(output.status));
        let what = if said.is_empty() { how } else { format!("{how}: {said}") };
        let (exit, hint) = self.reason(&all, &said);
        Err(Failure::new(exit, what).with_hint(hint))
    }

    /// Says why a child did not end by itself.
    fn stopped(&self, stopped: Stopped) -> Failure {
        let word = self.program.word();
        match stopped {
            Stopped::TimedOut(over @ Over::By(_)) => Failure::new(Exit::TempFail, format!("{word} {over}")),
            Stopped::TimedOut(Over::After(_)) => {
                let what = format!("{word} was not done after {:.1} s", self.seconds);
                Failure::new(Exit::TempFail, what).with_hint(self.unreachable())
            }
            Stopped::TooMuch => {
                let what = format!("{word} printed without an end, and was stopped");
                let hint = format!("{} shows whether it is the real one", listed(self.file));
                Failure::new(Exit::Refused, what).with_hint(hint)
            }
            Stopped::CannotStart(error) => {
                let started = text::one_line(self.started);
                let what = format!("\"{started}\" cannot be started: {}", text::io_words(&error));
                let passing = error.raw_os_error().is_some_and(is_passing);
                let exit = if passing { Exit::TempFail } else { Exit::Refused };
                Failure::new(exit, what).with_hint(format!("{} shows what is there", listed(self.started)))
            }
        }
    }

    /// Finds the reason in the words of a child. osascript speaks the person's language, and only its
    /// numbers are the same in all of them (`AppleEvents.h`, `LaunchServices.h`).
    fn reason(&self, all: &str, said: &str) -> (Exit, String) {
        let Person { uid, name } = self.person;
        if all.lines().any(|line| line.starts_with("sudo: ")) {
            if all.contains("command not found") || all.contains("unable to execute") {
                return (Exit::Refused, format!("{} shows what is there", listed(self.file)));
            }
            let hint = format!("as root, sudo -n -u '#{uid}' true has to work: see /etc/sudoers");
            return (Exit::NoPermission, hint);
        }
        if all.contains("Could not switch to audit session") {
            let hint =
                format!("root may not enter the session of {name}: call it from a LaunchDaemon, or by sudo");
            return (Exit::NoPermission, hint);
        }
        match error_number(said) {
            // errAEEventNotPermitted
            Some(-1743) => {
                let hint = format!(
                    "let {name} allow it: System Settings > Notifications > Script Editor, and Privacy & Security > \
                     Automation"
                );
                (Exit::Refused, hint)
            }
            // OSASyntaxError, errAEEventNotHandled: this macOS does not know the command
            Some(-2741 | -2740 | -1708) => {
                (Exit::Refused, "it takes OS X 10.9 or later to show notices this way".to_owned())
            }
            // procNotFound, kLSUnknownErr, errAETimeout, and whatever else there is
            _ => (Exit::TempFail, self.unreachable()),
        }
    }

    fn unreachable(&self) -> String {
        format!(
            "let {} try it in Terminal, at the screen: osascript -e 'display notification \"test\"'",
            self.person.name
        )
    }
}

/// Writes the line that lists a file, ready to paste.
pub(super) fn listed(file: &str) -> String {
    format!("ls -l {}", text::shell_word(&text::one_line(file)))
}

/// Tells whether a program could not be started for want of processes, memory or open files.
fn is_passing(errno: i32) -> bool {
    use nix::errno::Errno;
    matches!(Errno::from_raw(errno), Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)
}

/// Returns the line that says what is wrong, without what stands before it: the place in a script
/// (`0:12: execution error: …`), or time and process (`… terminal-notifier[12:34] …`).
fn words(all: &str) -> String {
    let lines = || all.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().rfind(|line| line.contains("execution error:"));
    let line = error.or_else(|| lines().next_back()).unwrap_or_default();
    let line = line.split_once("execution error:").map_or(line, |(_, rest)| rest);
    let line = line
        .split_once("terminal-notifier[")
        .and_then(|(_, rest)| rest.split_once("] "))
        .map_or(line, |(_, rest)| rest);
    let line = text::one_line(line);
    text::shorten(line.trim(), SAID).into_owned()
}

/// Returns the number at the end of an error of `AppleScript`: `… (-1743)`.
fn error_number(said: &str) -> Option<i32> {
    let (_, last) = said.trim_end_matches('.').rsplit_once('(')?;
    last.strip_suffix(')')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use zeroize::Zeroizing;

    use super::*;

    /// Judges an end: `status` as wait(2) has it.
    fn judged(program: Program, status: i32, stderr: &str) -> Result<Output, Failure> {
        let person = Person { uid: 501, name: "kim".into() };
        let case = Case { program, person: &person, file: "/x/o", started: "/bin/launchctl", seconds: 2.5 };
        case.judge(Ok(Output {
            status: ExitStatus::from_raw(status),
            stdout: Zeroizing::default(),
            stderr: Zeroizing::new(stderr.as_bytes().to_vec()),
            stderr_cut: false,
        }))
    }

    fn failed(status: i32, stderr: &str) -> (String, u8, String) {
        let failure = judged(Program::Osascript, status, stderr).err().unwrap();
        (failure.what, failure.exit.code(), failure.hint.unwrap())
    }

    #[test]
    fn each_error_has_its_words_its_code_and_a_hint() {
        for (stderr, said, code, hint) in [
            (
                "0:48: execution error: Not authorised to send Apple events. (-1743)\n",
                "Not authorised to send Apple events. (-1743)",
                69,
                "System Settings > Notifications",
            ),
            (
                "20:31: execution error: \u{201e}x\u{201c} hat einen Fehler erhalten: Fehler. (-10810)\n",
                "„x“ hat einen Fehler erhalten: Fehler. (-10810)",
                75,
                "let kim try it",
            ),
            (
                "0:1: execution error: Application isn\u{2019}t running. (-600)\n",
                "Application isn’t running. (-600)",
                75,
                "let kim try it",
            ),
            (
                "12:20: syntax error: Expected end of line. (-2741)",
                "12:20: syntax error: Expected end of line. (-2741)",
                69,
                "10.9",
            ),
            ("sudo: a password is required\n", "sudo: a password is required", 77, "sudo -n -u '#501' true"),
            (
                "sudo: /x/osascript: command not found\n",
                "sudo: /x/osascript: command not found",
                69,
                "ls -l /x/o",
            ),
            (
                "Could not switch to audit session 0x186a3: 1: Operation not permitted\n",
                "Could not switch to audit session 0x186a3: 1: Operation not permitted",
                77,
                "the session of kim",
            ),
            (
                "2017-05-22 15:16:48.109 terminal-notifier[35828:58] [!] Unable to post a notification\n\n",
                "[!] Unable to post a notification",
                75,
                "let kim try it",
            ),
        ] {
            let (what, exit, advice) = failed(1 << 8, stderr);
            assert_eq!((what, exit), (format!("osascript ended with exit code 1: {said}"), code));
            assert!(advice.contains(hint), "{advice}");
        }
    }

    #[test]
    fn what_a_child_says_is_cleaned_and_shortened() {
        let (what, ..) = failed(1 << 8, &format!("\u{1b}[31m{}\u{202e}\n", "x".repeat(5000)));
        assert!(what.starts_with("osascript ended with exit code 1: \u{FFFD}[31mxxx"), "{what}");
        assert!(what.ends_with('…') && what.chars().count() < 250, "{what}");
        assert_eq!(failed(9, "").0, "osascript was killed by SIGKILL");
        assert_eq!(failed(1 << 8, "\n \n").0, "osascript ended with exit code 1");
    }

    #[test]
    fn exit_code_0_counts_unless_nobody_was_reached() {
        let unheard = "terminal-notifier[9:9] NSNotificationCenter connection invalid";
        assert!(judged(Program::Osascript, 0, "garbage \u{1b}").is_ok());
        assert!(judged(Program::TerminalNotifier, 0, "* Removing previously sent notification").is_ok());
        assert!(judged(Program::Osascript, 0, unheard).is_ok());
        let failure = judged(Program::TerminalNotifier, 0, unheard).err().unwrap();
        assert_eq!(
            failure.what,
            "terminal-notifier ended with exit code 0: NSNotificationCenter connection invalid"
        );
    }

    #[test]
    fn a_child_that_cannot_be_started_is_a_passing_trouble_only_for_want_of_means() {
        let person = Person { uid: 501, name: "kim".into() };
        let case = Case {
            program: Program::Osascript,
            person: &person,
            file: "/x/o",
            started: "/x y",
            seconds: 2.5,
        };
        for (errno, code) in [(2, 69), (13, 69), (11, 75), (12, 75), (24, 75)] {
            // EAGAIN has another number on macOS
            let errno = if errno == 11 { nix::errno::Errno::EAGAIN as i32 } else { errno };
            let error = std::io::Error::from_raw_os_error(errno);
            let failure = case.judge(Err(Stopped::CannotStart(error))).err().unwrap();
            assert_eq!(failure.exit.code(), code);
            assert_eq!(failure.hint.as_deref(), Some("ls -l '/x y' shows what is there"));
        }
        let failure =
            case.judge(Err(Stopped::TimedOut(Over::After(std::time::Duration::ZERO)))).err().unwrap();
        assert_eq!(
            (failure.what.as_str(), failure.exit),
            ("osascript was not done after 2.5 s", Exit::TempFail)
        );
    }
}
