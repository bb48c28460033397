//! Every line of the man page that names a backup program, as it stands there: those of programs that
//! Debian has run the program, the others are called as their program would call them.

use std::fs;

use serde_json::json;

use crate::pages::programs::{CALLS, SCRIPT, STARTED};
use crate::support::output::Output;
use crate::support::read_mail::{headers, read_mail};
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

/// A folder to back up, a place for the backup, and the task "home".
struct Site {
    world: World,
    server: SmtpServer,
}

impl Site {
    fn new() -> Self {
        let world = World::new();
        let server = SmtpServer::builder().tls(Mode::None).start();
        let task = json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": server.account("jon", "none"),
                "tls": { "mode": "none" },
            },
        });
        for place in ["home/.config/backup-notify/home.json", "etc/home.json"] {
            world.write(place, task.to_string());
        }
        for i in 0..3 {
            world.write(format!("source/{i}.txt"), "x".repeat(1_000 + i));
        }
        world.folder("mnt");
        world.folder("bin");
        std::os::unix::fs::symlink(world.binary(), world.path().join("bin/backup-notify")).unwrap();
        world.script("bin/kopia", "#!/bin/sh\nexit $KOPIA\n");
        let path = world.path().to_str().unwrap().to_owned();
        world.write(
            "rsnapshot.conf",
            format!(
                "config_version\t1.2\nsnapshot_root\t{path}/mnt/snapshots/\ncmd_rsync\t/usr/bin/rsync\n\
                 retain\talpha\t2\nlogfile\t{path}/rsnapshot.log\nloglevel\t3\nverbose\t2\n\
                 rsync_long_args\t--delete --numeric-ids --relative --delete-excluded --stats\n\
                 lockfile\t{path}/rsnapshot.pid\nbackup\t{path}/source/\tlocal/\n"
            ),
        );
        Self { world, server }
    }

    /// Turns the places of a line into those of this world.
    fn here(&self, line: &str) -> String {
        let path = self.world.path().to_str().unwrap();
        line.replace("/usr/local/bin/", "")
            .replace("/etc/backup-notify/", &format!("{path}/etc/"))
            .replace("/mnt/backup", &format!("{path}/mnt"))
            .replace("/var/log/", &format!("{path}/"))
            .replace(" /home/ ", &format!(" {path}/source/ "))
            .replace(" /home", &format!(" {path}/source"))
            .replace("rsnapshot alpha", &format!("rsnapshot -c {path}/rsnapshot.conf alpha"))
    }

    fn shell(&self, lines: &str, words: &[&str], variables: &[(&str, &str)]) -> Output {
        let here = |name: &str| self.world.path().join(name).to_str().unwrap().to_owned();
        let run = self.world.other_command("/bin/sh", &["-c", lines, "hook"]).args(words);
        let run = run.env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", here("bin")));
        let run = run.env("RESTIC_REPOSITORY", here("mnt/restic")).env("RESTIC_PASSWORD", "words");
        let run = run.env("RESTIC_CACHE_DIR", here("cache")).env("BORG_BASE_DIR", here("borg-base"));
        let run = run.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
    }

    /// The subject and the text of the only message.
    fn told(&self) -> (String, String) {
        let mail = read_mail(&self.server.message().message.unwrap());
        let text = mail["parts"][0]["text"].as_str().unwrap().replace("\r\n", "\n");
        (headers(&mail, "Subject")[0].to_owned(), text)
    }
}

#[test]
fn the_lines_that_run_a_program_tell_of_a_good_end_and_its_numbers() {
    for started in STARTED {
        let site = Site::new();
        let before = match started.tool {
            "restic" => "restic init",
            "borg" => "borg init --encryption=none mnt/borg",
            _ => ":",
        };
        site.shell(before, &[], &[]).assert_success();
        let output = site.shell(&site.here(started.line), &[], &[]);
        output.assert_code(0).assert_stderr_lacks("backup-notify: ");
        let (subject, text) = site.told();
        assert_eq!(subject, "Backup finished: Nightly", "{text}");
        if started.tool == "tar" {
            assert!(text.contains("\nData:"), "{text}");
        } else {
            assert!(text.contains("\nFiles:") && text.contains('3'), "{text}");
        }
        assert!(!text.contains("ends before"), "{}: the report is whole\n{text}", started.tool);
        assert!(text.contains("\nDuration:"), "{text}");
        assert!(!text.contains("{\"") && !text.contains("\": "), "JSON is for programs\n{text}");
    }
}

#[test]
fn the_lines_that_run_a_program_tell_of_a_bad_end_and_keep_its_code() {
    for (tool, code, said) in [
        ("rsync", 23, "No such file or directory"),
        ("restic", 1, "files do not exist"),
        ("borg", 2, "epository"),
        ("rclone", 3, "directory not found"),
        ("tar", 2, "No such file or directory"),
        ("rsnapshot", 1, "rsnapshot"),
    ] {
        let site = Site::new();
        fs::remove_dir_all(site.world.path().join("source")).unwrap();
        if tool == "rsnapshot" {
            fs::remove_file(site.world.path().join("rsnapshot.conf")).unwrap();
        }
        let started = STARTED.iter().find(|started| started.tool == tool).unwrap();
        let output = site.shell(&site.here(started.line), &[], &[]);
        output.assert_code(code).assert_stderr_lacks("backup-notify: warning: \"");
        let (subject, text) = site.told();
        // also where the program calls it a warning: nothing was backed up
        assert_eq!(subject, "Backup failed: Nightly", "{text}");
        assert!(text.contains(said), "{tool}\n{text}");
        assert!(
            text.contains(&format!("Exit code:  {code}")) || text.contains(&format!(" {code} (")),
            "{text}"
        );
    }
}

