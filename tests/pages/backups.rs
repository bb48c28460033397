//! What to type so that backups leave the key of the private keychain out. `tests/backup_tools.rs` runs
//! every line.

pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) line: &'static str,
    /// What is in the line so that the key is left out.
    pub(crate) without_key: &'static str,
}

/// Those that know the tag, when they are told to look.
pub(crate) const HONOUR_THE_TAG: &[Tool] = &[
    Tool {
        name: "restic",
        line: "restic backup --exclude-caches /home/kim",
        without_key: " --exclude-caches",
    },
    Tool {
        name: "borg",
        line: "borg create --exclude-caches /mnt/backup/borg::home /home/kim",
        without_key: " --exclude-caches",
    },
    Tool {
        name: "tar",
        line: "tar --create --exclude-caches --file=/mnt/backup/home.tar /home/kim",
        without_key: " --exclude-caches",
    },
];

/// The one that does not.
pub(crate) const RSYNC: Tool = Tool {
    name: "rsync",
    line: "rsync -a --exclude=.local/state/backup-notify/key/ /home/kim/ /mnt/backup/kim/",
    without_key: " --exclude=.local/state/backup-notify/key/",
};
