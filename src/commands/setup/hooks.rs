//! The lines that call the hook, ready to be pasted: into a script, a crontab, a unit.
//!
//! How each program calls a hook: facts/backup-tools.md. All but the backup's own command is filled
//! in, with whole paths: what runs at night has neither our PATH nor our folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use serde::Serialize;

use crate::decide::ScreenEvent;
use crate::files::{self, Purpose};
use crate::task::Task;
use crate::text::{is_active, shell_word};
use crate::tools::Tool;

/// What stands for the backup's own command.
const BACKUP: &str = "/path/to/backup.sh";

/// What to paste, and where.
#[derive(Debug, Serialize)]
pub(super) struct Hook {
    /// The program that will call it.
    pub(super) tool: &'static str,
    /// Where it belongs.
    pub(super) place: String,
    /// What to paste.
    pub(super) text: String,
}

/// Writes the hooks of the task in this file.
///
/// They have its whole path: a name would lead through the HOME and the XDG variables of whoever runs
/// the hook, and these are often others at night.
pub(super) fn hooks(program: &Path, file: &Path, task: &Task, root: bool) -> Vec<Hook> {
    let word = |path: &Path| shell_word(&path.to_string_lossy()).into_owned();
    let notify = format!("{} notify --task {}", word(program), word(file));
    // under `set -e` a command that fails ends the script, unless something stands behind `||`
    let after = |tool: &'static str, command: &str| Hook {
        tool,
        place: format!("in a script, the line after \"{command}\""),
        text: format!(
            "# under set -e write: code=0; {command} || code=$? and then: --exit-code \"$code\"\n{notify} --tool \
             {tool} --exit-code \"$?\"\n"
        ),
    };
    let as_root = if root { "" } else { "; it runs as root, so set up a task with --run-by root for it" };
    let label = launchd_label(file);
    let job = format!("{BACKUP}; {notify} --hook --exit-code \"$?\"");
    // an e-mail never tells that a backup begins
    let begins = begins_on_a_screen(task).then(|| Hook {
        tool: "any",
        place: "before the backup, to see on the screen that it begins".to_owned(),
        // under `set -e` a task file that somebody broke must not stop the backup
        text: format!("{notify} --event begin || :\n"),
    });
    let run = format!("{} run --task {} --capture -- {BACKUP}\n", word(program), word(file));
    let ends = [
        Hook {
            tool: "any",
            place: "in place of the backup's own command, anywhere; it ends with its exit code".to_owned(),
            text: format!(
                "# for rsync, restic, borg, rclone, tar and rsnapshot add --tool rsync (and so on)\n{run}"
            ),
        },
        after("rsync", "rsync …"),
        after("restic", "restic backup …"),
        after("borg", "borg create …"),
        Hook {
            tool: "ccc",
            place: format!("Carbon Copy Cloner, the postflight script of a task{as_root}"),
            text: format!("#!/bin/sh\n{notify} --hook --tool ccc -- \"$@\"\n"),
        },
        Hook {
            tool: "cron",
            place: format!("a line of {}", if root { "sudo crontab -e" } else { "crontab -e" }),
            // cron ends the command at a plain % (crontab(5))
            text: format!("30 2 * * * {}\n", job.replace('%', "\\%")),
        },
        Hook { tool: "launchd", place: launchd_place(&label, root), text: property_list(&label, &job) },
        Hook {
            tool: "systemd",
            place: if root {
                "in the unit of the backup, a .service file".to_owned()
            } else {
                // a unit of the system would run as root, who has neither this file nor its password
                "in a unit of systemctl --user, a .service file; for a unit of the system, which runs as root, \
                 set up a task with --run-by root"
                    .to_owned()
            },
            text: format!("[Service]\nExecStopPost={}\n", unit_line(program, file)),
        },
    ];
    begins.into_iter().chain(task.tool.and_then(|tool| own(tool, &notify, after))).chain(ends).collect()
}

