//! Somebody else's home folder: root has it read by a child that has become the owner.
//!
//! Needs root, which alone can become others; strace shows what the system is asked for.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::world::World;

/// Ordinary users, without a name.
const KIM: u32 = 4242;
const SAM: u32 = 4243;

const V2: &str = "Library/Mail/V2/MailData/Accounts.plist";
const DATABASE: &str = "Library/Accounts/Accounts4.sqlite";
const OLDER_DATABASE: &str = "Library/Accounts/Accounts3.sqlite";

const PLIST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<plist version=\"1.0\"><dict><key>DeliveryAccounts</key><array><dict>
<key>AccountType</key><string>SMTPAccount</string><key>AccountName</key><string>Work</string>
<key>Hostname</key><string>smtp.example.test</string><key>PortNumber</key><string>587</string>
<key>SSLEnabled</key><string>YES</string><key>ShouldUseAuthentication</key><string>YES</string>
<key>Username</key><string>kim@example.test</string>
</dict></array></dict></plist>";
const ID: &str = "smtp.example.test:kim@example.test";

/// A home folder that belongs to Kim and lets nobody else in. It lies in a world of its own, because
/// the one that a program runs in is given to its user.
struct Home {
    world: World,
    path: PathBuf,
}

impl Home {
    fn new() -> Self {
        let world = World::new();
        mode(world.path(), 0o755);
        let path = world.folder("kim");
        let home = Self { world, path };
        home.own("");
        home
    }

    fn with(place: &str, contents: &str) -> Self {
        let home = Self::new();
        home.write(place, contents);
        home
    }

    /// Writes a file of Kim's.
    fn write(&self, place: &str, contents: &str) -> PathBuf {
        let file = self.world.write(self.path.join(place), contents);
        self.own(place);
        file
    }

    /// Gives everything on the way to a place to Kim.
    fn own(&self, place: &str) {
        let mut path = self.path.join(place);
        while path.starts_with(&self.path) {
            let _ = std::os::unix::fs::lchown(&path, Some(KIM), Some(KIM));
            path.pop();
        }
    }

    /// Makes the folder of a place, and returns the place.
    fn place(&self, place: &str) -> PathBuf {
        let path = self.path.join(place);
        self.world.folder(path.parent().unwrap());
        self.own(place);
        path
    }

    fn text(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A task that names an account of a home folder.
fn task(world: &World, mail_home: Option<&str>, account: &str) -> PathBuf {
    let mut task = json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": account,
            "password": world.secret_file(),
        }
    });
    if let Some(home) = mail_home {
        task["mail_home"] = json!(home);
    }
    world.task(&task)
}

/// Looks an account of the home up, as root.
fn look_up(home: &Home, account: &str) -> Output {
    let world = World::new();
    world.command(&["check", "--offline", "--json"]).task(&task(&world, Some(home.text()), account)).run()
}

/// What the person is told about a name that is not found.
fn told(output: &Output) -> (String, String) {
    let delivery = output.assert_code(78).json()["deliveries"][0].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&delivery["detail"]), text(&delivery["hint"]))
}

/// Looks an account up under strace, with these options of it; returns its record, too.
fn traced(home: &Home, options: &[&str], more: &[&str]) -> (Output, String) {
    let world = World::new();
    let record = world.path().join("strace");
    let task = task(&world, Some(home.text()), ID);
    let output = world
        .other_command("strace", &["-f", "-o", record.to_str().unwrap()])
        .args(options)
        .args([world.binary().to_str().unwrap(), "check", "--offline", "--json"])
        .task(&task)
        .args(more)
        .run();
    (output, fs::read_to_string(record).unwrap())
}

/// Tells whether a child that reads this home is still there.
fn is_being_read(home: &Home) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok()).any(|line| {
        let line = String::from_utf8_lossy(&line);
        line.contains("read-mail-home") && line.contains(home.text())
    })
}

