//! Reports without an end cost no memory.

use serde_json::json;

use crate::support::world::World;

/// What the program may take of memory, all of its code included, in kB; each report is larger.
const LIMIT: u32 = 45_000;

/// Feeds what this shell command prints, and returns the message that would be sent.
fn message(tool: &str, print: &str) -> String {
    let world = World::new();
    let task = world.task(&json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "127.0.0.1", "auth": "none" },
        },
    }));
    let lines = format!(
        "({print}) | (ulimit -v {LIMIT}; exec '{}' notify --dry-run --json --task '{}' --tool {tool} --exit-code 1 --report -)",
        world.binary().display(),
        task.display(),
    );
    let output = world.other_command("/bin/sh", &["-c", &lines]).run();
    output.assert_code(0);
    output.json()["messages"][0].as_str().unwrap().to_owned()
}

#[test]
fn one_line_of_any_length() {
    for tool in ["rsync", "tar", "rsnapshot", "ccc"] {
        message(tool, "head -c 48000000 /dev/zero");
        message(tool, "yes 'rsync: a | b: c' | tr -d '\\n' | head -c 48000000");
    }
}

#[test]
fn a_bar_of_progress_that_is_written_over_for_hours() {
    let bar = r"yes '         32,768   1%    0.00kB/s    0:00:00 (xfr#1, to-chk=5/6)' | tr '\n' '\r' | head -c 48000000";
    let end = r"printf '\ntotal size is 3,000,009  speedup is 1.00\n'";
    let message = message("rsync", &format!("{bar}; {end}"));
    assert!(!message.contains("ends before") && message.contains("3.0 MB"), "{message}");
}

#[test]
fn errors_without_number() {
    for (tool, line) in [
        ("rsync", r#"rsync: [sender] send_files failed to open "/a/b": Permission denied (13)"#),
        ("tar", "tar: /a/b: Cannot open: Permission denied"),
        ("rsnapshot", "WARNING: /a/b could not be read"),
    ] {
        let times = 48_000_000 / 4_000;
        let long = "x".repeat(4_000);
        let message = message(tool, &format!("yes '{}' | head -n {times}", line.replace("/a/b", &long)));
        assert!(message.contains("Errors (12,000)"), "{message}");
    }
}