/// Writes the hook of a program that few people have: only where the task names it.
///
/// What stands in YAML is a literal block, in which nothing has to be quoted.
fn own(tool: Tool, notify: &str, after: impl Fn(&'static str, &str) -> Hook) -> Option<Hook> {
    let hook = |place: &str, text: String| Hook { tool: tool.word(), place: place.to_owned(), text };
    match tool {
        Tool::Rclone => Some(after("rclone", "rclone sync …")),
        Tool::Tar => Some(after("tar", "tar --create …")),
        Tool::Rsnapshot => Some(after("rsnapshot", "rsnapshot daily")),
        Tool::Duplicati => Some(hook(
            "Duplicati, the script that the option run-script-after of the backup names",
            format!("#!/bin/sh\n{notify} --hook --tool duplicati\n"),
        )),
        // only "after: error" knows an error, and all its words are quoted by borgmatic itself
        Tool::Borgmatic => Some(hook(
            "in the configuration of borgmatic (2.0.3 or later)",
            format!(
                "commands:\n  - after: error\n    when: [create]\n    run:\n      - |\n        {notify} --hook --tool \
                 borgmatic -- {{configuration_filename}} {{repository}} {{error}} {{output}}\n  - after: action\n    \
                 when: [create]\n    states: [finish]\n    run:\n      - |\n        {notify} --hook --tool \
                 borgmatic --status success -- {{configuration_filename}} {{repository}}\n"
            ),
        )),
        Tool::Resticprofile => Some(hook(
            "in the profiles.yaml of resticprofile, in the section \"backup\" of the profile",
            ["run-after", "run-after-fail"]
                .map(|key| format!("{key}:\n  - |\n    {notify} --hook --tool resticprofile\n"))
                .concat(),
        )),
        _ => None,
    }
}

/// Tells whether some screen shows that a backup begins.
fn begins_on_a_screen(task: &Task) -> bool {
    let growl = task.growl.as_ref().map(|growl| &growl.events);
    let desktop = task.desktop.as_ref().map(|desktop| &desktop.events);
    growl.into_iter().chain(desktop).any(|events| events.contains(&ScreenEvent::Begin))
}

/// Returns the path by which this program was started, where it leads to `program`: a link such as
/// ~/bin/backup-notify outlasts the version that it leads to. Else `program`.
pub(super) fn as_started(args: &[OsString], program: PathBuf) -> PathBuf {
    let Some(typed) = args.first().map(Path::new) else { return program };
    let named = if typed.components().count() > 1 || typed.is_absolute() {
        vec![typed.to_owned()]
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).map(|folder| folder.join(typed)).collect()
    };
    let same = |path: &PathBuf| {
        let real = path.canonicalize().ok();
        // what others can lead elsewhere is nothing for root to run every night
        let trusted = !geteuid().is_root() || files::check_program(path, Purpose::ThisProgram).is_ok();
        let written = path.to_str().is_some_and(|path| !path.contains(is_active));
        trusted && written && real.is_some() && real == program.canonicalize().ok()
    };
    // the first one there is what a shell would start
    let first =
        named.into_iter().filter_map(|path| std::path::absolute(path).ok()).find(|path| path.is_file());
    first.filter(same).unwrap_or(program)
}

/// Writes all of them for a terminal, each below a line that says where it belongs.
pub(super) fn page(hooks: &[Hook]) -> String {
    let blocks: Vec<String> =
        hooks.iter().map(|hook| format!("# {}: {}\n{}", hook.tool, hook.place, hook.text)).collect();
    blocks.join("\n")
}

fn launchd_place(label: &str, root: bool) -> String {
    let (folder, sudo) =
        if root { ("/Library/LaunchDaemons", "sudo ") } else { ("~/Library/LaunchAgents", "") };
    format!("the file {folder}/{label}.plist, then {sudo}launchctl load {folder}/{label}.plist")
}

/// Names the job after its task: launchd knows a job by its label alone, and a second one of the same
/// name would take the place of the first.
fn launchd_label(task: &Path) -> String {
    let name = task.file_stem().unwrap_or_default().to_string_lossy();
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    format!("backup-notify.{}", name.chars().map(safe).collect::<String>())
}

/// A job of launchd (launchd.plist(5)).
fn property_list(label: &str, job: &str) -> String {
    let job = job.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>{label}</string>
  <key>ProgramArguments</key>
  <array>
    <string>/bin/sh</string>
    <string>-c</string>
    <string>{job}</string>
  </array>
  <key>StartCalendarInterval</key>
  <dict><key>Hour</key><integer>2</integer><key>Minute</key><integer>30</integer></dict>
</dict>
</plist>
"#
    )
}

/// What a unit runs when it has ended: systemd gives the result and the exit code in the environment.
fn unit_line(program: &Path, file: &Path) -> String {
    let (program, file) = (program.to_string_lossy(), file.to_string_lossy());
    // with a colon a `$` is one (systemd.service(5), "Command lines"), in the path of a program also
    let colon = if program.contains('$') || file.contains('$') { ":" } else { "" };
    let program = unit_word(&format!("{colon}{program}"));
    format!("{program} notify --task {} --hook --tool systemd", unit_word(&file))
}

/// Quotes a word for a unit file, in which `%` has a meaning too (systemd.service(5)).
fn unit_word(word: &str) -> String {
    let word = word.replace('%', "%%");
    if shell_word(&word) == word {
        return word;
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
