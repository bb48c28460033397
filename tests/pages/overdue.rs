//! The lines by which cron finds out that no backup has ended well for too long. `tests/overdue.rs` runs
//! every one of them, over an old backup and a new one.

use super::page::Page;

pub(crate) struct Line {
    pub(crate) tool: &'static str,
    pub(crate) about: &'static str,
    pub(crate) code: &'static str,
}

pub(crate) const LINES: &[Line] = &[
    Line {
        tool: "restic",
        about: "restic, wherever its repository is:",
        code: "backup-notify overdue --task home --max-age 26h \\\n  \
               --last-success \"$(restic snapshots --json latest | sed -En 's/.*\"time\":\"([^\"]*)\".*/\\1/p')\"",
    },
    Line {
        tool: "restic",
        about: "restic, with the repository on a disk of this computer:",
        code: "backup-notify overdue --task home --max-age 26h --newest /mnt/backup/restic/snapshots",
    },
    Line {
        tool: "borg",
        about: "Borg:",
        code: "backup-notify overdue --task home --max-age 26h \\\n  \
               --last-success \"$(borg list --last 1 --format '{end}' /mnt/backup/borg)\"",
    },
    Line {
        tool: "rsync",
        about: "rsync gives files their old times. So let the script of the backup end with `rsync … && touch \
                /mnt/backup/last-success`, and look at that file:",
        code: "backup-notify overdue --task home --max-age 26h --newest /mnt/backup/last-success",
    },
    Line {
        tool: "ccc",
        about: "Carbon Copy Cloner: let the postflight script of its task begin with \
                `[ \"$3\" = 0 ] && touch /var/db/ccc-last-success`:",
        code: "backup-notify overdue --task home --max-age 8d --newest /var/db/ccc-last-success",
    },
];

pub(super) fn describe(page: &mut Page) {
    page.text(
        "A backup that does not run calls no hook. So let `cron`(8) ask, on the same computer or on another one, \
         whether the last success is too old: `overdue` is silent and exits with 0 while it is not. Else the people of \
         the task are told, whatever `when` says, each time it is called. Nothing is kept between the calls.",
    );
    page.text(
        "The time of the last success is `--last-success`: RFC 3339, a time of this computer's zone \
         (`2026-01-31 03:00`), or seconds since 1970. Or it is that of the newest file at `--newest`: a file, or all \
         regular files in a folder and in the folders in it; links in it are not followed. As soon as one file is new \
         enough, nothing more is looked at. What is not known is never taken for a success: people are told of an empty \
         time (the program in `$(…)` has failed), of one more than 24 hours in the future, of a path that is not there \
         (a disk that is not connected), of a folder without a file or one that cannot be read.",
    );
    for line in LINES {
        page.text(line.about);
        page.code(line.code);
    }
    page.text(
        "A snapshot of restic and an archive of Borg are there also after a run that ended with warnings. As a line of a \
         crontab, write each in one line, with a backslash before every `%`.",
    );
}