#[test]
fn root_finds_the_account_of_another_home_by_its_full_name_only() {
    let home = Home::with(V2, PLIST);
    look_up(&home, ID).assert_code(0);
    look_up(&home, "smtp.example.test:587:kim@example.test").assert_code(0);
    for word in ["kim@example.test", "Work", "smtp.example.test"] {
        let (what, _) = told(&look_up(&home, word));
        assert!(what.contains(&format!("no account goes by the name \"{word}\"")), "{what}");
        assert!(what.contains(ID), "{what}");
    }
    // a flag names the home as well as the task does, in place of it
    let world = World::new();
    let other = task(&world, Some("/nowhere"), ID);
    let command = world.command(&["notify", "--dry-run", "--status", "error"]).task(&other);
    command.args(["--mail-home", home.text()]).run().assert_success();
}

#[test]
fn the_child_becomes_the_owner_for_good_before_it_opens_anything() {
    let home = Home::with(V2, PLIST);
    let (_, record) = traced(&home, &["-e", "trace=file,setuid,setgid,setgroups,prctl,prlimit64"], &[]);
    let at = |parts: &[&str]| {
        let here = |line: &str| parts.iter().all(|part| line.contains(part));
        record.lines().position(here).unwrap_or_else(|| panic!("{parts:?}:\n{record}"))
    };
    let steps = [
        // this computer does not know the owner, so that nobody's group is the only one to take
        at(&["setgid(65534)", "= 0"]),
        at(&["setgroups(0,", "= 0"]),
        at(&["execve(\"/proc/self/exe\""]),
        at(&[&format!("setuid({KIM})"), "= 0"]),
        at(&["setuid(0)", "EPERM"]),
        at(&["PR_SET_NO_NEW_PRIVS, 1"]),
        at(&["PR_SET_DUMPABLE, SUID_DUMP_DISABLE"]),
        at(&["RLIMIT_NPROC, {rlim_cur=0,"]),
        at(&["RLIMIT_AS, {rlim_cur=1048576*1024,"]),
        at(&["RLIMIT_CPU, {rlim_cur=10,"]),
        at(&["RLIMIT_CORE, {rlim_cur=0,"]),
        at(&["RLIMIT_FSIZE, {rlim_cur=0,"]),
        at(&[&format!("\"{}/Library", home.text())]),
    ];
    assert!(steps.is_sorted(), "{steps:?}\n{record}");
    // root itself has looked at the folder, and at nothing in it
    let child = record.lines().nth(steps[3]).unwrap().split_whitespace().next().unwrap();
    for line in record.lines().filter(|line| line.contains(&format!("{}/", home.text()))) {
        assert!(line.starts_with(child), "{line}");
    }
}

#[test]
fn what_only_root_could_read_is_not_read() {
    let secrets = World::new();
    let secret = secrets.write("root.plist", PLIST);
    let home = Home::new();
    let own = home.write(V2, PLIST);
    chown(&own, Some(0), Some(0)).unwrap();
    symlink(&secret, home.place("Library/Preferences/com.apple.mail.plist")).unwrap();
    symlink("/etc/shadow", home.place(DATABASE)).unwrap();
    let (what, hint) = told(&look_up(&home, ID));
    for place in [V2, "Library/Preferences/com.apple.mail.plist", DATABASE] {
        let place = home.path.join(place);
        let line = format!("Mail's file \"{}\" cannot be read: permission denied", place.display());
        assert!(what.contains(&line), "{line}\n{what}");
    }
    assert!(hint.contains("see who may read it: ls -ld"), "{hint}");
}

#[test]
fn root_is_not_led_to_its_own_files_by_a_folder_that_others_can_write() {
    let secrets = World::new();
    let secret = secrets.write("root.plist", PLIST);
    // a folder of root's, in which Kim has made one of Kim's own
    let home = Home::new();
    let shared = home.world.folder("shared");
    mode(&shared, 0o1777);
    let place = shared.join("Library/Preferences/com.apple.mail.plist");
    home.world.folder(place.parent().unwrap());
    symlink(&secret, &place).unwrap();
    for folder in ["Library", "Library/Preferences"] {
        chown(shared.join(folder), Some(KIM), Some(KIM)).unwrap();
    }
    // and a way to it that leads through Kim's home
    let link = home.place("machome");
    symlink(&shared, &link).unwrap();
    for path in [&shared, &link] {
        let output = home.world.run(&["accounts", "--json", "--mail-home", path.to_str().unwrap()]);
        let found = output.assert_code(0).json();
        assert_eq!(found["accounts"].as_array().unwrap().len(), 0, "{found:#}");
        let told = found["problems"][0]["message"].as_str().unwrap();
        assert!(told.contains("is not trusted"), "{told}");
    }
}

