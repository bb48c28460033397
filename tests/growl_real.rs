//! Growl for Linux shows what it is sent, on a screen that nobody sits at.
//!
//! It always listens on the same ports, so it runs in a network of the test's own. What it was
//! asked to show it keeps in a database, and what it showed is looked for on the screen. It
//! checks no hash of a password.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::display::{Bus, Display};
use crate::support::guard::Guard;
use crate::support::namespace;
use crate::support::world::World;

/// How long it may take to start, and to show something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names the folder that pictures of the screen are kept in, for people to look at.
const KEEP: &str = "BACKUP_NOTIFY_SCREENSHOT";

/// Growl for Linux with its screen, its bus and its home.
struct Gol {
    // dropped in this order: it goes before what it stands on
    _guard: Guard,
    display: Display,
    _bus: Bus,
    home: PathBuf,
}

impl Gol {
    fn start(world: &World) -> Self {
        own_display_sockets();
        let (display, bus) = (Display::start(), Bus::start());
        let home = world.folder("gol");
        let mut command = Command::new("gol");
        command.env("HOME", &home).env("DISPLAY", display.name()).env("LANG", "C.UTF-8");
        command.env("DBUS_SESSION_BUS_ADDRESS", bus.address()).env("GDK_BACKEND", "x11");
        // nothing is to be started on a bus of accessibility
        command.env("NO_AT_BRIDGE", "1");
        let guard = Guard::watch(&world.folder("gol-guard"), &command);
        let gol = Self { _guard: guard, display, _bus: bus, home };
        wait_for("Growl for Linux listens", || TcpStream::connect("127.0.0.1:23053").ok());
        gol
    }

    /// Asks its database.
    fn rows(&self, query: &str) -> Value {
        let database = self.home.join(".config/gol/config.db");
        let output = Command::new("sqlite3").arg("-json").arg(database).arg(query).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rows = if output.stdout.is_empty() { b"[]".to_vec() } else { output.stdout };
        serde_json::from_slice(&rows).unwrap()
    }

    /// Waits until a sign of this colour has come to rest on the screen, and keeps a picture of it where
    /// somebody wants to look at it.
    fn wait_for_sign(&self, colour: [u8; 3], picture: &str) {
        let mut before = Vec::new();
        wait_for(picture, || {
            let now = self.display.pixels();
            let size = now.chunks(3).filter(|pixel| **pixel == colour).count();
            let rests = now == before;
            before = now;
            (rests && size > 50).then_some(())
        });
        if let Some(folder) = std::env::var_os(KEEP) {
            self.display.screenshot(&Path::new(&folder).join(picture));
        }
    }
}

/// Keeps the sockets of the displays in this namespace apart from those outside: a display that is free
/// in this network may be taken in another one, and its socket would be replaced.
fn own_display_sockets() {
    let folder = Path::new("/tmp/.X11-unix");
    if !folder.exists() {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o1777)).unwrap();
    }
    let done = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(folder).status().unwrap();
    assert!(done.success(), "mount");
}

/// Asks again and again for something outside that gives no sign.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn growl_for_linux_shows_what_began_and_what_failed() {
    if !namespace::entered("growl_real::growl_for_linux_shows_what_began_and_what_failed") {
        return;
    }
    let world = World::new();
    let gol = Gol::start(&world);
    let name = "Nächtliche <b>&'\" Sicherung";
    let task =
        world.task(&json!({ "name": name, "source": "/home/kim", "destination": "/mnt", "growl": true }));

    let checked = world.command(&["check", "--json"]).task(&task).run();
    checked.assert_code(0);
    let names = "select name, app_name, enable from application order by rowid";
    let row = |name: &str| json!({ "name": name, "app_name": "backup-notify", "enable": 1 });
    assert_eq!(gol.rows(names), json!(["begin", "success", "warning", "error"].map(row)));
    assert_eq!(gol.rows("select title from notification"), json!([]));

    let mut titles = Vec::new();
    // the colours of the signs, as src/channels/growl/icons/draw.py has them
    for (arguments, colour, picture) in [
        (&["--event", "begin"][..], [43, 108, 196], "growl-began.png"),
        (&["--exit-code", "3", "--message", "disk <full> & more"], [192, 38, 38], "growl-failed.png"),
    ] {
        assert!(!gol.display.pixels().chunks(3).any(|pixel| *pixel == colour));
        let output = world.command(&["notify", "--json"]).args(arguments).task(&task).run();
        assert_eq!(output.assert_code(0).json()["deliveries"][0]["status"], "sent");
        gol.wait_for_sign(colour, picture);
        let shown = gol.rows("select title, text, icon from notification order by rowid desc limit 1");
        assert!(shown[0]["title"].as_str().unwrap().contains(name), "{shown}");
        assert!(shown[0]["icon"].as_str().unwrap().starts_with("x-growl-resource://"), "{shown}");
        titles.push(shown[0].clone());
    }
    assert!(titles[0]["title"].as_str().unwrap().contains("started"), "{titles:?}");
    assert!(titles[0]["text"].as_str().unwrap().contains("/home/kim"), "{titles:?}");
    assert!(titles[1]["text"].as_str().unwrap().contains("disk <full> & more"), "{titles:?}");
    // registered once for each, and known by the same names
    assert_eq!(gol.rows(names).as_array().unwrap().len(), 4);

    // with a password, whose hash it reads and does not check, except for one that it does not know
    let with = |hash: &str| {
        let growl = json!({ "hash": hash, "password": world.secret_file() });
        let task = world.task(&json!({ "name": "Weekly", "growl": growl }));
        world.command(&["notify", "--status", "error", "--json"]).task(&task).run()
    };
    for hash in ["md5", "sha1", "sha256"] {
        with(hash).assert_code(0);
    }
    let refused = with("sha512");
    refused.assert_code(69).assert_stderr_has("Invalid request").assert_stderr_has("\"hash\": \"sha512\"");
    assert_eq!(gol.rows("select count(*) as n from notification"), json!([{ "n": 5 }]));
}
