//! One account in detail, with the lines for a task.

use std::net::IpAddr;
use std::path::{Path, PathBuf, absolute};

use lettre::Address;
use serde_json::Value;

use super::table::protection;
use crate::accounts::{Auth, Found, Preset, shown};
use crate::commands::screen::Screen;
use crate::task::TlsMode;
use crate::text::{one_line, shell_word};

/// The columns of a label and what separates it from its value.
const LABEL: usize = 15;
/// The address that stands for one that is not known.
const EXAMPLE: &str = "you@example.com";

/// Writes everything about an account.
pub(super) fn page(found: &Found, mail_home: Option<&Path>, screen: Screen) -> String {
    let mut page = format!("{}\n", screen.marked(&one_line(&found.id), 1));
    for (label, value) in fields(found) {
        let value = screen.wrapped(&one_line(&value), LABEL);
        let value = value.get(LABEL..).unwrap_or_default();
        page.push_str(&format!("  {label:<width$}{value}", width = LABEL - 2));
    }
    let lines = Lines::of(found, mail_home);
    if found.usable || found.instead.is_some() {
        let heading =
            "This asks for the rest, tries it and writes the task; type it as the user whose hook it is:";
        page.push_str(&format!("\n{}", screen.wrapped(heading, 0)));
        page.push_str(&format!("  backup-notify {}\n\nOr by hand. ", setup(found, mail_home)));
    } else {
        page.push('\n');
    }
    page.push_str("Write into the task");
    page.push_str(if lines.email.is_empty() { ":\n" } else { ", under \"email\":\n" });
    page.push_str(&lines.page(screen));
    if let Some((heading, lines)) = Lines::another_way(found) {
        page.push_str(&format!("\n{heading}:\n{}", lines.page(screen)));
    }
    page
}

/// Returns what is typed to have the task written, without the name of the program.
fn setup(found: &Found, mail_home: Option<&Path>) -> String {
    let setup = format!("setup home --account {}", shell_word(&one_line(&found.id)));
    match mail_home {
        Some(home) => setup + &in_home(&whole(home)),
        None => setup,
    }
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
    /// What is typed to keep the password, without the name of the program.
    keep: Option<String>,
}

impl Lines {
    fn of(found: &Found, mail_home: Option<&Path>) -> Self {
        let mut lines = Self::default();
        if !found.usable {
            lines.in_place_of(found);
            return lines;
        }
        lines.email.push(format!("\"account\": {}", text(&found.id)));
        let auth = found.auth.unwrap_or_default();
        lines.secret(auth, found.host.as_deref().and_then(Preset::of_host), &found.id);
        if auth != Auth::None && found.tls_mode == Some(TlsMode::None) && !is_here(found.host.as_deref()) {
            lines.email.push("\"tls\": {\"mode\": \"starttls\"}".to_owned());
            lines.keep = lines.keep.map(|keep| keep + " --tls-mode starttls");
            // as a task moves it, `Account::of_found`
            let port = if found.port == Some(25) { "; it then goes to port 587" } else { "" };
            lines.notes.push(format!(
                "Mail uses this server without encryption. A password is refused over such a connection; with the \
                 line \"tls\" it is encrypted, if the server can do that{port}. backup-notify check shows whether it \
                 can."
            ));
        }
        // who sends comes from Mail
        if found.senders.is_empty() {
            lines.sender(found, found.user.as_deref());
        }
        if let Some(home) = mail_home {
            let home = whole(home);
            lines.task.push(format!("\"mail_home\": {}", text(&home.to_string_lossy())));
            lines.keep = lines.keep.map(|keep| keep + &in_home(&home));
        }
        lines
    }

    /// Returns what to write where Mail signs in with a token and the provider takes a password too, or
    /// the other way round, and what stands above it. Mail has its token by itself; a person would have
    /// to find a program for it first.
    fn another_way(found: &Found) -> Option<(String, Self)> {
        let preset = Preset::of_host(found.host.as_deref()?)?;
        let auth = found.auth.filter(|auth| found.usable && *auth != Auth::None)?;
        if is_token(auth) == is_token(preset.auth) {
            return None;
        }
        let full = found.user.clone().filter(|user| is_address(user));
        let first = || found.senders.first().map(|sender| sender.email.to_string());
        let user = full.or_else(first).unwrap_or_else(|| EXAMPLE.to_owned());
        let mut lines = Self::default();
        lines.email.push(preset_line(preset, &user));
        lines.sender(found, Some(&user));
        lines.secret(preset.auth, Some(preset), &format!("{}:{user}", preset.word));
        let heading = if is_token(preset.auth) {
            "or, with a token and no password".to_owned()
        } else {
            format!("or, with {} and no token", password_of(preset))
        };
        Some((heading, lines))
    }

