//! What a mail program makes of a raw message, told by Python's `email` package.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Reads one raw message: `headers`, `content_type`, `parts`, `defects`, `longest_line`.
///
/// `read_mail.py` beside this file says what each of them holds. The message is given as
/// it was sent or as a mailbox keeps it: both kinds of line ends will do.
pub(crate) fn read_mail(message: &[u8]) -> Value {
    let mut reader = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/read_mail.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    // it reads everything before it writes anything, so this cannot block for ever
    reader.stdin.take().expect("stdin is piped").write_all(message).expect("read_mail.py takes the message");
    let output = reader.wait_with_output().expect("read_mail.py ends");
    assert!(output.status.success(), "read_mail.py: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("read_mail.py prints JSON")
}

/// The decoded values of every header of that name, whatever its case.
pub(crate) fn headers<'a>(mail: &'a Value, name: &str) -> Vec<&'a str> {
    mail["headers"]
        .as_array()
        .expect("headers are an array")
        .iter()
        .filter(|pair| pair[0].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .filter_map(|pair| pair[1].as_str())
        .collect()
}
