//! Reading `email`: recipients, account, trust, templates.

use lettre::message::Mailbox;

use crate::accounts::{AccountSpec, Auth, PRESETS, Preset, PresetSpec, ServerSpec};
use crate::decide::Policy;
use crate::task::document::Node;
use crate::task::faults::Path;
use crate::task::read_password::password;
use crate::task::walk::{Fields, Walk};
use crate::task::words::{parse_host, parse_mailboxes};
use crate::task::{AttachLog, Email, Template, Tls, TlsMode, TrustRule};
use crate::text;

// The keys of every object here. A test of `read` holds them against the schema.
pub(crate) const EMAIL: &[&str] =
    &["when", "to", "from", "account", "password", "tls", "subject", "text", "html", "attach_log"];
pub(crate) const TLS: &[&str] = &["mode", "trust", "allow_cleartext_password"];
pub(super) const SERVER: &[&str] = &["host", "port", "user", "auth"];
pub(super) const PRESET: &[&str] = &["preset", "user", "auth"];

/// What is said of an account that is a URL: not the URL, which may hold a password.
pub(super) const A_URL: &str = "expected an id, or an object with \"host\" and \"user\"; found a URL";

pub(super) fn emails(walk: &mut Walk<'_>, f: &Fields<'_>) -> Vec<Email> {
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
        .required(&f, "account", "{\"host\": …, \"user\": …} or {\"preset\": …, \"user\": …}")
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

fn recipients(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Vec<Mailbox> {
    let mut all: Vec<Mailbox> = Vec::new();
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

fn sender(walk: &mut Walk<'_>, f: &Fields<'_>) -> Option<Mailbox> {
    let path = f.place("from");
    let node = f.get("from")?;
    let text = walk.as_text(node, &path, "an address")?;
    let mut list = walk.keep(&path, parse_mailboxes(&text))?;
    if list.len() > 1 {
        walk.fault(&path, format!("expected one address; found {}", list.len()));
    }
    list.pop()
}

pub(super) fn account(walk: &mut Walk<'_>, node: &Node, path: &Path) -> Option<AccountSpec> {
    match node {
        Node::Text(id) if id.contains("://") => {
            walk.fault(path, A_URL);
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

/// Reads a user name; what would end a SASL message early is refused (RFC 4616: no NUL), and white
/// space around it too, which nobody sees and no provider has.
fn user_name(walk: &mut Walk<'_>, node: &Node, path: &Path, expected: &str) -> Option<String> {
    let user = walk.filled_text(node, path, expected)?;
    if user.chars().any(char::is_control) {
        walk.fault(path, "a user name may not hold control characters");
        return None;
    }
    if let Some(c) = user.chars().find(|c| text::is_active(*c)) {
        let c = u32::from(c);
        walk.fault(path, format!("a user name may not hold the character U+{c:04X}, which cannot be shown"));
        return None;
    }
    if user.trim() != user {
        let shown = text::shorten(&user, 40);
        walk.fault(path, format!("a user name may not begin or end with white space; found \"{shown}\""));
        return None;
    }
    Some(user)
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