    /// Adds what stands for an account that cannot be used.
    fn in_place_of(&mut self, found: &Found) {
        let Some(line) = found.instead_line() else {
            let preset = found.host.as_deref().and_then(Preset::of_host);
            let (line, note) = match preset {
                Some(preset) => (preset_line(preset, EXAMPLE), "The user name is your full address there."),
                None => (
                    format!("\"account\": {{\"host\": \"smtp.example.com\", \"user\": {}}}", text(EXAMPLE)),
                    "Server and user name are those that your provider gives.",
                ),
            };
            self.email.push(line);
            self.notes.push(note.to_owned());
            self.sender(found, Some(EXAMPLE));
            let server = preset.map_or("smtp.example.com:587", |preset| preset.word);
            let auth = preset.map(|preset| preset.auth).unwrap_or_default();
            self.secret(auth, preset, &format!("{server}:{EXAMPLE}"));
            return;
        };
        self.email.push(line);
        let written = |key| found.instead.as_ref().and_then(|instead| instead.get(key)?.as_str());
        self.sender(found, written("user"));
        let preset = written("preset").and_then(Preset::named);
        let auth = match written("auth") {
            Some("none") => Auth::None,
            _ => preset.map(|preset| preset.auth).unwrap_or_default(),
        };
        let user = written("user").unwrap_or(EXAMPLE);
        let name = match (preset, written("host")) {
            (Some(preset), _) => format!("{}:{user}", preset.word),
            // as a task reads it, `Account::of_server`
            (None, host) => {
                let port = found.instead.as_ref().and_then(|instead| instead.get("port")?.as_u64());
                let host = host.unwrap_or("smtp.example.com");
                let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
                format!("{host}:{}:{user}", port.unwrap_or(587))
            }
        };
        self.secret(auth, preset, &name);
    }

    /// Adds whom the message comes from, where the user name does not say it, or not all of it.
    fn sender(&mut self, found: &Found, user: Option<&str>) {
        if let Some(line) = found.from_line() {
            self.email.push(line);
        } else if found.senders.is_empty() && !user.is_some_and(is_address) {
            self.email.push(format!("\"from\": {}", text(EXAMPLE)));
            self.notes.push("Mail stores no sender for it: \"from\" has to be your address.".to_owned());
        }
    }

    /// Adds where the secret is, for example; `name` is what `password set` calls the account.
    fn secret(&mut self, auth: Auth, preset: Option<&'static Preset>, name: &str) {
        if auth == Auth::None {
            return;
        }
        if is_token(auth) {
            self.email.push("\"password\": {\"command\": [\"/usr/local/bin/print-token\"]}".to_owned());
            let only = preset.filter(|preset| is_token(preset.auth));
            self.notes.extend(only.map(|preset| format!("{} takes only a token now.", preset.title)));
            self.notes.push(
                "In place of a password this takes an OAuth 2 access token, fresh each time: name the program that \
                 prints yours."
                    .to_owned(),
            );
            return;
        }
        self.email.push("\"password\": {\"keychain\": true}".to_owned());
        self.keep = Some(format!("password set {}", shell_word(&one_line(name))));
        self.notes.extend(preset.map(|preset| {
            if is_token(preset.auth) {
                format!(
                    "{} no longer takes the password of most accounts. If it refuses yours, write the lines for a \
                     token.",
                    preset.title
                )
            } else {
                format!("{} wants {}.", preset.title, password_of(preset))
            }
        }));
    }

    /// Writes the lines, and below them what to know about them.
    fn page(&self, screen: Screen) -> String {
        let mut page = block(&self.email);
        if !self.task.is_empty() {
            page.push_str(&format!("\nand beside \"email\":\n{}", block(&self.task)));
        }
        if !self.notes.is_empty() {
            page.push('\n');
        }
        for note in &self.notes {
            page.push_str(&screen.wrapped(&one_line(note), 0));
        }
        if let Some(keep) = &self.keep {
            let heading = "and keep the password in the private keychain, as the user whose hook it is:";
            page.push_str(&format!("\n{}", screen.wrapped(heading, 0)));
            // in one piece: it is there to be copied
            page.push_str(&format!("  backup-notify {keep}\n"));
        }
        page
    }
}

/// Returns the path of a home folder as it holds wherever it is typed.
fn whole(home: &Path) -> PathBuf {
    absolute(home).unwrap_or_else(|_| home.to_owned())
}

/// Returns the flag for another home folder, with the blank before it.
fn in_home(home: &Path) -> String {
    format!(" --mail-home {}", shell_word(&one_line(&home.to_string_lossy())))
}

/// Writes a text as JSON.
fn text(text: &str) -> Value {
    Value::from(text)
}

fn preset_line(preset: &Preset, user: &str) -> String {
    format!("\"account\": {{\"preset\": {}, \"user\": {}}}", text(preset.word), text(user))
}

/// Which password the provider of a preset wants: where it also takes a token, that is named behind it.
fn password_of(preset: &Preset) -> &'static str {
    preset.secret.split_once(',').map_or(preset.secret, |(password, _)| password)
}

fn is_token(auth: Auth) -> bool {
    matches!(auth, Auth::Xoauth2 | Auth::Oauthbearer)
}

fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
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
