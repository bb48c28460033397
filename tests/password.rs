//! `password`: what is kept, for which account, in whose keychain.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::mail_plist::{ICLOUD, Server, USUAL, write, write_with};
use crate::support::output::Output;
use crate::support::world::World;

const ACCOUNT: &str = "smtp.example.com:587:kim";

fn vault(world: &World) -> String {
    let place = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    world.home().join(place).join("backup-notify/keychain/vault").to_str().unwrap().to_owned()
}

/// Keeps the secret of the world for an account.
fn set(world: &World, account: &str) -> Output {
    world.command(&["password", "set", account, "--stdin"]).stdin(world.secret()).run()
}

/// The accounts whose passwords are kept.
fn kept(world: &World) -> Vec<String> {
    let result = world.run(&["password", "list", "--json"]).assert_success().json();
    result["passwords"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["account"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_full_name_is_kept_as_it_is_typed() {
    let world = World::new();
    for account in ["smtp.example.com:587:kim", "smtp.example.com:587:kim "] {
        set(&world, account).assert_success().assert_stdout_is(&format!("kept: {account}\n"));
    }
    assert_eq!(kept(&world), [ACCOUNT, "smtp.example.com:587:kim "]);
}

#[test]
fn a_name_that_cannot_be_shown_is_refused_and_no_line_to_type() {
    let world = World::new();
    let output = set(&world, "smtp.example.com:587:a\u{202E}b");
    output.assert_code(78).assert_stderr_has("a user name may not hold characters that cannot be shown");
    let output = set(&world, "smtp.example.com:a\u{202E}b");
    output.assert_stderr_lacks("name its port too").assert_stderr_lacks("smtp.example.com:587:a");
}

/// `TZ` may be the path of a file, and nobody ever writes into this one.
#[test]
fn a_time_zone_without_end_is_not_read() {
    let world = World::new();
    set(&world, ACCOUNT).assert_success();
    let pipe = world.path().join("zone");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    for zone in [pipe.to_str().unwrap(), "zone", ":zone"] {
        let output = world.command(&["password", "list"]).env("TZ", zone).run();
        output.assert_success().assert_stdout_has(ACCOUNT);
    }
}

#[test]
fn a_password_is_kept_listed_replaced_and_removed() {
    let world = World::new();
    let keychain = format!("the private keychain of root (\"{}\")", vault(&world));
    let output = world.run(&["password", "list"]);
    output.assert_success().assert_stdout_is("").assert_stderr_has(&format!("{keychain} keeps nothing\n"));

    let output = set(&world, ACCOUNT);
    output.assert_success().assert_stdout_is(&format!("kept: {ACCOUNT}\n"));
    output.assert_stderr_has(&format!("the password of kim at smtp.example.com:587 goes into {keychain}\n"));
    let output = world.run(&["password", "list"]);
    output.assert_success().assert_stderr_is_empty();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines[0], "ACCOUNT                   KEPT SINCE");
    assert!(lines[1].starts_with(&format!("{ACCOUNT}  20")) && lines.len() == 2, "{output}");

    let output = set(&world, ACCOUNT);
    output.assert_success().assert_stdout_is(&format!("kept: {ACCOUNT}, in place of the earlier one\n"));
    output.assert_stderr_has("in place of the one that is kept there");
    let output = world.run(&["password", "remove", ACCOUNT, "-v"]);
    output.assert_success().assert_stdout_is(&format!("removed: {ACCOUNT}\n")).assert_stderr_has(&keychain);
    assert!(kept(&world).is_empty());
}

#[test]
fn programs_are_told_the_same() {
    let world = World::new();
    let run = |arguments: &[&str], stdin: &str| world.command(arguments).args(["--json"]).stdin(stdin).run();
    let vault = vault(&world);
    let set = ["password", "set", ACCOUNT, "--stdin"];
    for replaced in [false, true] {
        let result = run(&set, world.secret()).assert_success().json();
        let expected = json!({
            "account": ACCOUNT, "vault": vault, "user": "root", "replaced": replaced, "tested": false,
            "exit_code": 0,
        });
        assert_eq!(result, expected);
    }
    run(&["password", "set", "growl:mac.local", "--stdin"], world.secret()).assert_success();
    let result = run(&["password", "list"], "").assert_success().assert_stderr_is_empty().json();
    assert_eq!((result["vault"].as_str(), result["user"].as_str()), (Some(vault.as_str()), Some("root")));
    let mut passwords = result["passwords"].as_array().unwrap().clone();
    for password in &mut passwords {
        let stored = password.as_object_mut().unwrap().remove("stored").unwrap();
        assert!(stored.as_str().unwrap().ends_with('Z'), "{stored}");
    }
    let smtp = json!({
        "account": ACCOUNT, "service": "smtp", "host": "smtp.example.com", "port": 587, "user": "kim",
    });
    let growl = json!({
        "account": "growl:mac.local", "service": "growl", "host": "mac.local", "port": 23053, "user": null,
    });
    assert!(passwords.len() == 2 && passwords.contains(&smtp) && passwords.contains(&growl), "{passwords:?}");
    let result = run(&["password", "remove", ACCOUNT], "").assert_success().json();
    let expected = json!({
        "account": ACCOUNT, "vault": vault, "user": "root", "removed": true, "exit_code": 0,
    });
    assert_eq!(result, expected);
    let result = run(&["password", "remove", ACCOUNT], "").assert_code(77).json();
    assert_eq!(result["exit_code"], 77);
    assert!(result["error"].as_str().unwrap().contains("growl:mac.local"), "{result}");
    let result = run(&["password", "set", "nobody", "--stdin"], "x").assert_code(78).json();
    assert!(result["hint"].as_str().unwrap().contains("smtp.example.com:587:kim@example.com"), "{result}");
}

/// The account is clear, and what is not found is a secret: 77, as where a task's password is not found.
#[test]
fn what_is_not_kept_cannot_be_removed_and_what_is_kept_is_named() {
    let world = World::new();
    let output = world.run(&["password", "remove", ACCOUNT]);
    output.assert_code(77).assert_stderr_has(&vault(&world)).assert_stderr_has("keeps nothing");
    set(&world, ACCOUNT).assert_success();
    set(&world, "mail.example.org:465:jo").assert_success();
    let output = world.run(&["password", "remove", "smtp.example.com:465:kim"]);
    output.assert_code(77).assert_stdout_is("").assert_stderr_has("  mail.example.org:465:jo\n");
    output.assert_stderr_has(&format!("if that one is meant: backup-notify password remove {ACCOUNT}\n"));
    assert_eq!(kept(&world).len(), 2);
}

#[test]
fn standard_input_is_one_line_and_nothing_else() {
    let world = World::new();
    let set = |stdin: &[u8]| world.command(&["password", "set", ACCOUNT, "--stdin"]).stdin(stdin).run();
    let longest = "x".repeat(64 * 1024);
    let too_long = "x".repeat(64 * 1024 + 1);
    for (stdin, said) in [
        (b"".as_slice(), "standard input is empty"),
        (b"\n", "its first line is empty"),
        (b"\nhunter2\n", "more than one line"),
        (b"hunter2\nhunter3\n", "more than one line"),
        (b"hunter2\n\n", "more than one line"),
        (b"hunter\0two\n", "NUL"),
        (b"hunter\rtwo\n", "line break"),
        (b"hunter\xfftwo\n", "UTF-8"),
        (too_long.as_bytes(), "longer than 64 KiB"),
    ] {
        let output = set(stdin);
        output.assert_code(77).assert_stdout_is("").assert_stderr_has(said).assert_stderr_lacks("hunter");
        output.assert_stderr_has("what to do: hand over one line");
    }
    assert!(kept(&world).is_empty());
    for good in ["hunter2", "hunter2\n", "hunter2\r\n", " with blanks \n", "pässwörd 密码\n", &longest] {
        set(good.as_bytes()).assert_success();
    }
    assert_eq!(kept(&world), [ACCOUNT]);
}

#[test]
fn standard_input_that_nobody_closes_is_waited_for_until_the_deadline() {
    let world = World::new();
    let mut child = Command::new(world.binary())
        .args(["password", "set", ACCOUNT, "--stdin", "--deadline", "1s"])
        .env_clear()
        .env("HOME", world.home())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"hunter2\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(
        said.contains("standard input did not end before the time for the whole run was over (1s)"),
        "{said}"
    );
    assert!(kept(&world).is_empty());
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let world = World::new();
    let output = world.run(&["password", "set", ACCOUNT]);
    output.assert_code(64).assert_stderr_has("nobody is there to be asked");
    output.assert_stderr_has(&format!("backup-notify password set {ACCOUNT} --stdin"));
    world.run(&["password", "set", ACCOUNT, "--stdin", "--test", "--no-test"]).assert_code(64);
    let output = world.command(&["password", "set", "growl:mac", "--stdin", "--test"]).stdin("x").run();
    output.assert_code(64).assert_stderr_has("a password of Growl cannot be tried");
}

/// Where the password of each name goes.
#[test]
fn an_account_goes_by_every_name_that_messages_mail_and_presets_have_for_it() {
    let world = World::new();
    let relay = Server {
        host: "relay.example.org",
        user: "relay",
        port: 2525,
        name: "Relay",
        senders: ("", &[]),
        ..USUAL
    };
    let ntlm = Server { host: "corp.example", scheme: "NTLM", name: "Company", senders: ("", &[]), ..USUAL };
    write_with(&world, "home", &[USUAL, relay, ntlm], ICLOUD);
    for (name, place) in [
        ("SMTP.Example.COM.:587:kim", ACCOUNT),
        ("[::1]:25:kim", "[::1]:25:kim"),
        ("bücher.example:465:jo", "xn--bcher-kva.example:465:jo"),
        ("smtp.example.com:kim", ACCOUNT),
        ("kim@example.com", ACCOUNT),
        ("work", ACCOUNT),
        ("Relay", "relay.example.org:2525:relay"),
        ("relay.example.org:relay", "relay.example.org:2525:relay"),
        ("gmail:kim@gmail.com", "smtp.gmail.com:465:kim@gmail.com"),
        // of Mail, which stores no server for it
        ("icloud:kim@icloud.com", "smtp.mail.me.com:587:kim@icloud.com"),
        ("kim@icloud.com", "smtp.mail.me.com:587:kim@icloud.com"),
        // as what a task writes in its place
        ("corp.example:kim", "corp.example:587:kim"),
        ("growl:Mac.local", "growl:mac.local"),
        ("growl:mac.local:1234", "growl:mac.local:1234"),
    ] {
        set(&world, name).assert_success();
        assert_eq!(kept(&world), [place], "{name}");
        world.run(&["password", "remove", name]).assert_success();
        assert!(kept(&world).is_empty(), "{name}");
    }
    // a mode moves an account as it does in a task
    let moved = |arguments: &[&str]| {
        let command = world.command(&["password", "set", "--stdin"]).args(arguments);
        command.stdin(world.secret()).run().assert_success();
        let [place] = &kept(&world)[..] else { panic!("{:?}", kept(&world)) };
        world.run(&["password", "remove", place]).assert_success();
        place.clone()
    };
    assert_eq!(moved(&["work", "--tls-mode", "implicit"]), "smtp.example.com:465:kim");
    assert_eq!(
        moved(&["icloud:kim@icloud.com", "--tls-mode", "implicit"]),
        "smtp.mail.me.com:465:kim@icloud.com"
    );
    assert_eq!(moved(&[ACCOUNT, "--tls-mode", "implicit"]), ACCOUNT);
}

#[test]
fn a_name_that_fits_none_or_several_ends_with_78_and_the_candidates() {
    let world = World::new();
    for (name, said, hint) in [
        ("kim", "no account \"kim\" is known", "smtp.example.com:587:kim@example.com"),
        (
            "smtp.example.com:kim",
            "is no full name",
            "name its port too: smtp.example.com:587:kim or smtp.example.com:465:kim",
        ),
        ("smtp.example.com:587", "is known", "name server, port and user"),
        ("smtp.example.com:70000:kim", "is known", "name its port too"),
        ("sm tp:587:kim", "expected a host name", "name server, port and user"),
        ("growl:", "names no computer", "write growl:HOST or growl:HOST:PORT"),
        ("", "is known", "name server, port and user"),
        ("nopreset:kim@example.com", "is known", "name server, port and user"),
    ] {
        let output = set(&world, name);
        output.assert_code(78).assert_stdout_is("").assert_stderr_has(said).assert_stderr_has(hint);
        world.run(&["password", "remove", name]).assert_code(78).assert_stderr_has(said);
    }
    write(&world, "home", &[USUAL, Server { host: "mail.example.org", ..USUAL }]);
    let output = set(&world, "kim@example.com");
    output.assert_code(78).assert_stderr_has("several accounts go by the name \"kim@example.com\":");
    output.assert_stderr_has("  mail.example.org:kim");
    let output = set(&world, "smtp.example.com:kin");
    output.assert_code(78).assert_stderr_has("did you mean \"smtp.example.com:kim\"?");
    // where a URL has its user name it may have a password too
    let output = set(&world, "smtp://kim:hunter2@smtp.example.com:587");
    output.assert_code(64).assert_stderr_has("found a URL").assert_stderr_lacks("hunter2");
    assert!(kept(&world).is_empty());
}

#[test]
fn an_account_that_signs_in_with_a_token_is_kept_with_a_warning() {
    let world = World::new();
    let output = set(&world, "outlook:kim@outlook.com");
    output.assert_success().assert_stderr_has("OAuth 2 token");
    assert_eq!(kept(&world), ["smtp-mail.outlook.com:587:kim@outlook.com"]);
}

#[test]
fn every_user_has_a_keychain_of_their_own() {
    let world = World::new();
    set(&world, ACCOUNT).assert_success();
    let other = World::new();
    let set = other.command(&["password", "set", ACCOUNT, "--stdin"]).stdin(other.secret());
    let output = set.as_user(4243, 4243).run();
    output.assert_success().assert_stderr_has("the private keychain of number 4243");
    let list = other.command(&["password", "list", "--json"]).as_user(4243, 4243).run();
    let result = list.assert_success().json();
    assert_eq!(result["vault"], vault(&other));
    assert_eq!(result["passwords"][0]["account"], ACCOUNT);
    // a user whose HOME is root's: the vault there is named, and not read
    let program = world.path().join("program");
    std::fs::copy(world.binary(), &program).unwrap();
    for folder in [world.path().to_owned(), world.home()] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).unwrap();
    }
    let lists = Command::new(program)
        .args(["password", "list"])
        .env_clear()
        .env("HOME", world.home())
        .current_dir("/")
        .uid(4244)
        .gid(4244)
        .output()
        .unwrap();
    let said = String::from_utf8(lists.stderr).unwrap();
    assert_eq!((lists.status.code(), lists.stdout.len()), (Some(77), 0), "{said}");
    assert!(
        said.contains(&vault(&world)) || said.contains(vault(&world).rsplit_once('/').unwrap().0),
        "{said}"
    );
}

