//! From bytes to a task or a report.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use crate::accounts::AccountSpec;
use crate::decide::ScreenEvent;
use crate::run::{Outcome, RunError, RunFacts};
use crate::task::document::{self, Node};
use crate::task::faults::{Fault, Faults, Path};
use crate::task::read_email::{A_URL, account, emails};
use crate::task::read_password::password;
use crate::task::walk::{Fields, Walk};
use crate::task::words::{A_SIZE, parse_duration, parse_host, parse_long_duration, parse_size};
use crate::task::{DEFAULT_DEADLINE, Desktop, GROWL_PORT, Growl, GrowlHash, Outbox, Password, Task};
use crate::text;
use crate::tools::Tool;

// The keys of every object. A test holds them against the schema, so neither can drift.
pub(crate) const KEYS: &[&str] = &[
    "$schema",
    "name",
    "source",
    "destination",
    "tool",
    "email",
    "desktop",
    "growl",
    "outbox",
    "deadline",
    "mail_home",
    "exit_codes",
    "redact",
    "run",
];
const DESKTOP: &[&str] = &["events"];
const GROWL: &[&str] = &["events", "host", "port", "password", "hash"];
const OUTBOX: &[&str] = &["folder", "max_age", "max_count", "max_size"];
const RUN: &[&str] = &[
    "status",
    "exit_code",
    "started",
    "finished",
    "message",
    "files_total",
    "files_copied",
    "bytes_total",
    "bytes_copied",
    "snapshot",
    "errors",
    "log",
];
const RUN_ERROR: &[&str] = &["path", "message"];

/// Reads a task file.
///
/// `file` is what messages call it; relative paths in it start at `base`.
pub fn read_task(bytes: &[u8], file: &str, base: &FilePath) -> Result<Task, Faults> {
    read(bytes, file, base, task)
}

/// Reads a report: one object with the keys of `run`.
///
/// A `log` named inside it is not followed: a report is written by whoever wrote the backup's
/// output, and must not choose files for us to send (design, section 2).
pub fn read_report(bytes: &[u8], file: &str) -> Result<RunFacts, Faults> {
    let mut facts = read(bytes, file, FilePath::new(""), |walk, node| run(walk, node, &Path::root()))?;
    facts.log = None;
    Ok(facts)
}

/// Reads an account as typed after a flag: an id as it stands, or an object as in a task file.
pub fn read_account(typed: &[u8], flag: &str) -> Result<AccountSpec, Faults> {
    if !typed.trim_ascii_start().starts_with(b"{") {
        let id = String::from_utf8_lossy(typed).trim().to_owned();
        if id.is_empty() {
            return Err(Faults { file: flag.to_owned(), list: vec![Fault::of_file("expected an account")] });
        }
        if id.contains("://") {
            return Err(Faults { file: flag.to_owned(), list: vec![Fault::of_file(A_URL)] });
        }
        return Ok(AccountSpec::Named(id));
    }
    read(typed, flag, FilePath::new(""), |walk, node| account(walk, node, &Path::root()))
}

/// Reads where a password is, as typed after a flag: an object as in a task file.
pub(crate) fn read_password(typed: &[u8], flag: &str, base: &FilePath) -> Result<Password, Faults> {
    read(typed, flag, base, |walk, node| password(walk, node, &Path::root().key("password")))
}

/// Parses, walks, and returns the value only when nothing at all was wrong.
fn read<T>(
    bytes: &[u8],
    file: &str,
    base: &FilePath,
    reader: impl FnOnce(&mut Walk<'_>, &Node) -> Option<T>,
) -> Result<T, Faults> {
    let (node, mut faults) = document::parse(bytes);
    let mut value = None;
    if let Some(node) = node {
        let mut walk = Walk::new(base);
        value = reader(&mut walk, &node);
        faults.append(&mut walk.faults);
    }
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ => Err(Faults { file: file.to_owned(), list: faults }),
    }
}

