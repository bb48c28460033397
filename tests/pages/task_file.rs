//! The keys of the task file, as its JSON Schema has them, and the names that templates know.

use backup_notify::run::Outcome;
use backup_notify::tools::Tool;
use serde_json::Value;

use super::man::{lower_unless_name, presets};
use super::page::Page;
use super::{prose, screens, waiting};

/// One object of the file: its title in the page, its name in the schema, its keys in the order in
/// which they are read best.
struct Object {
    title: &'static str,
    name: &'static str,
    intro: &'static str,
    keys: &'static [&'static str],
}

const OBJECTS: &[Object] = &[
    Object {
        title: "The task",
        name: "",
        intro: "",
        keys: &[
            "name",
            "source",
            "destination",
            "tool",
            "email",
            "exit_codes",
            "redact",
            "deadline",
            "run",
            "desktop",
            "growl",
            "outbox",
            "mail_home",
            "$schema",
        ],
    },
    Object {
        title: "email",
        name: "Email",
        intro: "One object, or an array of them: errors to one address, everything to another.",
        keys: &["to", "when", "from", "account", "password", "tls", "subject", "text", "html", "attach_log"],
    },
    Object {
        title: "email.account: a server",
        name: "ServerSpec",
        intro: "The account you send with. It never holds a password.",
        keys: &["host", "port", "user", "auth"],
    },
    Object {
        title: "email.account: a provider",
        name: "PresetSpec",
        intro: "In place of host and port you can name a provider:",
        keys: &["preset", "user", "auth"],
    },
    Object {
        title: "email.password",
        name: "Password",
        intro: "Exactly one of these keys. A password itself in the task file is refused. Under OAuth the token \
                takes its place.",
        keys: &["command", "file", "env", "systemd_credential", "keychain"],
    },
    Object {
        title: "email.tls",
        name: "Tls",
        intro: "It holds for this e-mail alone.",
        keys: &["mode", "trust", "allow_cleartext_password"],
    },
    Object {
        title: "run, and the report of --report",
        name: "RunFacts",
        intro: "The facts of one run of the backup. All of them may be missing, but something has to say how the \
                backup ended: `status`, `exit_code`, or a flag. `--status` decides. Without it the worse of exit \
                code and report counts. Only when neither says anything, `run` in the task file does; it is \
                refused when its `finished` is missing or older than 24 hours, because it may be of another run.",
        keys: &[
            "status",
            "exit_code",
            "started",
            "finished",
            "message",
            "errors",
            "log",
            "snapshot",
            "files_total",
            "files_copied",
            "bytes_total",
            "bytes_copied",
        ],
    },
    Object { title: "run.errors", name: "RunError", intro: "", keys: &["path", "message"] },
    Object { title: "desktop", name: "Desktop", intro: screens::DESKTOP, keys: &["events"] },
    Object {
        title: "growl",
        name: "Growl",
        intro: screens::GROWL,
        keys: &["events", "host", "port", "password", "hash"],
    },
    Object {
        title: "outbox",
        name: "Outbox",
        intro: "For those who want other limits.",
        keys: &["folder", "max_age", "max_count", "max_size"],
    },
];