#[test]
fn a_folder_of_the_home_that_denies_is_told_once() {
    let home = Home::with(DATABASE, "");
    home.write(OLDER_DATABASE, "");
    chown(home.path.join("Library/Accounts"), Some(0), Some(0)).unwrap();
    let (what, _) = told(&look_up(&home, ID));
    assert_eq!(what.matches("cannot be read: permission denied").count(), 1, "{what}");
    assert!(what.contains(&format!("folder \"{}/Library/Accounts\"", home.text())), "{what}");
}

#[test]
fn only_regular_files_of_a_bounded_size_are_read() {
    type Make = fn(&Path);
    let sparse = |path: &Path| fs::File::create(path).unwrap().set_len(2 << 30).unwrap();
    let device = |path: &Path| {
        let done = Command::new("mknod").arg(path).args(["-m", "666", "c", "1", "5"]).status();
        assert!(done.unwrap().success());
    };
    let makes: [(Make, &str); 7] = [
        (|path| mkfifo(path, Mode::from_bits_truncate(0o666)).unwrap(), "is a pipe"),
        (|path| fs::create_dir(path).unwrap(), "is a folder"),
        (|path| symlink(path.file_name().unwrap(), path).unwrap(), "too many symbolic links"),
        (|path| drop(UnixListener::bind(path).unwrap()), "is a socket"),
        (|path| symlink("/dev/zero", path).unwrap(), "is a device"),
        (device, "is a device"),
        (sparse, "is larger than"),
    ];
    for place in [V2, DATABASE] {
        for (make, says) in makes {
            let home = Home::new();
            let file = home.place(place);
            make(&file);
            home.own(place);
            let output = look_up(&home, ID);
            output.assert_within(Duration::from_secs(3));
            let (what, _) = told(&output);
            assert!(what.contains(says) && what.contains(file.to_str().unwrap()), "{place} {says}:\n{what}");
        }
    }
}

#[test]
fn a_child_that_does_not_end_is_killed_at_the_deadline() {
    let home = Home::with(V2, PLIST);
    let file = home.path.join(V2);
    // strace itself stays until the delay is over
    let slow = ["-P", file.to_str().unwrap(), "-e", "inject=openat:delay_enter=5000000"];
    let (output, _) = traced(&home, &slow, &["--deadline", "1s"]);
    output.assert_within(Duration::from_secs(15));
    let (what, hint) = told(&output);
    assert!(what.contains("it was not done after 1.0 s") || what.contains("after 0.9 s"), "{what}");
    assert!(hint.contains("sudo -u '#4242' backup-notify accounts --mail-home"), "{hint}");
    assert!(!is_being_read(&home));
}

#[test]
fn a_child_that_fails_is_a_problem_and_no_more() {
    let home = Home::with(V2, PLIST);
    let file = home.path.join(V2);
    let at_file = ["-P", file.to_str().unwrap(), "-e"];
    for (inject, says) in [
        // as it ends when there is no memory left
        ("inject=openat:signal=SIGABRT", "the reading process was killed by SIGABRT"),
        ("inject=openat:signal=SIGXCPU", "the reading process was killed by SIGXCPU"),
    ] {
        let (output, _) = traced(&home, &[&at_file[..], &[inject]].concat(), &[]);
        let (what, _) = told(&output);
        assert!(what.contains(says), "{inject}: {what}");
        assert!(!is_being_read(&home));
    }
    for (options, says) in [
        // the child alone calls these
        (["-e", "inject=prctl:error=EINVAL:when=1+"], "the reading process ended with exit code 77: prctl: "),
        (["-e", "inject=setuid:error=EAGAIN:when=2"], "exit code 77: cannot become the user 4242: "),
        (
            ["-e", "inject=setuid:retval=0:when=1+"],
            "the reading process ended with exit code 77: cannot become",
        ),
        (
            ["-P/proc/self/exe", "-einject=execve:error=EACCES"],
            "this program cannot be started again: permission denied",
        ),
    ] {
        let (output, _) = traced(&home, &options, &[]);
        let (what, _) = told(&output);
        assert!(what.contains(says), "{options:?}: {what}");
    }
}