fn task(walk: &mut Walk<'_>, node: &Node) -> Option<Task> {
    let root = Path::root();
    let f = walk.fields(node, &root, KEYS)?;
    walk.text(&f, "$schema");
    let name = walk.required(&f, "name", "the name that people know this backup by").and_then(|node| {
        walk.filled_text(node, &f.place("name"), "the name that people know this backup by")
    });
    let deadline = f.get("deadline").and_then(|node| {
        let path = f.place("deadline");
        let word = walk.as_text(node, &path, "a duration such as \"45s\" or \"2m\"")?;
        walk.keep(&path, parse_duration(&word))
    });
    let task = Task {
        name: name.unwrap_or_default(),
        source: walk.text(&f, "source"),
        destination: walk.text(&f, "destination"),
        tool: walk.word(&f, "tool", &Tool::WORDS),
        email: emails(walk, &f),
        desktop: switch_or(walk, &f, "desktop", desktop),
        growl: switch_or(walk, &f, "growl", growl),
        outbox: outbox(walk, &f),
        deadline: deadline.unwrap_or(DEFAULT_DEADLINE),
        mail_home: walk.file_path(&f, "mail_home"),
        exit_codes: exit_codes(walk, &f),
        redact: redact(walk, &f),
        run: f.get("run").and_then(|node| run(walk, node, &f.place("run"))),
    };
    if ["email", "desktop", "growl"].iter().all(|key| matches!(f.get(key), None | Some(Node::Bool(false)))) {
        walk.fault(&root, "this task tells nobody; add \"email\", \"growl\" or \"desktop\"");
    }
    Some(task)
}

