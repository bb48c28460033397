//! What the man page and the README tell people to type works.

use std::collections::BTreeSet;
use std::path::Path;

use backup_notify::cli::Cli;
use backup_notify::exit::Exit;
use clap::Parser;
use serde_json::{Value, json};

use crate::mail_plist;
use crate::pages::examples::{EXAMPLES, Example, Kind};
use crate::support::certs::Leaf;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

const README: &str = include_str!("../README.md");
const CLI: &str = concat!(
    include_str!("../src/cli/examples.rs"),
    include_str!("../src/cli/password.rs"),
    include_str!("../src/cli/run.rs"),
    include_str!("../src/cli/overdue.rs")
);

/// A piece of code in the README, and the language it is in.
struct Block {
    language: String,
    code: String,
}

fn readme_blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for line in README.lines() {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some((indent, Block { language: language.to_owned(), code: String::new() }));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (None, Some((indent, block))) => {
                block.code.push_str(line.get(*indent..).unwrap_or_default());
                block.code.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(blocks.len() > 8, "the README has lost its code");
    blocks
}

/// Finds the calls of the program in lines for a shell, and takes them apart as a shell does.
fn calls(code: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut chars = code.chars().peekable();
    let mut end = |words: &mut Vec<String>| {
        let words = std::mem::take(words);
        if let Some(at) = words.iter().position(|w| w == "backup-notify" || w.ends_with("/bin/backup-notify"))
        {
            // behind "install" and the like it is only a name
            if at == 0 || words[..at].iter().all(|word| word == "*" || word.parse::<u32>().is_ok()) {
                calls.push(words[at..].to_vec());
            }
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '"')),
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            ' ' | '\t' => words.extend(word.take()),
            '\n' | ';' | '|' | '&' | '>' => {
                words.extend(word.take());
                end(&mut words);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.take());
    end(&mut words);
    calls
}

#[test]
fn every_call_in_every_example_is_understood() {
    let mut code: Vec<String> =
        EXAMPLES.iter().filter(|e| e.kind != Kind::Task).map(|e| e.code.to_owned()).collect();
    code.extend(readme_blocks().into_iter().filter(|b| b.language == "sh").map(|b| b.code));
    // the examples at the end of the help pages, as they stand in the source
    let helps: Vec<&str> = CLI
        .lines()
        .filter(|line| line.starts_with("  backup-notify ") || line.starts_with("  0 9 * * * "))
        .map(str::trim)
        .collect();
    assert!(helps.len() > 8, "the help pages have lost their examples");
    code.extend(helps.iter().map(|line| line.replace("\\\"", "\"").trim_end_matches("\";").to_owned()));
    let mut seen = 0;
    for code in code {
        for call in calls(&code) {
            // what the shell puts in
            let call: Vec<String> = call
                .iter()
                .map(|word| if word.starts_with('$') && !word.contains('/') { "1" } else { word })
                .map(str::to_owned)
                .collect();
            if let Err(error) = Cli::try_parse_from(&call)
                && error.use_stderr()
            {
                panic!("{call:?} in\n{code}\n{error}");
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} calls were found");
}

#[test]
fn every_task_in_every_example_is_accepted() {
    let mut tasks: Vec<String> =
        EXAMPLES.iter().filter(|e| e.kind == Kind::Task).map(|e| e.code.to_owned()).collect();
    tasks.extend(readme_blocks().into_iter().filter(|b| b.language == "json").map(|b| b.code));
    assert!(tasks.len() >= 2);
    for task in tasks {
        backup_notify::task::read_task(task.as_bytes(), "the example", Path::new("/tasks"))
            .unwrap_or_else(|faults| panic!("{faults}\n{task}"));
    }
}

/// The pieces of a task in the README: accounts and sources of passwords.
#[test]
fn every_piece_of_a_task_in_the_readme_is_accepted() {
    let mut account = json!({ "host": "smtp.example.com", "user": "kim@example.com" });
    let mut password = json!({ "env": "X" });
    let mut tried = 0;
    let pieces =
        README.split('`').filter(|piece| piece.starts_with('{') || piece.starts_with("\"account\":"));
    for piece in pieces {
        if let Some(text) = piece.strip_prefix("\"account\":") {
            account = serde_json::from_str(text).unwrap();
        } else {
            password = serde_json::from_str(piece).unwrap();
        }
        let task = json!({ "name": "x", "email": { "to": "a@example.com", "account": account, "password": password } });
        backup_notify::task::read_task(task.to_string().as_bytes(), piece, Path::new("/tasks"))
            .unwrap_or_else(|faults| panic!("{faults}"));
        tried += 1;
    }
    assert!(tried >= 5, "only {tried} were found");
}

#[test]
fn the_readme_has_the_exit_codes_of_the_program() {
    let rows: BTreeSet<String> = README
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter(|row| row.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect();
    let expected: BTreeSet<String> =
        Exit::ALL.iter().map(|exit| format!("{} | {} |", exit.code(), exit.meaning())).collect();
    assert_eq!(rows, expected);
}

/// A world in which the examples can be run: the tools they call, a server, the tasks they name.
struct Site {
    world: World,
    server: SmtpServer,
}

impl Site {
    fn new(example: &Example) -> Self {
        let world = World::new();
        let server = SmtpServer::builder().tls(Mode::None);
        let signs_in = !example.code.contains("\"auth\": \"none\"");
        let server = if signs_in { server.user("jon", world.secret()) } else { server };
        let server = server.start();
        // partly read sources, for every tool in its own way: a warning
        for (tool, code) in [("rsync", 23), ("restic", 3), ("borg", 1)] {
            world.script(
                format!("bin/{tool}"),
                format!("#!/bin/sh\necho 'a file was in use' >&2\nexit {code}\n"),
            );
        }
        mail_plist::write(&world, "home", &[mail_plist::USUAL]);
        world.script("bin/secret-tool", "#!/bin/sh\nexit 0\n");
        let secret = world.write("secret-of-pass", world.secret().to_owned() + "\nuser: kim\n");
        world.script("bin/pass", format!("#!/bin/sh\nexec cat '{}'\n", secret.display()));
        std::os::unix::fs::symlink(world.binary(), world.path().join("bin/backup-notify")).unwrap();
        let mut task = json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": server.account("jon", "password"),
                "tls": { "mode": "none" },
            },
        });
        task["email"]["password"] = world.secret_file();
        for name in ["home", "nightly"] {
            let place = format!("home/.config/backup-notify/{name}.json");
            world.write(place, serde_json::to_vec(&task).unwrap());
        }
        Self { world, server }
    }

    fn run(&self, example: &Example) {
        let bin = self.world.path().join("bin");
        let bin = bin.to_str().unwrap();
        let account: Value = self.server.account("jon", "none");
        let code = example
            .code
            .replace("/usr/local/bin", bin)
            // nobody may listen there for a test
            .replace(
                "\"host\": \"localhost\", \"port\": 25",
                &format!("\"host\": {}, \"port\": {}", account["host"], account["port"]),
            );
        let code = match example.kind {
            Kind::Cron => code.splitn(6, ' ').last().unwrap().to_owned(),
            _ => code,
        };
        let output = self
            .world
            .other_command("sh", &["-c", &code, "postflight", "/", "/Volumes/Backup", "1", ""])
            .env("PATH", format!("{bin}:/usr/bin:/bin"))
            .run();
        match example.tells {
            _ if example.kind == Kind::Accounts => output
                .assert_stdout_has("ID  ")
                .assert_stdout_has("\n  \"account\": \"smtp.example.com:kim\",\n"),
            _ if example.kind == Kind::Password => output
                .assert_stdout_has("kept: smtp.example.com:587:kim@example.com\nACCOUNT ")
                .assert_stderr_has("goes into the private keychain"),
            Some(_) => output.assert_stderr_lacks("backup-notify: "),
            None => output.assert_stdout_has("\nSubject: "),
        };
        let keeps = code.contains("exit \"$code\"") || code.starts_with("backup-notify run ");
        let expected = if keeps { 23 } else { 0 };
        output.assert_code(expected);
    }
}

#[test]
fn every_example_of_the_man_page_does_what_it_says() {
    for example in EXAMPLES.iter().filter(|example| example.kind != Kind::Task) {
        let site = Site::new(example);
        site.run(example);
        let messages: Vec<String> =
            site.server.messages().iter().map(|message| message.text().to_owned()).collect();
        match example.tells {
            None => assert!(messages.is_empty(), "{}", example.code),
            Some(outcome) => {
                assert_eq!(messages.len(), 1, "{}", example.code);
                let header = format!("X-Backup-Notify-Outcome: {outcome}");
                assert!(messages[0].contains(&header), "{}\n{}", example.code, messages[0]);
            }
        }
        site.server.assert_clean();
    }
}

/// What TRUST says of `ca-file:`.
#[test]
fn a_self_signed_certificate_is_accepted_by_naming_it_as_the_ca_file() {
    let world = World::new();
    let certificate = Leaf::new(&["127.0.0.1"]).self_signed();
    world.write("ca.pem", certificate.pem());
    let server = SmtpServer::builder()
        .tls(Mode::Starttls)
        .identity(certificate.identity())
        .user("jon", world.secret())
        .start();
    let mut task = json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": server.account("jon", "password"),
            "password": world.secret_file(),
            "tls": { "mode": "starttls", "trust": "ca-file:ca.pem" },
        },
    });
    world.command(&["check"]).task(&world.task(&task)).run().assert_code(0);
    task["email"]["tls"]["trust"] = json!("system");
    world.command(&["check"]).task(&world.task(&task)).run().assert_code(76);
}