/// What the schema does not say of a key.
fn more(object: &str, key: &str) -> Option<&'static str> {
    Some(match (object, key) {
        ("", "desktop" | "growl") => "See NOTICES ON A SCREEN.",
        ("Growl", "host") => "A name or an address.",
        ("Growl", "password") => {
            "As email.password, with `growl:`‹host› as the name in the private keychain."
        }
        ("", "outbox") => waiting::KEY,
        ("Outbox", "max_size") => "A number of bytes, or `500MB`, `1GiB`.",
        ("", "mail_home") => "For root, and for a disk of another computer. See SECURITY.",
        ("", "exit_codes") => "For example `{\"23\": \"error\"}`. See below for the tables of the tools.",
        ("", "redact") => "Each is replaced wherever it stands.",
        ("", "run") => "See below.",
        ("", "$schema") => "The program does not look at it.",
        ("Email", "account") => {
            "A text names an account of Apple Mail; an object writes the account out. See below."
        }
        ("Email", "password") => "See below. Not needed with `\"auth\": \"none\"`.",
        ("Email", "tls") => "See below.",
        ("Email", "subject" | "text" | "html") => "See TEMPLATES.",
        ("Email", "attach_log") => "At most 5 MiB of it. Lines of it are quoted anyway. See LOGS.",
        ("Email", "from") => "Needed when the user name of the account is no address.",
        ("PresetSpec", "preset") => "See the list below.",
        ("Password", "command") => {
            "Program and arguments; no shell, no standard input. It is killed at the deadline. As root the program \
             needs an absolute path and gets a clean environment."
        }
        ("Password", "file") => "Only its owner may read it: `chmod 600`.",
        ("Password", "env") => "Prefer a file or a command: other programs of yours can read variables.",
        ("Password", "systemd_credential") => "Its name, as after `LoadCredential=`.",
        ("Password", "keychain") => {
            "The default: `backup-notify password set` keeps it there, see PRIVATE KEYCHAIN. Where it keeps none for this \
             account, you are asked at a terminal; otherwise the program ends with code 77."
        }
        ("Tls", "mode") => {
            "Without both it follows from the port: 465 means `implicit`, all others `starttls`."
        }
        ("Tls", "trust") => "See TRUST.",
        ("Tls", "allow_cleartext_password") => "See SECURITY.",
        ("RunFacts", "log") => "Only in the task file; in a report it is not followed.",
        ("RunFacts", "status") => "See above.",
        _ => return None,
    })
}

pub(super) fn describe(page: &mut Page) {
    page.text(
        "A task is one JSON file, in UTF-8, of at most 1 MiB. It says what is backed up and whom to tell. Unknown \
         keys are refused, each with the nearest known one; all faults of a file are reported together. Paths in \
         it start at the folder of the file. `backup-notify schema` prints the same keys for your editor, and \
         `backup-notify check --offline` says whether a file is in order. Keys marked with * have to be there.",
    );
    let schema = backup_notify::task::schema();
    let schema = schema.as_value();
    for object in OBJECTS {
        if object.name == "ServerSpec" {
            page.subsection("email.account: an account of Apple Mail");
            prose::account_of_mail(page);
        }
        page.subsection(object.title);
        if !object.intro.is_empty() {
            page.text(object.intro);
        }
        let (properties, required) = properties(schema, object.name);
        let mut known: Vec<&str> = properties.iter().map(|(key, _)| *key).collect();
        let mut listed = object.keys.to_vec();
        known.sort_unstable();
        listed.sort_unstable();
        assert_eq!(
            listed, known,
            "tests/pages/task_file.rs has other keys of {:?} than the schema",
            object.title
        );
        for key in object.keys {
            let property = properties.iter().find(|(known, _)| known == key).unwrap().1;
            let mark = if required.contains(key) { "*" } else { "" };
            let mut text = described(schema, property, object.name == "Password");
            if let Some(more) = more(object.name, key) {
                text = format!("{text} {more}");
            }
            // an alternative of "password" holds what its one key holds
            let value = property["properties"].get(*key).filter(|_| object.name == "Password");
            let kind = kind(schema, value.unwrap_or(property));
            page.item(&format!("`{key}`{mark} ({kind})"), text.trim());
        }
        if object.name.is_empty() {
            page.subsection("tool: what exit codes mean");
            exit_codes(page);
        }
        if object.name == "PresetSpec" {
            presets(page);
        }
    }
}

/// Lists what each tool means by codes that are not simply errors, as `notify` would take them.
fn exit_codes(page: &mut Page) {
    page.text(
        "For every program 0 is a success, 129, 130 and 143 (128 plus HUP, INT, TERM) are interrupted, and a code \
         that it does not document is an error. `exit_codes` in the task goes before this table. Beside that:",
    );
    for (word, tool) in Tool::WORDS {
        let mut ranges: Vec<(i32, i32, Outcome)> = Vec::new();
        for code in 1..=255 {
            let outcome = tool.meaning(code).outcome;
            match ranges.last_mut() {
                Some((_, last, known)) if *last == code - 1 && *known == outcome => *last = code,
                _ if outcome == Tool::Generic.meaning(code).outcome => {}
                _ => ranges.push((code, code, outcome)),
            }
        }
        let shown: Vec<String> = ranges
            .iter()
            .map(|(first, last, outcome)| match last - first {
                0 => format!("{first} {}", outcome.word()),
                _ => format!("{first} to {last} {}", outcome.word()),
            })
            .collect();
        if !shown.is_empty() {
            page.item(&format!("`{word}`"), &format!("{}.", shown.join(", ")));
        }
    }
}

