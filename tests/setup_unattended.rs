//! `setup` without a terminal: every answer is a flag, and what is there stays unless it was said.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::setup::{JON, home_files, own_certificate, server, vault};
use crate::support::output::Output;
use crate::support::run::Run;
use crate::support::smtp_server::SmtpServer;
use crate::support::world::World;

/// Every answer for this server but the file, the consent and the test.
pub(crate) fn answers<'w>(world: &'w World, server: &SmtpServer, pin: &str, file: &str) -> Run<'w> {
    let account = server.account(JON, "password").to_string();
    world
        .command(&["setup", file, "--name", "Nightly", "--when", "finish", "--to", "ops@example.test"])
        .args(["--account", &account, "--tls-trust", pin, "--password-stdin"])
        .stdin(world.secret().to_owned() + "\n")
}

fn task_at(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_answer_can_be_a_flag() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let output = answers(&world, &server, &pin, "task.json").args(["--test"]).run();
    output.assert_success().assert_stderr_has("sent to ops@example.test");
    output.assert_stderr_has("Kept: the password of ").assert_stdout_has("# rsync: ");
    assert!(!output.stdout.contains("sent to"), "{output}");
    let file = world.path().join("task.json");
    // the port says how: STARTTLS is the default of every port but 465
    let account = json!({ "host": "127.0.0.1", "port": server.port(), "user": JON, "auth": "password" });
    let expected = json!({ "name": "Nightly", "email": {
        "to": "ops@example.test", "account": account, "tls": { "trust": pin },
    } });
    let mut found = task_at(&file);
    found["email"]["account"]["auth"] = json!("password");
    assert_eq!(found, expected);
    assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600);
    assert!(vault(&world).exists());
    assert_eq!(server.messages().len(), 1);
    server.assert_clean();
}

#[test]
fn the_result_for_programs_is_one_object() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let result = answers(&world, &server, &pin, "home").args(["--test", "--yes", "--json", "-q"]).run();
    let result = result.assert_success().assert_stderr_is_empty().json();
    assert_eq!(result["file"], json!(world.home().join(".config/backup-notify/home.json")));
    assert_eq!(result["account"], format!("127.0.0.1:{}:{JON}", server.port()));
    assert_eq!(result["vault"], json!(vault(&world)));
    assert_eq!(result["written"], true);
    assert_eq!(result["test"]["deliveries"][0]["status"], "sent");
    assert_eq!(result["check"]["deliveries"][0]["status"], "checked");
    assert_eq!(result["exit_code"], 0);
    assert_eq!(result["hooks"].as_array().unwrap().len(), 8);
    let wrong = answers(&world, &server, "system", "other.json").args(["--test", "--json"]).run();
    let result = wrong.assert_code(76).assert_stderr_has("nothing was written").json();
    assert_eq!((&result["written"], &result["exit_code"]), (&json!(false), &json!(76)));
    assert!(!world.path().join("other.json").exists());
}

#[test]
fn all_that_is_missing_is_listed_at_once() {
    let world = World::new();
    let has = |output: &Output, flags: &[&str], others: &[&str]| {
        output.assert_code(64).assert_stdout_is("");
        for flag in flags {
            output.assert_stderr_has(&format!("backup-notify:   {flag}"));
        }
        for flag in others {
            output.assert_stderr_lacks(&format!("backup-notify:   {flag}"));
        }
    };
    let output = world.run(&["setup", "task.json"]);
    let always = ["--account", "--to", "--password-stdin"];
    has(&output, &always, &["--yes", "--from"]);
    has(&output, &["--name", "--when", "--test or --no-test"], &[]);
    has(&world.run(&["setup", "home"]), &["--yes: the folder"], &[]);
    has(&world.run(&["setup", "task.json", "--yes"]), &always, &["--name", "--when", "--test"]);
    let account = ["--account", r#"{"host": "127.0.0.1", "user": "jon"}"#];
    let output = world.command(&["setup", "task.json", "--yes"]).args(account).run();
    has(&output, &["--to", "--from", "--password-stdin"], &["--account"]);
    let output =
        world.command(&["setup", "task.json", "--yes", "--password-stdin"]).args(account).stdin("x\n").run();
    has(&output, &["--to", "--from"], &["--account", "--password-stdin"]);
    assert_eq!(home_files(&world), Vec::<std::path::PathBuf>::new());
    let result = world.run(&["setup", "task.json", "--json"]).assert_code(64).json();
    assert!(result["error"].as_str().unwrap().contains("--account ACCOUNT"), "{result}");
    let output = world.command(&["setup", "task.json"]).as_user(4243, 4243).run();
    has(&output, &["--run-by me or --run-by root"], &[]);
}

#[test]
fn who_names_a_task_that_is_not_there_is_told_how_to_have_it_written() {
    let world = World::new();
    let output = world.run(&["check", "--task", "my home"]);
    output.assert_code(66);
    output
        .assert_stderr_has("have it written by backup-notify setup 'my home', or give the path of its file");
}

/// A file with much that nobody is asked about, in an order of its own.
const RICH: &str = r#"{
  "exit_codes": {
    "23": "error",
    "24": "success"
  },
  "name": "Nightly",
  "growl": {
    "host": "127.0.0.1",
    "events": [
      "error"
    ]
  },
  "email": [
    {
      "subject": "{{ task.name }}: ü",
      "to": [
        "ops@example.test",
        "kim@example.test"
      ],
      "account": {
        "user": "jon@example.test",
        "host": "127.0.0.1"
      },
      "attach_log": "error",
      "when": "finish",
      "password": {
        "file": "secret"
      },
      "tls": {
        "trust": "self-signed-root"
      }
    },
    {
      "to": "archive@example.test",
      "account": {
        "preset": "gmx",
        "user": "kim@gmx.net"
      },
      "password": {
        "env": "GMX"
      }
    }
  ],
  "deadline": "20s",
  "redact": [
    "private"
  ]
}
"#;

