//! Reading `password`: the source of a secret, and never the secret.

use crate::task::Password;
use crate::task::document::Node;
use crate::task::faults::Path;
use crate::task::walk::{Fields, Walk};
use crate::text;

/// The sources. A test of `read` holds them against the schema.
pub(super) const PASSWORD: &[&str] = &["keychain", "command", "file", "env", "systemd_credential"];

/// What may stand under the key, as faults list it.
const SOURCES: &str = "{\"keychain\": true}, {\"command\": [\"/path/to/program\", …]}, {\"file\": \"/path\"}, \
                       {\"env\": \"NAME\"} or {\"systemd_credential\": \"NAME\"}";

/// Reads where a password is. Nothing found under this key is ever quoted back.
pub(super) fn password(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<Password> {
    let entries = match node {
        Node::Object(entries) => entries,
        Node::Text(_) => {
            walk.fault(
                path,
                format!("a password does not belong in a task file; name its source: {SOURCES}"),
            );
            return None;
        }
        other => {
            walk.fault(path, format!("expected {SOURCES}; found {}", other.kind()));
            return None;
        }
    };
    let f = Fields::new(path, entries);
    if unknown_keys(walk, &f, entries) {
        return None;
    }
    let [(key, value)] = entries.as_slice() else {
        walk.fault(path, format!("expected exactly one of {SOURCES}; found {} keys", entries.len()));
        return None;
    };
    let path = f.place(key);
    let (source, expected) = source(walk, &path, key, value);
    if source.is_none() && !expected.is_empty() {
        // text is not even called text: what stands here could be the password itself
        let found = match value {
            Node::Text(_) | Node::Bool(_) | Node::List(_) => String::new(),
            other => format!("; found {}", other.kind()),
        };
        walk.fault(&path, format!("expected {expected}{found}"));
    }
    source
}

/// Notes every unknown key; one that is near to none is not shown: it could be the password.
fn unknown_keys(walk: &mut Walk<'_>, f: &Fields<'_>, entries: &[(String, Node)]) -> bool {
    let mut any = false;
    for (key, _) in entries.iter().filter(|(key, _)| !PASSWORD.contains(&key.as_str())) {
        any = true;
        match text::nearest(key, PASSWORD) {
            Some(near) => walk.fault(&f.place(key), format!("unknown key; did you mean \"{near}\"?")),
            None => walk.fault(&f.path, format!("unknown key; expected exactly one of {SOURCES}")),
        }
    }
    any
}

/// Reads one source; beside it what was expected, for when there is none.
fn source(walk: &mut Walk<'_>, path: &Path, key: &str, value: &Node) -> (Option<Password>, &'static str) {
    match (key, value) {
        ("keychain", value) => ((*value == Node::Bool(true)).then_some(Password::Keychain), "true"),
        ("command", value) => (
            argv(value).map(Password::Command),
            "an array of text: the program, then its arguments (no shell reads it)",
        ),
        // what is wrong with a path is noted where it is resolved
        ("file", Node::Text(file)) if !file.trim().is_empty() => {
            (walk.resolve(path, file).map(Password::File), "")
        }
        ("file", _) => (None, "a path"),
        ("env", value) => {
            let name = as_name(value).filter(|name| is_variable(name));
            (name.map(Password::Env), "the name of an environment variable (letters, digits and \"_\")")
        }
        (_, value) => {
            let name = as_name(value).filter(|name| !name.contains('/') && name != "." && name != "..");
            (name.map(Password::SystemdCredential), "the name of a credential, which is no path")
        }
    }
}

/// Reads a program and its arguments.
fn argv(value: &Node) -> Option<Vec<String>> {
    let Node::List(list) = value else { return None };
    let words = list.iter().map(|node| match node {
        Node::Text(word) if !word.contains('\0') => Some(word.clone()),
        _ => None,
    });
    let argv: Vec<String> = words.collect::<Option<_>>()?;
    argv.first().is_some_and(|program| !program.is_empty()).then_some(argv)
}

/// Reads a name.
fn as_name(value: &Node) -> Option<String> {
    match value {
        Node::Text(name) if !name.is_empty() && !name.contains('\0') => Some(name.clone()),
        _ => None,
    }
}

/// Tells whether this can be the name of an environment variable (POSIX, XBD section 8.1).
fn is_variable(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
}
