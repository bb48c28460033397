//! From what a place stores to accounts: defaults, presets, duplicates and ids.
//!
//! Nothing is guessed in silence: what Mail does not store and a preset adds is said with the
//! account, and what cannot be known leaves the account unusable, with what to write instead.
//! Rules and their sources: facts/apple-mail-accounts.md, sections 2 to 6.

use std::collections::HashMap;
use std::path::Path;

use lettre::Address;
use lettre::message::Mailbox;
use serde_json::{Value, json};

use super::record::{Harvest, Outgoing, Provider, Sender, Settings};
use crate::accounts::found::{Found, Problem};
use crate::accounts::{Auth, Preset, label, short_name};
use crate::task::{TlsMode, parse_host, parse_mailboxes};
use crate::text::{is_active, one_line, shorten};

/// How many senders an account may have: they are compared with each other.
const MOST_SENDERS: usize = 200;
/// The longest description, and the longest name of a sender, in characters.
const LONGEST_TEXT: usize = 200;
/// The longest user name, in bytes; RFC 5321, section 4.5.3.1, has 320 for a whole address.
const LONGEST_USER: usize = 512;

/// The accounts of a place.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) accounts: Vec<Found>,
    /// What was not understood, or differently from how it is stored.
    pub(super) problems: Vec<Problem>,
}

/// Makes accounts of what a place stores.
pub(super) fn resolve(harvest: Harvest, source: &Path) -> Resolved {
    let mut list = List::default();
    // a server that is only named by a link comes after those that are stored, one of which it may be
    let (stored, others): (Vec<_>, Vec<_>) = harvest.outgoing.into_iter().partition(|o| o.settings.is_some());
    for entry in stored.into_iter().chain(others) {
        let linked = entry.settings.is_none() && entry.host.is_some();
        let record = entry.record;
        let at = list.add(account(entry, source), linked);
        if let Some(record) = record {
            list.records.insert(record, at);
        }
    }
    // of two that are one, the one that is kept is looked at
    list.doubt_the_unprotected();
    name(&mut list.accounts);
    let about = |at: usize| list.accounts.get(at).map(|found| found.id.clone());
    let problem = |text: &str, account: Option<String>| {
        let hint = Some(super::COMPARE.to_owned());
        Problem { account, ..Problem::of_file(source, text, hint) }
    };
    let read = harvest.remarks.iter().map(|remark| {
        let at = remark.record.and_then(|record| list.records.get(&record).copied());
        problem(&remark.text, at.and_then(about))
    });
    let own = list.remarks.iter().map(|(at, text)| {
        let id = about(*at).unwrap_or_default();
        problem(&format!("account \"{id}\": {text}"), Some(id))
    });
    let problems = read.chain(own).collect();
    Resolved { accounts: list.accounts, problems }
}

/// The accounts so far, each server and user once.
#[derive(Default)]
struct List {
    accounts: Vec<Found>,
    /// Where an account is, by its server and user, with its port and without.
    known: HashMap<String, usize>,
    /// Where the account of a record is.
    records: HashMap<i64, usize>,
    /// What is to be said of an account.
    remarks: Vec<(usize, String)>,
}

impl List {
    /// Adds an account and returns where it is; one that is there already stays, with the senders of
    /// both.
    fn add(&mut self, found: Found, linked: bool) -> usize {
        let server = key(&found);
        let exact = format!("{server}\n{}", found.port.map(|p| p.to_string()).unwrap_or_default());
        let place = self.known.get(&exact).or_else(|| self.known.get(&server).filter(|_| linked)).copied();
        if let Some(at) = place {
            self.merge(at, found, linked);
            return at;
        }
        let at = self.accounts.len();
        self.known.insert(exact, at);
        self.known.entry(server).or_insert(at);
        self.accounts.push(found);
        at
    }

    /// Remarks on servers without TLS that are never without: port 465, and those of the presets.
    fn doubt_the_unprotected(&mut self) {
        for (at, found) in self.accounts.iter().enumerate() {
            let is_clear = found.tls_mode == Some(TlsMode::None);
            let preset = || found.host.as_deref().and_then(Preset::of_host);
            if is_clear && (found.port == Some(465) || preset().is_some()) {
                let text =
                    "Mail's file has it without TLS, and there is no such server: is the file damaged?";
                self.remarks.push((at, text.to_owned()));
            }
        }
    }

    fn merge(&mut self, at: usize, mut found: Found, linked: bool) {
        let Some(first) = self.accounts.get_mut(at) else { return };
        let mut senders = std::mem::take(&mut first.senders);
        for sender in std::mem::take(&mut found.senders) {
            add_sender(&mut senders, sender);
        }
        let same = (first.tls_mode, first.auth, first.usable) == (found.tls_mode, found.auth, found.usable);
        // of two that differ the one that can be used counts, and of those the protected one
        let worth = |found: &Found| (found.usable, found.tls_mode != Some(TlsMode::None));
        if !linked && worth(&found) > worth(first) {
            *first = found;
        }
        first.senders = senders;
        if !linked && !same {
            let text = "it is there twice, with different security or sign-in; of those that can be used the \
                        protected one counts";
            self.remarks.push((at, text.to_owned()));
        }
    }
}

