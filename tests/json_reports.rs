//! Real runs of restic, Borg and rclone: their reports, read by the program and told in a mail, held
//! against what these programs say themselves afterwards.

mod borg;
mod rclone;
mod restic;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::read_mail::{headers, read_mail};
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

/// "nobody": root would read what cannot be read.
const USER: (u32, u32) = (65534, 65534);

/// Names as attackers and old disks have them.
const NAMES: [&[u8]; 5] =
    [b"new\nline", b"caf\xE9", b"<b>bold<b>", b"{{ task.name }}", b"rtl\xE2\x80\xAEtxt"];

/// The numbers of a run, raw, as a template sees them.
const SUBJECT: &str = "{{ run.outcome }}|{{ run.files_total }}|{{ run.files_copied }}|{{ run.bytes_total }}|\
                       {{ run.bytes_copied }}|{{ run.snapshot }}";

/// A folder to back up, and somebody who does it.
struct Place {
    world: World,
}

/// What people are told.
struct Told {
    outcome: String,
    files_total: String,
    files_copied: String,
    bytes_total: String,
    bytes_copied: String,
    snapshot: String,
    text: String,
    html: String,
}

impl Place {
    fn new() -> Self {
        let world = World::new();
        fs::copy(world.binary(), world.path().join("program")).unwrap();
        world.write("src/a", "hello");
        world.write("src/sub/b", "b".repeat(50_000));
        for name in NAMES {
            fs::write(world.path().join("src").join(OsStr::from_bytes(name)), "odd").unwrap();
        }
        Self { world }
    }

    /// Takes the right to read some of the odd names away.
    fn close(&self, names: &[&[u8]]) {
        for name in names {
            let path = self.world.path().join("src").join(OsStr::from_bytes(name));
            fs::set_permissions(path, PermissionsExt::from_mode(0o000)).unwrap();
        }
    }

    fn shell(&self, lines: &str) -> Output {
        let here = |name: &str| self.world.path().join(name).to_str().unwrap().to_owned();
        let run = self.world.other_command("/bin/sh", &["-uc", lines]).as_user(USER.0, USER.1);
        let run = run.env("RESTIC_REPOSITORY", here("repo")).env("RESTIC_PASSWORD", "words");
        let run = run.env("RESTIC_CACHE_DIR", here("cache")).env("BORG_BASE_DIR", here("borg-base"));
        let run = run.env("BORG_REPO", here("repo")).env("LC_ALL", "C.UTF-8");
        run.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes").run()
    }

    /// The value that a program prints.
    fn asked(&self, line: &str) -> Value {
        let output = self.shell(line);
        output.assert_success();
        output.json()
    }

    /// Runs a backup whose output goes to the file "report", tells people, and reads their mail.
    fn told(&self, tool: &str, line: &str) -> Told {
        let code = self.shell(line).code().expect("it ends by itself").to_string();
        let hook = format!(
            "./program notify --json --task task.json --tool {tool} --exit-code {code} --report report"
        );
        self.told_by(&hook)
    }

    /// Runs a line in which the program is called for `task.json`, and reads the mail.
    fn told_by(&self, line: &str) -> Told {
        let server = SmtpServer::builder().tls(Mode::None).user("jon", self.world.secret()).start();
        self.world.task(&json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": server.account("jon", "password"),
                "password": self.world.secret_file(),
                "tls": { "mode": "none" },
                "subject": SUBJECT,
            },
        }));
        self.shell(line).assert_code(0);
        let mail = read_mail(server.message().message.as_deref().unwrap());
        assert_eq!(mail["defects"], json!([]), "{mail:#}");
        let subject = headers(&mail, "Subject").concat();
        let parts: Vec<&str> = subject.split('|').collect();
        let [outcome, files_total, files_copied, bytes_total, bytes_copied, snapshot] = parts[..] else {
            panic!("{subject}")
        };
        let part = |number: usize| mail["parts"][number]["text"].as_str().unwrap().to_owned();
        Told {
            outcome: outcome.into(),
            files_total: files_total.into(),
            files_copied: files_copied.into(),
            bytes_total: bytes_total.into(),
            bytes_copied: bytes_copied.into(),
            snapshot: snapshot.into(),
            text: part(0),
            html: part(1),
        }
    }
}

impl Told {
    /// Each of these stands in the text; the HTML part has it escaped.
    fn says(&self, what: &[&str]) {
        for what in what {
            assert!(self.text.contains(what), "{what:?} is not in {}", self.text);
            let escaped = what.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(self.html.contains(&escaped), "{escaped:?} is not in {}", self.html);
        }
        assert!(!self.html.contains("<b>bold"), "{}", self.html);
        assert!(!self.text.contains('\u{202E}') && !self.html.contains('\u{202E}'));
    }
}
