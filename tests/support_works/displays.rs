//! A screen and a bus are a test's own, and leave nothing behind.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::process::Command;

use nix::unistd::getuid;

use crate::support::certs::hex;
use crate::support::display::{Bus, Display};
use crate::support::world::World;

/// Begins to sign in at a bus as a user (D-Bus specification, "Authentication Protocol").
const SIGN_IN: &str = "import os, socket, sys
bus = socket.socket(socket.AF_UNIX)
bus.connect(sys.argv[1])
bus.sendall(b'\\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\\r\\n')
print(bus.recv(100).decode())";

#[test]
fn a_screen_is_empty_at_first_and_no_other_tests() {
    let (one, other) = (Display::start(), Display::start());
    assert_ne!(one.name(), other.name());
    let blank = one.pixels();
    assert_eq!(blank.len(), 800 * 600 * 3);
    assert!(blank.iter().all(|byte| *byte == 0));
    let world = World::new();
    one.screenshot(&world.path().join("screen.png"));
    assert!(std::fs::read(world.path().join("screen.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_bus_takes_its_own_user() {
    let bus = Bus::start();
    let mut stream = UnixStream::connect(bus.socket()).unwrap();
    let uid = hex(getuid().to_string().as_bytes());
    stream.write_all(format!("\0AUTH EXTERNAL {uid}\r\n").as_bytes()).unwrap();
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"OK ");
    assert!(bus.address().ends_with("/socket"), "{}", bus.address());
}

#[test]
fn a_bus_can_be_another_users() {
    let world = World::new();
    std::fs::set_permissions(world.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let folder = world.folder("run");
    chown(&folder, Some(65534), Some(65534)).unwrap();
    let bus = Bus::start_for(65534, 65534, &folder.join("bus"));
    let said = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", SIGN_IN])
        .arg(bus.socket())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&said.stdout).starts_with("OK "), "{said:?}");
}
