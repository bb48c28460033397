//! The completions in real shells: what somebody types, TAB, and what then stands on the line.
//!
//! bash and zsh run at a terminal of their own and are typed to; fish can be asked without.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::mail_plist::{self, Server, USUAL};
use crate::support::outbox::Outbox;
use crate::support::world::World;

/// Types to an interactive shell; see the file.
const TYPE: &str = include_str!("completions/type.zsh");

/// What bash needs before it is typed to: our script, and a key that says what stands on the line.
const BASH: &str = r#"
source "$COMPLETIONS/backup-notify.bash"
report() {
    printf '%s\n' "$READLINE_LINE" >> "$SEEN"
    READLINE_LINE=
    READLINE_POINT=0
}
bind -x '"\C-g": report'
bind 'set enable-bracketed-paste off'
bind 'set bell-style none'
PS1=ready
"#;

const ZSH: &str = r#"
fpath=("$COMPLETIONS" $fpath)
autoload -Uz compinit
compinit -D -u
setopt no_beep no_list_beep
report() {
    print -r -- "$BUFFER" >> "$SEEN"
    BUFFER=
}
zle -N report
bindkey '^G' report
bindkey '^I' complete-word
PS1=ready
"#;

fn completions() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").to_str().unwrap().to_owned()
}

/// A user name that no shell takes as it stands.
const ODD: &str = "it's \"odd\" & a=b;c $(touch touched) ü";

/// The accounts of the person who types: one of them can be shown, and no task can use it.
const SERVERS: &[Server<'_>] = &[
    Server { user: "kim@example.com", ..USUAL },
    Server { host: "odd.example.com", user: ODD, name: "'; touch touched; \"$(touch touched)`", ..USUAL },
    Server { host: "ntlm.example.com", scheme: "NTLM", ..USUAL },
];

/// Where the shells find the program.
fn path(world: &World) -> String {
    format!("{}:/usr/bin:/bin", world.path().join("bin").display())
}

/// A world with some files and accounts to complete.
fn world() -> World {
    let world = World::new();
    world.folder("bin");
    symlink(world.binary(), world.path().join("bin/backup-notify")).unwrap();
    mail_plist::write(&world, "home", SERVERS);
    mail_plist::write(&world, "Macintosh HD", &[Server { host: "other.example.com", ..USUAL }]);
    mail_plist::write(&world, "home/disk", &[Server { host: "third.example.com", ..USUAL }]);
    world.write("tasks/home.json", "{}");
    world.write("tasks/home office.json", "{}");
    world.write("authority.pem", "");
    Outbox::own(&world).put("20261122T215559.123-0a1b2c3d", "Subject: x\r\n\r\nx\r\n", |_| ());
    Outbox::at(&world, "out box").put("20261122T215559.123-ffffffff", "Subject: x\r\n\r\nx\r\n", |_| ());
    for account in ["kept.example.com:587:kim", "growl:mac.local"] {
        let keep = world.command(&["password", "set", account, "--stdin"]).stdin(world.secret());
        keep.run().assert_success();
    }
    world
}

/// Types each line and TAB to a shell; returns what stood on the line then.
fn typed(world: &World, shell: &[&str], setup: &str, lines: &[&str]) -> Vec<String> {
    let setup = world.write("setup", setup);
    let script = world.write("type.zsh", TYPE);
    let out = world.path().join("lines");
    let mut arguments = vec!["-f", script.to_str().unwrap(), setup.to_str().unwrap()];
    arguments.extend(shell);
    arguments.push("--");
    arguments.extend(lines);
    let output = world
        .other_command("zsh", &arguments)
        .env("COMPLETIONS", completions())
        .env("SEEN", out.to_str().unwrap())
        .env("TERM", "dumb")
        .env("PATH", path(world))
        .run();
    output.assert_success();
    let seen: Vec<String> = std::fs::read_to_string(&out)
        .unwrap_or_else(|_| output.fail("the shell wrote nothing"))
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(seen.len(), lines.len(), "{seen:?}\n{output}");
    seen
}

