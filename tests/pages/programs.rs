//! What to write for which backup program. `tests/hook_lines.rs` runs every line: those of programs that
//! Debian has with the program itself, the others as their program would call them.

use super::page::Page;

/// A program that `run` starts.
pub(crate) struct Started {
    pub(crate) tool: &'static str,
    pub(crate) about: &'static str,
    pub(crate) line: &'static str,
}

pub(crate) const STARTED: &[Started] = &[
    Started {
        tool: "rsync",
        about: "`--stats` gives the numbers; without `-h` they are exact. Files that could not be read are named.",
        line: "backup-notify run --task home --tool rsync --capture -- \\\n  rsync -a --stats /home/ /mnt/backup/home/",
    },
    Started {
        tool: "restic",
        about: "`--json` gives the numbers, the snapshot and every file that could not be read; `--quiet` leaves out the many lines about its progress.",
        line: "backup-notify run --task home --tool restic --capture -- \\\n  restic backup --json --quiet --exclude-caches /home",
    },
    Started {
        tool: "borg",
        about: "`--json` gives the numbers and the archive, `--log-json` the files with their errors. Legacy and modern \
                exit codes (`BORG_EXIT_CODES=modern`) are both known.",
        line: "backup-notify run --task home --tool borg --capture -- \\\n  borg create --json --log-json --exclude-caches \
               '/mnt/backup/borg::{now}' /home",
    },
    Started {
        tool: "rclone",
        about: "The numbers are in the statistics of its log; `--stats 0` would leave them out.",
        line: "backup-notify run --task home --tool rclone --capture -- \\\n  rclone sync --use-json-log -v --stats 10s /home \
               /mnt/backup/rclone",
    },
    Started {
        tool: "tar",
        about: "`--totals` gives the bytes. `LC_ALL=C` has it speak English: in another language its remarks count as errors.",
        line: "LC_ALL=C backup-notify run --task home --tool tar --capture -- \\\n  tar --create --totals --exclude-caches \
               --file=/mnt/backup/home.tar /home",
    },
    Started {
        tool: "rsnapshot",
        about: "Its log names the files: set `logfile`, `loglevel 3`, and for the numbers `--stats` among \
                `rsync_long_args`.",
        line: "backup-notify run --task home --tool rsnapshot --report /var/log/rsnapshot.log -- \\\n  rsnapshot alpha",
    },
];

/// A program that calls a hook.
pub(crate) struct Calls {
    pub(crate) tool: &'static str,
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) line: &'static str,
}

pub(crate) const CALLS: &[Calls] = &[
    Calls {
        tool: "ccc",
        name: "Carbon Copy Cloner",
        about: "the postflight script of a task, which runs as root. It hands over source, destination, exit status and \
                disk image",
        line: "#!/bin/sh\n/usr/local/bin/backup-notify notify --hook --task home --tool ccc -- \"$@\"",
    },
    Calls {
        tool: "borgmatic",
        name: "borgmatic",
        about: "its configuration, from version 2.0.3 on. The words after `--` stay without quotes: borgmatic quotes them",
        line: "commands:\n  - after: error\n    run:\n      - backup-notify notify --hook --task home --tool borgmatic -- \
               {configuration_filename} {repository} {error} {output}\n  - after: action\n    when: [create]\n    states: \
               [finish]\n    run:\n      - backup-notify notify --hook --task home --tool borgmatic --status success -- \
               {configuration_filename} {repository}",
    },
    Calls {
        tool: "resticprofile",
        name: "resticprofile",
        about: "its configuration. It says in variables what failed; never put this into `run-before`, for without an \
                error it is a success",
        line: "[home.backup]\nrun-after = \"backup-notify notify --hook --task home --tool resticprofile\"\n\
               run-after-fail = \"backup-notify notify --hook --task home --tool resticprofile\"",
    },
    Calls {
        tool: "duplicati",
        name: "Duplicati",
        about: "a script, named as `run-script-after` of the backup. User, password and options of the remote URL are left \
                out",
        line: "#!/bin/sh\nbackup-notify notify --hook --task home --tool duplicati",
    },
    Calls {
        tool: "systemd",
        name: "systemd",
        about: "the unit of the backup. The program that it runs is named as `tool` in the task, for the meaning of its \
                exit codes. In a unit for `OnFailure=` write `ExecStart=` in its place; there it needs systemd 251",
        line: "[Service]\nExecStopPost=/usr/local/bin/backup-notify notify --hook --task /etc/backup-notify/home.json --tool \
               systemd",
    },
    Calls {
        tool: "kopia",
        name: "Kopia",
        about: "a script. Only its exit code is known",
        line: "kopia snapshot create /home\nbackup-notify notify --task home --tool kopia --exit-code \"$?\"",
    },
];

/// In a script, with what the program prints in a file.
pub(crate) const SCRIPT: &str = "report=$(mktemp) || :\n\
    code=0\n\
    rsync -a --stats /home/ /mnt/backup/home/ >\"$report\" 2>&1 || code=$?\n\
    backup-notify notify --task home --tool rsync --exit-code \"$code\" --report \"$report\" --log \"$report\" || :\n\
    rm -f \"$report\"\n\
    exit \"$code\"";

