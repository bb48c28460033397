//! `accounts`: what people read, what programs read, and where each of it goes.

use std::fs::OpenOptions;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::mail_plist::{PLACE, Server, USUAL, plist, write};
use crate::support::output::Output;
use crate::support::world::World;

const SERVERS: &[Server<'_>] = &[
    Server { senders: ("Kim Doe", &["kim@example.com", "office@example.com"]), ..USUAL },
    Server {
        host: "mail.example.org", user: "kim@example.org", port: 465, name: "仕事のメール", ..USUAL
    },
    Server { host: "mail.example.net", user: "kim", port: 25, tls: false, name: "Relay", ..USUAL },
    Server { host: "corp.example", user: "kim", scheme: "NTLM", name: "Company", ..USUAL },
];

/// A world whose home has these accounts.
fn world() -> World {
    let world = World::new();
    write(&world, "home", SERVERS);
    world
}

fn at_a_terminal(world: &World, columns: u16, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut talk = world.at_a_terminal(arguments).columns(columns).env("TERM", "xterm");
    for (name, value) in variables {
        talk = talk.env(name, value);
    }
    let talked = talk.run();
    talked.assert_code(0);
    talked.output
}

/// How many columns the longest line takes, the colours and what is there to be copied left out.
fn widest(page: &str) -> usize {
    let line = |line: &str| {
        let mut plain = line.to_owned();
        for mark in ["\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m"] {
            plain = plain.replace(mark, "");
        }
        // of Japanese every letter takes two
        plain.chars().map(|c| if c > '\u{3000}' { 2 } else { 1 }).sum()
    };
    page.lines().filter(|line| !line.contains("write in the task")).map(line).max().unwrap_or_default()
}

#[test]
fn a_table_without_colours_goes_to_what_is_no_terminal() {
    let output = world().run(&["accounts"]);
    output.assert_success().assert_stderr_is_empty().assert_stdout_is(
        "\
ID                                PORT          SENDER                                DESCRIPTION   USABLE
smtp.example.com:kim              587 STARTTLS  Kim Doe <kim@example.com> and 1 more  Work          yes
mail.example.org:kim@example.org  465 TLS       Kim Doe <kim@example.com>             仕事のメール  yes
mail.example.net:kim              25 no TLS     Kim Doe <kim@example.com>             Relay         yes
corp.example:kim                  587 STARTTLS  Kim Doe <kim@example.com>             Company       no
  it signs in with NTLM, which this program does not speak
  write in the task: \"account\": {\"host\": \"corp.example\", \"port\": 587, \"user\": \"kim\"}, \"from\": \"Kim Doe <kim@example.com>\"
",
    );
}

#[test]
fn a_table_keeps_to_the_width_of_its_terminal() {
    let world = world();
    for (columns, is_table) in [(200, true), (100, true), (80, true), (40, false)] {
        let output = at_a_terminal(&world, columns, &[], &["accounts"]);
        let page = &output.stdout;
        assert!(widest(page) <= usize::from(columns), "{columns}: {output}");
        assert_eq!(page.contains("ID  "), is_table, "{columns}: {output}");
        assert_eq!(page.contains('…'), columns == 80 || columns == 100, "{columns}: {output}");
        for server in SERVERS {
            output.assert_stdout_has(&format!("{}:{}", server.host, server.user));
        }
    }
    // what the person says counts more than what the terminal says
    let output = at_a_terminal(&world, 200, &[("COLUMNS", "40")], &["accounts"]);
    assert!(widest(&output.stdout) <= 40, "{output}");
}

