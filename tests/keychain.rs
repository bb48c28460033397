//! The private keychain under the real program: many writers at once, full disks, other people's
//! vaults. What a vault gives out is seen by the server to which it is offered.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

/// An ordinary user, without a name.
const USER: u32 = 4242;

/// A person with a private keychain, and the server that the passwords are for.
pub(crate) struct Person {
    pub(crate) world: World,
    pub(crate) server: SmtpServer,
}

impl Person {
    pub(crate) fn new() -> Self {
        let server =
            SmtpServer::builder().tls(Mode::None).user("jon", "not looked at").auth_in_clear().start();
        Self { world: World::new(), server }
    }

    pub(crate) fn account(&self, user: &str) -> String {
        format!("{}:{}:{user}", self.server.host(), self.server.port())
    }

    pub(crate) fn set(&self, user: &str, secret: &str) -> Output {
        self.world.command(&["password", "set", &self.account(user), "--stdin"]).stdin(secret).run()
    }

    /// The task file of a user of the server.
    pub(crate) fn task(&self, user: &str) -> PathBuf {
        let task = json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": self.server.account(user, "password"),
                "tls": { "mode": "none" },
            },
        });
        self.world.write(format!("{user}.json"), serde_json::to_vec(&task).unwrap())
    }

    /// What the program offers to the server for a user; or how it ended without.
    pub(crate) fn offered(&self, user: &str) -> Result<String, Output> {
        let before = self.server.snapshot().len();
        let output = self.world.command(&["check"]).task(&self.task(user)).run();
        let sessions = self.server.sessions();
        let mut sign_ins = sessions.iter().skip(before).flat_map(|session| &session.sign_ins);
        match sign_ins.next() {
            Some(sign_in) => {
                assert_eq!(sign_in.user, user);
                Ok(sign_in.secret.clone())
            }
            None => Err(output),
        }
    }

    #[track_caller]
    pub(crate) fn assert_offers(&self, user: &str, secret: &str) {
        match self.offered(user) {
            Ok(offered) => assert_eq!(offered, secret, "for {user}"),
            Err(output) => output.fail(&format!("nothing was offered for {user}")),
        }
    }

    pub(crate) fn keychain_folder(&self) -> PathBuf {
        self.world.home().join(".local/share/backup-notify/keychain")
    }

    pub(crate) fn key_folder(&self) -> PathBuf {
        self.world.home().join(".local/state/backup-notify/key")
    }

    /// What lies in the folder of the vault.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.keychain_folder()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Sets a password under another program's supervision, which is given its own arguments first.
    fn set_under(&self, program: &str, arguments: &[&str], user: &str, secret: &str) -> Output {
        let binary = self.world.binary().to_str().unwrap();
        let account = self.account(user);
        let all = [arguments, &[binary, "password", "set", &account, "--stdin"]].concat();
        self.world.other_command(program, &all).stdin(secret).run()
    }
}

/// Cron and systemd do not have the variables of a terminal, and have to find the same vault.
#[test]
fn the_vault_is_where_it_is_whatever_the_terminal_says() {
    let person = Person::new();
    let elsewhere = person.world.folder("elsewhere");
    let account = person.account("jon");
    let mut set = person.world.command(&["password", "set", &account, "--stdin"]).stdin("hunter2");
    for variable in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        set = set.env(variable, elsewhere.to_str().unwrap());
    }
    set.run().assert_success();
    person.assert_offers("jon", "hunter2");
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
    // nor does who may read it depend on the umask
    let binary = person.world.binary().to_str().unwrap();
    let script = r#"umask "$1"; echo hunter3 | "$2" password set "$3" --stdin"#;
    for umask in ["000", "277", "777"] {
        fs::remove_dir_all(person.world.home().join(".local")).unwrap();
        let arguments = ["-c", script, "sh", umask, binary, &account];
        person.world.other_command("sh", &arguments).run().assert_success();
        for (path, mode) in [
            (person.keychain_folder(), 0o700),
            (person.key_folder(), 0o700),
            (person.keychain_folder().join("vault"), 0o600),
            (person.keychain_folder().join("lock"), 0o600),
            (person.key_folder().join("key"), 0o600),
        ] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, mode, "{}", path.display());
        }
    }
}