pub(super) fn programs(page: &mut Page) {
    page.text(
        "`--tool`, or `tool` in the task, names the program. Then its exit code is understood, and the message says it in a \
         sentence: \u{201c}rsync 24: some source files vanished before they could be copied\u{201d}. A code that the \
         program does not document is an error. `exit_codes` in the task gives a code another meaning.",
    );
    page.text(
        "With `--tool` as a flag, what the program prints is read too, whatever its length: as `--report` ‹FILE›, or by \
         `run --capture`. Files, bytes, the snapshot, and each error with its path go into the message. A report that ends \
         too early gives what it has, and the message says so.",
    );
    page.text(
        "Beside an exit code the worse of the two counts. So errors in a report are a warning even with the code 0, as is a \
         report of restic that shows it at work and lacks its end; and where no file was looked at, as when the source is not \
         there, errors are an error, though rsync and Borg call it a warning. A report that was written before `--started`, \
         or 12 hours ago, is of another run and not used; from one hour on the message says how old it is.",
    );
    page.text(
        "A pipe loses the exit code: `$?` is that of its last program, unless the shell has `set -o pipefail`. Into \
         `--report -` too; a success that the report does not state is then not known. Names of files cannot forge a report \
         in JSON.",
    );
    for started in STARTED {
        page.text(&format!("`{}`: {}", started.tool, started.about));
        page.code(started.line);
    }
    page.text(
        "The same in a script, with both outputs in one file. So written it works under `set -e` too, and ends with rsync's \
         exit code. Should the disk be full, so that there is no file for the report, people are told all the same:",
    );
    page.code(SCRIPT);
    page.text(
        "Programs that call a hook hand it what they know: as words, which stand after `--`, or in the environment. Both \
         are read only for the program that the flag `--tool` names. Source and destination in the task count more than \
         those that are handed over.",
    );
    for calls in CALLS {
        page.text(&format!("{}, {}:", calls.name, calls.about));
        page.code(calls.line);
    }
    page.text(
        "The history of Carbon Copy Cloner can be read by `--tool ccc --report` ‹FILE› too (what `ccc --history` prints); \
         its newest line counts, and the message says of which run it is.",
    );
}

pub(super) const RUN: &str = "For programs that call no hook: it begins (on screens whose task wants that), starts \
    ‹COMMAND› on the same terminal or pipes, waits, and tells people how it ended by the path of `notify`. It prints \
    nothing of its own on standard output. It ends as ‹COMMAND› has ended, with its exit code or by its signal, whatever \
    becomes of the notice: 127 when it is not found, 126 when it cannot be started, and people are told of both. 64 means \
    that the command line is wrong, and nothing was run. What a shell has to read wants a shell: \
    `-- sh -c 'pg_dump shop | gzip > shop.gz'`. See RUNNING A COMMAND.";

pub(super) fn running(page: &mut Page) {
    page.text(
        "The keys of the terminal (Ctrl-C, Ctrl-\\, Ctrl-Z) and `fg` and `bg` work as without `run`. A signal sent to `run` \
         is handed on. Once the command has ended, Ctrl-C or TERM gives the notice up, and the code stays the command's. \
         Where a signal goes to a whole group of processes the command gets it twice: in a unit of systemd set \
         `KillMode=mixed`, and with `timeout`(1) write `--foreground`. A KILL of `run` alone leaves the command at work, \
         without a notice.",
    );
    page.text(
        "A task file that cannot be read stops no backup: it is said on standard error, the command runs, and the task is \
         read again at its end. `--deadline` counts from the end of the command. Standard input belongs to the command, so \
         `--task -` and `--report -` cannot stand here.",
    );
    page.text(
        "`--capture` passes on what the command prints and keeps the first 1 MiB and the last 4 MiB of it. It is the log of \
         the run then, unless `--log` names another one, and with `--tool` it is read as its report. The command sees pipes \
         in the place of a terminal, so it may show no colours and no progress. What it leaves in the background goes on \
         printing through a small process, `backup-notify pass-on`. A disk that is full under standard output ends the \
         command, under standard error it does not.",
    );
}

pub(super) fn logs(page: &mut Page) {
    page.text(
        "Of the log that `--log`, or `log` under `run` in the task, names, the message quotes the last lines. When the backup did not \
         end well, it quotes the first lines that speak of an error too, with what stands around them. Left-out lines are \
         counted. JSON of restic, Borg and rclone, whose facts stand above it, is left out. Of a long log the first 16 MiB and the last 4 MiB are looked at. A log that is compressed, or no text, is \
         neither quoted nor attached, and the message says so; so it does when the log is missing, a link, a pipe or a \
         folder. Of a log to which each run adds, `run --log` takes what its command has added; `notify` cannot know where \
         that begins, and quotes errors of earlier runs too.",
    );
    page.text(
        "With `attach_log` the log goes with the message: whole up to 5 MiB, else its first 1 MiB and its last 4 MiB with a \
         line between that says how much is left out. More than 256 KiB go as ‹NAME›`.log.gz`; what `run --capture` kept \
         goes as `output.log`. Where the server limits the size, less of it goes (the last 512 KiB, the last 64 KiB, nothing), \
         and when the server refuses a message for its size, the message goes again without the log. The message and the \
         result say so.",
    );
    page.text(
        "`redact` lists words that never appear in a message: as they are, percent-encoded, and with `+` for blanks. User \
         and password in URLs, and values in URLs that are called password, token, key, secret or signature, are taken out \
         always. In logs the home folder is `~`; with the word `\"~\"` under `redact` it is so everywhere. The text of your \
         own templates is searched for the words alone.",
    );
}