/// Reads a key that may be `true`, `false` or an object.
fn switch_or<T>(
    walk: &mut Walk<'_>,
    f: &Fields<'_>,
    key: &str,
    reader: impl FnOnce(&mut Walk<'_>, &Node, &Path) -> Option<T>,
) -> Option<T> {
    let path = f.place(key);
    match f.get(key)? {
        Node::Bool(false) => None,
        Node::Bool(true) => reader(walk, &Node::Object(Vec::new()), &path),
        node @ Node::Object(_) => reader(walk, node, &path),
        other => {
            walk.wrong_kind(&path, "true, false or an object", other);
            None
        }
    }
}

fn events(walk: &mut Walk<'_>, f: &Fields<'_>) -> Vec<ScreenEvent> {
    let Some(node) = f.get("events") else { return ScreenEvent::all() };
    let path = f.place("events");
    let Node::List(list) = node else {
        walk.wrong_kind(&path, "an array of begin, success, warning, error", node);
        return Vec::new();
    };
    if list.is_empty() {
        walk.fault(&path, "expected at least one of begin, success, warning, error; found an empty array");
    }
    let words = list.iter().enumerate();
    words.filter_map(|(i, node)| walk.as_word(node, &path.item(i), &ScreenEvent::WORDS)).collect()
}

fn desktop(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Desktop> {
    let f = walk.fields(node, path, DESKTOP)?;
    Some(Desktop { events: events(walk, &f) })
}

fn growl(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Growl> {
    let f = walk.fields(node, path, GROWL)?;
    let host = f.get("host").and_then(|node| {
        let host = walk.as_text(node, &f.place("host"), "the name of the computer that runs Growl")?;
        walk.keep(&f.place("host"), parse_host(&host))
    });
    Some(Growl {
        events: events(walk, &f),
        host: host.unwrap_or_else(|| "127.0.0.1".to_owned()),
        port: walk.port(&f, "port").unwrap_or(GROWL_PORT),
        password: f.get("password").and_then(|n| password(walk, n, &f.place("password"))),
        hash: walk.word(&f, "hash", &GrowlHash::WORDS).unwrap_or_default(),
    })
}

fn outbox(walk: &mut Walk<'_>, f: &Fields<'_>) -> Option<Outbox> {
    let path = f.place("outbox");
    let node = f.get("outbox")?;
    match node {
        Node::Bool(false) => None,
        Node::Bool(true) => Some(Outbox::default()),
        Node::Text(_) => {
            walk.file_path(f, "outbox").map(|folder| Outbox { folder: Some(folder), ..Outbox::default() })
        }
        Node::Object(_) => outbox_with_limits(walk, node, &path),
        other => {
            walk.wrong_kind(&path, "true, false, the path of a folder or an object", other);
            None
        }
    }
}

fn outbox_with_limits(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Outbox> {
    let f = walk.fields(node, path, OUTBOX)?;
    let usual = Outbox::default();
    let max_age = f.get("max_age").and_then(|node| {
        let path = f.place("max_age");
        let word = walk.as_text(node, &path, "an age such as \"26h\" or \"30d\"")?;
        let shown = text::one_line(&word);
        let found = |problem| format!("{problem}; found \"{}\"", text::shorten(&shown, 40));
        walk.keep(&path, parse_long_duration(&word).map_err(found))
    });
    let max_count = walk.whole(&f, "max_count", "a whole number from 1 on");
    let max_size = f.get("max_size").and_then(|node| {
        let path = f.place("max_size");
        match node {
            Node::Text(word) => walk.keep(&path, parse_size(word)),
            _ => walk.whole(&f, "max_size", A_SIZE),
        }
    });
    Some(Outbox {
        folder: walk.file_path(&f, "folder"),
        max_age: max_age.unwrap_or(usual.max_age),
        max_count: max_count.map_or(usual.max_count, |count| usize::try_from(count).unwrap_or(usize::MAX)),
        max_size: max_size.unwrap_or(usual.max_size),
    })
}

fn exit_codes(walk: &mut Walk<'_>, f: &Fields<'_>) -> BTreeMap<i32, Outcome> {
    let Some(node) = f.get("exit_codes") else { return BTreeMap::new() };
    let path = f.place("exit_codes");
    let Node::Object(entries) = node else {
        walk.wrong_kind(&path, "an object such as {\"23\": \"error\"}", node);
        return BTreeMap::new();
    };
    let mut codes = BTreeMap::new();
    for (key, node) in entries {
        let place = path.key(key);
        let Ok(code) = key.parse() else {
            walk.fault(&place, "expected an exit code (a whole number) as the key");
            continue;
        };
        if let Some(outcome) = walk.as_word(node, &place, &Outcome::WORDS) {
            codes.insert(code, outcome);
        }
    }
    codes
}

fn redact(walk: &mut Walk<'_>, f: &Fields<'_>) -> Vec<String> {
    let Some(node) = f.get("redact") else { return Vec::new() };
    let path = f.place("redact");
    let words = walk.texts(node, &path, "an array of words").unwrap_or_default();
    if words.iter().any(|word| word.trim().is_empty()) {
        walk.fault(&path, "a word to leave out may not be empty");
    }
    words
}

fn run(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<RunFacts> {
    let f = walk.fields(node, path, RUN)?;
    Some(RunFacts {
        status: walk.word(&f, "status", &Outcome::WORDS),
        exit_code: walk.exit_code(&f, "exit_code"),
        started: walk.time(&f, "started"),
        finished: walk.time(&f, "finished"),
        message: walk.text(&f, "message"),
        files_total: walk.count(&f, "files_total"),
        files_copied: walk.count(&f, "files_copied"),
        bytes_total: walk.count(&f, "bytes_total"),
        bytes_copied: walk.count(&f, "bytes_copied"),
        snapshot: walk.text(&f, "snapshot"),
        errors: run_errors(walk, &f),
        log: walk.file_path(&f, "log"),
        ..RunFacts::default()
    })
}

fn run_errors(walk: &mut Walk<'_>, f: &Fields<'_>) -> Vec<RunError> {
    let Some(node) = f.get("errors") else { return Vec::new() };
    let path = f.place("errors");
    let Node::List(list) = node else {
        walk.wrong_kind(&path, "an array of {\"path\", \"message\"}", node);
        return Vec::new();
    };
    let mut errors = Vec::new();
    for (i, node) in list.iter().enumerate() {
        let Some(f) = walk.fields(node, &path.item(i), RUN_ERROR) else { continue };
        let message = walk
            .required(&f, "message", "text: what happened")
            .and_then(|node| walk.as_text(node, &f.place("message"), "text: what happened"));
        let path = walk.text(&f, "path");
        errors.extend(message.map(|message| RunError { path, message: text::block(&message).into_owned() }));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::read_email::{EMAIL, PRESET, SERVER, TLS};
    use crate::task::read_password::PASSWORD;

    /// The keys that a reader accepts are those of the schema, object by object.
    #[test]
    fn the_reader_knows_the_keys_of_the_schema() {
        let schema = crate::task::schema();
        let schema = schema.as_value();
        let keys = |object: &serde_json::Value| -> Vec<String> {
            let mut keys: Vec<String> = object["properties"].as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let sorted = |known: &[&str]| {
            let mut known: Vec<String> = known.iter().map(|k| (*k).to_owned()).collect();
            known.sort();
            known
        };
        assert_eq!(keys(schema), sorted(KEYS));
        for (name, known) in [
            ("Email", EMAIL),
            ("Tls", TLS),
            ("ServerSpec", SERVER),
            ("PresetSpec", PRESET),
            ("Desktop", DESKTOP),
            ("Growl", GROWL),
            ("Outbox", OUTBOX),
            ("RunFacts", RUN),
            ("RunError", RUN_ERROR),
        ] {
            assert_eq!(keys(&schema["$defs"][name]), sorted(known), "{name}");
        }
        let mut sources: Vec<String> =
            schema["$defs"]["Password"]["oneOf"].as_array().unwrap().iter().flat_map(keys).collect();
        sources.sort();
        assert_eq!(sources, sorted(PASSWORD));
    }
}