#[test]
fn eight_processes_that_write_at_once_lose_nothing() {
    let person = Person::new();
    // the first password makes key and vault: that, too, happens at once
    for round in ["first", "second"] {
        let mut children = Vec::new();
        for number in 0..8 {
            let mut child = Command::new(person.world.binary())
                .args(["password", "set", &person.account(&format!("u{number}")), "--stdin"])
                .env_clear()
                .env("HOME", person.world.home())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            writeln!(child.stdin.take().unwrap(), "{round} of {number}").unwrap();
            children.push(child);
        }
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        for number in 0..8 {
            person.assert_offers(&format!("u{number}"), &format!("{round} of {number}"));
        }
    }
    assert_eq!(person.names(), ["lock", "vault"]);
}

#[test]
fn a_failing_disk_leaves_the_old_vault_and_nothing_else() {
    let person = Person::new();
    person.set("jon", "old one").assert_success();
    for (fault, said) in [
        ("inject=write:error=ENOSPC:when=1", "no space left on device"),
        ("inject=fsync:error=EIO:when=1", "input/output error"),
        ("inject=rename:error=EROFS", "read-only file system"),
        ("inject=fchmod:error=EPERM", "operation not permitted"),
    ] {
        let vault = person.keychain_folder().join("vault.new");
        // only what is done with the vault; writing to stderr goes on
        let arguments = ["-f", "-qq", "-o", "/dev/null", "-P", vault.to_str().unwrap(), "-e", fault];
        let output = person.set_under("strace", &arguments, "jon", "new one");
        output
            .assert_code(74)
            .assert_stdout_is("")
            .assert_stderr_has(said)
            .assert_stderr_has("nothing was changed");
        person.assert_offers("jon", "old one");
        assert_eq!(person.names(), ["lock", "vault"], "{fault}");
    }
    let output = person.set_under("prlimit", &["--fsize=100"], "jon", "new one");
    output.assert_code(74).assert_stderr_has("file too large").assert_stderr_has("ulimit -f unlimited");
    person.assert_offers("jon", "old one");
    person.set("jon", "new one").assert_success();
    person.assert_offers("jon", "new one");
}

#[test]
fn a_full_disk_leaves_the_old_vault() {
    let person = Person::new();
    let binary = person.world.binary().to_str().unwrap();
    fs::create_dir_all(person.keychain_folder().parent().unwrap()).unwrap();
    // a disk of its own for the vault, that only these processes see
    let script = r#"
        mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" || exit 1
        echo old | "$2" password set "$3" --stdin || exit 2
        cp -p "$1/keychain/vault" "$4"
        dd if=/dev/zero of="$1/filler" 2>/dev/null
        echo new | "$2" password set "$3" --stdin; echo "full: $?"
        cmp "$1/keychain/vault" "$4" && ls "$1/keychain"
        rm "$1/filler"
        echo new | "$2" password set "$3" --stdin; echo "room: $?"
    "#;
    let disk = person.keychain_folder();
    let (disk, copy) = (disk.parent().unwrap().to_str().unwrap(), person.world.path().join("copy"));
    let account = person.account("jon");
    let arguments = ["--mount", "sh", "-c", script, "sh", disk, binary, &account, copy.to_str().unwrap()];
    let output = person.world.other_command("unshare", &arguments).run();
    output.assert_success().assert_stdout_has("full: 74\nlock\nvault\n").assert_stdout_has("room: 0\n");
    output.assert_stderr_has("no space left on device").assert_stderr_has("make room on the disk: df -h");
}

#[test]
fn a_folder_that_cannot_be_written_is_74_and_says_which() {
    let person = Person::new();
    let folder = person.world.folder("home/.local");
    let run = |person: &Person| {
        let arguments = ["--bounding-set=-dac_override", "--inh-caps=-dac_override"];
        person.set_under("setpriv", &arguments, "jon", "new one")
    };
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let output = run(&person);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    output.assert_code(74).assert_stderr_has("cannot be made: permission denied");
    output.assert_stderr_has(&format!("ls -ld {}", folder.display()));
    run(&person).assert_success();
    person.assert_offers("jon", "new one");
}