#[test]
fn the_program_can_be_where_the_owner_may_not_go() {
    let home = Home::with(V2, PLIST);
    let closed = World::new();
    let program = closed.path().join("backup-notify");
    fs::copy(closed.binary(), &program).unwrap();
    mode(&program, 0o700);
    let world = World::with_binary(program);
    let task = task(&world, Some(home.text()), ID);
    world.command(&["check", "--offline"]).task(&task).run().assert_code(0);
}

#[test]
fn the_home_is_what_a_link_leads_to_and_its_owner_is_that_of_the_target() {
    let home = Home::with(V2, PLIST);
    let world = World::new();
    let link = world.path().join("link");
    symlink(&home.path, &link).unwrap();
    let task = task(&world, Some(link.to_str().unwrap()), ID);
    world.command(&["check", "--offline"]).task(&task).run().assert_code(0);
    // the same by a relative path, in the folder that the program runs in
    let command = world.command(&["check", "--offline"]).task(&task);
    command.args(["--mail-home", "link"]).run().assert_code(0);
}

#[test]
fn a_home_that_is_none_is_a_problem_with_advice() {
    let world = World::new();
    world.write("file", "");
    symlink("loop", world.path().join("loop")).unwrap();
    for (name, says) in
        [("missing", "does not exist"), ("file", "is not a folder"), ("loop", "too many symbolic links")]
    {
        let path = world.path().join(name);
        let task = task(&world, path.to_str(), ID);
        let (what, hint) = told(&world.command(&["check", "--offline", "--json"]).task(&task).run());
        assert!(what.contains(&format!("home folder \"{}\"", path.display())), "{what}");
        assert!(what.contains(says), "{what}");
        assert!(hint.contains("name the folder that has Library in it"), "{hint}");
    }
}

#[test]
fn who_is_not_root_is_told_that_root_can() {
    let home = Home::with(V2, PLIST);
    let world = World::new();
    let task = task(&world, Some(home.text()), ID);
    let output = world.command(&["check", "--offline", "--json"]).task(&task).as_user(SAM, SAM).run();
    let (what, hint) = told(&output);
    assert!(
        what.contains(&format!("folder \"{}\" cannot be read: permission denied", home.text())),
        "{what}"
    );
    assert!(hint.contains(&format!("sudo backup-notify accounts --mail-home {}", home.text())), "{hint}");
    // what the modes let everybody see needs no root
    for path in [home.text(), &format!("{}/Library", home.text())] {
        mode(Path::new(path), 0o755);
    }
    let denied =
        told(&world.command(&["check", "--offline", "--json"]).task(&task).as_user(SAM, SAM).run()).0;
    assert!(denied.contains("/Library/Mail\" cannot be read"), "{denied}");
}

#[test]
fn root_is_offered_the_home_of_the_person_behind_it() {
    let world = World::new();
    let task = task(&world, None, ID);
    let check = || world.command(&["check", "--offline", "--json"]).task(&task);
    let (_, hint) = told(&check().run());
    assert!(hint.contains("to read a person's: --mail-home /home/NAME"), "{hint}");
    let (_, hint) = told(&check().env("SUDO_USER", "daemon").run());
    assert!(hint.contains("--mail-home /usr/sbin"), "{hint}");
    let (_, hint) = told(&check().env("SUDO_USER", "root").run());
    assert!(hint.contains("--mail-home /home/NAME"), "{hint}");
    let home = Home::new();
    let (_, hint) = told(&check().env("HOME", home.text()).run());
    assert!(hint.contains(&format!("--mail-home {}", home.text())), "{hint}");
}