#[test]
fn what_is_asked_for_the_completions_never_fails_and_never_talks() {
    let world = World::new();
    let offered = || {
        let output = world.run(&["accounts", "--complete", "kept"]);
        output.assert_success().assert_stderr_is_empty();
        output.stdout
    };
    assert_eq!(offered(), "");
    set(&world, ACCOUNT).assert_success();
    assert!(offered().starts_with(&format!("{ACCOUNT}\tkept since 20")), "{}", offered());
    std::fs::write(vault(&world), "damaged").unwrap();
    assert_eq!(offered(), "");
    world.run(&["password", "list"]).assert_code(77).assert_stderr_has(&vault(&world));
}

#[test]
fn a_keychain_that_cannot_be_used_is_told_before_a_password_is_asked_for() {
    let world = World::new();
    set(&world, ACCOUNT).assert_success();
    std::fs::write(vault(&world), "damaged").unwrap();
    for arguments in [["password", "set", ACCOUNT, "--stdin"].as_slice(), &["password", "remove", ACCOUNT]] {
        // standard input is left alone: an empty one would be told otherwise
        let result = world.command(arguments).args(["--json"]).run().assert_code(77).json();
        assert!(result["error"].as_str().unwrap().contains("damaged"), "{result}");
        assert_ne!(result["hint"], Value::Null);
    }
    assert_eq!(std::fs::read_to_string(vault(&world)).unwrap(), "damaged");
}

