//! The rule on real files, as root and as an ordinary user.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use super::testing::{World, also_as_ordinary_user, give_away, give_link_away, is_root, set_mode};
use super::*;
use crate::error::Situation;
use crate::exit::Exit;

const LIMIT: usize = 100;

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_trusted(path, Purpose::TaskFile, LIMIT)
}

fn refused(path: &Path) -> FileError {
    let started = Instant::now();
    let error = read(path).expect_err("must be refused");
    assert!(started.elapsed() < Duration::from_secs(5), "took too long");
    error
}

#[track_caller]
fn assert_refused(path: &Path, exit: Exit, what: &str, hint: &str) {
    let error = refused(path);
    assert_eq!(error.exit(), exit, "{error}");
    assert!(error.to_string().contains(what), "{error}");
    let advice = error.hint().unwrap_or_default();
    assert!(advice.contains(hint), "{error}: {advice}");
}

#[test]
fn a_file_of_ones_own_is_read() {
    let world = World::new();
    let file = world.file("task.json", "{}", 0o644);
    assert_eq!(read(&file).unwrap(), b"{}");
    assert_eq!(read(&world.path("./x/../task.json")).unwrap_err().exit(), Exit::NoInput);
    world.folder("x", 0o755);
    assert_eq!(read(&world.path("./x/../task.json")).unwrap(), b"{}");
    also_as_ordinary_user("files::tests::a_file_of_ones_own_is_read");
}

#[test]
fn a_file_that_others_can_write_is_refused_with_the_command_to_type() {
    let world = World::new();
    let file = world.file("it's.json", "{}", 0o666);
    let path = file.display().to_string().replace('\'', r"'\''");
    assert_refused(
        &file,
        Exit::NoPermission,
        "writable by everyone (mode 0666)",
        &format!("chmod go-w '{path}'"),
    );
    set_mode(&file, 0o606);
    assert_refused(&file, Exit::NoPermission, "(mode 0606)", "chmod o-w ");
    also_as_ordinary_user("files::tests::a_file_that_others_can_write_is_refused_with_the_command_to_type");
}

#[test]
fn a_folder_above_that_others_can_write_is_refused() {
    let world = World::new();
    let grand = world.folder("grand", 0o755);
    let parent = world.folder("grand/parent", 0o777);
    let file = world.file("grand/parent/task.json", "{}", 0o600);
    let fix = format!("chmod go-w {}", parent.display());
    assert_refused(&file, Exit::NoPermission, "the folder", &fix);
    set_mode(&parent, 0o755);
    assert!(read(&file).is_ok());
    set_mode(&grand, 0o757);
    assert_refused(
        &file,
        Exit::NoPermission,
        "writable by everyone (mode 0757)",
        &format!("chmod o-w {}", grand.display()),
    );
    also_as_ordinary_user("files::tests::a_folder_above_that_others_can_write_is_refused");
}

#[test]
fn a_sticky_folder_is_fine_for_ones_own_entries() {
    let world = World::new();
    world.folder("shared", 0o1777);
    let file = world.file("shared/task.json", "{}", 0o600);
    assert!(read(&file).is_ok());
    if is_root() {
        give_away(&file);
        assert_refused(&file, Exit::NoPermission, "number 54321", &format!("chown root {}", file.display()));
        let inner = world.folder("shared/inner", 0o755);
        let below = world.file("shared/inner/task.json", "{}", 0o600);
        assert!(read(&below).is_ok());
        give_away(&inner);
        assert_refused(&below, Exit::NoPermission, "the folder", "keep it where only root can write");
    }
    also_as_ordinary_user("files::tests::a_sticky_folder_is_fine_for_ones_own_entries");
}

#[test]
fn a_group_with_others_in_it_may_not_write() {
    if !is_root() {
        return;
    }
    let world = World::new();
    let file = world.file("task.json", "{}", 0o664);
    std::os::unix::fs::chown(&file, None, Some(testing::SOMEBODY_ELSE)).unwrap();
    assert_refused(
        &file,
        Exit::NoPermission,
        "writable by the group \"number 54321\" (mode 0664)",
        "chmod g-w ",
    );
}

