//! Files that others can write: each is refused, and what is offered to type puts it right.
//!
//! The offer is typed here too: by the person who runs the program, or by root where it begins with
//! sudo. Needs root, which alone can give files away.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::certs::Ca;
use crate::support::output::Output;
use crate::support::world::World;

const ROOT: u32 = 0;
/// An ordinary user, without a name.
const USER: u32 = 4242;
/// Somebody else.
const OTHER: u32 = 4243;
/// A group with who knows whom in it.
const GROUP: u32 = 4244;
/// A user with a name and a group of that name, and nobody else in it, on every Unix.
const DAEMON: u32 = 1;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Task,
    Ca,
    Template,
    Secret,
    Program,
}

const ROLES: [Role; 5] = [Role::Task, Role::Ca, Role::Template, Role::Secret, Role::Program];

/// A file in `above/folder`, on which the program's user counts.
///
/// It lies in a world of its own, because the world that a program runs in is given to its user;
/// that one can serve several sites.
struct Site<'r> {
    world: World,
    runner: &'r World,
    uid: u32,
    task: PathBuf,
    file: PathBuf,
    folder: PathBuf,
    above: PathBuf,
}

impl<'r> Site<'r> {
    fn new(runner: &'r World, role: Role, uid: u32) -> Self {
        Self::named(runner, role, uid, "above")
    }

