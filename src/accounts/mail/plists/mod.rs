//! The two plists: `DeliveryAccounts` are the servers, `MailAccounts` tell who sends through them.
//!
//! V2's `Accounts.plist` and `com.apple.mail.plist` have the same two keys
//! (facts/apple-mail-accounts.md, section 2). One entry that is damaged never hides the others.

mod entry;
mod links;
mod senders;

use std::collections::{HashMap, HashSet};

use super::property_list::{self, Node};
use super::record::{Harvest, Outgoing, Provider, Remark, Sender, Settings};
use crate::text;
use entry::{DELIVERY_ACCOUNTS, Entry, Remarks, one_apart};
use links::{Servers, identifier, split, torn};
use senders::{canonical, of_mail_account, without_repeats};

const LISTS: [&str; 2] = [DELIVERY_ACCOUNTS, "MailAccounts"];
/// Every key of a delivery account; the first eleven are read.
const DELIVERY_KEYS: [&str; 15] = [
    "AccountType",
    "AccountName",
    "Hostname",
    "Username",
    "PortNumber",
    "SSLEnabled",
    "ShouldUseAuthentication",
    "AuthenticationScheme",
    "UseDefaultPorts",
    "CanonicalEmailAddress",
    "SecurityLayerType",
    "MaxMessageBytes",
    "ConfigureDynamically",
    "UserAllowsInsecureAuthentication",
    "uniqueId",
];
/// The keys of a mail account that are read.
const MAIL_KEYS: [&str; 7] = [
    "AccountType",
    "AccountName",
    "EmailAddresses",
    "CanonicalEmailAddress",
    "FullUserName",
    "Username",
    "SMTPIdentifier",
];
/// Keys that a delivery account cannot have.
const MAIL_ONLY: [&str; 4] =
    ["EmailAddresses", "FullUserName", "SMTPIdentifier", "ParentACAccountIdentifier"];

/// The kinds of mail account that another service manages.
const MANAGED: [(&str, Provider); 5] = [
    ("iToolsAccount", Provider::Icloud),
    ("AosImapAccount", Provider::Icloud),
    ("ExchangeAccount", Provider::Exchange),
    ("ExchangeIMAPAccount", Provider::Exchange),
    ("EWSAccount", Provider::Exchange),
];
/// How many senders are kept; every server that an identifier names gets all of them.
const MOST_SENDERS: usize = 100_000;

/// Reads the outgoing servers of either plist; says what is wrong with one that cannot be read.
pub(crate) fn read(bytes: &[u8]) -> Result<Harvest, String> {
    let Node::Dictionary(entries) = property_list::parse(bytes)? else {
        return Err("it is a property list of something else".to_owned());
    };
    let mut remarks = Remarks::default();
    if !property_list::is_whole(bytes) {
        remarks.add("some of its values belong to nothing, or overlap: is the file damaged?".to_owned());
    }
    let top = Entry::top(&entries);
    top.check_keys(&LISTS, &mut remarks);
    let servers = top.each(DELIVERY_ACCOUNTS, &mut remarks);
    let mailboxes = top.each("MailAccounts", &mut remarks);
    if bytes.starts_with(b"bplist") {
        let all = || servers.iter().chain(&mailboxes);
        let values: HashSet<&str> = all().flat_map(Entry::texts).collect();
        for entry in all() {
            entry.check_references(&[&DELIVERY_KEYS, &MAIL_KEYS], &values, &mut remarks);
        }
    }
    let deliveries: Vec<Delivery> =
        servers.iter().filter_map(|entry| Delivery::read(entry, &mut remarks)).collect();
    let accounts: Vec<MailAccount<'_>> =
        mailboxes.into_iter().map(|entry| MailAccount::read(entry, &mut remarks)).collect();
    let outgoing = join(deliveries, &accounts, &mut remarks);
    Ok(Harvest { outgoing, remarks: remarks.into_list() })
}

/// One entry of `DeliveryAccounts`.
struct Delivery {
    record: Option<i64>,
    description: Option<String>,
    host: String,
    /// The user name as stored, whether Mail signs in or not.
    user: Option<String>,
    settings: Settings,
    canonical: Option<Sender>,
}