#[test]
fn colours_are_for_terminals_whose_person_wants_them() {
    let world = world();
    let coloured = |variables: &[(&str, &str)]| {
        let output = at_a_terminal(&world, 120, variables, &["accounts"]);
        output.stdout.contains('\x1b')
    };
    assert!(coloured(&[]));
    assert!(coloured(&[("NO_COLOR", "")]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
    assert!(!coloured(&[("TERM", "dumb")]));
    let output = world.command(&["accounts"]).env("TERM", "xterm").run();
    assert!(!output.stdout.contains('\x1b'), "{output}");
}

#[test]
fn the_object_for_programs_has_what_is_promised() {
    let world = world();
    let result = world.run(&["accounts", "--json"]).assert_success().json();
    let source = world.home().join(PLACE);
    assert_eq!(result["problems"], json!([]));
    assert_eq!(result.get("looked_at"), None);
    let accounts = result["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), SERVERS.len());
    assert_eq!(
        accounts[0],
        json!({
            "id": "smtp.example.com:kim",
            "description": "Work",
            "host": "smtp.example.com",
            "port": 587,
            "user": "kim",
            "tls_mode": "starttls",
            "auth": "password",
            "senders": ["Kim Doe <kim@example.com>", "Kim Doe <office@example.com>"],
            "source": source,
            "usable": true,
            "reason": null,
            "instead": null,
        })
    );
    assert_eq!(accounts[2]["tls_mode"], "none");
    assert_eq!(accounts[3]["usable"], false);
    assert_eq!(accounts[3]["auth"], Value::Null);
    // one of them is the same object with that one
    let one = world.run(&["accounts", "mail.example.net:kim", "--json"]).assert_success().json();
    assert_eq!(one["accounts"], json!([accounts[2]]));
    assert_eq!(one["problems"], json!([]));
}

#[test]
fn the_lines_of_one_account_work_when_they_are_pasted() {
    let world = world();
    for name in ["smtp.example.com:kim", "office@example.com", "work"] {
        let output = world.run(&["accounts", name]);
        output.assert_success().assert_stderr_is_empty();
        output.assert_stdout_has("\n  \"account\": \"smtp.example.com:kim\",\n");
        output.assert_stdout_has("senders      Kim Doe <kim@example.com>\n");
    }
    let output = world.run(&["accounts", "mail.example.net:kim"]);
    output.assert_stdout_has("\"tls\": {\"mode\": \"starttls\"}").assert_stdout_has("is refused");
    // which moves it to another port
    output.assert_stdout_has("\n  backup-notify password set mail.example.net:kim --tls-mode starttls\n");
    // in another home folder
    world.folder("mac");
    std::fs::rename(world.home().join("Library"), world.path().join("mac/Library")).unwrap();
    let output = world.run(&["accounts", "smtp.example.com:kim", "--mail-home", "mac"]);
    let home = json!(world.path().join("mac")).to_string();
    output.assert_success().assert_stdout_has(&format!("and beside \"email\":\n  \"mail_home\": {home}\n"));
    let mac = world.path().join("mac");
    output.assert_stdout_has(&format!(
        "\n  backup-notify password set smtp.example.com:kim --mail-home {}\n",
        mac.display()
    ));
    let pasted = json!({
        "name": "Nightly",
        "mail_home": world.path().join("mac"),
        "email": {
            "to": "ops@example.com",
            "account": "smtp.example.com:kim",
            "password": { "file": world.write("password", "x") },
        },
    });
    let checked = world.command(&["check", "--offline"]).task(&world.task(&pasted)).run();
    checked.assert_success();
}

#[test]
fn the_line_for_setup_works_when_it_is_pasted() {
    let world = world();
    let home = world.home();
    // a task of root has either written out
    for name in ["smtp.example.com:kim", "corp.example:kim"] {
        for more in [&[][..], &["--mail-home", home.to_str().unwrap()]] {
            let page = world.command(&["accounts", name]).args(more).run();
            let line = page.stdout.lines().find(|line| line.starts_with("  backup-notify setup home "));
            let line =
                line.unwrap_or_else(|| page.fail("no line for setup")).replacen("home ", "task.json ", 1);
            let program = line.replacen("backup-notify", world.binary().to_str().unwrap(), 1);
            let line = format!("{program} --yes --no-test --to ops@example.com --password-stdin");
            world.other_command("sh", &["-c", &line]).stdin(world.secret()).run().assert_success();
            let task = world.path().join("task.json");
            assert!(world.read(&task).contains("\"host\": "), "{}", world.read(&task));
            std::fs::remove_file(task).unwrap();
        }
    }
}

#[test]
fn a_name_that_fits_none_or_several_ends_with_78_and_the_candidates() {
    let world = world();
    let output = world.run(&["accounts", "smtp.example.com:kin"]);
    output.assert_code(78).assert_stdout_is("");
    output.assert_stderr_has("no account goes by the name \"smtp.example.com:kin\"");
    output.assert_stderr_has("  mail.example.org:kim@example.org");
    output.assert_stderr_has("did you mean \"smtp.example.com:kim\"?");
    let output = world.run(&["accounts", "kim@example.com"]);
    output.assert_code(78).assert_stderr_has("several accounts go by the name \"kim@example.com\"");
    let result = world.run(&["accounts", "nobody", "--json"]).assert_code(78).json();
    assert_eq!(result["exit_code"], 78);
    assert!(result["error"].as_str().unwrap().contains("smtp.example.com:kim"), "{result}");
}

#[test]
fn where_nothing_is_found_every_path_is_named_and_what_to_do() {
    let world = World::new();
    let output = world.run(&["accounts"]);
    output.assert_success().assert_stdout_is("");
    output.assert_stderr_has("no SMTP account of Apple Mail was found; looked at:");
    for place in ["Library/Accounts/Accounts4.sqlite", PLACE, "Library/Preferences/com.apple.mail.plist"] {
        output.assert_stderr_has(&world.home().join(place).display().to_string());
    }
    output.assert_stderr_has("what to do: write the account out");
    output.assert_stderr_has("backup-notify accounts --mail-home");
    let result = world.run(&["accounts", "--json"]).assert_success().json();
    assert_eq!(result["accounts"], json!([]));
    assert!(result["looked_at"].as_array().unwrap().len() >= 7, "{result}");
    let output = world.run(&["accounts", "--mail-home", "nowhere"]);
    output.assert_success().assert_stdout_is("").assert_stderr_has("nowhere");
    output.assert_stderr_has("no SMTP account of Apple Mail was found");
    world.run(&["accounts", "-q"]).assert_success().assert_stdout_is("").assert_stderr_is_empty();
    world
        .run(&["accounts", "kim"])
        .assert_code(78)
        .assert_stderr_has("no SMTP account of Apple Mail was found");
}

#[test]
fn root_is_told_whose_home_to_name() {
    let world = World::new();
    let root = nix::unistd::Uid::effective().is_root();
    assert!(root, "this wants to be run by root, as tests/run says");
    let output = world.run(&["accounts"]);
    let example = if cfg!(target_os = "macos") { "/Users/NAME" } else { "/home/NAME" };
    output.assert_stderr_has(&format!("backup-notify accounts --mail-home {example}"));
    // somebody whom every computer has
    let person = nix::unistd::User::from_name("daemon").unwrap().unwrap();
    let output = world.command(&["accounts"]).env("SUDO_USER", "daemon").run();
    output.assert_stderr_has(&format!("backup-notify accounts --mail-home {}", person.dir.display()));
    let output = world.command(&["accounts"]).as_user(4243, 4243).run();
    output.assert_success().assert_stderr_has("backup-notify accounts --mail-home DIR");
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_code_stays_0() {
    let world = World::new();
    let broken = world.write(format!("home/{PLACE}"), "bplist00 and no more");
    world.write("home/Library/Preferences/com.apple.mail.plist", plist(SERVERS, ""));
    let output = world.run(&["accounts"]);
    output.assert_success().assert_stdout_has("smtp.example.com:kim");
    output.assert_stderr_has("backup-notify: warning: ").assert_stderr_has(broken.to_str().unwrap());
    output.assert_stderr_has("what to do: ");
    let output = world.run(&["accounts", "--json"]);
    let result = output.assert_success().assert_stderr_has("warning: ").json();
    assert_eq!(result["problems"][0]["path"], broken.to_str().unwrap());
    world.run(&["accounts", "-q"]).assert_success().assert_stderr_is_empty();
}

#[test]
fn nothing_that_stands_in_a_file_of_mail_can_act() {
    let world = World::new();
    let hostile = Server {
        // XML has no escape character; what it has is bad enough
        name: "a\u{9b}31mb\u{202E}c\u{2066}\u{7f}\nd\u{e0041}",
        senders: ("E\u{202E}ve\u{9b}", &["eve@example.com"]),
        ..USUAL
    };
    let odd = Server { user: "k\u{202E}im", ..hostile };
    write(&world, "home", &[hostile, odd]);
    let acts = |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{7f}' | '\u{e0041}');
    for arguments in [
        ["accounts"].as_slice(),
        &["accounts", "-v"],
        &["accounts", "--json"],
        &["accounts", "smtp.example.com:kim"],
        &["accounts", "nobody"],
        &["accounts", "--complete", "all"],
    ] {
        let output = world.run(arguments);
        assert!(!output.stdout.chars().any(acts), "{arguments:?}: {:?}", output.stdout);
        assert!(!output.stderr.chars().any(acts), "{arguments:?}: {:?}", output.stderr);
    }
    let table = world.run(&["accounts"]).stdout;
    let rows = table.lines().filter(|line| line.contains("smtp.example.com")).count();
    assert_eq!(rows, 2, "a line break in a description makes no row:\n{table}");
}

#[test]
fn a_full_disk_is_told_and_a_reader_who_has_gone_is_not() {
    let world = world();
    for arguments in [["accounts"].as_slice(), &["accounts", "--json"], &["accounts", "work"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(world.binary())
            .args(arguments)
            .env_clear()
            .env("HOME", world.home())
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{said}");
        assert!(said.contains("cannot write to stdout: no space left on device"), "{said}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(world.binary())
            .args(arguments)
            .env_clear()
            .env("HOME", world.home())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
    // the completions have nobody to tell
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(world.binary())
        .args(["accounts", "--complete", "all"])
        .env_clear()
        .env("HOME", world.home())
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn what_is_asked_for_the_completions_never_fails_and_never_talks() {
    let world = world();
    world.folder("home/Library/Accounts/Accounts4.sqlite");
    let output = world.run(&["accounts", "--complete", "usable"]);
    output.assert_success().assert_stderr_is_empty();
    output.assert_stdout_has("smtp.example.com:kim\tWork\n");
    assert!(!output.stdout.contains("corp.example"), "{output}");
    let output = world.run(&["accounts", "--complete", "all"]);
    output.assert_success().assert_stdout_has("corp.example:kim\tCompany\n");
    for home in ["nowhere", "/dev/null", "/proc/1/root"] {
        let output = world.run(&["accounts", "--complete", "all", "--mail-home", home]);
        output.assert_success().assert_stderr_is_empty().assert_stdout_is("");
    }
    // a link that leads to itself
    symlink("loop", world.path().join("loop")).unwrap();
    let output = world.run(&["accounts", "--complete", "all", "--mail-home", "loop"]);
    output.assert_success().assert_stderr_is_empty().assert_stdout_is("");
}
