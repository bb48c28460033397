//! From bytes to a task or a report.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use crate::accounts::{AccountSpec, Auth, PRESETS, Preset, PresetSpec, ServerSpec};
use crate::decide::{Policy, ScreenEvent};
use crate::run::{Outcome, RunError, RunFacts};
use crate::task::document::{self, Node};
use crate::task::faults::{Fault, Faults, Path};
use crate::task::walk::{Fields, Walk};
use crate::task::words::{parse_duration, parse_host, parse_mailboxes};
use crate::task::{
    AttachLog, DEFAULT_DEADLINE, Desktop, Email, Growl, GrowlHash, Outbox, Password, Task, Template, Tls,
    TlsMode, TrustRule,
};
use crate::text;
use crate::tools::Tool;

// The keys of every object. A test holds them against the schema, so neither can drift.
const TASK: &[&str] = &[
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
const EMAIL: &[&str] =
    &["when", "to", "from", "account", "password", "tls", "subject", "text", "html", "attach_log"];
const TLS: &[&str] = &["mode", "trust", "allow_cleartext_password"];
const SERVER: &[&str] = &["host", "port", "user", "auth"];
const PRESET: &[&str] = &["preset", "user", "auth"];
const PASSWORD: &[&str] = &["keychain", "command", "file", "env", "systemd_credential"];
const DESKTOP: &[&str] = &["events"];
const GROWL: &[&str] = &["events", "host", "port", "password", "hash"];
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
        return Ok(AccountSpec::Named(id));
    }
    read(typed, flag, FilePath::new(""), |walk, node| account(walk, node, &Path::root()))
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
    let f = walk.fields(node, &root, TASK)?;
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

fn emails(walk: &mut Walk<'_>, f: &Fields<'_>) -> Vec<Email> {
    let Some(node) = f.get("email") else { return Vec::new() };
    let all = walk.one_or_many(node, &f.place("email"), "an e-mail object or an array of them");
    all.into_iter().filter_map(|(node, path)| email(walk, node, &path)).collect()
}

