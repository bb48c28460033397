//! What the killed leave is swept by who has the turn, and nothing else is.

use std::os::unix::fs::symlink;

use super::*;

/// What is swept of a folder with these files of a message, by the endings of their names.
fn swept(endings: &[&str]) -> Vec<String> {
    let world = World::new();
    let outbox = outbox(&world);
    let id = "20261122T215559.123-0a1b2c3d";
    for ending in endings {
        world.file(&format!("outbox/{id}{ending}"), "piece", 0o600);
    }
    world.file("outbox/notes.txt", "mine", 0o644);
    assert!(outbox.turn(None).unwrap().unwrap().notes.is_empty());
    let left = names(outbox.folder());
    assert!(left.contains(&"notes.txt".to_owned()));
    let ours = left.iter().filter_map(|name| name.strip_prefix(id));
    ours.map(str::to_owned).collect()
}

#[test]
fn pieces_and_messages_alone_are_removed_and_whole_ones_stay() {
    let nothing: [&str; 0] = [];
    assert_eq!(swept(&[".eml.new"]), nothing);
    assert_eq!(swept(&[".eml"]), nothing);
    assert_eq!(swept(&[".eml", ".json.new"]), nothing);
    assert_eq!(swept(&[".json.new"]), nothing);
    assert_eq!(swept(&[".eml", ".json"]), [".eml", ".json"]);
    assert_eq!(swept(&[".eml", ".json", ".json.new"]), [".eml", ".json"]);
    // an entry alone is for who reaches for it
    assert_eq!(swept(&[".json"]), [".json"]);
    assert_eq!(swept(&[".json.1234-0.new", ".bak"]), [".bak", ".json.1234-0.new"]);
}

#[test]
fn what_is_just_being_written_stays() {
    let world = World::new();
    let outbox = outbox(&world);
    let id = Id::parse("20261122T215559.123-0a1b2c3d").unwrap();
    for name in [".eml.new", ".eml"] {
        let path = outbox.folder().join(format!("{id}{name}"));
        let file = fs::File::create_new(&path).unwrap();
        set_mode(&path, 0o600);
        let file = lock::try_lock(file).unwrap().unwrap();
        world.file(&format!("outbox/{id}.json.new"), "piece", 0o600);
        outbox.turn(None).unwrap().unwrap();
        assert!(path.exists(), "{name}");
        // only who has the message's lock writes what is known of it
        assert_eq!(outbox.folder().join(format!("{id}.json.new")).exists(), name == ".eml");
        let _ = fs::remove_file(outbox.folder().join(format!("{id}.json.new")));
        drop(file);
        outbox.turn(None).unwrap().unwrap();
        assert!(!path.exists(), "{name}");
    }
}

#[test]
fn what_stands_in_the_place_of_a_message_alone_is_set_aside_and_pieces_of_others_stay() {
    let world = World::new();
    let outbox = outbox(&world);
    let id = Id::parse("20261122T215559.123-0a1b2c3d").unwrap();
    symlink("/etc/passwd", id.message(outbox.folder())).unwrap();
    symlink("/etc/passwd", outbox.folder().join(format!("{id}.eml.new"))).unwrap();
    symlink("/etc/passwd", outbox.folder().join(format!("{id}.json.new"))).unwrap();
    let notes = outbox.turn(None).unwrap().unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].contains("is a symbolic link, not a file; it is not sent, and was moved to"),
        "{notes:?}"
    );
    assert_eq!(names(&outbox.folder().join("aside")), [format!("{id}.eml")]);
    assert_eq!(names(outbox.folder()).len(), 4);
}
