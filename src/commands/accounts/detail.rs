//! One account in detail, with the lines for a task.

use std::net::IpAddr;
use std::path::{Path, absolute};

use lettre::Address;
use serde_json::Value;

use super::table::protection;
use crate::accounts::{Auth, Found, Preset, shown};
use crate::commands::screen::Screen;
use crate::task::TlsMode;
use crate::text::one_line;

/// The columns of a label and what separates it from its value.
const LABEL: usize = 15;

/// Writes everything about an account.
pub(super) fn page(found: &Found, mail_home: Option<&Path>, screen: Screen) -> String {
    let mut page = format!("{}\n", screen.marked(&one_line(&found.id), 1));
    for (label, value) in fields(found) {
        let value = screen.wrapped(&one_line(&value), LABEL);
        let value = value.get(LABEL..).unwrap_or_default();
        page.push_str(&format!("  {label:<width$}{value}", width = LABEL - 2));
    }
    let lines = Lines::of(found, mail_home);
    page.push_str("\nWrite into the task");
    page.push_str(if lines.email.is_empty() { ":\n" } else { ", under \"email\":\n" });
    page.push_str(&block(&lines.email));
    if !lines.task.is_empty() {
        page.push_str("\nand beside \"email\":\n");
        page.push_str(&block(&lines.task));
    }
    if !lines.notes.is_empty() {
        page.push('\n');
    }
    for note in lines.notes {
        page.push_str(&screen.wrapped(&one_line(&note), 0));
    }
    page
}

/// Everything that is known of it.
fn fields(found: &Found) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut add = |label, value: Option<String>| fields.extend(value.map(|value| (label, value)));
    add("description", found.description.clone());
    add("server", found.host.clone());
    add("port", found.port.map(|port| port.to_string()));
    add("security", found.tls_mode.map(|mode| protection(mode).to_owned()));
    add("user", found.user.clone());
    add("sign-in", found.auth.map(|auth| auth.word().to_owned()));
    for (index, sender) in found.senders.iter().enumerate() {
        add(if index == 0 { "senders" } else { "" }, Some(shown(sender)));
    }
    add("found in", Some(found.source.display().to_string()));
    add("usable", Some(if found.usable { "yes" } else { "no" }.to_owned()));
    add(if found.usable { "note" } else { "why not" }, found.reason.clone());
    fields
}

/// What to write, and why.
#[derive(Default)]
struct Lines {
    /// Under `email`.
    email: Vec<String>,
    /// At the top.
    task: Vec<String>,
    notes: Vec<String>,
}

impl Lines {
    fn of(found: &Found, mail_home: Option<&Path>) -> Self {
        let mut lines = Self::default();
        if !found.usable {
            lines.in_place_of(found);
            return lines;
        }
        lines.email.push(format!("\"account\": {}", Value::from(found.id.as_str())));
        let auth = found.auth.unwrap_or_default();
        lines.secret(auth, found.host.as_deref().and_then(Preset::of_host));
        if auth != Auth::None && found.tls_mode == Some(TlsMode::None) && !is_here(found.host.as_deref()) {
            lines.email.push("\"tls\": {\"mode\": \"starttls\"}".to_owned());
            lines.notes.push(
                "Mail uses this server without encryption. A password is refused over such a connection; with the \
                 line \"tls\" it is encrypted, if the server can do that. backup-notify check shows whether it can."
                    .to_owned(),
            );
        }
        let user = found.user.as_deref().and_then(|user| user.parse::<Address>().ok());
        if found.senders.is_empty() && user.is_none() {
            lines.email.push("\"from\": \"you@example.com\"".to_owned());
            lines.notes.push("Mail stores no sender for it: \"from\" has to be your address.".to_owned());
        }
        if let Some(home) = mail_home {
            let home = absolute(home).unwrap_or_else(|_| home.to_owned());
            lines.task.push(format!("\"mail_home\": {}", Value::from(home.to_string_lossy().as_ref())));
        }
        lines
    }

    /// Adds what stands for an account that cannot be used.
    fn in_place_of(&mut self, found: &Found) {
        let Some(line) = found.instead_line() else {
            let preset = found.host.as_deref().and_then(Preset::of_host);
            let (line, note) = match preset {
                Some(preset) => (
                    format!(
                        "\"account\": {{\"preset\": \"{}\", \"user\": \"you@example.com\"}}",
                        preset.word
                    ),
                    "The user name is your full address there.",
                ),
                None => (
                    "\"account\": {\"host\": \"smtp.example.com\", \"user\": \"you@example.com\"}".to_owned(),
                    "Server and user name are those that your provider gives.",
                ),
            };
            self.email.push(line);
            self.notes.push(note.to_owned());
            self.secret(preset.map(|preset| preset.auth).unwrap_or_default(), preset);
            return;
        };
        self.email.push(line);
        let written = |key| found.instead.as_ref().and_then(|instead| instead.get(key)?.as_str());
        let preset = written("preset").and_then(Preset::named);
        let auth = match written("auth") {
            Some("none") => Auth::None,
            _ => preset.map(|preset| preset.auth).unwrap_or_default(),
        };
        self.secret(auth, preset);
    }

    /// Adds where the secret is, for example.
    fn secret(&mut self, auth: Auth, preset: Option<&'static Preset>) {
        let token = matches!(auth, Auth::Xoauth2 | Auth::Oauthbearer);
        let (line, note) = match auth {
            Auth::None => return,
            _ if token => (
                "\"password\": {\"command\": [\"/usr/local/bin/print-token\"]}",
                "In place of a password it takes an OAuth 2 access token, fresh each time: name the program that \
                 prints yours.",
            ),
            _ => (
                "\"password\": {\"file\": \"password\"}",
                "Put the password into the first line of a file \"password\" beside the task, which only you may \
                 read (chmod 600). The manual has the other places where it may be.",
            ),
        };
        self.email.push(line.to_owned());
        self.notes.extend(preset.map(|preset| format!("{} wants {}.", preset.title, preset.secret)));
        self.notes.push(note.to_owned());
    }
}

/// Writes lines that can be pasted: between them commas, as in JSON.
fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {}", one_line(line))).collect();
    lines.join(",\n") + "\n"
}

/// Tells whether a server is this very computer: what goes there cannot be listened to.
fn is_here(host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