/// What is typed, and what stands there after TAB.
const CASES: &[(&str, &str)] = &[
    // commands
    ("backup-notify not", "backup-notify notify "),
    ("backup-notify test", "backup-notify test-email "),
    // flags: "--st" is "--status" or "--started", and nothing else
    ("backup-notify notify --st", "backup-notify notify --sta"),
    ("backup-notify notify --stat", "backup-notify notify --status "),
    ("backup-notify notify --star", "backup-notify notify --started "),
    ("backup-notify check --off", "backup-notify check --offline "),
    // only "notify" has it
    ("backup-notify check --sta", "backup-notify check --sta"),
    // words
    ("backup-notify notify --status in", "backup-notify notify --status interrupted "),
    ("backup-notify notify --status=in", "backup-notify notify --status=interrupted "),
    ("backup-notify notify --exit-code 1 --tool rsy", "backup-notify notify --exit-code 1 --tool rsync "),
    ("backup-notify completions f", "backup-notify completions fish "),
    // trust rules: some of them end, others go on
    ("backup-notify check --tls-trust sys", "backup-notify check --tls-trust system "),
    ("backup-notify check --tls-trust=sys", "backup-notify check --tls-trust=system "),
    ("backup-notify check --tls-trust ca", "backup-notify check --tls-trust ca-file:"),
    ("backup-notify check --tls-trust pin:sp", "backup-notify check --tls-trust pin:spki-sha256:"),
    ("backup-notify check --tls-trust pi", "backup-notify check --tls-trust pin:s"),
    (
        "backup-notify check --tls-trust ca-file:auth",
        "backup-notify check --tls-trust ca-file:authority.pem ",
    ),
    (
        "backup-notify check --tls-trust ca-file:auth --st",
        "backup-notify check --tls-trust ca-file:auth --st",
    ),
    // a word behind one with a colon
    (
        "backup-notify notify --started 2026-01-31T03:00:00Z --status su",
        "backup-notify notify --started 2026-01-31T03:00:00Z --status success ",
    ),
    // files and folders
    ("backup-notify notify --task tasks/home.", "backup-notify notify --task tasks/home.json "),
    ("backup-notify notify --task tasks/home\\ ", "backup-notify notify --task tasks/home\\ office.json "),
    ("backup-notify notify --task ta", "backup-notify notify --task tasks/"),
    ("backup-notify notify --outbox ta", "backup-notify notify --outbox tasks/"),
    // or none, but not where a folder is looked into
    ("backup-notify notify --outbox non", "backup-notify notify --outbox none "),
    ("backup-notify check --outbox=non", "backup-notify check --outbox=none "),
    ("backup-notify outbox list --outbox non", "backup-notify outbox list --outbox non"),
    // messages that wait
    ("backup-notify outbox send 202611", "backup-notify outbox send 20261122T215559.123-0a1b2c3d "),
    (
        "backup-notify outbox remove --outbox out\\ box 2026",
        "backup-notify outbox remove --outbox out\\ box 20261122T215559.123-ffffffff ",
    ),
    ("backup-notify outbox remove --al", "backup-notify outbox remove --all "),
    // a name is no file
    ("backup-notify notify --name ta", "backup-notify notify --name ta"),
    // accounts, by the words into which bash splits them and without
    ("backup-notify check --account smt", "backup-notify check --account smtp.example.com:kim@example.com "),
    ("backup-notify check --account=smt", "backup-notify check --account=smtp.example.com:kim@example.com "),
    (
        "backup-notify notify --account smtp.example.com:k",
        "backup-notify notify --account smtp.example.com:kim@example.com ",
    ),
    (
        "backup-notify notify --account=smtp.example.com:kim@ex",
        "backup-notify notify --account=smtp.example.com:kim@example.com ",
    ),
    ("backup-notify check --account nob", "backup-notify check --account nob"),
    // what a task cannot use is not offered for one
    ("backup-notify check --account ntl", "backup-notify check --account ntl"),
    ("backup-notify accounts ntl", "backup-notify accounts ntlm.example.com:kim "),
    ("backup-notify accounts smtp.example.com:", "backup-notify accounts smtp.example.com:kim@example.com "),
    ("backup-notify accounts --js", "backup-notify accounts --json "),
    ("backup-notify accounts --com", "backup-notify accounts --com"),
    // in the home folder that was named before
    (
        "backup-notify check --mail-home Macintosh\\ HD --account o",
        "backup-notify check --mail-home Macintosh\\ HD --account other.example.com:kim ",
    ),
    (
        "backup-notify accounts --mail-home=home/disk t",
        "backup-notify accounts --mail-home=home/disk third.example.com:kim ",
    ),
    (
        "backup-notify accounts --mail-home ~/disk t",
        "backup-notify accounts --mail-home ~/disk third.example.com:kim ",
    ),
    ("backup-notify accounts --mail-home nowhere s", "backup-notify accounts --mail-home nowhere s"),
    // commands of two words
    ("backup-notify passw", "backup-notify password "),
    ("backup-notify password re", "backup-notify password remove "),
    ("backup-notify password set --std", "backup-notify password set --stdin "),
    ("backup-notify password list --js", "backup-notify password list --json "),
    // only "set" has it
    ("backup-notify password remove --std", "backup-notify password remove --std"),
    ("backup-notify password set --tls-mode sta", "backup-notify password set --tls-mode starttls "),
    ("backup-notify password set --tls-trust ca", "backup-notify password set --tls-trust ca-file:"),
    ("backup-notify password set smt", "backup-notify password set smtp.example.com:kim@example.com "),
    (
        "backup-notify password set --test smt",
        "backup-notify password set --test smtp.example.com:kim@example.com ",
    ),
    // a task would write it in another way, and its password can be kept
    ("backup-notify password set ntl", "backup-notify password set ntlm.example.com:kim "),
    (
        "backup-notify password set --mail-home home/disk th",
        "backup-notify password set --mail-home home/disk third.example.com:kim ",
    ),
    ("backup-notify password remove kep", "backup-notify password remove kept.example.com:587:kim "),
    (
        "backup-notify password remove kept.example.com:587:",
        "backup-notify password remove kept.example.com:587:kim ",
    ),
    ("backup-notify password remove growl:", "backup-notify password remove growl:mac.local "),
    ("backup-notify password remove smt", "backup-notify password remove smt"),
    // a command behind "--", and flags before it
    ("backup-notify run --capt", "backup-notify run --capture "),
    ("backup-notify run --name x -- backup-noti", "backup-notify run --name x -- backup-notify "),
    // in quotes
    (
        "backup-notify check --account \"smtp.example.com:k",
        "backup-notify check --account \"smtp.example.com:kim@example.com\" ",
    ),
    (
        "backup-notify check --account 'smt",
        "backup-notify check --account 'smtp.example.com:kim@example.com' ",
    ),
];