#[test]
fn links_are_followed_through_checked_folders_only() {
    let world = World::new();
    world.folder("good", 0o755);
    let file = world.file("good/task.json", "{}", 0o600);
    assert!(read(&world.link("absolute", &file)).is_ok());
    assert!(read(&world.link("relative", "good/task.json")).is_ok());
    world.link("to-folder", "good/../good");
    assert!(read(&world.path("to-folder/task.json")).is_ok());

    let bad = world.folder("bad", 0o777);
    world.link("bad/back", "../good");
    let through = world.link("through", "bad/back/task.json");
    assert_refused(&through, Exit::NoPermission, "is not trusted", &format!("chmod go-w {}", bad.display()));

    let dangling = world.link("dangling", "nothing");
    assert_refused(&dangling, Exit::NoInput, "nothing\" does not exist", "");
    assert!(refused(&dangling).is_not_found());
    let looping = world.link("loop", "loop");
    assert_refused(&looping, Exit::NoInput, "too many symbolic links", "");
    also_as_ordinary_user("files::tests::links_are_followed_through_checked_folders_only");
}

#[test]
fn a_link_of_somebody_else_in_a_sticky_folder_is_refused() {
    let world = World::new();
    let file = world.file("task.json", "{}", 0o600);
    world.folder("shared", 0o1777);
    let link = world.link("shared/link", &file);
    assert!(read(&link).is_ok());
    if is_root() {
        give_link_away(&link);
        assert_refused(&link, Exit::NoPermission, "the link", &format!("chown -h root {}", link.display()));
        // where nobody else can write, it does not matter whose a link is
        let elsewhere = world.link("elsewhere", &file);
        give_link_away(&elsewhere);
        assert!(read(&elsewhere).is_ok());
    }
    also_as_ordinary_user("files::tests::a_link_of_somebody_else_in_a_sticky_folder_is_refused");
}

