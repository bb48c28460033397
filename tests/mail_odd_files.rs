//! Something else in place of each of Mail's files: it is told, it holds nothing up, and what the
//! other places hold is found.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::mail_plist::{PLACE, USUAL, write};
use crate::support::world::World;

/// Every place where Mail has kept accounts, with the log of each database.
const PLACES: [&str; 9] = [
    "Library/Accounts/Accounts4.sqlite",
    "Library/Accounts/Accounts4.sqlite-wal",
    "Library/Accounts/Accounts3.sqlite",
    "Library/Accounts/Accounts3.sqlite-wal",
    "Library/Mail/V2/MailData/Accounts.plist",
    "Library/Containers/com.apple.mail/Data/Library/Mail/V2/MailData/Accounts.plist",
    "Library/Preferences/com.apple.mail.plist",
    "Library/Preferences/com.apple.Mail.plist",
    "Library/Containers/com.apple.mail/Data/Library/Preferences/com.apple.mail.plist",
];

/// What is put there.
const ODD: [&str; 5] = ["2 GB of nothing", "a pipe", "a folder", "a loop of links", "a device"];

fn put(what: &str, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match what {
        "2 GB of nothing" => File::create(path).unwrap().set_len(2 << 30).unwrap(),
        "a pipe" => mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap(),
        "a folder" => fs::create_dir(path).unwrap(),
        "a loop of links" => symlink(path, path).unwrap(),
        "a device" => symlink("/dev/zero", path).unwrap(),
        other => panic!("{other}"),
    }
}

#[test]
fn something_else_in_place_of_any_file_is_told_and_holds_nothing_up() {
    for what in ODD {
        for place in PLACES {
            let world = World::new();
            // the log of a database is looked at when there is a database
            if let Some(database) = place.strip_suffix("-wal") {
                world.write(format!("home/{database}"), "");
            }
            let path = world.home().join(place);
            put(what, &path);
            // the place that is found in the end, unless it is the one
            let other = if place == PLACE { PLACES[6] } else { PLACE };
            write(&world, "elsewhere", &[USUAL]);
            fs::create_dir_all(world.home().join(other).parent().unwrap()).unwrap();
            fs::rename(world.path().join("elsewhere").join(PLACE), world.home().join(other)).unwrap();

            let output = world.command(&["accounts", "--json"]).run();
            output.assert_code(0).assert_within(Duration::from_secs(5));
            let found = output.json();
            // below the one that is found nothing is opened
            let looked_at = place.contains("Accounts/") || place == PLACE;
            let told =
                found["problems"].as_array().unwrap().iter().any(|p| p["path"] == path.to_str().unwrap());
            assert_eq!(told, looked_at, "{what} in place of {place}\n{output}");
            assert_eq!(found["accounts"][0]["id"], "smtp.example.com:kim", "{what} in place of {place}");
            if what == "a pipe" {
                assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
            }
        }
    }
}

#[test]
fn something_else_in_place_of_every_file_is_told_for_each() {
    for what in ODD {
        let world = World::new();
        // all but the logs: without a database nobody looks for one
        let places = PLACES.into_iter().filter(|place| !place.ends_with("-wal"));
        for place in places.clone() {
            put(what, &world.home().join(place));
        }
        let output = world.command(&["accounts", "--json"]).run();
        output.assert_code(0).assert_within(Duration::from_secs(5));
        let found = output.json();
        assert_eq!(found["accounts"].as_array().unwrap().len(), 0);
        assert_eq!(found["looked_at"].as_array().unwrap().len(), places.clone().count());
        let told: Vec<_> = found["problems"].as_array().unwrap().iter().map(|p| p["path"].clone()).collect();
        for place in places {
            let path = world.home().join(place);
            assert!(told.contains(&path.to_str().unwrap().into()), "{what} in place of {place}\n{output}");
        }
    }
}
