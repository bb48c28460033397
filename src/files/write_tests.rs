//! A file is there as a whole or not at all, and what is there already stays.

use std::os::unix::fs::symlink;

use super::*;
use crate::files::testing::{World, also_as_ordinary_user, is_root, set_mode};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

/// What is in the folder of a world.
fn names(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.path("")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_file_is_its_owners_only() {
    for over in [Over::Nothing, Over::Anything, Over::Locked] {
        let world = World::new();
        let path = world.path("task.json");
        write_private(&path, b"{}", over).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"{}".to_vec(), 0o600));
        assert_eq!(path.metadata().unwrap().nlink(), 1);
        assert_eq!(names(&world), ["task.json"]);
    }
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let world = World::new();
    let path = world.file("task.json", "old", 0o644);
    let error = write_private(&path, b"new", Over::Nothing).unwrap_err();
    assert_eq!(error.exit(), Exit::CannotWrite);
    assert_eq!(error.to_string(), format!("\"{}\" is there already", path.display()));
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"old".to_vec(), 0o644));
    write_private(&path, b"new", Over::Anything).unwrap();
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), 0o600));
    // nor is anything written through a link, wherever it leads
    for target in ["elsewhere", "task.json"] {
        let link = world.link(&format!("to-{target}"), target);
        assert!(write_private(&link, b"newer", Over::Nothing).is_err());
        assert!(link.is_symlink());
        write_private(&link, b"newer", Over::Anything).unwrap();
        assert!(!link.is_symlink());
    }
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(&world), ["task.json", "to-elsewhere", "to-task.json"]);
}

#[test]
fn where_names_cannot_be_given_without_replacing_a_second_name_does_it() {
    let world = World::new();
    let temporary = world.file("temporary", "new", 0o600);
    fs::hard_link(&temporary, world.path("task.json")).unwrap();
    assert!(fs::hard_link(&temporary, world.path("task.json")).is_err(), "a link replaces nothing");
    assert!(name_it(&temporary, &world.path("task.json")).is_err());
    fs::remove_file(world.path("task.json")).unwrap();
    name_it(&temporary, &world.path("task.json")).unwrap();
    assert_eq!(names(&world), ["task.json"]);
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let world = World::new();
    let folder = world.folder("folder", 0o755);
    for over in [Over::Nothing, Over::Anything, Over::Locked] {
        let error = write_private(&folder, b"new", over).unwrap_err();
        assert!(!error.there);
        assert_eq!(names(&world), ["folder"], "{over:?}");
        let error = write_private(&world.path("missing/file"), b"new", over).unwrap_err();
        assert!(error.to_string().contains("no such file"), "{error}");
    }
    if !is_root() {
        set_mode(&folder, 0o500);
        let error = write_private(&folder.join("file"), b"new", Over::Nothing).unwrap_err();
        assert_eq!(
            error.hint().unwrap(),
            format!("nothing was changed; see who may write there: ls -ld {}", folder.display())
        );
    }
    also_as_ordinary_user("files::write::tests::a_failure_leaves_nothing_behind");
}

#[test]
fn a_piece_that_was_left_is_removed_by_who_has_the_lock_and_passed_over_by_others() {
    let world = World::new();
    let path = world.path("vault");
    symlink("elsewhere", world.path("vault.new")).unwrap();
    write_private(&path, b"new", Over::Locked).unwrap();
    assert_eq!(names(&world), ["vault"]);
    let left = format!("vault.{}-0.new", std::process::id());
    fs::write(world.path(&left), "half").unwrap();
    write_private(&path, b"newer", Over::Anything).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"newer");
    assert_eq!(names(&world), ["vault".to_owned(), left]);
}

#[test]
fn a_folder_in_the_way_is_named_and_not_what_was_to_be_written() {
    let world = World::new();
    let (path, new) = (world.file("vault", "old", 0o600), world.folder("vault.new", 0o700));
    let error = write_private(&path, b"new", Over::Locked).unwrap_err();
    assert_eq!(error.to_string(), format!("\"{}\" cannot be written: is a directory", new.display()));
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("nothing was changed; "), "{hint}");
    assert!(hint.ends_with(&format!("move the other away: mv {0} {0}.aside", new.display())), "{hint}");
    assert_eq!((fs::read(&path).unwrap(), error.there), (b"old".to_vec(), false));
    assert_eq!(names(&world), ["vault", "vault.new"]);
}