#[test]
fn what_is_not_a_file_is_refused_without_waiting() {
    let world = World::new();
    let fifo = world.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let socket = world.path("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let folder = world.folder("folder", 0o755);
    assert_refused(&fifo, Exit::NoInput, "is a pipe", "--task -");
    assert_refused(&socket, Exit::NoInput, "is a socket", "");
    assert_refused(&folder, Exit::NoInput, "is a folder", "");
    assert_refused(Path::new("/"), Exit::NoInput, "is a folder", "");
    assert_refused(&folder.join(".."), Exit::NoInput, "is a folder", "");
    assert_refused(Path::new("/dev/null"), Exit::NoInput, "is a device", "");
    for path in [&fifo, &socket, &folder] {
        assert_eq!(open_log(path).unwrap_err().exit(), Exit::NoInput);
    }
    also_as_ordinary_user("files::tests::what_is_not_a_file_is_refused_without_waiting");
}

#[test]
fn odd_paths_get_clear_errors() {
    let world = World::new();
    assert_refused(Path::new(""), Exit::NoInput, "the path of the task file is empty", "");
    assert_refused(Path::new("a\0b"), Exit::NoInput, "NUL byte", "");
    assert_refused(&world.path(&"x".repeat(300)), Exit::NoInput, "too long", "");
    let file = world.file("file", "{}", 0o600);
    assert_refused(&file.join("below"), Exit::NoInput, "file\" is not a folder", "");
    let escape = refused(&world.path("a\u{1b}[31m")).to_string();
    assert!(!escape.contains('\u{1b}'));
    assert!(open_log(Path::new("")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_is_followed_to_its_file_and_a_pipe_is_named() {
    use std::os::fd::AsRawFd;
    if !is_root() {
        // what /proc shows of oneself depends on whether a secret has already been read
        return;
    }
    let world = World::new();
    let file = File::open(world.file("task.json", "{}", 0o600)).unwrap();
    assert_eq!(read(Path::new(&format!("/dev/fd/{}", file.as_raw_fd()))).unwrap(), b"{}");
    let (pipe, _writer) = std::io::pipe().unwrap();
    let path = format!("/dev/fd/{}", pipe.as_raw_fd());
    assert_refused(Path::new(&path), Exit::NoInput, "is a pipe", "--task -");
}

#[test]
fn a_file_that_cannot_be_read_keeps_its_reason() {
    let world = World::new();
    let file = world.file("task.json", "{}", 0o000);
    if !is_root() {
        assert_refused(&file, Exit::NoInput, "permission denied", "ls -ld ");
        let error = refused(&file);
        assert!(
            matches!(*error.fault, FileFault::Denied { errno, .. } if errno == nix::errno::Errno::EACCES as i32)
        );
    }
    also_as_ordinary_user("files::tests::a_file_that_cannot_be_read_keeps_its_reason");
}

#[test]
fn the_limit_is_in_bytes_and_exact() {
    let world = World::new();
    assert!(read(&world.file("full", &"x".repeat(LIMIT), 0o600)).is_ok());
    let over = world.file("over", &"x".repeat(LIMIT + 1), 0o600);
    assert_refused(&over, Exit::Data, "larger than 100 bytes", "");
}

#[test]
fn a_secret_is_for_its_owner_only() {
    let world = World::new();
    for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
        let file = world.file(&format!("{mode:o}"), "x", mode);
        let opened = open_secret(&file, Purpose::PasswordFile);
        assert_eq!(opened.is_ok(), good, "{mode:o}");
        if let Err(error) = opened {
            assert_eq!(error.exit(), Exit::NoPermission);
            assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", file.display()));
        }
    }
}

#[test]
fn a_program_has_to_be_executable_and_trusted() {
    let world = World::new();
    let check = |path: &Path| check_program(path, Purpose::PasswordProgram);
    let good = world.script("good", "exit 0");
    assert!(check(&good).is_ok());
    assert!(check(&world.link("link", &good)).is_ok());
    let plain = check(&world.file("plain", "", 0o600)).unwrap_err();
    assert_eq!(
        (plain.exit(), plain.hint()),
        (Exit::NoPermission, Some(format!("chmod u+x {}", world.path("plain").display())))
    );
    set_mode(&good, 0o777);
    assert_eq!(check(&good).unwrap_err().exit(), Exit::NoPermission);
    assert!(check(&world.path("missing")).unwrap_err().is_not_found());
    also_as_ordinary_user("files::tests::a_program_has_to_be_executable_and_trusted");
}

#[test]
fn a_log_may_be_anybodys_but_not_a_link() {
    let world = World::new();
    world.folder("open", 0o777);
    let log = world.file("open/backup.log", "done", 0o666);
    assert!(open_log(&log).is_ok());
    let link = open_log(&world.link("link.log", &log)).unwrap_err();
    assert_eq!(link.exit(), Exit::NoInput);
    assert!(link.to_string().contains("is a symbolic link"), "{link}");
    if is_root() {
        give_away(&log);
        assert!(open_log(&log).is_ok());
    }
    also_as_ordinary_user("files::tests::a_log_may_be_anybodys_but_not_a_link");
}

/// A list that lets user 54321 write, as setfacl writes it: version 2, then tag, rights, number.
#[cfg(target_os = "linux")]
#[test]
fn an_access_control_list_behind_a_group_bit_is_seen() {
    let world = World::new();
    let file = world.file("task.json", "{}", 0o600);
    let entry = |tag: u16, rights: u16, id: u32| {
        [&tag.to_le_bytes()[..], &rights.to_le_bytes()[..], &id.to_le_bytes()[..]].concat()
    };
    let none = u32::MAX;
    let list = [
        2_u32.to_le_bytes().to_vec(),
        entry(0x01, 6, none),
        entry(0x02, 6, testing::SOMEBODY_ELSE),
        entry(0x04, 4, none),
        entry(0x10, 6, none),
        entry(0x20, 0, none),
    ]
    .concat();
    assert!(!system_linux::has_access_list(&file));
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&file, "system.posix_acl_access", &list, flags).is_err() {
        return; // a file system without such lists
    }
    assert!(system_linux::has_access_list(&file));
    let error = refused(&file);
    assert_eq!(error.exit(), Exit::NoPermission);
    assert!(error.hint().unwrap().starts_with("chmod g-w "), "{error}");
}
