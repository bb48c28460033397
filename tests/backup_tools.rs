//! Real backup programs over a home folder with a password in it: the vault goes along, its key
//! does not, for those that honour the tag of its folder. The lines are those of the man page.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::pages::backups::{HONOUR_THE_TAG, RSYNC, Tool};
use crate::support::leaks::contains;
use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

const VAULT: &str = ".local/share/backup-notify/keychain/vault";
const KEY: &str = ".local/state/backup-notify/key/key";

/// A home folder in which a password is kept, and a server that takes it.
struct Home {
    world: World,
    server: SmtpServer,
    task: PathBuf,
}

impl Home {
    fn new() -> Self {
        let world = World::new();
        let server = SmtpServer::builder().tls(Mode::None).user("jon", world.secret()).start();
        let task = world.task(&json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": server.account("jon", "password"),
                "tls": { "mode": "none" },
            },
        }));
        let home = Self { world, server, task };
        home.keep_password(&home.world.home()).assert_success();
        home.world.write("home/letter.txt", "Dear Kim");
        home.world.folder("backup");
        home
    }

    fn account(&self) -> String {
        format!("{}:{}:jon", self.server.host(), self.server.port())
    }

    fn keep_password(&self, home: &Path) -> Output {
        let run = self.world.command(&["password", "set", &self.account(), "--stdin"]);
        run.env("HOME", home.to_str().unwrap()).stdin(self.world.secret()).run()
    }

    fn check(&self, home: &Path) -> Output {
        let run = self.world.command(&["check"]).task(&self.task);
        run.env("HOME", home.to_str().unwrap()).run()
    }

    fn shell(&self, lines: &str) -> Output {
        let here = |name: &str| self.world.path().join(name).to_str().unwrap().to_owned();
        let run = self.world.other_command("/bin/sh", &["-euc", lines]);
        // offline, and everything of theirs in this world
        let run =
            run.env("RESTIC_REPOSITORY", here("backup/restic")).env("RESTIC_PASSWORD_FILE", here("words"));
        let run = run.env("RESTIC_CACHE_DIR", here("restic-cache")).env("BORG_BASE_DIR", here("borg-base"));
        run.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes").run()
    }

    /// Backs up as this line says, restores, and returns the restored home folder.
    fn through(&self, tool: &Tool, line: &str) -> PathBuf {
        let path = self.world.path().to_str().unwrap();
        let home = format!("{path}/home");
        let line = line.replace("/home/kim", &home).replace("/mnt/backup", &format!("{path}/backup"));
        let (before, after, restored) = match tool.name {
            "restic" => (
                "echo words >words; restic --quiet init",
                "restic --quiet restore latest --target \"$PWD/restored\"".to_owned(),
                format!("restored{home}"),
            ),
            "borg" => (
                "borg init --encryption=none backup/borg",
                "mkdir restored; cd restored; borg extract ../backup/borg::home".to_owned(),
                format!("restored{home}"),
            ),
            "tar" => (
                ":",
                "mkdir restored; tar --extract --file=backup/home.tar --directory=restored".to_owned(),
                format!("restored{home}"),
            ),
            _ => (":", ":".to_owned(), "backup/kim".to_owned()),
        };
        self.shell(&format!("{before}\n{line}\n{after}")).assert_success();
        let restored = self.world.path().join(restored);
        assert_eq!(fs::read_to_string(restored.join("letter.txt")).unwrap(), "Dear Kim");
        assert_eq!(fs::read(restored.join(VAULT)).unwrap(), fs::read(self.world.home().join(VAULT)).unwrap());
        restored
    }

    /// The files below a folder that hold the key.
    fn with_key(&self, folder: &Path) -> Vec<PathBuf> {
        let key = fs::read(self.world.home().join(KEY)).unwrap();
        let key = key.strip_prefix(b"backup-notify-key-1:").unwrap().trim_ascii().to_vec();
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() && contains(&fs::read(entry.path()).unwrap(), &key) => {
                        found.push(entry.path());
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

fn tools() -> impl Iterator<Item = &'static Tool> {
    HONOUR_THE_TAG.iter().chain([&RSYNC])
}

#[test]
fn the_lines_of_the_page_take_the_vault_and_leave_the_key() {
    for tool in tools() {
        let home = Home::new();
        let restored = home.through(tool, tool.line);
        assert!(!restored.join(KEY).exists(), "{}", tool.name);
        assert!(home.with_key(&restored).is_empty(), "{}", tool.name);
        if tool.name == "tar" {
            assert!(home.with_key(&home.world.path().join("backup")).is_empty());
        }
    }
}

/// What the page warns of: without those words each of them takes the key too.
#[test]
fn without_these_words_a_backup_holds_the_key() {
    for tool in tools() {
        let home = Home::new();
        let restored = home.through(tool, &tool.line.replace(tool.without_key, ""));
        assert_eq!(home.with_key(&restored), [restored.join(KEY)], "{}", tool.name);
        home.check(&restored).assert_code(0);
    }
    // rsync has no word for the tag itself
    let help = World::new().other_command("rsync", &["--help"]).run();
    help.assert_success().assert_stdout_has("--exclude=").assert_stderr_is_empty();
    assert!(!help.stdout.to_lowercase().contains("cache"), "{help}");
}

#[test]
fn the_words_for_rsync_fit_a_folder_of_several_homes() {
    let home = Home::new();
    home.shell("mkdir homes; cp -a home homes/kim; cp -a home homes/jon").assert_success();
    let line = RSYNC.line.replace("/home/kim/", "homes/").replace("/mnt/backup/kim/", "backup/homes/");
    home.shell(&line).assert_success();
    let backup = home.world.path().join("backup/homes");
    assert!(backup.join("kim").join(VAULT).exists() && backup.join("jon").join(VAULT).exists());
    assert!(home.with_key(&backup).is_empty());
}

#[test]
fn a_restored_home_without_its_key_says_what_to_do_and_that_helps() {
    for tool in tools() {
        let home = Home::new();
        let restored = home.through(tool, tool.line);
        let (vault, key) = (restored.join(VAULT), restored.join(KEY));
        let output = home.check(&restored);
        output.assert_code(77);
        output.assert_stderr_has(&format!("the key of the vault \"{}\" is missing: ", vault.display()));
        output.assert_stderr_has(&format!("the file \"{}\"", key.display()));
        let aside = format!("mv {} {}", vault.display(), vault.with_file_name("vault.aside").display());
        output.assert_stderr_has("what to do: put the key back that it was made with, or move ");
        output.assert_stderr_has(&aside);
        assert!(home.server.sessions().is_empty());
        // nothing is written over what may still be needed
        home.keep_password(&restored).assert_code(77);
        assert_eq!(fs::read(&vault).unwrap(), fs::read(home.world.home().join(VAULT)).unwrap());

        // the one: the key from where a copy of it was kept
        fs::create_dir_all(key.parent().unwrap()).unwrap();
        fs::copy(home.world.home().join(KEY), &key).unwrap();
        home.shell(&format!("chmod 700 {}", key.parent().unwrap().display())).assert_success();
        home.check(&restored).assert_code(0);
        fs::remove_file(&key).unwrap();

        // the other: as it is written there
        home.shell(&aside).assert_success();
        home.keep_password(&restored).assert_success();
        home.check(&restored).assert_code(0);
    }
}