#[test]
fn what_is_not_asked_about_stays_and_so_does_its_order() {
    let world = World::new();
    world.secret_file();
    world.write("task.json", RICH);
    let yes = |flags: &[&str]| {
        let run = world.command(&["setup", "task.json", "--yes", "--no-test"]).args(flags);
        run.env("GMX", "x").run()
    };
    // nothing changes: not even its spelling
    world.write("task.json", RICH.replace("  ", " "));
    yes(&[]).assert_success();
    assert_eq!(world.read("task.json"), RICH.replace("  ", " "));
    world.write("task.json", RICH);
    yes(&["--when", "error", "--to", "Ops <ops@example.test>"]).assert_success();
    let expected = RICH.replace("\"finish\"", "\"error\"").replace(
        "[\n        \"ops@example.test\",\n        \"kim@example.test\"\n      ]",
        "\"Ops <ops@example.test>\"",
    );
    assert_eq!(world.read("task.json"), expected);
    // an account of another server takes nothing of the old one's protection along
    world.write("task.json", RICH);
    let output = yes(&["--account", r#"{"preset": "gmx", "user": "jon@gmx.net"}"#, "--name", "New"]);
    output.assert_success().assert_stderr_has("it was for the server before, 127.0.0.1:587:");
    output.assert_stderr_has("trust \"self-signed-root\"");
    let found = task_at(&world.path().join("task.json"));
    assert_eq!(found["email"][0]["account"], json!({ "preset": "gmx", "user": "jon@gmx.net" }));
    assert_eq!(found["email"][0].get("tls"), None);
    assert_eq!((&found["name"], &found["email"][0]["attach_log"]), (&json!("New"), &json!("error")));
    // the source of the password stays, and it can be changed
    assert_eq!(found["email"][0]["password"], json!({ "file": "secret" }));
    yes(&["--password-source", r#"{"env": "GMX"}"#]).assert_success();
    assert_eq!(task_at(&world.path().join("task.json"))["email"][0]["password"], json!({ "env": "GMX" }));
}

#[test]
fn a_file_that_is_there_is_not_touched_without_consent() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let good = "{ \"name\": \"x\", \"desktop\": true }";
    world.write("task.json", good);
    let output = answers(&world, &server, &pin, "task.json").args(["--no-test"]).run();
    output.assert_code(64).assert_stderr_has("--yes: ").assert_stderr_has("is there already, and is edited");
    assert_eq!(world.read("task.json"), good);
    for (text, code) in [("{ \"name\": ", 65), ("{\"name\": \"x\", \"emial\": {}}", 65), ("", 65)] {
        world.write("task.json", text);
        let output = answers(&world, &server, &pin, "task.json").args(["--no-test", "--yes"]).run();
        output.assert_code(code).assert_stderr_has("the file stays as it is");
        assert_eq!(world.read("task.json"), text);
    }
    world.write_with_mode("task.json", good, 0o666);
    let output = answers(&world, &server, &pin, "task.json").args(["--no-test", "--yes"]).run();
    output.assert_code(77).assert_stderr_has("chmod").assert_stderr_has("the file stays as it is");
    assert_eq!(world.read("task.json"), good);
    assert!(!vault(&world).exists());
    // what is no file, and where none can be made
    for (file, code) in [("./home", 66), ("-", 64), ("none/", 64), ("a\nb.json", 64)] {
        world.run(&["setup", file, "--yes"]).assert_code(code);
    }
    assert!(server.snapshot().is_empty(), "without a test the network is left alone");
}

#[test]
fn a_link_goes_on_leading_to_the_file() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    // a screen, but not that of somebody who is logged in here: the check at the end would ask there
    world.write("elsewhere/real.json", "{\"name\": \"x\", \"growl\": {\"port\": 1}}");
    symlink("elsewhere/real.json", world.path().join("task.json")).unwrap();
    answers(&world, &server, &pin, "task.json").args(["--test", "--yes"]).run().assert_success();
    assert!(world.path().join("task.json").is_symlink());
    let real = task_at(&world.path().join("elsewhere/real.json"));
    assert_eq!((&real["growl"], &real["name"]), (&json!({ "port": 1 }), &json!("Nightly")));
    symlink("nowhere.json", world.path().join("loose.json")).unwrap();
    let output = answers(&world, &server, &pin, "loose.json").args(["--no-test", "--yes"]).run();
    output.assert_code(66).assert_stderr_has("remove the link, or make what it leads to");
    assert!(!world.path().join("nowhere.json").exists());
}

#[test]
fn a_password_is_one_line_and_never_missing() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    for nothing in ["", "\n"] {
        let run = answers(&world, &server, &pin, "task.json").args(["--no-test"]).stdin(nothing);
        run.run().assert_code(77).assert_stderr_has("standard input ");
    }
    let open = ["--account", r#"{"host": "127.0.0.1", "auth": "none"}"#, "--from=a@example.test"];
    let run = world.command(&["setup", "task.json", "--yes", "--no-test", "--to=b@example.test"]).args(open);
    run.args(["--password-stdin"]).stdin("x\n").run().assert_code(64).assert_stderr_has("without a password");
    assert_eq!(home_files(&world), Vec::<std::path::PathBuf>::new());
}

/// Sets up a task that needs no password; nothing of it is tested.
pub(crate) fn set_up<'w>(world: &'w World, file: &[&str]) -> Run<'w> {
    let open = r#"{"host": "127.0.0.1", "auth": "none"}"#;
    let run = world.command(&["setup", "--yes", "--no-test", "--from=a@b.test", "--to=c@b.test"]);
    run.args(["--account", open]).args(file)
}

