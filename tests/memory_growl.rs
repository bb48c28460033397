//! Growl's password in memory: one copy for as long as a request may have to be made, then none.
//!
//! The receiver knows it too, and may repeat it in what it answers.

use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::memory::{assert_none, both, full_pipe, wait_until_it_prints};
use crate::support::gntp::{Act, GntpServer};
use crate::support::memory::Search;
use crate::support::world::World;

/// What a receiver does before it gives no answer any more, and how many requests that makes.
fn receivers(world: &World) -> [(&'static str, Vec<Act>, usize); 3] {
    let secret = world.secret();
    let no = format!(
        "GNTP/1.0 -ERROR {secret}\r\nError-Code: 401\r\nError-Description: {secret} {secret} no\r\n\r\n"
    );
    // bytes that are no UTF-8 make text of another length
    let mut yes = format!("GNTP/1.0 -OK NONE\r\nX-Password: {secret}\r\nX: ").into_bytes();
    yes.extend([0xff; 3000]);
    yes.extend(format!("\r\nX-Password: {secret}\r\n\r\n").into_bytes());
    [
        ("good", vec![Act::Right], 2),
        ("repeats it in a yes", vec![Act::Say(yes)], 2),
        ("repeats it in a no", vec![Act::Right, Act::say(&no), Act::Right], 4),
    ]
}

fn sources(world: &World) -> [Value; 2] {
    [world.secret_file(), world.secret_command()]
}

#[test]
fn until_the_notice_is_taken_there_is_one_copy() {
    let mut all = Vec::new();
    for (build, site) in both() {
        let world = &site.world;
        for hash in ["md5", "sha1", "sha256", "sha512"] {
            for (source, (name, mut acts, count)) in
                sources(world).iter().flat_map(|source| receivers(world).map(|receiver| (source, receiver)))
            {
                acts.push(Act::Hold(Vec::new()));
                let server = GntpServer::scripted(acts);
                let entry = server.entry(&json!({ "password": source, "hash": hash }));
                let task = world.task(&json!({ "name": "Nightly", "growl": entry }));
                let search = Search::new(&world.secrets());
                world.command(&["notify", "--exit-code", "1"]).task(&task).run_while(|pid| {
                    server.wait_for_requests(count);
                    let found = search.memory(pid).to_string();
                    // all pieces of one copy, in one place
                    if found.contains(';') || !found.ends_with(": clear, 13 pieces") {
                        all.push(format!("{build}, {hash}, {source}, {name}: {found}"));
                    }
                    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
                });
            }
        }
    }
    assert!(all.is_empty(), "in memory:\n{}", all.join("\n"));
}

#[test]
fn before_the_last_word_growl_s_password_is_gone() {
    let mut all = Vec::new();
    for (build, site) in both() {
        let world = &site.world;
        for (source, (name, acts, _)) in
            sources(world).iter().flat_map(|source| receivers(world).map(|receiver| (source, receiver)))
        {
            let server = GntpServer::scripted(acts);
            let entry = server.entry(&json!({ "password": source }));
            let task = world.task(&json!({ "name": "Nightly", "growl": entry }));
            let (mut reader, writer) = full_pipe();
            let mut child = Command::new(world.binary())
                .args(["notify", "--exit-code", "1", "--json", "--task"])
                .arg(&task)
                .env_clear()
                .env("HOME", world.home())
                .stdin(Stdio::null())
                .stdout(writer)
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            wait_until_it_prints(child.id());
            let found = Search::new(&world.secrets()).memory(child.id());
            all.push((format!("{build}: {source}, {name}"), found));
            std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
            assert!(child.wait().unwrap().success(), "{build}: {source}, {name}");
        }
    }
    assert_none(&all);
}
