//! Real commands, as root and as an ordinary user.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::*;
use crate::deadline::Deadline;
use crate::error::Situation;
use crate::exit::Exit;
use crate::files::testing::{World, also_as_ordinary_user, is_root, set_mode};
use crate::secrets::{SecretError, Slot, Unusable};

const PLENTY: Duration = Duration::from_secs(30);

fn fetch_within(argv: &[&str], time: Duration) -> Result<Secret, SecretFault> {
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let deadline = Deadline::after(Instant::now(), time);
    let account = Slot::smtp("h", 587, Some("jon"));
    let request = Request {
        account: &account,
        deadline,
        as_root: is_root(),
        may_prompt: false,
        title: "jon",
        given: None,
    };
    run(&argv, &request)
}

/// Runs a script with this body.
fn script(body: &str, time: Duration) -> Result<Secret, CommandFault> {
    let world = World::new();
    let file = world.script("password", body);
    fetch_within(&[file.to_str().unwrap()], time).map_err(cause)
}

fn cause(fault: SecretFault) -> CommandFault {
    match fault {
        SecretFault::Command { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

fn message(fault: CommandFault) -> String {
    let fault = SecretFault::Command { program: "/x/password".into(), fault };
    let error = SecretError { account: "h:587:jon".into(), fault };
    assert_eq!(error.exit(), Exit::NoPermission);
    format!("{error}\n{}", error.hint().unwrap_or_default())
}

#[test]
fn the_first_line_of_a_good_command_is_the_secret() {
    assert_eq!(script("echo 'hunter 2'; echo other", PLENTY).unwrap().reveal(), "hunter 2");
    assert_eq!(script("printf hunter2; echo warning >&2", PLENTY).unwrap().reveal(), "hunter2");
    // arguments go through as they are, and there is neither input nor a shell
    let world = World::new();
    let file = world.script("password", "cat; echo \"$2\"");
    let secret = fetch_within(&[file.to_str().unwrap(), "x", "$HOME *"], PLENTY).unwrap();
    assert_eq!(secret.reveal(), "$HOME *");
    also_as_ordinary_user("secrets::command::tests::the_first_line_of_a_good_command_is_the_secret");
}

#[test]
fn the_exit_status_counts_whatever_was_printed() {
    let failed = script("echo hunter2; echo 'no such item' >&2; exit 3", PLENTY).unwrap_err();
    let text = message(failed);
    assert!(text.contains("\"/x/password\" ended with exit code 3: no such item"), "{text}");
    let killed = message(script("echo hunter2; kill -TERM $$", PLENTY).unwrap_err());
    assert!(killed.contains("was killed by SIGTERM"), "{killed}");
}

#[test]
fn what_it_said_is_cleaned_and_hidden_when_it_holds_the_secret() {
    let said = |body: &str| match script(&format!("{body}; exit 1"), PLENTY).unwrap_err() {
        CommandFault::Failed { said, .. } => said,
        other => panic!("{other:?}"),
    };
    assert_eq!(said("echo first >&2; printf 'a\\033[31mb\\n\\n' >&2").unwrap(), "a\u{FFFD}[31mb");
    for body in [
        "echo hunter2; echo 'wrong: hunter2!' >&2",
        "printf 'x\\nhunter2\\r\\n'; echo hunter2 >&2",
        "printf 'password hunter2'; echo 'bad hunter2' >&2",
        "echo hunter2; yes hunter2 | head -c 9000 | tr -d '\\n' >&2",
    ] {
        assert_eq!(said(body), None, "{body}");
    }
    assert_eq!(said("true"), None);
}

#[test]
fn silence_and_nonsense_are_errors_of_their_own() {
    assert!(matches!(script("exit 0", PLENTY), Err(CommandFault::Silent)));
    assert!(matches!(script("echo", PLENTY), Err(CommandFault::Unusable(Unusable::Empty))));
    let nul = script("printf 'a\\000b\\n'", PLENTY);
    assert!(matches!(nul, Err(CommandFault::Unusable(Unusable::Nul))));
}

#[test]
fn endless_output_is_cut_off() {
    let started = Instant::now();
    assert!(matches!(script("yes", PLENTY), Err(CommandFault::TooMuch)));
    assert!(started.elapsed() < Duration::from_secs(10));
    // endless talk on standard error is dropped, and ends at the deadline
    let talk = script("yes >&2", Duration::from_millis(500));
    assert!(matches!(talk, Err(CommandFault::TimedOut(_))));
}

#[test]
fn a_hanging_command_is_killed_with_its_whole_group() {
    let world = World::new();
    let pids = world.path("pids");
    let file = world.script("password", &format!("sleep 60 & echo $! $$ > '{}'; wait", pids.display()));
    let started = Instant::now();
    let fault = cause(fetch_within(&[file.to_str().unwrap()], Duration::from_secs(1)).unwrap_err());
    assert!(matches!(fault, CommandFault::TimedOut(_)), "{fault:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(message(fault).contains("--deadline"));
    for pid in fs::read_to_string(&pids).unwrap().split_whitespace() {
        let pid = Pid::from_raw(pid.parse().unwrap());
        // the grandchild is collected by init a moment later
        let gone = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            kill(pid, None).is_err() || is_zombie(pid)
        });
        assert!(gone, "{pid} still runs");
    }
    also_as_ordinary_user("secrets::command::tests::a_hanging_command_is_killed_with_its_whole_group");
}

/// In a container nobody may collect orphans.
fn is_zombie(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn a_background_process_that_keeps_the_output_open_is_not_waited_for() {
    let started = Instant::now();
    let secret = script("(sleep 4 &) ; sleep 4 & echo hunter2", PLENTY).unwrap();
    assert_eq!(secret.reveal(), "hunter2");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn a_deadline_that_is_over_starts_nothing() {
    let world = World::new();
    let trace = world.path("trace");
    let file = world.script("password", &format!("touch '{}'", trace.display()));
    let fault = cause(fetch_within(&[file.to_str().unwrap()], Duration::ZERO).unwrap_err());
    assert!(matches!(fault, CommandFault::TimedOut(_)));
    assert!(!trace.exists());
}

#[test]
fn the_program_has_to_be_trusted_and_executable() {
    let world = World::new();
    let file = world.script("password", "echo hunter2");
    let path = file.to_str().unwrap();
    for (mode, advice) in [(0o600, "chmod u+x "), (0o777, "chmod go-w ")] {
        set_mode(&file, mode);
        let text = message(cause(fetch_within(&[path], PLENTY).unwrap_err()));
        assert!(text.contains(advice), "{text}");
    }
    let missing = message(cause(fetch_within(&["/nonexistent/password"], PLENTY).unwrap_err()));
    assert!(missing.contains("does not exist") && missing.contains("correct the path"), "{missing}");
    let stray = world.file("stray", "#!/nonexistent/interpreter\n", 0o700);
    let text = message(cause(fetch_within(&[stray.to_str().unwrap()], PLENTY).unwrap_err()));
    assert!(text.contains("interpreter"), "{text}");
    also_as_ordinary_user("secrets::command::tests::the_program_has_to_be_trusted_and_executable");
}

#[test]
fn a_bare_name_is_looked_up_but_not_for_root() {
    let world = World::new();
    let file = world.script("backup-notify-test-password", "echo hunter2");
    let folder = file.parent().unwrap();
    let path = std::env::join_paths([Path::new("."), Path::new("/nonexistent"), folder]).unwrap();
    let name = "backup-notify-test-password";
    assert_eq!(locate(name, false, Some(path.clone())).unwrap(), file);
    assert!(matches!(
        locate("backup-notify-no-such", false, Some(path.clone())),
        Err(CommandFault::NotInPath)
    ));
    assert!(matches!(locate("./password", false, Some(path.clone())), Err(CommandFault::Relative)));

    let found = locate("sh", true, Some(path.clone())).unwrap_err();
    let text = message(found);
    assert!(text.contains("root requires") && text.contains("/sh\" instead of"), "{text}");
    let unknown = locate(name, true, Some(path)).unwrap_err();
    assert!(matches!(unknown, CommandFault::BareAsRoot { found: None }));
    assert!(matches!(cause(fetch_within(&[], PLENTY).unwrap_err()), CommandFault::Missing));
}

#[test]
fn root_gives_a_command_a_clean_environment() {
    let world = World::new();
    let file = world.script("password", "env | cut -d= -f1 | sort | tr '\\n' ' '");
    let argv = [file.to_str().unwrap().to_owned()];
    let account = Slot::smtp("h", 587, Some("jon"));
    let deadline = Deadline::after(Instant::now(), PLENTY);
    let request =
        Request { account: &account, deadline, as_root: true, may_prompt: false, title: "jon", given: None };
    let names = run(&argv, &request).unwrap();
    // what the shell itself adds does not count
    let names: Vec<_> = names
        .reveal()
        .split_whitespace()
        .filter(|name| !matches!(*name, "PWD" | "SHLVL" | "_" | "OLDPWD"))
        .collect();
    assert_eq!(names, ["HOME", "LANG", "LOGNAME", "PATH", "USER"]);
}