/// What two entries of the same server and user share.
fn key(found: &Found) -> String {
    let host = found.host.as_deref().unwrap_or(&found.id);
    format!("{}\n{}", host.to_ascii_lowercase(), found.user.as_deref().unwrap_or_default())
}

/// Gives every account its id: the port is in it only where two would be the same.
fn name(accounts: &mut [Found]) {
    let mut same: HashMap<String, u32> = HashMap::new();
    for found in accounts.iter() {
        *same.entry(key(found)).or_default() += 1;
    }
    for found in accounts {
        let Some(host) = found.host.clone() else { continue };
        let alone = same.get(&key(found)).is_none_or(|count| *count < 2);
        found.id = match (short_name(&host, found.user.as_deref()), found.port) {
            (Some(short), _) if alone => short,
            (_, Some(port)) => label(&host, port, found.user.as_deref()),
            (short, None) => {
                short.unwrap_or_else(|| format!("{host}:{}", found.user.as_deref().unwrap_or_default()))
            }
        };
    }
}

/// Makes one account; its id is not final.
fn account(entry: Outgoing, source: &Path) -> Found {
    let mut senders = Vec::new();
    for sender in entry.senders.iter().take(MOST_SENDERS).filter_map(mailbox) {
        add_sender(&mut senders, sender);
    }
    let blank = Found {
        id: String::new(),
        description: entry
            .description
            .as_deref()
            .map(|text| shorten(&clean(text), LONGEST_TEXT).into_owned()),
        host: None,
        port: None,
        user: entry.user.as_deref().map(|user| shorten(&clean(user), LONGEST_USER).into_owned()),
        tls_mode: None,
        auth: None,
        senders,
        source: source.to_owned(),
        usable: false,
        reason: None,
        instead: None,
    };
    let Some(stored) = entry.host.as_deref() else { return without_server(blank, entry.provider) };
    let host = match parse_host(stored) {
        Ok(host) => host,
        Err(why) => {
            let stored = shorten(&clean(stored), LONGEST_TEXT).into_owned();
            return Found { host: Some(stored), reason: Some(format!("its server: {why}")), ..blank };
        }
    };
    let wrong = match entry.user.as_deref() {
        Some(user) if user.len() > LONGEST_USER => Some("its user name is too long"),
        Some(user) if user.chars().any(is_active) => Some("its user name holds control characters"),
        _ => None,
    };
    if wrong.is_some() {
        let user = blank.user.as_deref().map(|user| shorten(user, 80).into_owned());
        return Found { host: Some(host), user, reason: wrong.map(str::to_owned), ..blank };
    }
    // not the provider's: an account of Google's may have a server of its own
    let preset = Preset::of_host(&host);
    let found = Found { host: Some(host), ..blank };
    match entry.settings {
        Some(settings) => stored_server(found, &settings, preset),
        None => named_server(found, preset),
    }
}

/// A server that is stored with its port and security.
fn stored_server(found: Found, settings: &Settings, preset: Option<&'static Preset>) -> Found {
    let (port, tls_mode) = port_and_mode(settings);
    let found = Found { port: Some(port), tls_mode: Some(tls_mode), ..found };
    if !settings.authenticates || found.user.is_none() {
        return Found { user: None, auth: Some(Auth::None), usable: true, ..found };
    }
    let scheme = settings.scheme.as_deref().unwrap_or_default().trim().to_uppercase();
    let auth = match scheme.as_str() {
        "" | "PLAIN" | "LOGIN" | "CRAM-MD5" => Auth::Password,
        "XOAUTH2" => Auth::Xoauth2,
        "ATOKEN" => {
            let found = with_full_address(found, preset);
            let instead = instead(&found, preset);
            let reason = "Mail signs in with Apple's own token, which no other program may use; an \
                          app-specific password does the same";
            return Found { reason: Some(reason.to_owned()), instead, ..found };
        }
        other => {
            let other = shorten(&one_line(other), 40).into_owned();
            let reason = format!("it signs in with {other}, which this program does not speak");
            // the server may take a password as well
            let server = json!({ "host": found.host, "port": port, "user": found.user });
            let instead = instead(&found, preset).or(Some(server));
            return Found { reason: Some(reason), instead, ..found };
        }
    };
    Found { auth: Some(auth), usable: true, ..with_full_address(found, preset) }
}

/// A server that a link names, without port and security: a preset can complete it.
fn named_server(found: Found, preset: Option<&'static Preset>) -> Found {
    let Some(preset) = preset else {
        let reason = "Mail's file names this server, but its port and security are not stored there, or cannot be \
                      read";
        let user = found.user.clone().unwrap_or_default();
        let instead = found.host.as_deref().map(|host| match user.as_str() {
            "" => json!({ "host": host, "auth": "none" }),
            user => json!({ "host": host, "user": user }),
        });
        return Found { reason: Some(reason.to_owned()), instead, ..found };
    };
    let completed = Found {
        port: Some(preset.port),
        tls_mode: Some(preset.tls_mode),
        auth: Some(preset.auth),
        ..with_full_address(found, Some(preset))
    };
    if completed.user.as_deref().is_some_and(|user| user.contains('@')) {
        let reason = format!("port, security and sign-in are those of the preset for {}", preset.title);
        let reason = completed.reason.as_ref().map_or(reason.clone(), |r| format!("{reason}; {r}"));
        return Found { usable: true, reason: Some(reason), ..completed };
    }
    let reason =
        format!("{} wants the full address as user name, and Mail's file does not have it", preset.title);
    Found { reason: Some(reason), instead: instead(&completed, Some(preset)), ..completed }
}