impl Delivery {
    fn read(entry: &Entry<'_>, remarks: &mut Remarks) -> Option<Self> {
        entry.check_keys(&DELIVERY_KEYS, remarks);
        entry.check_strangers(&DELIVERY_KEYS, &MAIL_ONLY, remarks);
        let kind = entry.text("AccountType", remarks);
        if let Some(kind) = kind.as_deref().filter(|kind| *kind != "SMTPAccount") {
            let kind = text::one_line(kind);
            let kind = text::shorten(&kind, 40);
            entry.remark(remarks, &format!("its AccountType is \"{kind}\", not SMTPAccount; it is ignored"));
            return None;
        }
        let Some(host) = entry.text("Hostname", remarks) else {
            entry.remark(remarks, "has no Hostname; it is ignored");
            return None;
        };
        if kind.is_none() {
            entry.remark(remarks, "has no AccountType; taken for an outgoing server");
        }
        let user = entry.text("Username", remarks);
        // where a flag cannot be read, the careful meaning: TLS that fails is better than none
        let encrypted = entry.flag("SSLEnabled", true, remarks);
        let by_default = entry.flag("UseDefaultPorts", false, remarks);
        let port = if by_default { None } else { entry.port("PortNumber", remarks) };
        // seen on implicit TLS; other values are not known (section 2)
        let layer = entry.text("SecurityLayerType", remarks);
        let direct = (encrypted && port.is_none() && layer.as_deref() == Some("3")).then_some(true);
        let signs_in = entry.flag("ShouldUseAuthentication", true, remarks);
        let authenticates = signs_in && user.is_some();
        let scheme = entry.text("AuthenticationScheme", remarks);
        Some(Self {
            record: entry.record(),
            description: entry.text("AccountName", remarks),
            host,
            user,
            settings: Settings { port, encrypted, direct, authenticates, scheme },
            canonical: canonical(entry, None, remarks),
        })
    }

    fn identifier(&self) -> String {
        identifier(&self.host, self.user.as_deref())
    }

    fn into_outgoing(self, mut senders: Vec<Sender>) -> Outgoing {
        senders.extend(self.canonical);
        without_repeats(&mut senders);
        Outgoing {
            record: self.record,
            description: self.description,
            host: Some(self.host),
            user: self.user.filter(|_| self.settings.authenticates),
            settings: Some(self.settings),
            provider: None,
            senders,
        }
    }
}

/// One entry of `MailAccounts`.
struct MailAccount<'n> {
    entry: Entry<'n>,
    provider: Option<Provider>,
    identifier: Option<String>,
}

impl<'n> MailAccount<'n> {
    fn read(entry: Entry<'n>, remarks: &mut Remarks) -> Self {
        entry.check_keys(&MAIL_KEYS, remarks);
        let kind = entry.text("AccountType", remarks).unwrap_or_default();
        let provider = MANAGED.iter().find(|(word, _)| *word == kind).map(|(_, provider)| *provider);
        if provider.is_none() && MANAGED.iter().any(|(word, _)| one_apart(word, &kind)) {
            let kind = text::one_line(&kind);
            entry
                .remark(remarks, &format!("its AccountType is \"{kind}\", which is unknown: is it damaged?"));
        }
        Self { entry, provider, identifier: entry.text("SMTPIdentifier", remarks) }
    }

    /// Makes an entry of what only a link, or the kind of the account, tells. Where a host is named
    /// that says more than the kind: people send for an iCloud address through other servers, too.
    fn as_outgoing(&self, host: Option<&str>, user: Option<&str>, remarks: &mut Remarks) -> Outgoing {
        let senders = of_mail_account(&self.entry, remarks);
        let provider = self.provider.filter(|_| host.is_none());
        let user = match provider {
            Some(_) => self.full_address(&senders, remarks),
            None => user.map(str::to_owned),
        };
        let description = self.entry.text("AccountName", remarks);
        let host = host.map(str::to_owned);
        Outgoing { description, host, user, provider, senders, ..Outgoing::default() }
    }

    /// Finds the whole address that the user name is a part of.
    fn full_address(&self, senders: &[Sender], remarks: &mut Remarks) -> Option<String> {
        let user = self.entry.text("Username", remarks);
        if user.as_deref().is_some_and(|user| user.contains('@')) {
            return user;
        }
        let is_its = |sender: &&Sender| sender.address.split('@').next() == user.as_deref();
        let sender = senders.iter().find(is_its).or(senders.first());
        sender.map(|sender| sender.address.clone()).or(user)
    }
}

