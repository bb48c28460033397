//! Files and folders that are not the user's alone, in every place.

use super::*;

/// What can be wrong with a file or folder.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Readable,
    Link,
    LinkToNothing,
    SecondName,
    Pipe,
    Other,
    Foreign,
}

/// Spoils a file or folder, and says what the message has to say and to offer.
fn spoil(path: &Path, wrong: Wrong) -> (&'static str, String) {
    let shown = path.display();
    let move_away = format!("mv {shown} {shown}.aside");
    let elsewhere = path.with_extension("elsewhere");
    let is_folder = path.is_dir();
    match wrong {
        Wrong::Readable => {
            set_mode(path, if is_folder { 0o750 } else { 0o604 });
            ("others have rights", format!("chmod {} {shown}", if is_folder { "700" } else { "600" }))
        }
        Wrong::Link => {
            fs::rename(path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, path).unwrap();
            ("is a symbolic link", move_away)
        }
        Wrong::LinkToNothing => {
            fs::rename(path, &elsewhere).unwrap();
            std::os::unix::fs::symlink("nothing", path).unwrap();
            ("is a symbolic link", move_away)
        }
        Wrong::SecondName => {
            fs::hard_link(path, elsewhere).unwrap();
            ("has 2 names (hard links)", format!("cp -p {shown} {shown}.copy && mv {shown}.copy {shown}"))
        }
        Wrong::Pipe => {
            fs::rename(path, elsewhere).unwrap();
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
            ("is a pipe", move_away)
        }
        Wrong::Other if is_folder => {
            fs::rename(path, elsewhere).unwrap();
            fs::write(path, "").unwrap();
            ("is a file, not a folder", move_away)
        }
        Wrong::Other => {
            fs::rename(path, elsewhere).unwrap();
            fs::create_dir(path).unwrap();
            ("is a folder, not a file", move_away)
        }
        Wrong::Foreign => {
            give_away(path);
            ("belongs to the user \"number 54321\", not to root", format!("chown root {shown}"))
        }
    }
}

#[test]
fn what_is_not_the_users_alone_is_refused_with_the_command_to_type() {
    use Wrong::{Foreign, Link, LinkToNothing, Other, Pipe, Readable, SecondName};
    let vault_folder = VAULT.strip_suffix("/vault").unwrap();
    let key_folder = KEY.strip_suffix("/key").unwrap();
    for place in [VAULT, KEY, LOCK, vault_folder, key_folder] {
        let is_folder = [vault_folder, key_folder].contains(&place);
        for wrong in [Readable, Link, LinkToNothing, SecondName, Pipe, Other, Foreign] {
            if (is_folder && wrong == SecondName) || (!is_root() && wrong == Foreign) {
                continue;
            }
            let (world, store) = kept();
            let before = fs::read(world.path(VAULT)).unwrap();
            let path = world.path(place);
            let (what, hint) = spoil(&path, wrong);
            let begun = Instant::now();
            assert_refused(try_set(&store, JON, "hunter3"), what, &hint);
            assert_refused(store.remove(&slot(JON), access()), what, &hint);
            if place != LOCK {
                // looking takes no turn
                assert_refused(try_get(&store, JON), what, &hint);
                assert_refused(store.list(access()), what, &hint);
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{place}, {wrong:?}: it waited");
            let vaults: Vec<_> = [VAULT, "home/.local/share/backup-notify/keychain.elsewhere/vault"]
                .map(|vault| world.path(vault))
                .into_iter()
                .flat_map(|vault| [vault.with_extension("elsewhere"), vault])
                .filter(|vault| vault.is_file())
                .map(|vault| fs::read(vault).unwrap())
                .collect();
            assert!(vaults.contains(&before), "{place}, {wrong:?}: the vault is gone");
            assert!(vaults.iter().all(|vault| *vault == before), "{place}, {wrong:?}: the vault was changed");
            if wrong == Readable {
                set_mode(&path, if is_folder { 0o700 } else { 0o600 });
                assert_eq!(get(&store, JON).unwrap(), "hunter2");
            }
        }
    }
    also_as_ordinary_user(
        "secrets::keychain::tests::refused::what_is_not_the_users_alone_is_refused_with_the_command_to_type",
    );
}

#[test]
fn a_folder_above_may_be_a_link_but_nobody_elses() {
    let world = World::new();
    let store = store(&world);
    world.folder("disk", 0o755);
    world.folder("home/.local", 0o755);
    world.link("home/.local/share", world.path("disk"));
    set(&store, JON, "hunter2");
    assert_eq!(get(&store, JON).unwrap(), "hunter2");
    assert!(world.path("disk/backup-notify/keychain/vault").exists());
    set_mode(&world.path("disk"), 0o777);
    let fix = format!("chmod go-w {}", world.path("disk").display());
    assert_refused(try_get(&store, JON), "is writable by everyone", &fix);
    assert_refused(try_set(&store, JON, "x"), "is writable by everyone", &fix);
    set_mode(&world.path("disk"), 0o755);
    if is_root() {
        give_away(&world.path("disk"));
        assert_refused(try_get(&store, JON), "belongs to", "sudo -u '#54321' -H backup-notify");
        give_link_away(&world.path("home/.local/share"));
    }
    also_as_ordinary_user("secrets::keychain::tests::refused::a_folder_above_may_be_a_link_but_nobody_elses");
}

#[test]
fn nobody_is_told_to_take_what_is_above_our_own_folders() {
    if !is_root() {
        return; // only root can give folders away; the tests run as root, too
    }
    for (place, ours) in [
        ("home", false),
        ("home/.local", false),
        ("home/.local/share", false),
        ("home/.local/share/backup-notify", true),
        ("home/.local/share/backup-notify/keychain", true),
    ] {
        // whose home is called like our folders
        for home in ["home", "backup-notify"] {
            let world = World::new();
            let place = place.replacen("home", home, 1);
            let at = world.path(home);
            fs::create_dir(&at).unwrap();
            let store = Store::new(home::data_folder(&at).join("keychain").join("vault"), Places::of(&at));
            set(&store, JON, "hunter2");
            give_away(&world.path(&place));
            let error = try_get(&store, JON).expect_err("somebody else's");
            let hint = error.hint().unwrap();
            assert!(error.to_string().contains("number 54321"), "{error}");
            if ours {
                assert_eq!(hint, format!("chown root {}", world.path(&place).display()));
            } else {
                assert!(!hint.contains("chown"), "{place}: {hint}");
                assert!(hint.contains("sudo -u '#54321' -H backup-notify …"), "{hint}");
                assert!(hint.contains("HOME=/root"), "{hint}");
            }
        }
    }
}

#[test]
fn a_lock_that_its_owner_may_not_open_is_named_with_the_command_to_type() {
    let (world, store) = kept();
    let lock = world.path(LOCK);
    set_mode(&lock, 0o400);
    if !is_root() {
        let hint = format!("chmod 600 {}", lock.display());
        assert_refused(try_set(&store, JON, "x"), "its owner may not write the file", &hint);
        set_mode(&lock, 0o600);
    }
    set(&store, JON, "hunter3");
    also_as_ordinary_user(
        "secrets::keychain::tests::refused::a_lock_that_its_owner_may_not_open_is_named_with_the_command_to_type",
    );
}
