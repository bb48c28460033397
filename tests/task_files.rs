//! Task files that are wrong, and every word that is said about them; task files that are right;
//! and a schema that agrees with the program about both.
//!
//! The words stand in `data/bad-tasks/NAME.txt`, as a person sees them: the exit code, then stderr.
//! `BACKUP_NOTIFY_WRITE_SNAPSHOTS=1` writes them anew; read the difference before it is kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::world::World;

/// What the bad files have where a password should not be.
const LITERAL: &str = "correct-horse-battery-staple";

/// The bad files whose faults lie inside a text, or between two keys, where no schema looks.
const NOT_FOR_A_SCHEMA: &[&str] = &[
    "18-duplicate-keys",
    "38-password-in-a-url",
    "40-bad-addresses",
    "41-bad-senders",
    "43-host-with-port",
    "47-tilde",
    "48-bad-pins",
    "49-mixed-pins",
    "50-bad-trust-words",
    "55-nobody-to-tell",
    "56-everything-switched-off",
    "59-empty-texts",
    "62-bad-user-names",
    "63-nul-in-paths",
    "70-template-syntax",
    "71-template-unknown-name",
    "72-template-unknown-filter",
    "73-template-with-include",
    "74-template-without-end",
    "75-template-file-missing",
    "76-no-sender",
];

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder)
}

