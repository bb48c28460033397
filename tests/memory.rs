//! Once the password is with the server, no copy of it is left in the memory of the program.
//!
//! The program is held where a server does not answer, and all of its memory is looked through,
//! for pieces too. Where nothing is found, controls prove that it would have been.

use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::silence::release_binary;
use crate::site::{Site, mode_of};
use crate::support::leaks::Secret;
use crate::support::memory::{Found, Search};
use crate::support::run::Run;
use crate::support::smtp_server::{Action, Builder, Mode, SmtpServer, Stage};
use crate::support::world::World;

/// A place for the program as it is tested, and one for the program as people run it, in which the
/// compiler has moved and kept other copies.
pub(crate) fn both() -> [(&'static str, Site); 2] {
    [("debug", Site::new()), ("release", Site::in_world(World::with_binary(release_binary())))]
}

/// Runs until the server does not answer any more, looks, and lets the program go.
fn memory_at_stall(world: &World, run: Run<'_>, server: SmtpServer) -> Found {
    let search = Search::new(&world.secrets());
    let mut found = None;
    run.run_while(|pid| {
        server.wait_until_stalled(1);
        found = Some(search.memory(pid));
        end(pid);
        drop(server);
    });
    found.unwrap()
}

/// Ends a program that would try again until its deadline.
fn end(pid: u32) {
    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGTERM).unwrap();
}

/// Notifies of a failed backup.
fn notify<'w>(site: &'w Site, task: &Value) -> Run<'w> {
    let path = site.world.task(task);
    site.world.command(&["notify", "--exit-code", "1"]).task(&path)
}

fn stalls_at(server: Builder, stage: Stage) -> SmtpServer {
    server.fault(stage, Action::Stall).start()
}

/// Fails with everything that was found, so that one look shows all of it.
#[track_caller]
pub(crate) fn assert_none(found: &[(String, Found)]) {
    let left: Vec<String> = found
        .iter()
        .filter(|(_, found)| !found.is_empty())
        .map(|(case, found)| format!("{case}: {found}"))
        .collect();
    assert!(left.is_empty(), "left in memory:\n{}", left.join("\n"));
}

#[test]
fn no_source_leaves_the_password_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        site.world.write("credentials/smtp", site.world.secret().to_owned() + "\n");
        let credentials = site.world.path().join("credentials");
        for source in [
            site.world.secret_command(),
            site.world.secret_file(),
            json!({ "env": "SMTP_PASSWORD" }),
            json!({ "systemd_credential": "smtp" }),
        ] {
            for stage in [Stage::Mail, Stage::Body, Stage::FinalDot] {
                let server = stalls_at(site.server(Mode::Implicit), stage);
                let mut task = site.task(&server, "implicit");
                task["email"]["password"] = source.clone();
                let mut run =
                    notify(&site, &task).env("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
                if source.get("env").is_some() {
                    run = run.secret_env("SMTP_PASSWORD");
                }
                let found = memory_at_stall(&site.world, run, server);
                all.push((format!("{build}: {source} at {stage:?}"), found));
            }
        }
    }
    assert_none(&all);
}

/// Neither the password that the private keychain keeps, nor the key that it is sealed with.
#[test]
fn the_private_keychain_leaves_no_password_and_no_key_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        for stage in [Stage::Mail, Stage::FinalDot] {
            let server = stalls_at(site.server(Mode::Implicit), stage);
            let mut task = site.task(&server, "implicit");
            task["email"].as_object_mut().unwrap().remove("password");
            keep_password(&site, &server);
            let search = search_with_key(&site);
            let mut found = None;
            notify(&site, &task).run_while(|pid| {
                server.wait_until_stalled(1);
                found = Some(search.memory(pid));
                end(pid);
                drop(server);
            });
            all.push((format!("{build}: at {stage:?}"), found.unwrap()));
        }
        // keeping one: it is done, and only has to say so
        let server = site.server(Mode::Implicit).start();
        let account = format!("{}:{}:jon", server.host(), server.port());
        let found = memory_at_last_word(&site, &["password", "set", &account, "--stdin"]);
        all.push((format!("{build}: password set"), found));
    }
    assert_none(&all);
}

/// Once all is written: while the file is checked, and at the last word.
#[test]
fn what_setup_has_written_it_has_no_longer_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        let setup = |server: &SmtpServer| {
            let account = server.account("jon", "password").to_string();
            let words =
                ["setup", "nightly.json", "--yes", "--test", "--password-stdin", "--account", &account];
            let tls = ["--tls-mode", "implicit", "--tls-trust", "ca-file:ca.pem"];
            let people = ["--from", "jon@example.test", "--to", "ops@example.test"];
            [&words[..], &tls, &people].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let server = site.server(Mode::Implicit).start();
        all.push((format!("{build}: last word"), memory_at_last_word(&site, &setup(&server))));
        assert_eq!(server.messages().len(), 1, "the test message");
        // which the test message does not come to
        let server = stalls_at(site.server(Mode::Implicit), Stage::Rset);
        let run = site.world.command(&[]).args(setup(&server)).stdin(site.world.secret());
        run.run_while(|pid| {
            server.wait_until_stalled(1);
            all.push((format!("{build}: check"), search_with_key(&site).memory(pid)));
            drop(server);
        });
    }
    assert_none(&all);
}