fn email(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Email> {
    if !matches!(node, Node::Object(_)) {
        walk.wrong_kind(path, "an object such as {\"to\": \"kim@example.com\", \"account\": …}", node);
        return None;
    }
    let f = walk.fields(node, path, EMAIL)?;
    let to = match walk.required(&f, "to", "the recipients, \"a@example.com, b@example.com\"") {
        Some(node) => recipients(walk, node, &f.place("to")),
        None => Vec::new(),
    };
    let account = walk
        .required(
            &f,
            "account",
            "an id that \"backup-notify accounts\" prints, or {\"host\": …, \"user\": …}",
        )
        .and_then(|node| account(walk, node, &f.place("account")));
    let email = Email {
        when: walk.word(&f, "when", &Policy::WORDS).unwrap_or_default(),
        to,
        from: sender(walk, &f),
        account: account.unwrap_or_else(|| AccountSpec::Named(String::new())),
        password: f.get("password").and_then(|n| password(walk, n, &f.place("password"))).unwrap_or_default(),
        tls: f.get("tls").and_then(|n| tls(walk, n, &f.place("tls"))).unwrap_or_default(),
        subject: template(walk, &f, "subject"),
        text: template(walk, &f, "text"),
        html: template(walk, &f, "html"),
        attach_log: walk.word(&f, "attach_log", &AttachLog::WORDS).unwrap_or_default(),
    };
    Some(email)
}

fn recipients(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Vec<lettre::message::Mailbox> {
    let mut all: Vec<lettre::message::Mailbox> = Vec::new();
    for (node, path) in walk.one_or_many(node, path, "at least one address") {
        let Some(text) = walk.as_text(node, &path, "an address") else { continue };
        for mailbox in walk.keep(&path, parse_mailboxes(&text)).unwrap_or_default() {
            // the same address twice would be the same message twice
            if !all.iter().any(|known| known.email == mailbox.email) {
                all.push(mailbox);
            }
        }
    }
    all
}

fn sender(walk: &mut Walk<'_>, f: &Fields<'_>) -> Option<lettre::message::Mailbox> {
    let path = f.place("from");
    let node = f.get("from")?;
    let text = walk.as_text(node, &path, "an address")?;
    let mut list = walk.keep(&path, parse_mailboxes(&text))?;
    if list.len() > 1 {
        walk.fault(&path, format!("expected one address; found {}", list.len()));
    }
    list.pop()
}

fn account(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<AccountSpec> {
    match node {
        Node::Text(id) if id.contains("://") => {
            // not shown: a URL may hold a password
            walk.fault(path, "expected an id, or an object with \"host\" and \"user\"; found a URL");
            None
        }
        Node::Text(_) => walk.filled_text(node, path, "an account").map(AccountSpec::Named),
        Node::Object(entries) if entries.iter().any(|(key, _)| key == "preset") => {
            preset(walk, node, path).map(AccountSpec::Preset)
        }
        Node::Object(_) => server(walk, node, path).map(AccountSpec::Server),
        other => {
            walk.wrong_kind(path, "an id, or an object with \"host\" and \"user\"", other);
            None
        }
    }
}

fn server(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<ServerSpec> {
    let f = walk.fields(node, path, SERVER)?;
    let auth = walk.word(&f, "auth", &Auth::WORDS).unwrap_or_default();
    let host = walk
        .required(&f, "host", "the name of the SMTP server")
        .and_then(|n| walk.filled_text(n, &f.place("host"), "the name of the SMTP server"))
        .and_then(|host| walk.keep(&f.place("host"), parse_host(&host)));
    let user = if auth == Auth::None {
        walk.text(&f, "user")
    } else {
        let expected = "the user name to sign in with (or \"auth\": \"none\")";
        walk.required(&f, "user", expected).and_then(|n| user_name(walk, n, &f.place("user"), expected))
    };
    Some(ServerSpec { host: host.unwrap_or_default(), port: walk.port(&f, "port"), user, auth })
}

fn preset(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<PresetSpec> {
    let f = walk.fields(node, path, PRESET)?;
    let words: Vec<(&'static str, &'static Preset)> =
        PRESETS.iter().filter_map(|p| Preset::named(p.word).map(|found| (p.word, found))).collect();
    let preset = walk.word(&f, "preset", &words);
    let expected = "the full address to sign in with";
    let user =
        walk.required(&f, "user", expected).and_then(|n| user_name(walk, n, &f.place("user"), expected));
    let auth = walk.word(&f, "auth", &Auth::WORDS);
    Some(PresetSpec { preset: preset?, user: user?, auth })
}

/// Reads a user name; what would end a SASL message early is refused (RFC 4616: no NUL).
fn user_name(walk: &mut Walk<'_>, node: &Node, path: &Path, expected: &str) -> Option<String> {
    let user = walk.filled_text(node, path, expected)?;
    if user.chars().any(char::is_control) {
        walk.fault(path, "a user name may not hold control characters");
        return None;
    }
    Some(user)
}

/// Reads where a password is. Nothing found under this key is ever quoted back.
fn password(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Password> {
    const SOURCES: &str = "{\"keychain\": true}, {\"command\": [\"/path/to/program\", …]}, {\"file\": \"/path\"}, \
                           {\"env\": \"NAME\"} or {\"systemd_credential\": \"NAME\"}";
    if let Node::Text(_) = node {
        walk.fault(path, format!("a password does not belong in a task file; name its source: {SOURCES}"));
        return None;
    }
    let Node::Object(entries) = node else {
        walk.fault(path, format!("expected {SOURCES}; found {}", node.kind()));
        return None;
    };
    let f = Fields::new(path, entries);
    let mut unknown = false;
    for (key, _) in entries.iter().filter(|(key, _)| !PASSWORD.contains(&key.as_str())) {
        unknown = true;
        match text::nearest(key, PASSWORD) {
            Some(near) => walk.fault(&f.place(key), format!("unknown key; did you mean \"{near}\"?")),
            // the key is not shown: it could be the password itself
            None => walk.fault(path, format!("unknown key; expected exactly one of {SOURCES}")),
        }
    }
    if unknown {
        return None;
    }
    let [(key, value)] = entries.as_slice() else {
        walk.fault(path, format!("expected exactly one of {SOURCES}; found {} keys", entries.len()));
        return None;
    };
    let path = f.place(key);
    let mut wrong = |expected: &str| {
        let problem = match value {
            Node::Text(_) | Node::Bool(_) => format!("expected {expected}"),
            other => format!("expected {expected}; found {}", other.kind()),
        };
        walk.fault(&path, problem);
    };
    match (key.as_str(), value) {
        ("keychain", Node::Bool(true)) => Some(Password::Keychain),
        ("keychain", _) => {
            wrong("true");
            None
        }
        ("command", Node::List(list)) => {
            let argv: Vec<String> = list
                .iter()
                .filter_map(|n| match n {
                    Node::Text(word) if !word.contains('\0') => Some(word.clone()),
                    _ => None,
                })
                .collect();
            if argv.len() < list.len() || argv.first().is_none_or(String::is_empty) {
                walk.fault(&path, "expected an array of text: the program, then its arguments");
                return None;
            }
            Some(Password::Command(argv))
        }
        ("command", _) => {
            wrong("an array: the program, then its arguments (no shell reads it)");
            None
        }
        ("file", Node::Text(file)) if !file.trim().is_empty() => {
            walk.resolve(&path, file).map(Password::File)
        }
        ("env", Node::Text(name)) if is_variable(name) => Some(Password::Env(name.clone())),
        ("systemd_credential", Node::Text(name))
            if !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != ".." =>
        {
            Some(Password::SystemdCredential(name.clone()))
        }
        ("file", _) => {
            wrong("a path");
            None
        }
        ("env", _) => {
            // not "found …": what stands here could be the password itself
            walk.fault(&path, "expected the name of an environment variable (letters, digits and \"_\")");
            None
        }
        ("systemd_credential", _) => {
            wrong("the name of a credential, which is no path");
            None
        }
        // the key is unknown, and noted as such by now
        _ => None,
    }
}

/// Tells whether this can be the name of an environment variable (POSIX, XBD section 8.1).
fn is_variable(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
}

fn tls(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Tls> {
    let f = walk.fields(node, path, TLS)?;
    Some(Tls {
        mode: walk.word(&f, "mode", &TlsMode::WORDS),
        trust: trust(walk, &f).unwrap_or_default(),
        allow_cleartext_password: walk.switch(&f, "allow_cleartext_password").unwrap_or(false),
    })
}

fn trust(walk: &mut Walk<'_>, f: &Fields<'_>) -> Option<TrustRule> {
    let node = f.get("trust")?;
    let path = f.place("trust");
    let items = walk.one_or_many(node, &path, "a trust rule");
    let words: Vec<String> =
        items.iter().filter_map(|(node, path)| walk.as_text(node, path, "a trust rule")).collect();
    if words.len() < items.len() || words.is_empty() {
        return None;
    }
    // each by itself first, so that a fault has its place in the array
    let before = walk.faults.len();
    for (word, (_, path)) in words.iter().zip(&items) {
        walk.keep(path, TrustRule::parse(word));
    }
    if walk.faults.len() > before {
        return None;
    }
    match walk.keep(&path, TrustRule::parse_all(&words))? {
        TrustRule::CaFile(file) => {
            let file = file.to_string_lossy().into_owned();
            walk.resolve(&path, &file).map(TrustRule::CaFile)
        }
        rule => Some(rule),
    }
}

fn template(walk: &mut Walk<'_>, f: &Fields<'_>, key: &str) -> Option<Template> {
    let node = f.get(key)?;
    let path = f.place(key);
    match node {
        Node::Text(text) => Some(Template::Inline(text.clone())),
        Node::Object(_) => {
            let file = walk.fields(node, &path, &["file"])?;
            walk.required(&file, "file", "the path of a template")?;
            walk.file_path(&file, "file").map(|file| Template::File { file })
        }
        other => {
            walk.wrong_kind(&path, "a template, or {\"file\": \"/path\"}", other);
            None
        }
    }
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
        // GNTP 1.0: the registered port (facts/growl-and-desktop.md)
        port: walk.port(&f, "port").unwrap_or(23053),
        password: f.get("password").and_then(|n| password(walk, n, &f.place("password"))),
        hash: walk.word(&f, "hash", &GrowlHash::WORDS).unwrap_or_default(),
    })
}

fn outbox(walk: &mut Walk<'_>, f: &Fields<'_>) -> Option<Outbox> {
    match f.get("outbox")? {
        Node::Bool(false) => None,
        Node::Bool(true) => Some(Outbox::Default),
        Node::Text(_) => walk.file_path(f, "outbox").map(Outbox::Folder),
        other => {
            walk.wrong_kind(&f.place("outbox"), "true, false or the path of a folder", other);
            None
        }
    }
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
        assert_eq!(keys(schema), sorted(TASK));
        for (name, known) in [
            ("Email", EMAIL),
            ("Tls", TLS),
            ("ServerSpec", SERVER),
            ("PresetSpec", PRESET),
            ("Desktop", DESKTOP),
            ("Growl", GROWL),
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