#[test]
fn the_lines_for_a_script_give_the_report_and_the_log() {
    let site = Site::new();
    site.shell(&site.here(SCRIPT), &[], &[]).assert_code(0);
    let (subject, text) = site.told();
    assert_eq!(subject, "Backup finished: Nightly");
    assert!(text.contains("Files:        3 copied of 3\n") || text.contains(" 3 copied of 3\n"), "{text}");
    assert!(text.contains("    Number of files: 4 (reg: 3, dir: 1)\n"), "{text}");
}

#[test]
fn the_lines_for_a_script_tell_people_when_there_is_no_room_for_the_report() {
    let site = Site::new();
    site.shell(&site.here(SCRIPT), &[], &[("TMPDIR", "/missing")]);
    let (subject, text) = site.told();
    assert_eq!(subject, "Backup failed: Nightly", "{text}");
    assert!(text.contains("the path of the report is empty"), "{text}");
}

/// One way a program calls its hook.
struct Call {
    tool: &'static str,
    words: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    subject: &'static str,
    said: &'static str,
}

#[test]
fn the_lines_for_hooks_understand_what_they_are_handed() {
    const GOOD: &str = "Backup finished: Nightly";
    const BAD: &str = "Backup failed: Nightly";
    let call = |tool, words, variables, subject, said| Call { tool, words, variables, subject, said };
    for case in [
        call("ccc", &["/Volumes/Data", "/Volumes/Copy", "0", ""], &[], GOOD, "/Volumes/Copy"),
        call("ccc", &["/Volumes/Data", "/Volumes/Copy", "1", ""], &[], BAD, "Exit code:    1"),
        call("resticprofile", &[], &[("PROFILE_NAME", "home"), ("PROFILE_COMMAND", "backup")], GOOD, "home"),
        call(
            "resticprofile",
            &[],
            &[
                ("PROFILE_NAME", "home"),
                ("PROFILE_COMMAND", "backup"),
                ("ERROR", "exit status 1"),
                ("ERROR_EXIT_CODE", "1"),
                ("ERROR_STDERR", "Fatal: no repository"),
            ],
            BAD,
            "Fatal: no repository",
        ),
        call(
            "duplicati",
            &[],
            &[
                ("DUPLICATI__EVENTNAME", "AFTER"),
                ("DUPLICATI__OPERATIONNAME", "Backup"),
                ("DUPLICATI__PARSED_RESULT", "Fatal"),
                ("DUPLICATI__REMOTEURL", "ftp://kim:hunter2@nas/x?auth-password=hunter2"),
            ],
            BAD,
            "nas",
        ),
        call(
            "systemd",
            &[],
            &[("SERVICE_RESULT", "success"), ("EXIT_CODE", "exited"), ("EXIT_STATUS", "0")],
            GOOD,
            "",
        ),
        call(
            "systemd",
            &[],
            &[("SERVICE_RESULT", "oom-kill"), ("EXIT_CODE", "killed"), ("EXIT_STATUS", "KILL")],
            BAD,
            "memory",
        ),
        call("kopia", &[], &[("KOPIA", "0")], GOOD, ""),
        call("kopia", &[], &[("KOPIA", "1")], BAD, "1"),
    ] {
        let site = Site::new();
        let line = CALLS.iter().find(|calls| calls.tool == case.tool).unwrap().line;
        let line = line.replace("[Service]\nExecStopPost=", "").replace("--task home", "--task home ");
        // of a configuration file, what it runs
        let lines: Vec<&str> = line.lines().filter_map(|line| line.split("= \"").last()).collect();
        let line = if case.tool == "resticprofile" {
            lines.last().unwrap().trim_end_matches('"').to_owned()
        } else {
            line
        };
        site.shell(&site.here(&line), case.words, case.variables).assert_code(0);
        let (subject, text) = site.told();
        assert_eq!(subject, case.subject, "{}\n{text}", case.tool);
        assert!(text.contains(case.said) && !text.contains("hunter2"), "{}\n{text}", case.tool);
    }
}

/// borgmatic puts quoted words in the places of the braces.
#[test]
fn the_lines_for_borgmatic_are_what_it_makes_of_them() {
    let calls = CALLS.iter().find(|calls| calls.tool == "borgmatic").unwrap();
    let runs: Vec<&str> =
        calls.line.lines().filter_map(|line| line.trim().strip_prefix("- backup-notify")).collect();
    let [bad, good] = runs[..] else { panic!("{runs:?}") };
    for (line, subject, said) in [
        (bad, "Backup failed: Nightly", "returned non-zero exit status 2"),
        (good, "Backup finished: Nightly", "/mnt/borg"),
    ] {
        let site = Site::new();
        let line = format!("backup-notify{line}")
            .replace("{configuration_filename}", "/etc/borgmatic/config.yaml")
            .replace("{repository}", "/mnt/borg")
            .replace("{error}", "'Command '\"'\"'borg create'\"'\"' returned non-zero exit status 2.'")
            .replace("{output}", "'Repository /mnt/borg does not exist.'");
        site.shell(&line, &[], &[]).assert_code(0);
        let (told, text) = site.told();
        assert_eq!(told, subject, "{text}");
        assert!(text.contains(said) || text.contains("borg 2"), "{text}");
    }
}