/// Returns the keys of an object of the schema, and those of them that are required.
///
/// Of alternatives with one key each (`password`) it returns these keys.
fn properties<'s>(schema: &'s Value, name: &str) -> (Vec<(&'s str, &'s Value)>, Vec<&'s str>) {
    let object = if name.is_empty() { schema } else { &schema["$defs"][name] };
    if let Some(alternatives) = object["oneOf"].as_array() {
        let keys = alternatives.iter().map(|alternative| {
            let (key, _) = alternative["properties"].as_object().unwrap().iter().next().unwrap();
            (key.as_str(), alternative)
        });
        return (keys.collect(), Vec::new());
    }
    let keys = object["properties"].as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value));
    let required = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    (keys.collect(), required.collect())
}

/// What the schema says of a key: its description, its words with theirs, its default.
fn described(schema: &Value, property: &Value, alternative: bool) -> String {
    let mut text = property["description"].as_str().unwrap_or_default().to_owned();
    if alternative {
        return text;
    }
    let words: Vec<String> = words(schema, property)
        .into_iter()
        .map(|(word, meaning)| {
            let meaning = meaning.trim_end_matches('.');
            if meaning.is_empty()
                || meaning.eq_ignore_ascii_case(word)
                || meaning.replace('-', "").eq_ignore_ascii_case(word)
            {
                format!("`{word}`")
            } else {
                format!("`{word}` ({})", lower_unless_name(meaning))
            }
        })
        .collect();
    if !words.is_empty() {
        text.push_str(&format!(" Words: {}.", words.join(", ")));
    }
    match &property["default"] {
        Value::Null => {}
        Value::String(default) => text.push_str(&format!(" Without it `{default}`.")),
        default => text.push_str(&format!(" Without it `{default}`.")),
    }
    text
}

/// Follows references and leaves out "or null".
fn resolve<'s>(schema: &'s Value, mut value: &'s Value) -> &'s Value {
    loop {
        if let Some(reference) = value["$ref"].as_str() {
            value = &schema["$defs"][reference.rsplit('/').next().unwrap()];
        } else if let Some([one, null]) = value["anyOf"].as_array().map(Vec::as_slice)
            && null["type"] == "null"
        {
            value = one;
        } else {
            return value;
        }
    }
}

/// The words of a closed set, each with its meaning.
fn words<'s>(schema: &'s Value, value: &'s Value) -> Vec<(&'s str, &'s str)> {
    let value = resolve(schema, value);
    if value["items"].is_object() {
        return words(schema, &value["items"]);
    }
    if value["additionalProperties"].is_object() {
        return words(schema, &value["additionalProperties"]);
    }
    let set = value["oneOf"].as_array().into_iter().flatten();
    set.filter_map(|one| Some((one["const"].as_str()?, one["description"].as_str().unwrap_or_default())))
        .collect()
}

/// Says in a word or two what kind of value it is.
fn kind(schema: &Value, value: &Value) -> String {
    let value = resolve(schema, value);
    if !words(schema, value).is_empty() && value["oneOf"].is_array() {
        return "a word".to_owned();
    }
    if let Some(properties) = value["properties"].as_object().filter(|_| value["oneOf"].is_null()) {
        if let Some(file) = properties.get("file").filter(|_| properties.len() == 1) {
            return format!("{{\"file\": {}}}", kind(schema, file));
        }
        return "an object".to_owned();
    }
    if let Some(alternatives) = value["anyOf"].as_array() {
        let mut kinds: Vec<String> = Vec::new();
        for kind in alternatives.iter().map(|one| kind(schema, one)) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return kinds.join(" or ");
    }
    if value["oneOf"].is_array() {
        return "an object".to_owned();
    }
    // a closed set whose words need no explaining
    if value["enum"].is_array() {
        return "a word".to_owned();
    }
    if value["const"] == true {
        return "true".to_owned();
    }
    let kind = match &value["type"] {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap(),
        _ => panic!("no kind: {value}"),
    };
    match (kind, value["format"].as_str()) {
        ("string", Some("date-time")) => "a time",
        ("string", _) => "text",
        ("integer", _) => "a number",
        ("boolean", _) => "true or false",
        ("array", _) => "an array",
        ("object", _) => "an object",
        (other, _) => panic!("{other}"),
    }
    .to_owned()
}