    fn named(runner: &'r World, role: Role, uid: u32, above: &str) -> Self {
        let world = World::new();
        let above = world.folder(above);
        let folder = world.folder(above.join("folder"));
        let file = folder.join(if role == Role::Task { "task.json" } else { "file" });
        let task = if role == Role::Task { file.clone() } else { world.path().join("task.json") };
        let mut email = json!({
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "127.0.0.1", "auth": "none" },
        });
        let signing_in = json!({ "host": "127.0.0.1", "user": "jon" });
        match role {
            Role::Task => {}
            Role::Ca => {
                world.write(&file, Ca::new().pem());
                email["tls"] = json!({ "trust": format!("ca-file:{}", file.display()) });
            }
            Role::Template => {
                world.write(&file, "{{ task.name }} in other words");
                email["text"] = json!({ "file": file });
            }
            Role::Secret => {
                world.write(&file, "x\n");
                email["account"] = signing_in;
                email["password"] = json!({ "file": file });
            }
            Role::Program => {
                world.script(&file, "#!/bin/sh\necho x\n");
                email["account"] = signing_in;
                email["password"] = json!({ "command": [file] });
            }
        }
        world.write(&task, json!({ "name": "Nightly", "email": email }).to_string());
        let site = Self { world, runner, uid, task, file, folder, above };
        for path in [&site.world.path().to_owned(), &site.above, &site.folder, &site.task, &site.file] {
            own(path, uid);
        }
        for folder in [site.world.path(), &site.above, &site.folder] {
            mode(folder, 0o755);
        }
        site
    }

    /// Adds bits to the mode of the file.
    fn open(&self, bits: u32) {
        let before = fs::metadata(&self.file).unwrap().permissions().mode();
        mode(&self.file, before | bits);
    }

    /// Runs the program as the user of this site.
    fn run(&self, arguments: &[&str]) -> Output {
        if self.uid == ROOT {
            return self.runner.command(arguments).task(&self.task).run();
        }
        self.runner.command(arguments).task(&self.task).as_user(self.uid, self.uid).run()
    }

    fn check(&self) -> Output {
        self.run(&["check", "--offline", "--json"])
    }

    /// Expects a refusal, and returns what is offered.
    fn refusal(&self) -> String {
        let output = self.check();
        output.assert_code(77);
        let result = output.json();
        assert_eq!(result["exit_code"], 77, "{output}");
        let hint = match result.get("error") {
            Some(_) => &result["hint"],
            None => &result["deliveries"][0]["hint"],
        };
        let hint = hint.as_str().unwrap_or_else(|| output.fail("no hint")).to_owned();
        output.assert_stderr_has(&format!("what to do: {hint}\n"));
        hint
    }

    /// Writes a command as messages do, with FILE, FOLDER and ABOVE put in.
    fn command(&self, command: &str) -> String {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        // word by word: what is put in is not looked at again
        let words = command.split(' ').map(|word| match word {
            "FILE" => path(&self.file),
            "FOLDER" => path(&self.folder),
            "ABOVE" => path(&self.above),
            "ME" if self.uid == ROOT => "root".to_owned(),
            "ME" => self.uid.to_string(),
            other => other.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Types a command: as the user of this site, or as root where it begins with sudo.
    fn type_in(&self, command: &str) {
        let output = match command.strip_prefix("sudo ") {
            Some(command) => self.runner.other_command("/bin/sh", &["-c", command]).run(),
            None if self.uid == ROOT => self.runner.other_command("/bin/sh", &["-c", command]).run(),
            None => {
                let run = self.runner.other_command("/bin/sh", &["-c", command]);
                run.as_user(self.uid, self.uid).run()
            }
        };
        output.assert_success().assert_stderr_is_empty();
    }
}

fn own(path: &Path, uid: u32) {
    lchown(path, Some(uid), Some(uid)).expect("only root can give files away");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn give_to_group(path: &Path, gid: u32) {
    chown(path, None, Some(gid)).unwrap();
}

/// A way to open a file to others, and what is offered against it.
struct Way {
    name: &'static str,
    open: fn(&Site<'_>),
    offer: &'static str,
}

const WAYS: [Way; 13] = [
    Way { name: "everyone may write it", open: |site| site.open(0o002), offer: "chmod o-w FILE" },
    Way {
        name: "a group may write it",
        open: |site| {
            give_to_group(&site.file, GROUP);
            site.open(0o020);
        },
        offer: "chmod g-w FILE",
    },
    Way {
        name: "everyone and a group may write it",
        open: |site| {
            give_to_group(&site.file, GROUP);
            site.open(0o022);
        },
        offer: "chmod go-w FILE",
    },
    Way { name: "a sticky file is not special", open: |site| site.open(0o1002), offer: "chmod o-w FILE" },
    Way { name: "the folder", open: |site| mode(&site.folder, 0o777), offer: "chmod go-w FOLDER" },
    Way {
        name: "the folder, for a group",
        open: |site| {
            give_to_group(&site.folder, GROUP);
            mode(&site.folder, 0o775);
        },
        offer: "chmod g-w FOLDER",
    },
    Way { name: "the folder above", open: |site| mode(&site.above, 0o757), offer: "chmod o-w ABOVE" },
    Way {
        name: "the folder above, for a group",
        open: |site| {
            give_to_group(&site.above, GROUP);
            mode(&site.above, 0o2775);
        },
        offer: "chmod g-w ABOVE",
    },
    Way {
        name: "a folder of root's",
        open: |site| {
            own(&site.above, ROOT);
            mode(&site.above, 0o757);
        },
        offer: "SUDO chmod o-w ABOVE",
    },
    Way { name: "somebody else's file", open: |site| own(&site.file, OTHER), offer: "SUDO chown ME FILE" },
    Way {
        name: "somebody else's file in a sticky folder",
        open: |site| {
            own(&site.folder, ROOT);
            mode(&site.folder, 0o1777);
            own(&site.file, OTHER);
        },
        offer: "SUDO chown ME FILE",
    },
    Way {
        name: "somebody else's link in a sticky folder",
        open: |site| {
            let real = site.above.join("real");
            fs::rename(&site.file, &real).unwrap();
            symlink(real, &site.file).unwrap();
            own(&site.folder, ROOT);
            mode(&site.folder, 0o1777);
            own(&site.file, OTHER);
        },
        offer: "SUDO chown -h ME FILE",
    },
    Way {
        name: "the folder that a link leads to",
        open: |site| {
            let real = site.above.join("real");
            fs::rename(&site.file, &real).unwrap();
            symlink("../real", &site.file).unwrap();
            own(&site.file, site.uid);
            mode(&site.above, 0o757);
        },
        offer: "chmod o-w ABOVE",
    },
];

fn every_way_is_refused_and_put_right(role: Role, uid: u32) {
    let runner = World::new();
    for way in &WAYS {
        let site = Site::new(&runner, role, uid);
        (way.open)(&site);
        let offer = site.refusal();
        let sudo = if uid == ROOT { "" } else { "sudo " };
        assert_eq!(offer, site.command(&way.offer.replace("SUDO ", sudo)), "{role:?}: {}", way.name);
        site.type_in(&offer);
        let output = site.check();
        assert_eq!(output.code(), Some(0), "{role:?}, {}, after {offer}:\n{output}", way.name);
    }
}

#[test]
fn a_task_that_others_can_write_is_refused_for_root() {
    every_way_is_refused_and_put_right(Role::Task, ROOT);
}

#[test]
fn a_task_that_others_can_write_is_refused_for_a_user() {
    every_way_is_refused_and_put_right(Role::Task, USER);
}

#[test]
fn what_a_task_names_is_held_to_the_same_rule_for_root() {
    ROLES.into_iter().skip(1).for_each(|role| every_way_is_refused_and_put_right(role, ROOT));
}

#[test]
fn what_a_task_names_is_held_to_the_same_rule_for_a_user() {
    ROLES.into_iter().skip(1).for_each(|role| every_way_is_refused_and_put_right(role, USER));
}

#[test]
fn what_nobody_else_can_write_is_accepted() {
    let runner = World::new();
    for role in ROLES {
        for uid in [ROOT, USER] {
            Site::new(&runner, role, uid).check().assert_code(0);
            // root's files are good for everybody, and so are the user's own in a sticky folder
            let site = Site::new(&runner, role, uid);
            own(&site.folder, ROOT);
            mode(&site.folder, 0o1777);
            site.check().assert_code(0);
            if role != Role::Secret {
                own(&site.file, ROOT);
                mode(&site.file, 0o755);
                site.check().assert_code(0);
            }
        }
    }
}

#[test]
fn a_private_group_may_write_and_another_users_may_not() {
    let runner = World::new();
    let site = Site::new(&runner, Role::Task, DAEMON);
    for path in [&site.file, &site.folder, &site.above] {
        mode(path, 0o775);
    }
    site.check().assert_code(0);
    // a group of a number without a name is nobody's own
    let site = Site::new(&runner, Role::Task, USER);
    mode(&site.file, 0o664);
    assert_eq!(site.refusal(), site.command("chmod g-w FILE"));
    // and daemon's private group is not root's
    let site = Site::new(&runner, Role::Task, ROOT);
    give_to_group(&site.file, DAEMON);
    mode(&site.file, 0o664);
    assert_eq!(site.refusal(), site.command("chmod g-w FILE"));
}

#[test]
fn faults_that_come_together_are_put_right_one_after_the_other() {
    let runner = World::new();
    for uid in [ROOT, USER] {
        let site = Site::new(&runner, Role::Secret, uid);
        mode(&site.above, 0o777);
        mode(&site.folder, 0o757);
        own(&site.file, OTHER);
        mode(&site.file, 0o666);
        let mut typed = Vec::new();
        while site.check().code() == Some(77) {
            let offer = site.refusal();
            assert!(!typed.contains(&offer), "{offer} does not help");
            site.type_in(&offer);
            typed.push(offer);
        }
        site.check().assert_code(0);
        let sudo = if uid == ROOT { "" } else { "sudo " };
        let owner = format!("{sudo}chown ME FILE");
        let expected = ["chmod go-w ABOVE", "chmod o-w FOLDER", &owner, "chmod go-w FILE", "chmod 600 FILE"];
        assert_eq!(typed, expected.map(|command| site.command(command)));
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let runner = World::new();
    for uid in [ROOT, USER] {
        for bits in [0o004, 0o040, 0o044, 0o001, 0o010] {
            let site = Site::new(&runner, Role::Secret, uid);
            site.open(bits);
            let offer = site.refusal();
            assert_eq!(offer, site.command("chmod 600 FILE"));
            site.type_in(&offer);
            site.check().assert_code(0);
        }
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_refused() {
    let runner = World::new();
    for (uid, owner, before, offer) in [
        (ROOT, ROOT, 0o600, "chmod u+x FILE"),
        (USER, USER, 0o600, "chmod u+x FILE"),
        // root's, and executable for root only
        (USER, ROOT, 0o700, "sudo chmod a+rx FILE"),
    ] {
        let site = Site::new(&runner, Role::Program, uid);
        own(&site.file, owner);
        mode(&site.file, before);
        let offered = site.refusal();
        assert_eq!(offered, site.command(offer));
        site.type_in(&offered);
        site.check().assert_code(0);
    }
}

#[test]
fn a_folder_of_somebody_else_is_left_to_them() {
    let runner = World::new();
    for uid in [ROOT, USER] {
        let site = Site::new(&runner, Role::Task, uid);
        own(&site.folder, OTHER);
        let offer = site.refusal();
        let (why, command) = offer.split_once(": ").unwrap();
        if uid == ROOT {
            // not typed: that folder is the machine's own
            assert_eq!(why, "keep it where only root can write");
            let expected = "mkdir -p /etc/backup-notify && cp FILE /etc/backup-notify/";
            assert_eq!(command, site.command(expected));
            continue;
        }
        assert_eq!(why, "keep it in a folder of your own");
        assert_eq!(command, site.command("cp FILE ~/"));
        site.type_in(command);
        let copy = site.runner.home().join("task.json");
        site.runner.command(&["check", "--offline"]).task(&copy).as_user(uid, uid).run().assert_code(0);
    }
}

#[test]
fn what_is_offered_is_quoted_for_the_shell() {
    let runner = World::new();
    for name in ["it's here", "a b", "$(id)", "-rf", "semi;colon", "new\u{a0}blank"] {
        let site = Site::named(&runner, Role::Task, ROOT, name);
        mode(&site.above, 0o777);
        let offer = site.refusal();
        site.type_in(&offer);
        site.check().assert_code(0);
    }
}

#[test]
fn a_relative_path_is_judged_from_the_root_down() {
    let runner = World::new();
    let site = Site::new(&runner, Role::Task, ROOT);
    mode(&site.above, 0o757);
    let run = |task: &str| {
        let run = site.runner.command(&["check", "--offline", "--task", task]);
        run.in_folder(&site.folder).run()
    };
    for task in ["task.json", "./task.json", "../folder/task.json"] {
        run(task).assert_code(77).assert_stderr_has(&site.command("chmod o-w ABOVE"));
    }
}

#[test]
fn every_command_refuses_and_a_hook_does_too() {
    let runner = World::new();
    let site = Site::new(&runner, Role::Task, ROOT);
    site.open(0o002);
    for arguments in [
        &["notify", "--status", "success"][..],
        &["notify", "--status", "success", "--dry-run"],
        &["notify", "--status", "success", "--hook"],
        &["notify", "--event", "begin"],
        &["test-email"],
        &["test-email", "--dry-run"],
        &["check"],
        &["check", "--offline"],
    ] {
        let output = site.run(arguments);
        output.assert_code(77).assert_stdout_is("");
        output.assert_stderr_has(" is not trusted: the file ").assert_stderr_has("is writable by everyone");
    }
}

/// A program that others can write is never started, a secret that others can write never sent.
#[test]
fn what_is_refused_is_not_used() {
    let runner = World::new();
    let site = Site::new(&runner, Role::Program, ROOT);
    let touched = site.world.path().join("touched");
    fs::write(&site.file, format!("#!/bin/sh\n: > {}\necho x\n", touched.display())).unwrap();
    site.open(0o002);
    for arguments in
        [&["check", "--offline"][..], &["check"], &["notify", "--status", "error"], &["test-email"]]
    {
        site.run(arguments).assert_code(77);
        assert!(!touched.exists(), "{arguments:?}");
    }
    mode(&site.file, 0o700);
    site.check().assert_code(0);
    assert!(touched.exists());
}

/// A notice in plain words is better than none; but not a word of the template is used.
#[test]
fn a_notice_goes_out_without_a_template_that_others_can_write() {
    let runner = World::new();
    let site = Site::new(&runner, Role::Template, ROOT);
    let dry = ["notify", "--status", "error", "--dry-run", "--json"];
    let message = |output: &Output| {
        output.assert_code(0);
        match &output.json()["messages"][0] {
            Value::String(message) => message.clone(),
            _ => output.fail("no message"),
        }
    };
    assert!(message(&site.run(&dry)).contains("in other words"));
    site.open(0o002);
    let output = site.run(&dry);
    assert!(!message(&output).contains("in other words"), "{output}");
    output.assert_stderr_has("warning: template").assert_stderr_has("the usual text is used");
}
