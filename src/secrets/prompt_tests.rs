//! The prompt on a real pseudo-terminal, which script(1) of util-linux provides.
//!
//! Each test runs the test program once more inside of it: [`inside`] asks and says what came.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::termios::LocalFlags;

use super::*;

const SWITCH: &str = "BACKUP_NOTIFY_TEST_PROMPT_MS";

/// The inner half: does nothing unless the outer half has set the switch.
#[test]
#[allow(clippy::print_stdout)]
fn inside() {
    let Some(time) = std::env::var(SWITCH).ok().and_then(|ms| ms.parse().ok()) else {
        return;
    };
    let deadline = Deadline::after(Instant::now(), Duration::from_millis(time));
    let answer = match ask("jon\u{1b}[2J at smtp.example.com:587", &deadline) {
        Ok(secret) => format!("a secret of {} letters", secret.reveal().chars().count()),
        Err(fault) => fault.to_string(),
    };
    let terminal = OpenOptions::new().read(true).open("/dev/tty").unwrap();
    let flags = tcgetattr(&terminal).unwrap().local_flags;
    let echo = flags.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
    println!("ANSWER: {answer}; echo {}", if echo { "on" } else { "off" });
}

/// The command that runs [`inside`] alone.
fn inner() -> String {
    let exe = std::env::current_exe().unwrap();
    format!("'{}' --exact secrets::prompt::tests::inside --nocapture", exe.display())
}

/// Types keys at the prompt of a command and returns all that the terminal showed; `None` without
/// script(1).
fn typed(command: &str, keys: &str, time: Duration) -> Option<String> {
    let mut script = Command::new("script")
        .args(["-qec", command, "/dev/null"])
        .env(SWITCH, time.as_millis().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut shown = Vec::new();
    let mut output = script.stdout.take().unwrap();
    let mut input = script.stdin.take().unwrap();
    let mut buffer = [0; 1024];
    let mut waiting = true;
    loop {
        let size = output.read(&mut buffer).unwrap_or(0);
        if size == 0 {
            break;
        }
        shown.extend_from_slice(&buffer[..size]);
        if waiting && String::from_utf8_lossy(&shown).contains(":587: ") {
            waiting = false;
            input.write_all(keys.as_bytes()).unwrap();
        }
    }
    script.wait().unwrap();
    Some(String::from_utf8_lossy(&shown).into_owned())
}

#[track_caller]
fn assert_answer(keys: &str, time: Duration, answer: &str) {
    let Some(shown) = typed(&inner(), keys, time) else { return };
    assert!(shown.contains("Password for jon\u{FFFD}[2J at smtp.example.com:587: "), "{shown}");
    assert!(shown.contains(&format!("ANSWER: {answer}; echo on")), "{shown}");
    assert!(!shown.contains("hunter2"), "the password was echoed: {shown}");
}

const PLENTY: Duration = Duration::from_secs(30);

#[test]
fn a_password_is_typed_without_echo() {
    assert_answer("hunter2\r", PLENTY, "a secret of 7 letters");
}

#[test]
fn an_empty_line_is_refused() {
    assert_answer("\r", PLENTY, "an empty line was typed");
}

#[test]
fn leaving_the_prompt_is_an_answer_and_puts_the_echo_back() {
    assert_answer("hunter2\u{3}", PLENTY, "the prompt was cancelled");
    assert_answer("\u{4}", PLENTY, "the prompt was cancelled");
}

#[test]
fn the_prompt_ends_at_the_deadline_and_puts_the_echo_back() {
    let started = Instant::now();
    assert_answer(
        "hun",
        Duration::from_secs(1),
        "nothing was typed before the time for the whole run was over (1s)",
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_process_in_the_background_is_not_stopped_by_asking() {
    let command = format!("set -m; {} & wait", inner());
    let Some(shown) = typed(&command, "", PLENTY) else { return };
    assert!(shown.contains("from the background of the terminal; echo on"), "{shown}");
}
