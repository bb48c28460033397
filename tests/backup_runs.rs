//! Real backup programs at work for a person who is not root, and the mail that tells of it.
//!
//! What a mail must say is computed from the files themselves, or read in the program's own output.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::read_mail::{headers, read_mail};
use crate::support::smtp_server::SmtpServer;
use crate::support::world::World;

/// Whoever this is, root it is not.
const USER: u32 = 4242;

/// Names that are hard to show, and how a mail shows them: nothing in them acts, and people can find the file.
pub(crate) const NAMES: [(&[u8], &str); 12] = [
    (b"plain", "plain"),
    (b"new\nline", r"new\nline"),
    (b"return\rtab\t", r"return\rtab\t"),
    (b"ctl\x01\x1b[31m\x7f", r"ctl\x01\x1B[31m\x7F"),
    (b"caf\xe9", r"caf\xE9"),
    ("\u{202e}gpj.exe".as_bytes(), "\u{fffd}gpj.exe"),
    (b"<b>bold & {{ task.name }} {% raw", "<b>bold & {{ task.name }} {% raw"),
    (b"%s%n ##Task Name##", "%s%n ##Task Name##"),
    (b"colon: x", "colon: x"),
    (br#"quo"te": x"#, r#"quo"te": x"#),
    (br"back\#351\n\\", r"back\#351\n\\"),
    ("\u{fc}n\u{ef}\u{1f4be}".as_bytes(), "\u{fc}n\u{ef}\u{1f4be}"),
];

/// A folder `src` to be backed up, and a place where everything about it goes.
pub(crate) struct Backup {
    pub(crate) world: World,
}

/// How many files, and how many bytes in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Backup {
    /// A source with files of every kind of name in `src/open`, and a folder and a link beside them.
    pub(crate) fn new() -> Self {
        let backup = Self { world: World::new() };
        backup.names_in("src/open", 0o600);
        backup.world.write("src/deep/er/file", "deep");
        std::os::unix::fs::symlink("open", backup.world.path().join("src/link")).unwrap();
        backup
    }

    /// Adds files that may not be read, in `src/closed`.
    pub(crate) fn with_closed_files(self) -> Self {
        self.names_in("src/closed", 0);
        self
    }

    fn names_in(&self, folder: &str, mode: u32) {
        let folder = self.world.folder(folder);
        for (number, (name, _)) in NAMES.iter().enumerate() {
            let path = folder.join(OsStr::from_bytes(name));
            fs::write(&path, vec![b'x'; 1_000 + number]).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    /// Runs lines of shell as a person in this place, and returns the exit code of the last one.
    pub(crate) fn shell(&self, lines: &str) -> i32 {
        let run = self.world.other_command("/bin/sh", &["-c", lines]).env("LC_ALL", "C");
        run.as_user(USER, USER).run().code().expect("an exit code")
    }

    pub(crate) fn report(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.world.path().join(name)).unwrap()).into_owned()
    }

    /// Counts the files in a folder and what is in them.
    pub(crate) fn size_of(&self, folder: &str) -> Size {
        size_of(&self.world.path().join(folder))
    }

    /// Tells people of a run, and returns their mail.
    pub(crate) fn mail(&self, tool: &str, exit_code: Option<i32>, report: &str) -> Mail {
        let server = SmtpServer::builder().start();
        let task = self.world.task(&json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": { "host": server.host(), "port": server.port(), "auth": "none" },
                "tls": { "mode": "none" },
                "subject": "{{ run.files_copied }} of {{ run.files_total }}, {{ run.bytes_copied }} of {{ run.bytes_total }}",
            },
        }));
        let code = exit_code.map(|code| vec!["--exit-code".to_owned(), code.to_string()]);
        let run = self.world.command(&["notify", "--json", "--tool", tool, "--report", report]);
        let output = run.args(code.unwrap_or_default()).task(&task).as_user(USER, USER).run();
        output.assert_code(0);
        let mail = read_mail(server.message().message.as_deref().expect("a message"));
        assert_eq!(mail["defects"], json!([]), "{mail:#}");
        let part =
            |number: usize| mail["parts"][number]["text"].as_str().expect("text").replace("\r\n", "\n");
        Mail {
            outcome: output.json()["outcome"].as_str().unwrap().to_owned(),
            subject: headers(&mail, "Subject").concat(),
            text: part(0),
            html: part(1),
        }
    }
}

fn size_of(path: &Path) -> Size {
    let mut size = Size { files: 0, bytes: 0 };
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            let inner = size_of(&entry.path());
            size = Size { files: size.files + inner.files, bytes: size.bytes + inner.bytes };
        } else if kind.is_file() {
            size = Size { files: size.files + 1, bytes: size.bytes + entry.metadata().unwrap().len() };
        }
    }
    size
}

/// One notice, as a mail program shows it.
pub(crate) struct Mail {
    pub(crate) outcome: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    html: String,
}

impl Mail {
    /// Checks that both parts say this.
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "{words:?} is not in\n{}", self.text);
        let html = unescape(&self.html);
        assert!(html.contains(words), "{words:?} is not in\n{html}");
        self
    }

    /// Checks that neither part says this.
    pub(crate) fn does_not_say(&self, words: &str) -> &Self {
        assert!(
            !self.text.contains(words) && !unescape(&self.html).contains(words),
            "{words:?} in\n{}",
            self.text
        );
        self
    }

    /// Checks how many errors are listed.
    pub(crate) fn counts_errors(&self, number: usize) -> &Self {
        self.says(&format!("Errors ({number})"))
    }

    /// Checks that every name of `folder` is shown with what happened to it, and does nothing.
    pub(crate) fn shows_names_in(&self, folder: &str, happened: &str) -> &Self {
        for (_, shown) in NAMES {
            let line = format!("  - {folder}/{shown}\n    {happened}");
            assert!(self.text.contains(&line), "{line:?} is not in\n{}", self.text);
            assert!(unescape(&self.html).contains(&format!("{folder}/{shown}")), "{shown:?}: {}", self.html);
        }
        assert!(!self.html.contains("<b>bold") && !self.text.contains('\u{202e}'), "{}", self.html);
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(!self.text.contains(acts) && !self.html.contains(acts) && !self.subject.contains(acts));
        self
    }
}

/// Reads HTML as far as it writes text otherwise.
fn unescape(html: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")]
        .iter()
        .fold(html.to_owned(), |html, (written, meant)| html.replace(written, meant))
}
