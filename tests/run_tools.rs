//! Real backup programs in the place of `run`: with `--capture` their mail says what `notify` says of
//! the same output, and a success stays one whatever they were told to print.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::run_command::{Bench, Seen};

/// The numbers of a run, raw, as a template sees them.
const SUBJECT: &str = "{{ run.outcome }}|{{ run.files_total }}|{{ run.files_copied }}|{{ run.bytes_total }}|\
                       {{ run.bytes_copied }}|{{ run.snapshot }}";

/// A folder to back up, and people who are told.
struct Place(Bench);

/// Somebody whom the modes of files bind, also where tests run as root.
fn as_somebody(line: &str) -> Vec<&str> {
    if nix::unistd::Uid::effective().is_root() {
        vec!["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", line]
    } else {
        vec!["sh", "-c", line]
    }
}

impl Place {
    fn new() -> Self {
        let bench = Bench::new();
        let mut task = bench.site.task(&bench.server, "implicit");
        task["email"]["subject"] = json!(SUBJECT);
        let world = &bench.site.world;
        world.task(&task);
        world.write_with_mode("src/a", "hello", 0o644);
        world.write_with_mode("src/sub/b", "b".repeat(50_000), 0o644);
        open(world.path(), 0o755);
        for folder in ["src", "src/sub", "repo", "borg", "cache", "dst"] {
            open(&world.folder(folder), 0o777);
        }
        Self(bench)
    }

    /// Runs a line of shell, bare or in our place.
    fn line(&self, way: Option<&[&str]>, line: &str) -> Seen {
        let mut command = self.0.command(way, &as_somebody(line));
        let here = |name: &str| self.0.site.world.path().join(name);
        command.env("RESTIC_REPOSITORY", here("repo")).env("RESTIC_PASSWORD", "words");
        command.env("RESTIC_CACHE_DIR", here("cache")).env("BORG_BASE_DIR", here("cache"));
        command.env("BORG_REPO", here("borg")).env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        command.env("LC_ALL", "C.UTF-8");
        let output = command.stdin(Stdio::null()).output().unwrap();
        Seen::of(output.stdout, output.stderr, output.status)
    }

    fn run(&self, tool: &str, line: &str) -> (Seen, String) {
        let flags = ["--tool", tool, "--capture", "--json-file", "result.json"];
        let seen = self.line(Some(&flags), line);
        (seen, self.0.mail())
    }

    /// Tells what a mail says of a line that is run by us, and of the same output handed to `notify`.
    fn both(&self, tool: &str, line: &str) -> (Seen, String, String) {
        let (seen, by_run) = self.run(tool, line);
        let world = &self.0.site.world;
        let mut report = seen.stderr.clone();
        report.extend(&seen.stdout);
        fs::write(world.path().join("report"), report).unwrap();
        let code = seen.code.unwrap().to_string();
        let run = world.command(&["notify", "--tool", tool, "--exit-code", &code, "--report", "report"]);
        run.task(&self.0.task).run().assert_code(0);
        (seen, by_run, self.0.mail())
    }

    fn result(&self) -> Value {
        serde_json::from_str(&self.0.site.world.read("result.json")).unwrap()
    }
}