#[test]
fn a_result_that_cannot_be_printed_does_not_look_like_a_password_that_is_not_kept() {
    let world = World::new();
    let binary = world.binary().to_str().unwrap();
    let run = |arguments: &str| {
        let script = format!("echo hunter2 | \"$1\" password {arguments} > /dev/full");
        world.other_command("sh", &["-c", &script, "sh", binary, ACCOUNT]).run()
    };
    for json in ["", " --json"] {
        let output = run(&format!("set \"$2\" --stdin --quiet{json}"));
        output.assert_code(74).assert_stderr_has("cannot write to stdout: no space left on device");
        output.assert_stderr_has("the password is kept all the same");
        assert_eq!(kept(&world), [ACCOUNT]);
        let output = run(&format!("remove \"$2\" --quiet{json}"));
        output.assert_code(74).assert_stderr_has("the password is removed all the same");
        assert!(kept(&world).is_empty());
    }
}

#[test]
fn a_home_that_is_not_absolute_counts_as_none() {
    let world = World::new();
    world.folder("rel");
    for home in [".", "rel", "./rel", "../rel"] {
        let list =
            || world.command(&["password", "list", "--json"]).env("HOME", home).in_folder(world.path());
        let result = list().run().assert_success().json();
        assert!(result["vault"].as_str().unwrap().starts_with("/root/"), "{home}: {result}");
        // somebody whom the database does not know has none then
        list().as_user(4242, 4242).run().assert_code(77).assert_stderr_has("has no home folder");
    }
}
