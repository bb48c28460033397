//! What the tests of messages that wait have in common: a folder they wait in, and ways to send them.

use std::fs;
use std::path::{Path, PathBuf};

use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::{ClosedPort, Envelope, Mode, SmtpServer, closed_port};

/// A site whose task keeps what no server has accepted.
pub(crate) struct Waiting {
    pub(crate) site: Site,
    folder: PathBuf,
    nobody: ClosedPort,
}

/// What is told of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) message_id: String,
    pub(crate) date: String,
    pub(crate) subject: String,
}

impl Waiting {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let folder = site.world.path().join("waiting");
        Self { site, folder, nobody: closed_port() }
    }

    /// A server that takes mail from jon.
    pub(crate) fn server(&self) -> SmtpServer {
        self.site.server(Mode::Implicit).start()
    }

    /// The task that sends through a server.
    pub(crate) fn task(&self, server: &SmtpServer) -> Value {
        self.task_for(&server.account("jon", "password"))
    }

    /// The task that sends with this account.
    pub(crate) fn task_for(&self, account: &Value) -> Value {
        let mut task = self.site.task_for(account, "implicit");
        task["outbox"] = json!(self.folder);
        // what may pass is tried again until then
        task["deadline"] = json!("2s");
        task
    }

    /// A port at which nobody listens, and will not while this lives.
    pub(crate) fn closed_port(&self) -> u16 {
        self.nobody.address.port()
    }

    /// The task whose server is not there.
    pub(crate) fn task_without_server(&self) -> Value {
        self.task_for(
            &json!({ "host": "127.0.0.1", "port": self.closed_port(), "user": "jon", "auth": "password" }),
        )
    }

    /// Tells of a failed backup as this task says; the result names the code.
    pub(crate) fn notify(&self, task: &Value) -> Output {
        self.notify_with(task, &["--exit-code", "1"])
    }

    pub(crate) fn notify_with(&self, task: &Value, more: &[&str]) -> Output {
        let path = self.site.world.task(task);
        self.site.world.command(&["notify", "--json"]).args(more).task(&path).run()
    }

    /// Tells of a failed backup, and has the message wait; returns what is told of it.
    pub(crate) fn keep(&self, task: &Value, code: i32) -> Known {
        let before = self.ids().len();
        let output = self.notify(task);
        output.assert_code(code);
        let delivery = &output.json()["deliveries"][0];
        if delivery["status"] != "queued" || self.ids().len() != before + 1 {
            output.fail("expected a message that waits");
        }
        let known = self.known().into_iter().find(|known| delivery["message_id"] == known.message_id);
        known.unwrap_or_else(|| output.fail("the message that waits has another id"))
    }

    /// Sends what waits.
    pub(crate) fn send(&self) -> Output {
        let folder = self.folder.to_str().unwrap();
        self.site.world.run(&["outbox", "send", "--outbox", folder])
    }

    /// The names of the messages that wait, the oldest first.
    pub(crate) fn ids(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut ids: Vec<String> =
            names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
        ids.sort();
        ids
    }

    /// What is told of the messages that wait.
    pub(crate) fn known(&self) -> Vec<Known> {
        let file = |id: &String| fs::read(self.folder.join(format!("{id}.eml"))).unwrap();
        self.ids().iter().map(|id| Known::of(&file(id))).collect()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fails the test when something waits.
    pub(crate) fn assert_empty(&self, output: &Output) {
        let names: Vec<_> = fs::read_dir(&self.folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        let message = |name: &std::ffi::OsString| {
            let name = name.to_string_lossy();
            name.contains(".eml") || name.contains(".json")
        };
        if names.iter().any(message) {
            output.fail(&format!("something waits: {names:?}"));
        }
    }
}

impl Known {
    pub(crate) fn of(message: &[u8]) -> Self {
        let message = MessageParser::default().parse(message).expect("a message");
        let raw = |name: &str| message.header_raw(name).unwrap_or_default().trim().to_owned();
        Self { message_id: raw("Message-ID"), date: raw("Date"), subject: raw("Subject") }
    }

    pub(crate) fn of_envelope(envelope: &Envelope) -> Self {
        Self::of(envelope.message.as_deref().expect("a message came"))
    }
}

/// Fails the test unless a message says at its top when it was written, and is otherwise the one that was kept.
pub(crate) fn assert_late(envelope: &Envelope, kept: &Known) {
    assert_eq!(&Known::of_envelope(envelope), kept);
    let message = MessageParser::default().parse(envelope.message.as_deref().unwrap()).unwrap();
    let (said, text) = (message.body_text(0).unwrap(), message.body_text(1).unwrap());
    assert!(said.starts_with("This message was written on "), "{said}");
    assert!(text.starts_with("Backup failed: "), "{text}");
    assert!(message.body_html(1).unwrap().contains("Backup failed"), "{}", envelope.text());
}

/// Tells whether a message says that it is late.
pub(crate) fn is_late(envelope: &Envelope) -> bool {
    let message = MessageParser::default().parse(envelope.message.as_deref().unwrap()).unwrap();
    message.body_text(0).unwrap().starts_with("This message was written on ")
}
