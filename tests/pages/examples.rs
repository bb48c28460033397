//! The examples of the man page. A test runs every one of them.

/// How an example is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines for a shell.
    Shell,
    /// A script that Carbon Copy Cloner calls with its four arguments.
    Postflight,
    /// A line of a crontab: five words, then a command.
    Cron,
    /// A task file.
    Task,
    /// Lines for a shell that show the accounts of Mail.
    Accounts,
    /// Lines for a shell that keep a password.
    Password,
}

pub(crate) struct Example {
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) code: &'static str,
    /// The outcome that the message tells of, when the example sends one.
    pub(crate) tells: Option<&'static str>,
}

pub(crate) const EXAMPLES: &[Example] = &[
    Example {
        about: "A task file with the password in the keyring of the desktop. Write it to \
                `~/.config/backup-notify/home.json`; its name is then `home`.",
        kind: Kind::Task,
        code: r#"{
  "name": "Nightly home backup",
  "source": "/home",
  "destination": "/mnt/backup",
  "email": {
    "when": "warning",
    "to": "kim@example.com, ops@example.com",
    "account": { "host": "smtp.example.com", "user": "kim@example.com" },
    "password": { "command": ["/usr/bin/secret-tool", "lookup", "service", "smtp"] }
  }
}"#,
        tells: None,
    },
    Example {
        about: "Where Mail is set up: see which accounts it has, and what to write for the one with this address:",
        kind: Kind::Accounts,
        code: "backup-notify accounts\n\
               backup-notify accounts kim@example.com",
        tells: None,
    },
    Example {
        about: "A task for root that sends by an account of Mail of the person whose Mac it is. The id is one that \
                `backup-notify accounts --mail-home /Users/kim` has shown; its password is kept by `sudo backup-notify \
                password set smtp.example.com:kim --mail-home /Users/kim`:",
        kind: Kind::Task,
        code: r#"{
  "name": "Nightly",
  "mail_home": "/Users/kim",
  "email": {
    "to": "kim@example.com",
    "account": "smtp.example.com:kim"
  }
}"#,
        tells: None,
    },
    Example {
        about: "Put the password into that keyring (secret-tool asks for it), see whether everything works, \
                and send a test message:",
        kind: Kind::Shell,
        code: "secret-tool store --label=smtp service smtp\n\
               backup-notify check --task home\n\
               backup-notify test-email --task home",
        tells: Some("test"),
    },
    Example {
        about: "Or keep the password in the private keychain, and write no `password` into the task. Typed without \
                `--stdin` and the pipe, it asks for the password:",
        kind: Kind::Password,
        code: "pass show mail/work | head -n 1 |\n  \
               backup-notify password set smtp.example.com:587:kim@example.com --stdin\n\
               backup-notify password list",
        tells: None,
    },
    Example {
        about: "See what would be sent after a failure, without a password and without the network:",
        kind: Kind::Shell,
        code: "backup-notify notify --task home --status error --message \"The disk was not there\" --dry-run",
        tells: None,
    },
    Example {
        about: "Run rsync and tell how it ended, with its numbers and its errors; the code is rsync's:",
        kind: Kind::Shell,
        code: "backup-notify run --task home --tool rsync --capture -- rsync -a --stats /home/ /mnt/backup/home/",
        tells: Some("warning"),
    },
    Example {
        about: "After rsync, in a script that keeps rsync's exit code as its own:",
        kind: Kind::Shell,
        code: "began=$(date +%s)\n\
               rsync -a /home/ /mnt/backup/home/\n\
               code=$?\n\
               backup-notify notify --task home --tool rsync --exit-code \"$code\" --started \"$began\"\n\
               exit \"$code\"",
        tells: Some("warning"),
    },
    Example {
        about: "With a notice on the screen at both ends. The task has `\"desktop\": true`, or `growl`:",
        kind: Kind::Shell,
        code: "backup-notify notify --task home --event begin || :\n\
               rsync -a /home/ /mnt/backup/home/\n\
               backup-notify notify --task home --tool rsync --exit-code \"$?\"",
        tells: Some("warning"),
    },
    Example {
        about: "After restic, which leaves the key of the private keychain out:",
        kind: Kind::Shell,
        code: "restic backup --quiet --exclude-caches /home\n\
               backup-notify notify --task home --tool restic --exit-code \"$?\"",
        tells: Some("warning"),
    },
    Example {
        about: "After Borg, with the last lines of its output in the message:",
        kind: Kind::Shell,
        code: "borg create --stats --exclude-caches '/mnt/backup/repo::{now}' /home 2> \"$HOME/borg.log\"\n\
               backup-notify notify --task home --tool borg --exit-code \"$?\" --log \"$HOME/borg.log\"",
        tells: Some("warning"),
    },
    Example {
        about: "A postflight script of Carbon Copy Cloner, which runs as root and hands over source, \
                destination, exit status and disk image. The task is \
                `/Library/Application Support/backup-notify/nightly.json`:",
        kind: Kind::Postflight,
        code: "#!/bin/sh\n\
               /usr/local/bin/backup-notify notify --hook --task nightly --tool ccc -- \"$@\"",
        tells: Some("error"),
    },
    Example {
        about: "From cron. A session of yours may not exist then, and without one there is no keyring of the desktop: \
                let the password be in the private keychain.",
        kind: Kind::Cron,
        code: "30 2 * * * restic backup --quiet --exclude-caches /home; backup-notify notify --hook --task home --tool restic \
               --exit-code $?",
        tells: Some("warning"),
    },
    Example {
        about: "A report on standard input, from a program that knows more than an exit code says:",
        kind: Kind::Shell,
        code: "echo '{\"status\": \"warning\", \"files_copied\": 812, \"message\": \"2 files were in use\"}' |\n  \
               backup-notify notify --task home --report -",
        tells: Some("warning"),
    },
    Example {
        about: "Without a task file, through a mail server on this computer that wants no password:",
        kind: Kind::Shell,
        code: "backup-notify notify --name \"Photos\" --status error \\\n  \
               --to kim@example.com --from backup@example.com \\\n  \
               --account '{\"host\": \"localhost\", \"port\": 25, \"auth\": \"none\"}' --tls-mode none",
        tells: Some("error"),
    },
];
