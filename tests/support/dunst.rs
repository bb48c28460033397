//! dunst, on a screen and a bus of a test's own, with a record of what it has shown.

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::display::{Bus, Display};
use super::guard::{Guard, search_path};

/// How long dunst may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A notice, by the variables that dunst gives to a script (dunst(5), "script").
pub(crate) type Shown = HashMap<String, String>;

/// A desktop: a screen, a bus, and dunst on both.
#[derive(Debug)]
pub(crate) struct Desktop {
    // dropped in this order
    _guard: Guard,
    bus: Bus,
    display: Display,
    folder: TempDir,
    user: Option<u32>,
}

impl Desktop {
    pub(crate) fn start() -> Self {
        Self::with(Bus::start(), None)
    }

    /// The desktop of another user, whose bus it is given. Only root can.
    pub(crate) fn start_for(uid: u32, bus: Bus) -> Self {
        Self::with(bus, Some(uid))
    }

    fn with(bus: Bus, user: Option<u32>) -> Self {
        let display = Display::start();
        let folder = tempfile::Builder::new().prefix("backup-notify-dunst-").tempdir().unwrap();
        let path = folder.path();
        let script = path.join("record");
        fs::create_dir(path.join("shown")).unwrap();
        // whole or not at all; the number of nanoseconds is the order
        let record = "#!/bin/sh\ncd \"${0%/*}\"\nenv -0 >\"$$\"\nmv \"$$\" \"shown/$(date +%s%N)\"\n";
        fs::write(&script, record).unwrap();
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let config = format!(
            "[global]\nfont = Monospace 12\nwidth = 700\nheight = 300\nmarkup = full\nformat = \"<b>%s</b>\\n%b\"\n\
             icon_theme = none\n[record]\nscript = {}\n",
            script.display()
        );
        fs::write(path.join("dunstrc"), config).unwrap();
        let mut command;
        if let Some(uid) = user {
            for entry in [path.to_owned(), path.join("shown")] {
                std::os::unix::fs::chown(entry, Some(uid), Some(uid)).unwrap();
            }
            command = Command::new("setpriv");
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={uid}"))
                .arg("--clear-groups")
                .arg("dunst");
        } else {
            command = Command::new("dunst");
        }
        command.arg("-conf").arg(path.join("dunstrc"));
        command
            .env("DISPLAY", display.name())
            .env("HOME", path)
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address());
        let desktop = Self { _guard: Guard::watch(path, &command), bus, display, folder, user };
        desktop.wait("dunst is there", || desktop.displayed().is_some());
        desktop
    }

    pub(crate) fn address(&self) -> String {
        self.bus.address()
    }

    /// Everything that was shown, in order; waits until there are so many.
    pub(crate) fn shown(&self, count: usize) -> Vec<Shown> {
        let files = || {
            let entries = fs::read_dir(self.folder.path().join("shown")).unwrap();
            let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files
        };
        self.wait("notices are shown", || files().len() >= count);
        files().iter().map(|file| read(file)).collect()
    }

    /// How many notices are on the screen now; nothing when dunst cannot be asked.
    pub(crate) fn displayed(&self) -> Option<u32> {
        let mut command = Command::new("dbus-send");
        if let Some(uid) = self.user {
            // a bus lets in only whose it is
            command.uid(uid).gid(uid);
        }
        let output = command
            .args(["--session", "--print-reply=literal", "--dest=org.freedesktop.Notifications"])
            .args(["/org/freedesktop/Notifications", "org.freedesktop.DBus.Properties.Get"])
            .args(["string:org.dunstproject.cmd0", "string:displayedLength"])
            .env_clear()
            .env("PATH", search_path())
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.address())
            .stderr(Stdio::null())
            .output()
            .expect("dbus-send starts");
        String::from_utf8_lossy(&output.stdout).split_whitespace().last()?.parse().ok()
    }

    /// Keeps a picture where `BACKUP_NOTIFY_SCREENSHOT` names a folder.
    pub(crate) fn keep_picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("BACKUP_NOTIFY_SCREENSHOT") {
            self.display.screenshot(&Path::new(&folder).join(name));
        }
    }

    /// Waits until the screen has changed and is at rest.
    pub(crate) fn wait_for_change(&self, before: &[u8]) -> Vec<u8> {
        let mut now = self.display.pixels();
        self.wait("the screen changes", || {
            let last = std::mem::replace(&mut now, self.display.pixels());
            now != before && now == last
        });
        now
    }

    pub(crate) fn pixels(&self) -> Vec<u8> {
        self.display.pixels()
    }

    fn wait(&self, what: &str, mut done: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !done() {
            let output = fs::read_to_string(self.folder.path().join("output")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}\n{output}");
            sleep(Duration::from_millis(20));
        }
    }
}

fn read(file: &Path) -> Shown {
    let text = fs::read_to_string(file).unwrap();
    let pairs = text.split('\0').filter_map(|line| line.split_once('='));
    pairs.filter(|(name, _)| name.starts_with("DUNST_")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}