#[test]
fn a_file_whose_name_begins_as_a_flag_needs_a_path() {
    let world = World::new();
    set_up(&world, &["--", "-x"]).run().assert_code(64).assert_stderr_has("or a path: ./-x\n");
    let output = set_up(&world, &["./-x.json"]).run();
    output.assert_success().assert_stdout_has(&format!("--task {} ", world.path().join("-x.json").display()));
}

#[test]
fn a_failure_to_write_leaves_no_folders_or_names_them() {
    let world = World::new();
    // no file may have a byte, as on a full disk
    let limited = |account: &str| {
        let script =
            "ulimit -f 0; exec \"$0\" setup home --yes --no-test --from=a@b.test --to=c@b.test \"$@\"";
        let program = world.binary().to_str().unwrap();
        world.other_command("/bin/sh", &["-c", script, program, "--account", account])
    };
    let output = limited(r#"{"host": "h", "auth": "none"}"#).run();
    output.assert_code(74).assert_stderr_has("nothing was written");
    assert_eq!(home_files(&world), Vec::<std::path::PathBuf>::new());
    let run = limited(r#"{"host": "h", "user": "jon"}"#).args(["--password-stdin"]);
    let output = run.stdin(world.secret().to_owned() + "\n").run();
    let folder = vault(&world).parent().unwrap().display().to_string();
    output
        .assert_code(74)
        .assert_stderr_has(&format!("nothing was written, but the folder \"{folder}\" was made"));
}

#[test]
fn pieces_of_a_killed_setup_go_with_the_next_one() {
    let world = World::new();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let gone = world.write(format!("task.json.{}-0.new", child.id()), "{");
    let running = world.write(format!("task.json.{}-0.new", std::process::id()), "{");
    let other = world.write(format!("other.json.{}-0.new", child.id()), "{");
    set_up(&world, &["task.json"]).run().assert_success();
    assert_eq!([gone, running, other].map(|piece| piece.exists()), [false, true, true]);
}
