//! Every combination of errno and platform, and real folders that let nobody through.

use super::*;
use crate::accounts::mail::list;
use crate::files::testing::{World, also_as_ordinary_user, is_root, set_mode};

const EPERM: i32 = Errno::EPERM as i32;
const EACCES: i32 = Errno::EACCES as i32;

fn said(platform: Platform, root: bool, owner: Option<&str>, errno: i32) -> (String, String) {
    let reader = Reader { platform, root, owner: owner.map(str::to_owned) };
    let home = Path::new("/Users/kim doe");
    words(&reader, home, &home.join("Library/Accounts"), false, errno)
}

#[test]
fn what_macos_guards_and_what_modes_deny_have_different_words() {
    let (message, hint) = said(Platform::MacOs, false, None, EPERM);
    assert_eq!(
        message,
        "folder \"/Users/kim doe/Library/Accounts\" cannot be read: operation not permitted: the privacy \
         protection of macOS guards it"
    );
    for step in ["System Settings", "Full Disk Access", "the program that runs the hook", "start it again"] {
        assert!(hint.contains(step), "{hint}");
    }
    // being root does not help against it
    assert_eq!(said(Platform::MacOs, true, Some("kim"), EPERM).1, hint);

    let (message, hint) = said(Platform::MacOs, false, None, EACCES);
    assert_eq!(message, "folder \"/Users/kim doe/Library/Accounts\" cannot be read: permission denied");
    assert_eq!(hint, "see who may read it: ls -led '/Users/kim doe/Library/Accounts'");
    assert!(said(Platform::Other, false, None, EACCES).1.contains("ls -ld '/Users"));

    let (message, hint) = said(Platform::Other, false, None, EPERM);
    assert!(message.contains("operation not permitted"), "{message}");
    assert!(hint.contains("sandbox") && !hint.contains("System Settings"), "{hint}");
}

#[test]
fn the_home_of_somebody_else_is_for_root_to_read() {
    for platform in [Platform::MacOs, Platform::Other] {
        let hint = said(platform, false, Some("kim"), EACCES).1;
        assert!(hint.contains("belongs to kim"), "{hint}");
        assert!(hint.ends_with("sudo backup-notify accounts --mail-home '/Users/kim doe'"), "{hint}");
        assert!(!said(platform, true, Some("kim"), EACCES).1.contains("sudo"));
    }
}

#[test]
fn a_guarded_folder_is_named_and_told_once_for_all_its_files() {
    let home = Path::new("/Users/kim");
    let mut denials = Denials::default();
    let mut told = Vec::new();
    for (path, _) in super::super::places::places(home) {
        told.extend(denials.problem(home, &path, EPERM).map(|problem| problem.path));
    }
    let guarded = ["Library/Accounts", "Library/Mail", "Library/Containers/com.apple.mail"];
    let plain = ["Library/Preferences/com.apple.mail.plist", "Library/Preferences/com.apple.Mail.plist"];
    let expected = guarded.iter().chain(&plain).map(|path| home.join(path)).collect::<Vec<_>>();
    assert_eq!(told, expected);
    assert_eq!(denials.problem(home, &home.join("Library/Mail"), EPERM), None);
}

#[test]
fn a_folder_that_lets_nobody_through_is_told_once() {
    also_as_ordinary_user(
        concat!(module_path!(), "::a_folder_that_lets_nobody_through_is_told_once")
            .trim_start_matches("backup_notify::"),
    );
    if is_root() {
        return;
    }
    let world = World::new();
    let home = world.folder("home", 0o700);
    let library = world.folder("home/Library", 0o700);
    let accounts = world.folder("home/Library/Accounts", 0o700);
    let file = world.file("home/Library/Accounts/Accounts4.sqlite", "", 0o000);
    let told = || list(&home).problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>();
    assert_eq!(told(), [file]);
    set_mode(&accounts, 0o600);
    assert_eq!(told(), [accounts]);
    set_mode(&library, 0o000);
    assert_eq!(told(), [library]);
    set_mode(&home, 0o000);
    assert_eq!(told(), std::slice::from_ref(&home));
    set_mode(&home, 0o700);
}

#[test]
fn a_home_folder_that_is_none_is_a_problem() {
    let world = World::new();
    let missing = world.path("missing");
    let problem = list(&missing).problems.pop().unwrap();
    assert_eq!(problem.message, format!("home folder \"{}\" does not exist", missing.display()));
    assert!(problem.hint.unwrap().contains("--mail-home"));
    let file = world.file("file", "", 0o600);
    assert!(list(&file).problems.pop().unwrap().message.contains("is not a folder"));
    let looped = world.link("loop", "loop");
    assert!(list(&looped).problems.pop().unwrap().message.contains("symbolic links"));
}