/// What zsh makes of some of these in its own way: it offers the form with "=" for a flag that
/// wants a value.
const ZSH_WAY: &[(&str, &str)] = &[
    ("backup-notify notify --stat", "backup-notify notify --status="),
    ("backup-notify notify --star", "backup-notify notify --started="),
];

fn check(seen: &[String], otherwise: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for ((line, expected), seen) in CASES.iter().zip(seen) {
        let own_way = otherwise.iter().find(|(known, _)| known == line);
        let expected = own_way.map_or(expected, |(_, expected)| expected);
        if seen != expected {
            wrong.push(format!("{line:?} and TAB: {seen:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn lines() -> Vec<&'static str> {
    CASES.iter().map(|(line, _)| *line).collect()
}

#[test]
fn bash_completes_commands_flags_words_rules_and_files() {
    check(&typed(&world(), &["bash", "--norc", "-i"], BASH, &lines()), &[]);
}

/// With the package bash-completion, which brings functions of its own; tests/run installs it.
#[test]
fn bash_completes_the_same_with_bash_completion() {
    let setup = format!(". /usr/share/bash-completion/bash_completion || exit\n{BASH}");
    check(&typed(&world(), &["bash", "--norc", "-i"], &setup, &lines()), &[]);
}

/// Some people take ":" and "=" out of the characters at which readline splits words.
#[test]
fn bash_completes_the_same_when_it_does_not_split_words() {
    let setup = format!("COMP_WORDBREAKS=${{COMP_WORDBREAKS//[:=]}}\n{BASH}");
    check(&typed(&world(), &["bash", "--norc", "-i"], &setup, &lines()), &[]);
}

#[test]
fn zsh_completes_commands_flags_words_rules_and_files() {
    check(&typed(&world(), &["zsh", "-f", "-i"], ZSH, &lines()), ZSH_WAY);
}

#[test]
fn fish_completes_commands_flags_words_rules_and_files() {
    let world = world();
    let ask = |line: &str| -> Vec<String> {
        let script = "source $COMPLETIONS/backup-notify.fish; complete -C $argv[1]";
        let output = world
            .other_command("fish", &["--no-config", "-c", script, line])
            .env("COMPLETIONS", completions())
            .env("PATH", path(&world))
            .run();
        output.assert_success().assert_stderr_is_empty();
        // a description follows behind a tab
        output.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    for (line, expected) in [
        ("backup-notify not", ["notify"].as_slice()),
        ("backup-notify notify --st", &["--started", "--status"]),
        ("backup-notify check --sta", &[]),
        ("backup-notify notify --status in", &["interrupted"]),
        ("backup-notify notify --status=in", &["--status=interrupted"]),
        ("backup-notify completions f", &["fish"]),
        ("backup-notify check --tls-trust sys", &["system"]),
        // fish puts no blank behind a word that ends in a colon
        ("backup-notify check --tls-trust ca", &["ca-file:"]),
        ("backup-notify check --tls-trust pin:", &["pin:sha256:", "pin:spki-sha256:"]),
        ("backup-notify check --tls-trust ca-file:auth", &["ca-file:authority.pem"]),
        ("backup-notify notify --task tasks/home.", &["tasks/home.json"]),
        ("backup-notify notify --outbox ta", &["tasks/"]),
        ("backup-notify notify --outbox non", &["none"]),
        ("backup-notify outbox list --outbox non", &[]),
        ("backup-notify outbox remove 2026", &["20261122T215559.123-0a1b2c3d"]),
        ("backup-notify outbox send --outbox out\\ box 2026", &["20261122T215559.123-ffffffff"]),
        ("backup-notify notify --name ta", &[]),
        ("backup-notify check --account smt", &["smtp.example.com:kim@example.com"]),
        ("backup-notify check --account=smtp.example.com:k", &["--account=smtp.example.com:kim@example.com"]),
        ("backup-notify check --account ntl", &[]),
        ("backup-notify accounts ntl", &["ntlm.example.com:kim"]),
        ("backup-notify accounts --com", &[]),
        ("backup-notify check --mail-home Macintosh\\ HD --account o", &["other.example.com:kim"]),
        ("backup-notify accounts --mail-home=home/disk t", &["third.example.com:kim"]),
        ("backup-notify accounts --mail-home ~/disk t", &["third.example.com:kim"]),
        ("backup-notify check --account odd", &[odd().as_str()]),
        ("backup-notify accounts --mail-home nowhere s", &[]),
        ("backup-notify passw", &["password"]),
        ("backup-notify password ", &["list", "remove", "set"]),
        ("backup-notify password set --std", &["--stdin"]),
        ("backup-notify password remove --std", &[]),
        ("backup-notify password set --tls-mode sta", &["starttls"]),
        ("backup-notify password set --tls-trust ca", &["ca-file:"]),
        ("backup-notify password set smt", &["smtp.example.com:kim@example.com"]),
        ("backup-notify password set ntl", &["ntlm.example.com:kim"]),
        ("backup-notify password remove ", &["growl:mac.local", "kept.example.com:587:kim"]),
    ] {
        let mut seen = ask(line);
        seen.sort();
        assert_eq!(seen, expected, "after {line:?}");
    }
}

fn odd() -> String {
    format!("odd.example.com:{ODD}")
}

/// What a shell completes is what it then hands to the program, and nothing of it is run.
#[test]
fn an_account_with_quotes_and_dollar_signs_is_completed_as_one_word() {
    for (shell, setup) in [(["bash", "--norc", "-i"], BASH), (["zsh", "-f", "-i"], ZSH)] {
        let world = world();
        let begun = ["odd.exa", "odd.example.com:it\\'s\\ "];
        let lines = begun.map(|begun| format!("backup-notify check --account {begun}"));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for seen in typed(&world, &shell, setup, &lines) {
            let script = seen.replace("backup-notify check --account", "printf '%s'");
            let output = world.other_command(shell[0], &["-c", &script]).run();
            output.assert_success().assert_stdout_is(&odd());
        }
        assert!(!world.path().join("touched").exists() && !world.home().join("touched").exists());
    }
}

#[test]
fn where_there_are_no_accounts_the_completions_say_nothing() {
    let lines = ["backup-notify check --account s", "backup-notify accounts s"];
    // neither without accounts nor without the program
    for installed in [false, true] {
        for (shell, setup) in [(["bash", "--norc", "-i"], BASH), (["zsh", "-f", "-i"], ZSH)] {
            let world = World::new();
            world.folder("bin");
            if installed {
                symlink(world.binary(), world.path().join("bin/backup-notify")).unwrap();
            }
            assert_eq!(typed(&world, &shell, setup, &lines), lines);
        }
    }
}

#[test]
fn every_shell_can_read_its_script() {
    let world = World::new();
    for (shell, name) in
        [("bash", "backup-notify.bash"), ("zsh", "_backup-notify"), ("fish", "backup-notify.fish")]
    {
        let script = format!("{}/{name}", completions());
        world.other_command(shell, &["-n", &script]).run().assert_success().assert_stderr_is_empty();
    }
}