/// What the mail accounts add to the servers.
struct Joined<'a> {
    senders: Vec<Vec<Sender>>,
    used: Vec<bool>,
    kept: usize,
    /// Servers that are named and not stored, in the order of their first mention.
    dangling: Vec<Outgoing>,
    names: Vec<&'a str>,
    places: HashMap<String, usize>,
}

/// Joins the two lists, in time that grows with their length.
fn join(deliveries: Vec<Delivery>, accounts: &[MailAccount<'_>], remarks: &mut Remarks) -> Vec<Outgoing> {
    let mut servers = Servers::default();
    for delivery in &deliveries {
        servers.add(&delivery.host, delivery.user.as_deref(), delivery.settings.authenticates);
    }
    let mut joined = Joined {
        senders: vec![Vec::new(); deliveries.len()],
        used: vec![false; deliveries.len()],
        kept: 0,
        dangling: Vec::new(),
        names: Vec::new(),
        places: HashMap::new(),
    };
    for account in accounts {
        joined.add(account, &servers, remarks);
    }
    if joined.kept > MOST_SENDERS {
        remarks.add(format!("it has more than {MOST_SENDERS} senders; not all of them are kept"));
    }
    joined.look_for_damage(&deliveries, remarks);
    let mut outgoing: Vec<Outgoing> = deliveries
        .into_iter()
        .zip(joined.senders)
        .map(|(delivery, senders)| delivery.into_outgoing(senders))
        .collect();
    for mut server in joined.dangling {
        without_repeats(&mut server.senders);
        outgoing.push(server);
    }
    outgoing
}

impl<'a> Joined<'a> {
    fn add(&mut self, account: &'a MailAccount<'_>, servers: &Servers<'_>, remarks: &mut Remarks) {
        let Some(identifier) = account.identifier.as_deref() else {
            if account.provider.is_some() {
                self.dangling.push(account.as_outgoing(None, None, remarks));
            }
            return;
        };
        let named = servers.named(identifier);
        if named.is_empty() {
            return self.add_dangling(account, identifier, remarks);
        }
        let senders = of_mail_account(&account.entry, remarks);
        for place in named {
            if let (Some(all), Some(used)) = (self.senders.get_mut(place), self.used.get_mut(place)) {
                *used = true;
                all.extend(senders.iter().take(MOST_SENDERS.saturating_sub(self.kept)).cloned());
                self.kept = self.kept.saturating_add(senders.len());
            }
        }
    }

    fn add_dangling(&mut self, account: &'a MailAccount<'_>, identifier: &'a str, remarks: &mut Remarks) {
        let (host, user) = split(identifier);
        if host.is_none() && account.provider.is_none() {
            return account.entry.remark(remarks, "its SMTPIdentifier names no server; it is ignored");
        }
        let server = account.as_outgoing(host, user, remarks);
        if host.is_none() {
            return self.dangling.push(server);
        }
        let place = *self.places.entry(identifier.to_lowercase()).or_insert(self.dangling.len());
        if let Some(before) = self.dangling.get_mut(place) {
            before.senders.extend(server.senders);
        } else {
            self.names.push(identifier);
            self.dangling.push(server);
        }
    }

    /// Notes stored servers that no account uses while a very similar one is named and not stored.
    fn look_for_damage(&self, deliveries: &[Delivery], remarks: &mut Remarks) {
        if self.names.is_empty() {
            return;
        }
        let unused: Vec<&Delivery> =
            deliveries.iter().zip(&self.used).filter(|(_, used)| !**used).map(|(one, _)| one).collect();
        let identifiers: Vec<String> = unused.iter().map(|delivery| delivery.identifier()).collect();
        let Some(pairs) = torn(&identifiers, &self.names) else {
            return remarks.add(format!(
                "{} servers are used by no account, and {} that accounts name are not there: is the file damaged?",
                unused.len(),
                self.names.len()
            ));
        };
        let shown = |name: &str| text::shorten(&text::one_line(name), 80).into_owned();
        for (at, name) in pairs {
            let record = unused.get(at).and_then(|delivery| delivery.record);
            let one = identifiers.get(at).map(|one| shown(one)).unwrap_or_default();
            let other = self.names.get(name).map(|name| shown(name)).unwrap_or_default();
            let text = format!(
                "no account uses the server \"{one}\", and one names \"{other}\", which is not there: is one of the \
                 two damaged?"
            );
            remarks.push(Remark { text, record });
        }
    }
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