/// Hands the password over, and looks when all is done and a pipe that takes nothing more holds what the
/// program says of it.
fn memory_at_last_word<S: AsRef<std::ffi::OsStr>>(site: &Site, arguments: &[S]) -> Found {
    let (mut reader, writer) = full_pipe();
    let mut child = Command::new(site.world.binary())
        .args(arguments)
        .env_clear()
        .env("HOME", site.world.home())
        .current_dir(site.world.path())
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(site.world.secret().as_bytes()).unwrap();
    wait_until_it_prints(child.id());
    let found = search_with_key(site).memory(child.id());
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    found
}

/// Keeps the password of this world for jon at a server.
fn keep_password(site: &Site, server: &SmtpServer) {
    let account = format!("{}:{}:jon", server.host(), server.port());
    let run = site.world.command(&["password", "set", &account, "--stdin"]).stdin(site.world.secret());
    run.run().assert_success();
}

/// A search for the secrets of this world and for the key of its vault, as it is in the file and as it
/// is used.
fn search_with_key(site: &Site) -> Search {
    let line = site.world.read("home/.local/state/backup-notify/key/key");
    let coded = line.trim().strip_prefix("backup-notify-key-1:").unwrap();
    let mut secrets = site.world.secrets();
    secrets.push(Secret::chosen(coded));
    Search::new(&secrets).and_bytes("key", &STANDARD.decode(coded).unwrap())
}

/// Waits until the process is held in a write to stdout.
pub(crate) fn wait_until_it_prints(pid: u32) {
    let begun = Instant::now();
    // proc(5): number of the call, then its arguments; write(2) is 1, on ARM 64
    let writes = |call: &str| matches!(call.split(' ').collect::<Vec<_>>()[..], ["1" | "64", "0x1", ..]);
    while !writes(&fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it prints nothing");
        std::thread::yield_now();
    }
}

#[test]
fn no_way_to_sign_in_leaves_the_password_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        // as long as tokens are, it goes as an answer: the line of the command would be too long
        let long = site.world.secret().repeat(40);
        for (mechanism, word, mode) in [
            ("PLAIN", "password", "implicit"),
            ("LOGIN", "password", "starttls"),
            ("CRAM-MD5", "password", "implicit"),
            ("PLAIN", "password", "none"),
            ("XOAUTH2", "xoauth2", "implicit"),
            ("OAUTHBEARER", "oauthbearer", "starttls"),
        ] {
            for secret in [site.world.odd_secret(), &long] {
                let server = site.open_server(mode_of(mode)).user("jon", secret).auth(&[mechanism]);
                let server = stalls_at(server, Stage::Mail);
                let mut task = site.task_for(&server.account("jon", word), mode);
                let file = site.world.write("other-secret", secret);
                task["email"]["password"] = json!({ "file": file });
                let found = memory_at_stall(&site.world, notify(&site, &task), server);
                all.push((format!("{build}: {mechanism} over {mode}, {} bytes", secret.len()), found));
            }
        }
    }
    assert_none(&all);
}

/// In clear: what TLS has decrypted stays in the library's buffer until the next record comes, and
/// native-tls has no way to ask OpenSSL for `SSL_OP_CLEANSE_PLAINTEXT`.
#[test]
fn a_server_that_repeats_the_password_leaves_none_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        let secret = site.world.secret();
        let encoded = STANDARD.encode(format!("\0jon\0{secret}"));
        let many = [encoded.as_str(); 20].join(" ");
        for echo in [secret, &encoded, &many] {
            let echoing = || {
                let words = Action::reply(format!("235-welcome {echo}\r\n235 {echo}"));
                site.server(Mode::None).fault(Stage::Auth, words)
            };
            let twice = echoing().fault(Stage::Mail, Action::reply(format!("250 {echo}")));
            for (server, stage) in [(echoing(), Stage::Mail), (twice, Stage::FinalDot)] {
                let server = stalls_at(server, stage);
                let task = site.task(&server, "none");
                let found = memory_at_stall(&site.world, notify(&site, &task), server);
                all.push((format!("{build}: {} bytes at {stage:?}", echo.len()), found));
            }
        }
    }
    assert_none(&all);
}