/// Gives a world to nobody in particular: its owner stays, others may enter.
fn open_up(person: &Person) -> PathBuf {
    for folder in [person.world.path().to_owned(), person.world.home()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // the build may be in a folder that the user cannot enter
    let binary = person.world.path().join("program");
    fs::copy(person.world.binary(), &binary).unwrap();
    binary
}

/// Runs `check` as an ordinary user with this home.
fn check_as_user(person: &Person, binary: &Path, home: &Path) -> Output {
    let task = person.task("jon");
    fs::set_permissions(&task, fs::Permissions::from_mode(0o644)).unwrap();
    let (binary, task) = (binary.to_str().unwrap(), task.to_str().unwrap());
    let arguments = ["--reuid=4242", "--regid=4242", "--clear-groups", binary, "check", "--task", task];
    person.world.other_command("setpriv", &arguments).env("HOME", home.to_str().unwrap()).run()
}

#[test]
fn roots_vault_and_a_users_are_two_and_neither_sees_the_others() {
    let person = Person::new();
    let binary = open_up(&person);
    person.set("jon", "root's").assert_success();
    // with root's home, of which the user can read nothing
    let output = check_as_user(&person, &binary, &person.world.home());
    output.assert_code(77).assert_stderr_has("permission denied");
    output.assert_stderr_has(person.keychain_folder().to_str().unwrap());
    // with a home of one's own, where nothing is kept
    let home = person.world.folder("their");
    chown(&home, Some(USER), Some(USER)).unwrap();
    let output = check_as_user(&person, &binary, &home);
    let vault = home.join(".local/share/backup-notify/keychain/vault");
    let expected = format!("the private keychain of number {USER} (\"{}\") has none", vault.display());
    output.assert_code(77).assert_stderr_has(&expected).assert_stderr_lacks("sudo");
    output.assert_stderr_has(&format!("type backup-notify password set {}", person.account("jon")));
    assert!(person.server.sessions().iter().all(|session| session.sign_ins.is_empty()));
    // what the user keeps is not root's, who has kept HOME (sudo does that on macOS)
    let account = person.account("jon");
    let arguments = [
        "--reuid=4242",
        "--regid=4242",
        "--clear-groups",
        binary.to_str().unwrap(),
        "password",
        "set",
        &account,
        "--stdin",
    ];
    let set = person.world.other_command("setpriv", &arguments).env("HOME", home.to_str().unwrap());
    set.stdin("theirs").run().assert_success();
    assert!(vault.exists());
    let check =
        person.world.command(&["check"]).task(&person.task("jon")).env("HOME", home.to_str().unwrap());
    let output = check.run();
    output.assert_code(77).assert_stderr_has("the private keychain of root (\"/root/.local/share/");
    output.assert_stderr_has(&format!("type as root: backup-notify password set {account}"));
    output.assert_stderr_lacks("sudo");
    let check = person.world.command(&["check"]).task(&person.task("jon")).env("SUDO_USER", "kim");
    let output = check.env("HOME", home.to_str().unwrap()).run();
    output.assert_code(77).assert_stderr_has(&format!("type sudo backup-notify password set {account}"));
    person.assert_offers("jon", "root's");
}

#[test]
fn a_password_is_offered_to_the_port_it_was_kept_for_and_the_other_is_named() {
    let (person, other) = (Person::new(), Person::new());
    person.set("jon", "hunter2").assert_success();
    person.set("kim", "hunter3").assert_success();
    // a task of the same person, for another server
    let task = other.task("jon");
    let output = person.world.command(&["check"]).task(&task).run();
    output.assert_code(77).assert_stderr_has("has none").assert_stderr_has(&format!(
        "it keeps one for \"{}\", but that is another server, and it is never offered there",
        person.account("jon")
    ));
    assert!(other.server.sessions().iter().all(|session| session.sign_ins.is_empty()));
}

#[test]
fn a_credential_of_systemd_opens_a_vault_whose_key_is_nowhere_else() {
    let person = Person::new();
    person.set("jon", "hunter2").assert_success();
    let credentials = person.world.folder("credentials");
    fs::rename(person.key_folder().join("key"), credentials.join("backup-notify-key")).unwrap();
    let lost = person.offered("jon").unwrap_err();
    lost.assert_code(77).assert_stderr_has("is missing: it is not in the file");
    let check = person.world.command(&["check"]).task(&person.task("jon"));
    check.env("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()).run();
    let sessions = person.server.sessions();
    assert!(sessions.iter().flat_map(|session| &session.sign_ins).any(|sign_in| sign_in.secret == "hunter2"));
    // a credential that is there counts, and is not passed over for the file
    fs::copy(credentials.join("backup-notify-key"), person.key_folder().join("key")).unwrap();
    fs::write(credentials.join("backup-notify-key"), "something else\n").unwrap();
    let check = person.world.command(&["check"]).task(&person.task("jon"));
    let output = check.env("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()).run();
    output.assert_code(77).assert_stderr_has("the systemd credential \"backup-notify-key\" holds no key");
}

/// Whoever shares a folder with root may put a folder or link of theirs where ours is going to be.
#[test]
fn nothing_is_made_in_a_folder_that_somebody_else_has_put_there() {
    let person = Person::new();
    let (home, theirs) = (person.world.folder("shared"), person.world.folder("theirs"));
    fs::set_permissions(&home, fs::Permissions::from_mode(0o1777)).unwrap();
    chown(&theirs, Some(USER), Some(USER)).unwrap();
    let before = theirs.metadata().unwrap().permissions().mode();
    let (account, local) = (person.account("jon"), home.join(".local"));
    let set = || {
        // as if it came between the look and the making: the calls that look say that nothing is there
        let arguments = ["-f", "-qq", "-o", "/dev/null", "-P", local.to_str().unwrap()];
        let inject = ["-e", "inject=statx,newfstatat,stat,lstat:error=ENOENT:when=1..2"];
        let binary = person.world.binary().to_str().unwrap();
        let all = [&arguments[..], &inject, &[binary, "password", "set", &account, "--stdin"]].concat();
        let run = person.world.other_command("strace", &all).env("HOME", home.to_str().unwrap());
        run.stdin("hunter2").run()
    };
    std::os::unix::fs::symlink(&theirs, home.join(".local")).unwrap();
    std::os::unix::fs::lchown(home.join(".local"), Some(USER), Some(USER)).unwrap();
    set().assert_code(77).assert_stderr_has("belongs to the user").assert_stderr_lacks("chown");
    fs::remove_file(home.join(".local")).unwrap();
    fs::create_dir(home.join(".local")).unwrap();
    chown(home.join(".local"), Some(USER), Some(USER)).unwrap();
    set().assert_code(77).assert_stderr_has("belongs to the user").assert_stderr_lacks("chown");
    for folder in [&theirs, &home.join(".local")] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{}", folder.display());
    }
    assert_eq!(theirs.metadata().unwrap().permissions().mode(), before);
    // a folder of root's own in the shared one is root's
    fs::remove_dir(home.join(".local")).unwrap();
    let run =
        person.world.command(&["password", "set", &account, "--stdin"]).env("HOME", home.to_str().unwrap());
    run.stdin("hunter2").run().assert_success();
}

#[test]
fn who_waits_for_another_process_is_told() {
    let person = Person::new();
    person.set("jon", "hunter2").assert_success();
    let lock = fs::File::open(person.keychain_folder().join("lock")).unwrap();
    lock.lock().unwrap();
    let account = person.account("jon");
    let set = |deadline| {
        let set = person.world.command(&["password", "set", &account, "--stdin", "--deadline", deadline]);
        set.stdin("hunter3").run()
    };
    let waiting = "another process is changing the passwords; waiting for it";
    set("1s").assert_code(75).assert_stderr_lacks(waiting).assert_stderr_has("(1s); it holds");
    set("4s").assert_code(75).assert_stderr_has(waiting).assert_stderr_has("(4s); it holds");
    lock.unlock().unwrap();
    set("4s").assert_success().assert_stderr_lacks(waiting);
}