fn open(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

/// The subject, and the list of errors.
fn told(mail: &str) -> (&str, Vec<&str>) {
    let errors = mail.lines().skip_while(|line| !line.starts_with("Errors ("));
    (mail.lines().next().unwrap(), errors.take_while(|line| !line.is_empty()).collect())
}

#[test]
fn what_is_read_on_the_way_is_what_notify_reads_in_the_same_output() {
    for (tool, before, line, expected) in [
        ("rsync", "true", "rsync -a --stats src/ dst/", "success|2|2|50005|50005|"),
        ("rsync", "true", "rsync -av src/ dst/", "success|||50005||"),
        ("tar", "true", "tar -C src --totals -cf dst/x.tar .", "success||||"),
        ("restic", "restic init", "restic backup --json src", "success|2|2|50005|"),
        ("restic", "restic init", "restic backup src", "success|2|2||"),
        ("borg", "borg init -e none", "borg create --json ::one src", "success|2||"),
        ("rclone", "true", "rclone --config '' copy -v --use-json-log src dst", "success||2||50005|"),
    ] {
        let place = Place::new();
        assert_eq!(place.line(None, before).code, Some(0), "{before}");
        let (seen, by_run, by_notify) = place.both(tool, line);
        assert_eq!(seen.code, Some(0), "{line}: {}", seen.text());
        assert!(by_run.starts_with(expected), "{line}: {by_run}");
        assert_eq!(told(&by_run), told(&by_notify), "{line}");
        assert!(!by_run.contains("\nPlease note:"), "{line}: {by_run}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_output_is_quoted() {
    for (tool, line, code, outcome) in [
        ("rsync", "rsync -a --stats src/ dst/", 23, "warning"),
        ("tar", "tar -cf dst/x.tar src", 2, "error"),
        ("restic", "restic backup --json src", 3, "warning"),
        ("restic", "restic backup src", 3, "warning"),
    ] {
        let place = Place::new();
        assert!(tool != "restic" || place.line(None, "restic init").code == Some(0));
        open(&place.0.site.world.path().join("src/sub/b"), 0);
        let (seen, by_run, by_notify) = place.both(tool, line);
        assert_eq!(seen.code, Some(code), "{line}: {}", seen.text());
        assert_eq!((told(&by_run), place.result()["outcome"].as_str()), (told(&by_notify), Some(outcome)));
        for words in ["src/sub/b", "ermission denied", "og:\r\n"] {
            assert!(by_run.contains(words), "{line}: {words:?} is not in\n{by_run}");
        }
        assert!(!by_run.contains("\nPlease note:"), "{line}: {by_run}");
    }
}

#[test]
fn a_success_without_a_summary_stays_one_and_is_not_commented_on() {
    for (tool, line) in [
        ("rsync", "rsync -a src/ dst/"),
        ("rsync", "rsync -ai src/ dst/"),
        ("rsync", "rsync -a --info=progress2 src/ dst/"),
        ("tar", "tar -cvf dst/x.tar src"),
        ("restic", "restic init && restic backup -q src && restic check && restic snapshots"),
        (
            "restic",
            "restic init && restic backup --json src >/dev/null && restic forget --keep-last 1 --prune",
        ),
        ("borg", "borg init -e none && borg create --list ::one src && borg prune --keep-last 1"),
        ("rclone", "rclone --config '' copy src dst"),
        // one that prints what another program does, and one that prints nothing
        ("borg", "rsync -a --stats src/ dst/"),
        ("restic", "true"),
        ("rclone", "head -c 100000 /dev/urandom"),
    ] {
        let place = Place::new();
        let (seen, mail) = place.run(tool, line);
        assert_eq!((seen.code, mail.split('|').next()), (Some(0), Some("success")), "{line}: {mail}");
        assert!(!mail.contains("\nPlease note:"), "{line}: {mail}");
    }
}

#[test]
fn without_capture_nothing_is_read_and_the_code_says_it() {
    let place = Place::new();
    open(&place.0.site.world.path().join("src/a"), 0);
    let seen = place.line(Some(&["--tool", "rsync"]), "rsync -a --stats src/ dst/");
    let mail = place.0.mail();
    assert_eq!((seen.code, told(&mail)), (Some(23), ("warning|||||", Vec::new())), "{mail}");
    assert!(mail.contains("rsync 23: some files could not be copied") && !mail.contains("og:\r\n"), "{mail}");
}

#[test]
fn a_log_that_is_named_stands_in_the_mail_and_the_facts_come_from_the_output() {
    let place = Place::new();
    let flags = ["--tool", "rsync", "--capture", "--log", "dst/log"];
    let seen = place.line(Some(&flags), "echo of-the-log >dst/log; rsync -a --stats src/ dst/; exit 24");
    let mail = place.0.mail();
    assert_eq!(seen.code, Some(24));
    assert!(mail.starts_with("warning|2|2|50005|50005|"), "{mail}");
    assert!(mail.contains("of-the-log") && !mail.contains("Number of files"), "{mail}");
}

#[test]
fn a_tool_that_carries_the_code_of_another_leaves_it_to_the_task() {
    let place = Place::new();
    let world = &place.0.site.world;
    let mut task: Value = serde_json::from_str(&world.read("task.json")).unwrap();
    task["tool"] = json!("rsync");
    world.task(&task);
    let (seen, mail) = place.run("systemd", "rsync -a --stats src/ dst/; exit 24");
    assert_eq!(seen.code, Some(24));
    assert!(mail.starts_with("warning|2|2|"), "{mail}");
}