#[test]
fn after_a_refusal_the_password_is_gone_too() {
    let mut all = Vec::new();
    for (build, site) in both() {
        let second = stalls_at(SmtpServer::builder(), Stage::Greeting);
        let refusing = site.server(Mode::Implicit).fault(Stage::Auth, Action::reply("535 5.7.8 no")).start();
        let mut task = site.task(&refusing, "implicit");
        let mut other = task["email"].clone();
        other["account"]["port"] = json!(second.port());
        other["tls"] = json!({ "mode": "none" });
        other["account"]["auth"] = json!("none");
        other.as_object_mut().unwrap().remove("password");
        task["email"] = json!([task["email"], other]);
        all.push((build.to_owned(), memory_at_stall(&site.world, notify(&site, &task), second)));
    }
    assert_none(&all);
}

#[test]
fn a_password_that_was_typed_leaves_none_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        let server = stalls_at(site.server(Mode::Implicit), Stage::Mail);
        let mut task = site.task(&server, "implicit");
        task["email"]["password"] = json!({ "env": "BACKUP_NOTIFY_TEST_UNSET" });
        let path = site.world.task(&task);
        let person = site.world.at_a_terminal(&["test-email", "--task", path.to_str().unwrap()]);
        person.secret("Password for jon at ", site.world.secret()).run_while(|| {
            server.wait_until_stalled(1);
            let pid = pid_with_argument(path.to_str().unwrap());
            all.push((build.to_owned(), Search::new(&site.world.secrets()).memory(pid)));
            drop(server);
        });
    }
    assert_none(&all);
}

/// Here a pipe that takes nothing more holds the program, when all servers have seen the last of it.
#[test]
fn before_its_last_word_the_program_has_no_password_in_memory() {
    let mut all = Vec::new();
    for (build, site) in both() {
        for (command, reply) in [
            (&["notify", "--exit-code", "1"][..], "235 welcome"),
            (&["test-email"], "235 welcome"),
            (&["check"], "235 welcome"),
            (&["notify", "--exit-code", "1"], "535 5.7.8 no"),
            (&["check"], "235 no, this is not a line of\r\nSMTP"),
        ] {
            let server = site.server(Mode::Implicit).fault(Stage::Auth, Action::reply(reply)).start();
            let path = site.world.task(&site.task(&server, "implicit"));
            let (mut reader, writer) = full_pipe();
            let mut child = Command::new(site.world.binary())
                .args(command)
                .args(["--json", "--task"])
                .arg(&path)
                .env_clear()
                .env("HOME", site.world.home())
                .stdin(Stdio::null())
                .stdout(writer)
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            server.wait_for_visit();
            assert_eq!(server.session().sign_ins.len(), 1);
            all.push((
                format!("{build}: {command:?}, {reply:?}"),
                Search::new(&site.world.secrets()).memory(child.id()),
            ));
            std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
            child.wait().unwrap();
        }
    }
    assert_none(&all);
}

/// A pipe from which nobody has read yet, and into which nothing more goes.
pub(crate) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b' '; 512]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

/// The process that was started with this argument, which no other has.
fn pid_with_argument(argument: &str) -> u32 {
    let has = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap();
    let mut pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.find(has).expect("no such process")
}

/// The other side of all the above: the search finds every form, in another program's memory.
#[test]
fn every_form_of_a_secret_is_found_in_memory() {
    let world = World::new();
    let secrets = world.secrets();
    let key = *b"\x01\xfekey of 32 bytes, none of text\xff";
    let mut forms: Vec<Vec<u8>> =
        secrets.iter().flat_map(|secret| secret.pieces(usize::MAX)).map(|(_, form)| form).collect();
    forms.push(key.to_vec());
    world.write("forms", forms.join(&b"|"[..]));
    let script =
        "import sys; kept = open('forms', 'rb').read(); print('ready', flush=True); sys.stdin.read()";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .current_dir(world.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut ready).unwrap();
    let found = Search::new(&secrets).and_bytes("key", &key).memory(child.id());
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!(found.forms(), ["UTF-16", "base64", "clear", "hex", "key", "percent"], "{found}");
}

/// And in the memory of ours.
#[test]
fn a_password_that_is_in_memory_is_found() {
    let site = Site::new();
    // the server has not said yes yet: the program may have to send it once more
    let server = stalls_at(site.server(Mode::Implicit), Stage::Auth);
    let task = site.task(&server, "implicit");
    let found = memory_at_stall(&site.world, notify(&site, &task), server);
    assert!(found.forms().contains(&"clear"), "{found}");
    // where the program is not asked: what it was started with
    let server = stalls_at(SmtpServer::builder(), Stage::Greeting);
    let task = site.task_for(&server.account("jon", "none"), "none");
    let run = notify(&site, &task).secret_env("SMTP_PASSWORD");
    let search = Search::new(&site.world.secrets());
    run.run_while(|pid| {
        server.wait_until_stalled(1);
        assert_eq!(search.all_memory(pid).to_string(), "[stack]: clear, 13 pieces");
        assert!(search.memory(pid).is_empty());
        end(pid);
        drop(server);
    });
}
