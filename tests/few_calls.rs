//! What a run asks of the system: no file twice, no limit set anew before each call, no line in pieces, no
//! thread where nothing can hang.

use serde_json::json;

use crate::silence::release_binary;
use crate::site::Site;
use crate::support::output::Output;
use crate::support::run::Run;
use crate::support::smtp_server::Mode;
use crate::support::world::World;

/// The program under strace, whose record is in the file `trace`.
fn traced<'w>(world: &'w World, arguments: &[&str]) -> Run<'w> {
    let binary = world.binary().to_str().unwrap();
    world.other_command("strace", &["-f", "-s", "300", "-o", "trace", binary]).args(arguments)
}

/// The calls with all of these words in them, in order.
fn calls<'t>(trace: &'t str, words: &[&str]) -> Vec<&'t str> {
    trace.lines().filter(|line| words.iter().all(|word| line.contains(word))).collect()
}

/// How many instructions something takes, the loader's included.
fn instructions(output: &Output) -> u64 {
    let count = output.stderr.lines().find_map(|line| line.split("Collected : ").nth(1)).unwrap();
    count.trim().parse().unwrap()
}

#[test]
fn a_send_sets_its_time_limits_once_and_reads_no_file_of_its_own_twice() {
    let site = Site::new();
    for (mode, word) in [(Mode::Implicit, "implicit"), (Mode::Starttls, "starttls")] {
        let server = site.server(mode).start();
        let mut account = server.account("jon", "password");
        account["host"] = json!("127.0.0.1");
        let mut task = site.task_for(&account, word);
        task["email"]["subject"] = json!({ "file": "subject.txt" });
        site.world.write("subject.txt", "x");
        let task = site.world.task(&task);
        traced(&site.world, &["notify", "--exit-code", "1"]).task(&task).run().assert_code(0);
        let trace = site.world.read("trace");
        for limit in ["SO_RCVTIMEO", "SO_SNDTIMEO"] {
            assert_eq!(calls(&trace, &["setsockopt(", limit]).len(), 1, "{word} {limit}\n{trace}");
        }
        // the beginning of a TLS record on its own
        assert!(calls(&trace, &["recvfrom(", ", 5, "]).is_empty(), "{word}\n{trace}");
        for file in ["task.json", "ca.pem", "subject.txt"] {
            let opened = calls(&trace, &["openat(", file]);
            assert_eq!(opened.len(), 1, "{word} {file}\n{trace}");
        }
        // an address needs no resolver
        assert!(calls(&trace, &["clone"]).is_empty(), "{word}\n{trace}");
    }
}

#[test]
fn a_task_file_is_read_at_once_and_each_folder_above_it_is_looked_at_once() {
    let world = World::new();
    let task = world.task(&json!({
        "name": "Nightly",
        "email": {
            "when": "error",
            "to": "ops@example.test",
            "account": { "host": "mail.example.test", "user": "jon" },
        },
    }));
    traced(&world, &["notify", "--exit-code", "0"]).task(&task).run().assert_code(0);
    let trace = world.read("trace");
    let lines: Vec<&str> = trace.lines().collect();
    let opened =
        lines.iter().position(|line| line.contains("openat(") && line.contains("task.json")).unwrap();
    let reads: Vec<_> = lines[opened..].iter().take_while(|line| !line.contains("close(")).collect();
    assert_eq!(reads.iter().filter(|line| line.contains("read(")).count(), 2, "{reads:#?}");
    assert_eq!(reads.iter().filter(|line| line.contains("stat")).count(), 1, "{reads:#?}");
    for folder in task.ancestors().skip(1) {
        let name = format!("\"{}\",", folder.display());
        let looked = lines.iter().filter(|line| line.contains("stat") && line.contains(&name)).count();
        assert_eq!(looked, 1, "{name}\n{trace}");
    }
}

#[test]
fn a_line_on_stderr_is_one_write() {
    let world = World::new();
    let output = traced(&world, &["notify", "--exit-code", "0", "--task", "missing.json"]).run();
    output.assert_code(66);
    let trace = world.read("trace");
    let writes = calls(&trace, &["write(2, "]);
    assert_eq!(writes.len(), output.stderr.lines().count(), "{writes:#?}");
    assert!(writes.iter().all(|write| write.contains("\\n\", ")), "{writes:#?}");
}

#[test]
fn what_only_prints_costs_few_instructions() {
    let world = World::with_binary(release_binary());
    let binary = world.binary().to_str().unwrap().to_owned();
    let count = |arguments: &[&str]| {
        let run = world
            .other_command("valgrind", &["--tool=callgrind", "--callgrind-out-file=profile", &binary])
            .args(arguments)
            .run();
        run.assert_code(0);
        instructions(&run)
    };
    // an empty program with the same libraries takes 3.5 M
    for (arguments, most) in [
        (&["--version"][..], VERSION_MOST),
        (&["completions", "bash"], PRINT_MOST),
        (&["accounts", "--complete", "usable"], PRINT_MOST),
        (&["outbox", "list", "--complete"], PRINT_MOST),
    ] {
        let count = count(arguments);
        assert!(count < most, "{arguments:?}: {count} instructions");
    }
}

const VERSION_MOST: u64 = 4_100_000;
const PRINT_MOST: u64 = 4_400_000;