/// A managed account for which Mail stores no server.
fn without_server(found: Found, provider: Option<Provider>) -> Found {
    let preset = provider.and_then(preset_of);
    let found = with_full_address(found, preset);
    let user = found.user.clone().or_else(|| found.senders.first().map(|s| s.email.to_string()));
    let word = provider.map_or("mail", word);
    let id = format!("{word}:{}", user.as_deref().unwrap_or_default());
    let found = Found { id: id.trim_end_matches(':').to_owned(), user, ..found };
    let reason = match (provider, preset) {
        (Some(Provider::Exchange), _) => {
            "Exchange sends by its own protocol; if your organisation offers SMTP, ask for its server, or use the \
             preset where it is Microsoft 365"
                .to_owned()
        }
        (_, Some(preset)) => format!(
            "Mail stores no server for this {} account; the preset knows it, and {} wants {}",
            preset.title, preset.title, preset.secret
        ),
        (_, None) => "Mail stores no server for this account".to_owned(),
    };
    let preset = preset.or(match provider {
        Some(Provider::Exchange) => Preset::named("microsoft365"),
        _ => None,
    });
    let instead = instead(&found, preset);
    Found { reason: Some(reason), instead, ..found }
}

/// Providers want the full address as user name, where Mail sometimes stores the local part alone.
fn with_full_address(found: Found, preset: Option<&'static Preset>) -> Found {
    let Some(preset) = preset else { return found };
    let Some(user) = found.user.clone().filter(|user| !user.contains('@')) else { return found };
    let full = found.senders.iter().find(|s| s.email.user().eq_ignore_ascii_case(&user));
    let full = full.map(|s| s.email.to_string());
    let reason =
        format!("{} wants the full address as user name, where Mail has only \"{user}\"", preset.title);
    Found { user: full.or(Some(user)), reason: Some(reason), ..found }
}

/// What to write in a task in place of an account that cannot be used.
fn instead(found: &Found, preset: Option<&'static Preset>) -> Option<Value> {
    let address = |text: &str| text.parse::<Address>().is_ok();
    let user = found.user.clone().filter(|user| address(user));
    let user = user.or_else(|| found.senders.first().map(|s| s.email.to_string()))?;
    Some(json!({ "preset": preset?.word, "user": user }))
}

/// Returns the port and when TLS begins (facts/apple-mail-accounts.md, section 5): nothing is tried
/// out, and nothing falls back to clear text.
fn port_and_mode(settings: &Settings) -> (u16, TlsMode) {
    match (settings.encrypted, settings.direct.unwrap_or(false), settings.port) {
        (false, _, port) => (port.unwrap_or(25), TlsMode::None),
        (true, true, port) => (port.unwrap_or(465), TlsMode::Implicit),
        (true, false, Some(465)) => (465, TlsMode::Implicit),
        (true, false, port) => (port.unwrap_or(587), TlsMode::Starttls),
    }
}

fn preset_of(provider: Provider) -> Option<&'static Preset> {
    match provider {
        Provider::Exchange => None,
        Provider::Google => Preset::named("gmail"),
        Provider::Microsoft => Preset::named("outlook"),
        other => Preset::named(word(other)),
    }
}

fn word(provider: Provider) -> &'static str {
    match provider {
        Provider::Icloud => "icloud",
        Provider::Google => "google",
        Provider::Microsoft => "microsoft",
        Provider::Yahoo => "yahoo",
        Provider::Aol => "aol",
        Provider::Exchange => "exchange",
    }
}

/// Reads a sender; one that is no address is left out.
fn mailbox(sender: &Sender) -> Option<Mailbox> {
    let mut mailbox = parse_mailboxes(&sender.address).ok()?.into_iter().next()?;
    if let Some(name) = sender
        .name
        .as_deref()
        .map(clean)
        .filter(|name| !name.is_empty() && name.chars().nth(LONGEST_TEXT).is_none())
    {
        mailbox.name = Some(name);
    }
    Some(mailbox)
}

/// Adds a sender, unless the address is there already.
fn add_sender(senders: &mut Vec<Mailbox>, sender: Mailbox) {
    let same = |known: &Mailbox| {
        let (known, new): (&str, &str) = (known.email.as_ref(), sender.email.as_ref());
        known.eq_ignore_ascii_case(new)
    };
    if senders.len() < MOST_SENDERS && !senders.iter().any(same) {
        senders.push(sender);
    }
}

/// Makes stored text fit for one line of a terminal.
fn clean(text: &str) -> String {
    one_line(text).trim().to_owned()
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