#[test]
fn by_hand_the_child_prints_what_it_finds_and_never_as_root() {
    let world = World::new();
    world.write(Path::new("home").join(V2), PLIST);
    let home = world.home();
    let refused = world.run(&["read-mail-home", home.to_str().unwrap()]);
    refused.assert_code(77).assert_stdout_is("").assert_stderr_has("is not opened as root");
    let listed = world.command(&["read-mail-home", home.to_str().unwrap()]).as_user(SAM, SAM).run();
    assert_eq!(listed.assert_success().json()["problems"], json!([]));
    let other = world.command(&["read-mail-home", "--user", "0", "/"]).as_user(SAM, SAM).run();
    other.assert_code(77).assert_stderr_has("cannot become the user 0");
    for arguments in [&["--help"][..], &["man"], &["completions", "bash"]] {
        let output = world.run(arguments);
        assert!(!output.stdout.contains("read-mail-home"), "{arguments:?}");
    }
}

#[test]
fn what_the_system_forbids_beyond_modes_is_said_in_other_words() {
    let home = Home::with(DATABASE, "");
    home.write(OLDER_DATABASE, "");
    // on macOS it may be the look or the opening that is forbidden
    for call in ["openat", "statx"] {
        let (newer, older) = (home.path.join(DATABASE), home.path.join(OLDER_DATABASE));
        let inject = format!("inject={call}:error=EPERM");
        let options = ["-P", newer.to_str().unwrap(), "-P", older.to_str().unwrap(), "-e", &inject];
        let (output, _) = traced(&home, &options, &[]);
        let (what, hint) = told(&output);
        assert_eq!(what.matches("operation not permitted").count(), 1, "{call}: {what}");
        assert!(what.contains(&format!("\"{}/Library/Accounts\" cannot be read", home.text())), "{what}");
        assert!(hint.contains("sandbox") && !hint.contains("ls -l"), "{hint}");
    }
}

#[test]
fn mails_files_are_only_read_and_never_locked() {
    let world = World::new();
    for place in [DATABASE, OLDER_DATABASE, V2] {
        world.write(Path::new("home").join(place), PLIST);
        world.write(Path::new("home").join(format!("{place}-wal")), "wal");
        world.write(Path::new("home").join(format!("{place}-shm")), "shm");
    }
    let task = task(&world, world.home().to_str(), "nobody");
    let record = world.path().join("strace");
    world
        .other_command("strace", &["-f", "-y", "-o", record.to_str().unwrap()])
        .args([world.binary().to_str().unwrap(), "check", "--offline"])
        .task(&task)
        .run();
    let record = fs::read_to_string(record).unwrap();
    let library = format!("{}/Library", world.home().display());
    let of_mail: Vec<&str> = record.lines().filter(|line| line.contains(&library)).collect();
    let known = ["openat(", "read(", "statx(", "newfstatat(", "fstat(", "close(", "readlink(", "lseek("];
    let known = [&known[..], &["getdents64(", "mmap(", "munmap(", "write(2"]].concat();
    // debug builds ask whether a file is still open before they close it
    for line in of_mail.iter().filter(|line| !line.contains("F_GETFD")) {
        assert!(known.iter().any(|call| line.contains(call)), "{line}");
        assert!(!line.contains("openat(") || line.contains("O_RDONLY"), "{line}");
        for never in ["O_CREAT", "O_TRUNC", "MAP_SHARED", "-shm"] {
            assert!(!line.contains(never), "{line}");
        }
    }
    assert!(of_mail.iter().any(|line| line.contains(&format!("{DATABASE}-wal")) && line.contains("openat(")));
    for never in ["flock(", "F_SETLK", "F_OFD_SETLK", "unlink", "rename(", "mkdir", "O_CREAT"] {
        assert!(!record.contains(never), "{never}\n{record}");
    }
}

#[test]
fn a_home_that_cannot_be_written_is_read_without_a_temporary_folder() {
    let home = Home::with(V2, PLIST);
    let world = World::new();
    let task = task(&world, Some(home.text()), ID);
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && ! touch \"$1/x\" 2>&- && \
                  exec \"$2\" check --offline --task \"$3\"";
    let (binary, task) = (world.binary().to_str().unwrap(), task.to_str().unwrap());
    let run =
        world.other_command("unshare", &["--mount", "sh", "-c", script, "sh", home.text(), binary, task]);
    run.env("TMPDIR", "/nowhere").run().assert_code(0);
}