/// The `.json` files of a folder, by name.
fn files(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(data(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

/// The bad files that would not survive an editor, a checkout or a reader's patience.
fn made_files() -> BTreeMap<String, Vec<u8>> {
    let good = r#"{ "name": "Nightly", "desktop": true }"#;
    let with_byte = |byte: u8| {
        let mut bytes = b"{\n  \"name\": \"N".to_vec();
        bytes.push(byte);
        bytes.extend(b"ghtly\", \"desktop\": true }");
        bytes
    };
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> { good.encode_utf16().flat_map(order).collect() };
    let with_mark = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
    let keys = |count: usize| {
        let keys = (0..count).fold(String::new(), |mut text, i| {
            let _ = write!(text, "\"k{i}\": 1, ");
            text
        });
        format!("{{ {keys}\"name\": \"Nightly\" }}")
    };
    let files: [(&str, Vec<u8>); 15] = [
        ("80-larger-than-1-mib", format!("{good}{}", " ".repeat(1024 * 1024)).into()),
        ("81-empty", Vec::new()),
        ("82-white-space-only", b" \r\n\t\n".to_vec()),
        ("83-byte-order-mark-only", b"\xEF\xBB\xBF".to_vec()),
        ("84-nul-byte", with_byte(0)),
        ("85-program", b"\x7FELF\x02\x01\x01\0\0\0\0\0".to_vec()),
        ("86-utf-16-le-with-mark", with_mark(b"\xFF\xFE", utf16(u16::to_le_bytes))),
        ("87-utf-16-be-with-mark", with_mark(b"\xFE\xFF", utf16(u16::to_be_bytes))),
        ("88-utf-16-without-mark", utf16(u16::to_le_bytes)),
        ("89-latin-1", with_byte(0xEF)),
        ("90-deeper-than-128-arrays", ["[".repeat(129), "]".repeat(129)].concat().into()),
        ("91-deeper-than-128-objects", ["{\"a\":".repeat(129), "1".into(), "}".repeat(129)].concat().into()),
        ("92-100000-levels", "[".repeat(100_000).into()),
        ("93-100000-levels-below-a-key", format!("{{\"run\":{}", "{\"errors\":".repeat(90_000)).into()),
        ("94-10001-keys", keys(10_002).into()),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

/// A world in which the literal password of the bad files may not come out.
fn guarded_world() -> World {
    let world = World::new();
    world.guard(LITERAL);
    world.guard("plain-secret-word");
    world.guard("90210902109021");
    world
}

/// Runs `check --offline` on a path, as text and as JSON, and returns what a person sees.
///
/// The JSON has to say the same, word for word.
fn told_about(world: &World, path: &Path) -> String {
    let text = world.command(&["check", "--offline"]).task(path).run();
    let json = world.command(&["check", "--offline", "--json"]).task(path).run();
    same_in_json(&text, &json);
    let path = world.path().to_str().unwrap();
    format!("exit {}\n{}", text.code().unwrap(), text.stderr.replace(path, "WORLD"))
}

/// Holds an error in JSON against the one in words.
fn same_in_json(text: &Output, json: &Output) {
    let value = json.json();
    if json.stderr != text.stderr || json.code() != text.code() {
        json.fail("--json changed stderr or the exit code");
    }
    assert_eq!(value["exit_code"], json!(text.code()), "{json}");
    let (what, hint) = if let Some(error) = value.get("error") {
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error", "exit_code", "hint"], "{json}");
        text.assert_stdout_is("");
        (error.as_str().unwrap().to_owned(), &value["hint"])
    } else {
        let delivery = &value["deliveries"][0];
        assert_eq!(delivery["status"], "failed", "{json}");
        assert_eq!(delivery["exit_code"], value["exit_code"], "{json}");
        (format!("email: {}", delivery["detail"].as_str().unwrap()), &delivery["hint"])
    };
    let mut words: String = what.lines().fold(String::new(), |mut words, line| {
        let _ = writeln!(words, "backup-notify: {line}");
        words
    });
    if let Some(hint) = hint.as_str() {
        let _ = writeln!(words, "backup-notify:   what to do: {hint}");
    }
    if words != text.stderr {
        json.fail(&format!("the JSON says something else than stderr:\n{words}"));
    }
}

/// Compares with the words that are kept, or keeps these.
fn compare(name: &str, told: &str, differences: &mut String) {
    let path = data("bad-tasks").join(format!("{name}.txt"));
    if std::env::var_os("BACKUP_NOTIFY_WRITE_SNAPSHOTS").is_some() {
        fs::write(&path, told).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept != told {
        let _ = write!(differences, "\n== {name}\n-- expected\n{kept}-- found\n{told}");
    }
}

#[test]
fn every_bad_task_file_is_refused_in_words_that_help() {
    let world = guarded_world();
    let mut all = files("bad-tasks");
    all.extend(made_files());
    assert!(all.len() > 60, "{}", all.len());
    let mut differences = String::new();
    for (name, bytes) in &all {
        let path = world.write("task.json", bytes);
        let told = told_about(&world, &path);
        compare(name, &told, &mut differences);
        let code = told.lines().next().unwrap();
        // a template file that is not there cannot be read; everything else is wrong
        let expected = if name == "75-template-file-missing" { "exit 66" } else { "exit 65" };
        assert_eq!(code, expected, "{name}:\n{told}");
        assert!(told.lines().count() > 1, "{name}:\n{told}");
    }
    // a snapshot without its file would look like a test
    for entry in fs::read_dir(data("bad-tasks")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let made = ["95-missing", "96-folder", "97-pipe", "98-not-readable"].contains(&name.as_str());
        assert!(made || all.contains_key(&name), "{} belongs to no bad file", path.display());
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_task_file_that_cannot_be_read_ends_with_66() {
    let world = guarded_world();
    let mut differences = String::new();
    let mut look = |name: &str, path: &Path| {
        let told = told_about(&world, path);
        assert!(told.starts_with("exit 66\n"), "{name}:\n{told}");
        compare(name, &told, &mut differences);
    };
    look("95-missing", &world.path().join("missing.json"));
    look("96-folder", &world.folder("folder.json"));
    let pipe = world.path().join("pipe.json");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    look("97-pipe", &pipe);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_task_file_that_its_own_user_may_not_read_ends_with_66() {
    let world = guarded_world();
    let path = world.write_with_mode("task.json", "{}", 0o000);
    let output = world.command(&["check", "--offline"]).task(&path).as_user(4242, 4242).run();
    let told = format!(
        "exit {}\n{}",
        output.code().unwrap(),
        output.stderr.replace(world.path().to_str().unwrap(), "WORLD")
    );
    let mut differences = String::new();
    compare("98-not-readable", &told, &mut differences);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_task_on_stdin_is_judged_the_same() {
    let world = guarded_world();
    for (name, bytes) in files("bad-tasks") {
        // relative paths have no folder to start from there
        if name == "75-template-file-missing" {
            continue;
        }
        let from_file = world.command(&["check", "--offline"]).task(&world.write("task.json", &bytes)).run();
        let from_stdin = world.command(&["check", "--offline", "--task", "-"]).stdin(&bytes).run();
        let expected = from_file.stderr.replace(world.path().join("task.json").to_str().unwrap(), "stdin");
        assert_eq!(from_stdin.stderr, expected, "{name}");
        assert_eq!(from_stdin.code(), from_file.code(), "{name}");
    }
}

#[test]
fn every_good_task_file_is_accepted() {
    let world = World::new();
    let good = files("tasks");
    assert!(good.len() >= 8, "{}", good.len());
    for name in ["mail.txt", "mail.html"] {
        world.write(Path::new("templates").join(name), fs::read(data("tasks/templates").join(name)).unwrap());
    }
    for (name, bytes) in &good {
        let path = world.write("task.json", bytes);
        let output = world.command(&["notify", "--dry-run", "--json", "--status", "error"]).task(&path).run();
        let result = output.json();
        assert_eq!(result.get("error"), None, "{name}\n{output}");
        if name == "design" {
            // its account is one of Apple Mail's, which this world has not
            output.assert_code(78);
            continue;
        }
        output.assert_code(0);
        let task: Value = serde_json::from_slice(bytes).unwrap();
        let emails = match &task["email"] {
            Value::Null => 0,
            Value::Array(list) => list.len(),
            _ => 1,
        };
        // a screen shows every event, unless its "events" say otherwise
        let screens = ["growl", "desktop"].iter().filter(|key| match &task[**key] {
            Value::Bool(on) => *on,
            Value::Object(screen) => {
                screen.get("events").is_none_or(|e| e.as_array().unwrap().contains(&json!("error")))
            }
            _ => false,
        });
        let expected = emails + screens.count();
        assert_eq!(result["messages"].as_array().map_or(0, Vec::len), expected, "{name}\n{output}");
    }
}

#[test]
fn a_byte_order_mark_crlf_and_exactly_1_mib_are_fine() {
    let world = World::new();
    let good = fs::read_to_string(data("tasks").join("minimal.json")).unwrap();
    let padding = " ".repeat(1024 * 1024 - good.len());
    for bytes in [format!("\u{FEFF}{good}"), good.replace('\n', "\r\n"), good.clone() + &padding] {
        let path = world.write("task.json", bytes);
        world.command(&["notify", "--dry-run", "--status", "success"]).task(&path).run().assert_code(0);
    }
}

/// The schema as the program prints it.
fn schema() -> Value {
    let output = World::new().run(&["schema"]);
    output.assert_success().assert_stderr_is_empty();
    output.json()
}

#[test]
fn the_schema_is_a_valid_one_of_2020_12() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
}

fn is_filled(text: Option<&Value>) -> bool {
    text.and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}

#[test]
fn the_schema_lets_nothing_unknown_pass_and_explains_every_key() {
    fn walk(node: &Value, place: &str, objects: &mut usize) {
        if let Some(Value::Object(properties)) = node.get("properties") {
            *objects += 1;
            assert_eq!(node.get("additionalProperties"), Some(&json!(false)), "{place}");
            // where a value is a choice between objects of one key, each object is explained
            let explained = properties.len() == 1 && is_filled(node.get("description"));
            for (key, value) in properties {
                assert!(explained || is_filled(value.get("description")), "{place}.{key} is not described");
            }
        }
        match node {
            Value::Object(object) => {
                object.iter().for_each(|(key, value)| walk(value, &format!("{place}/{key}"), objects));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, place, objects)),
            _ => {}
        }
    }
    let mut objects = 0;
    walk(&schema(), "", &mut objects);
    // the task, e-mail, tls, two accounts, five passwords, template, desktop, growl, outbox, run, run error
    assert_eq!(objects, 16);
}

#[test]
fn the_schema_accepts_every_good_task_file() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for (name, bytes) in files("tasks") {
        let task: Value = serde_json::from_slice(&bytes).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&task).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_every_bad_task_file_that_a_schema_can_refuse() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut wrong = Vec::new();
    for (name, bytes) in files("bad-tasks") {
        let Ok(task) = serde_json::from_slice::<Value>(&bytes) else { continue };
        if validator.is_valid(&task) != NOT_FOR_A_SCHEMA.contains(&name.as_str()) {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files with many faults prove little about each: so every wrong value by itself.
#[test]
fn the_schema_refuses_each_wrong_value_alone_as_the_program_does() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let world = World::new();
    let good: Value = serde_json::from_slice(&files("tasks")["with-run"]).unwrap();
    for (pointer, value) in [
        ("/name", json!(7)),
        ("/name", json!("")),
        ("/source", json!([])),
        ("/tool", json!("rsink")),
        ("/email", json!([])),
        ("/email", json!("ops@example.com")),
        ("/email/when", json!("always")),
        ("/email/to", json!([])),
        ("/email/to", json!([1])),
        ("/email/account/host", json!("")),
        ("/email/account/port", json!(0)),
        ("/email/account/port", json!(65536)),
        ("/email/account/auth", json!("login")),
        ("/email/account", json!({ "preset": "gmial", "user": "kim@gmail.com" })),
        ("/email/account", json!({ "preset": "gmail", "user": "" })),
        ("/email/account/password", json!("x")),
        ("/email/password", json!("x")),
        ("/email/password", json!({})),
        ("/email/password", json!({ "keychain": false })),
        ("/email/password", json!({ "command": [] })),
        ("/email/password", json!({ "env": "A", "file": "/b" })),
        ("/email/tls/mode", json!("ssl")),
        ("/email/tls/trust", json!([])),
        ("/email/tls/trsut", json!("system")),
        ("/email/subject", json!({ "file": "a", "fiel": "b" })),
        ("/email/attach_log", json!("sometimes")),
        ("/desktop", json!({ "events": [] })),
        ("/desktop", json!({ "events": ["end"] })),
        ("/growl", json!({ "hash": "SHA256" })),
        ("/growl", json!({ "port": 0 })),
        ("/outbox", json!(1)),
        ("/outbox", json!([])),
        ("/outbox", json!({ "folder": "" })),
        ("/outbox", json!({ "max_age": "30" })),
        ("/outbox", json!({ "max_age": 30 })),
        ("/outbox", json!({ "max_count": 0 })),
        ("/outbox", json!({ "max_count": "1" })),
        ("/outbox", json!({ "max_size": 0 })),
        ("/outbox", json!({ "max_size": "1gb" })),
        ("/outbox", json!({ "max": 1 })),
        ("/deadline", json!(60)),
        ("/exit_codes/x", json!("error")),
        ("/exit_codes/23", json!("bad")),
        ("/redact", json!("word")),
        ("/run/status", json!("failed")),
        ("/run/exit_code", json!(3_000_000_000_u64)),
        ("/run/files_total", json!(-1)),
        ("/run/files_total", json!(1.5)),
        ("/run/errors", json!([{ "path": "/x" }])),
        ("/run/colour", json!("red")),
    ] {
        let mut task = good.clone();
        put(&mut task, pointer, &value);
        assert!(!validator.is_valid(&task), "the schema accepts {pointer} = {value}");
        let output = world
            .command(&["notify", "--dry-run", "--status", "error", "--json"])
            .task(&world.task(&task))
            .run();
        output.assert_code(65);
        let key = pointer.rsplit('/').next().unwrap();
        let error = output.json()["error"].as_str().unwrap().to_owned();
        assert!(error.lines().count() == 1 && error.contains(key), "{pointer} = {value}: {error}");
    }
}

/// Puts a value at a place, making the objects on the way.
fn put(task: &mut Value, pointer: &str, value: &Value) {
    let mut node = task;
    for key in pointer.split('/').skip(1) {
        if !node.is_object() {
            *node = json!({});
        }
        node = node.as_object_mut().unwrap().entry(key).or_insert(Value::Null);
    }
    *node = value.clone();
}
