//! What follows from the rows: the outgoing accounts.
//!
//! Every account of the type SMTP is one, whether macOS has it switched on or not: the switch is
//! the incoming account's, and what `ZACTIVE` means on an SMTP row nobody documents. A managed
//! account that reads mail and has no SMTP account is one without a server.
//!
//! A setting that is stored and cannot be read is not the same as one that is not stored: without
//! `SSLEnabled` a connection is not encrypted, and damage must not lead there. So an account with
//! such a setting, and every account of a damaged database, has no settings at all.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::rows::{AccountRow, Rows};
use super::senders;
use super::view::{Unreadable, View, is};
use crate::accounts::mail::lenient;
use crate::accounts::mail::property_list::Node;
use crate::accounts::mail::record::{Harvest, Outgoing, Provider, Sender, Settings};

/// The types of managed accounts.
const PROVIDERS: [(&str, Provider); 6] = [
    ("AppleAccount", Provider::Icloud),
    ("Google", Provider::Google),
    ("Hotmail", Provider::Microsoft),
    ("Yahoo", Provider::Yahoo),
    ("aol", Provider::Aol),
    ("Exchange", Provider::Exchange),
];

/// The types of incoming accounts.
const INCOMING: [&str; 4] = ["IMAP", "IMAPMail", "POP", "Exchange"];

/// Concludes from the rows; `remarks` were made while reading them.
pub(super) fn harvest(rows: &Rows, remarks: Vec<String>) -> Harvest {
    let view = View::new(rows, remarks);
    let servers = rows.accounts.iter().filter(|account| is(account, "SMTP"));
    let mut outgoing: Vec<Outgoing> = servers.map(|account| server(&view, rows.whole, account)).collect();
    if outgoing.is_empty() {
        // what an upgrade left behind takes the place of a database without servers: not in silence
        // when this one had some
        for account in &rows.accounts {
            if view.said(account, "SendingAccountIdentifier").is_some() {
                view.remark(account, "the outgoing account by which it sends is not there");
            }
        }
    }
    outgoing.extend(managed(&view, rows));
    Harvest { outgoing, remarks: view.into_remarks() }
}

/// Makes an outgoing account of an SMTP row.
fn server(view: &View<'_>, whole: bool, account: &AccountRow) -> Outgoing {
    let parents = view.parents(account);
    let mail = parents.iter().find_map(|parent| view.mail(parent).transpose()).transpose();
    let provider = std::iter::once(account).chain(parents.iter().copied()).find_map(provider);
    let known = mail.as_ref().ok().cloned().flatten();
    let user = user(view, account, &parents, known.as_deref(), provider);
    let settings = settings(view, account, &mail, user.is_some()).ok().filter(|_| whole);
    let anonymous = settings.as_ref().is_some_and(|settings| !settings.authenticates);
    let linked = view.linked(account);
    Outgoing {
        record: Some(account.number),
        description: description(view, account, linked),
        host: view.said(account, "Hostname").or_else(|| inherited(known.as_deref(), "smtpHostname")),
        user: user.filter(|_| !anonymous),
        settings,
        provider,
        senders: senders::of(view, account, linked, known.as_deref()),
    }
}

/// Reads how a server is reached: its own values, and where there are none its parent's.
fn settings(
    view: &View<'_>,
    account: &AccountRow,
    mail: &Result<Option<Rc<Node>>, Unreadable>,
    has_user: bool,
) -> Result<Settings, Unreadable> {
    // that the name can be read is part of it: a parent's would be another server
    view.text(account, "Hostname")?;
    let encrypted = match view.flag(account, "SSLEnabled")? {
        Some(encrypted) => encrypted,
        None if view.is_orphan(account) => {
            view.remark(
                account,
                "whether it is encrypted is not known: the account that it belongs to is missing",
            );
            return Err(Unreadable);
        }
        None => {
            let mail = mail.as_ref().map_err(|unreadable| *unreadable)?;
            let requires = mail.as_ref().and_then(|mail| mail.get("smtpRequiresSSL"));
            requires.is_some_and(|value| lenient::flag(Some(value)) != Ok(Some(false)))
        }
    };
    let own_port = match view.flag(account, "UseDefaultPorts")? {
        Some(true) => None,
        _ => view.property(account, "PortNumber")?,
    };
    let mail = mail.as_ref().ok().and_then(Option::as_deref);
    let own_port = own_port.as_deref().and_then(|value| port(view, account, "PortNumber", value));
    let port = own_port.or_else(|| {
        let value = mail.and_then(|mail| mail.get("smtpPort"))?;
        port(view, account, "smtpPort", value)
    });
    Ok(Settings {
        port,
        encrypted,
        direct: view.flag(account, "SSLIsDirect")?,
        authenticates: has_user && view.flag(account, "ShouldUseAuthentication")?.unwrap_or(true),
        scheme: view.text(account, "AuthenticationScheme")?,
    })
}

/// Reads a port; what cannot be one is left out, and that is said.
fn port(view: &View<'_>, account: &AccountRow, key: &str, value: &Node) -> Option<u16> {
    lenient::port(Some(value)).unwrap_or_else(|reason| {
        view.remark(account, &format!("its {key} {reason}: it was ignored"));
        None
    })
}

/// Finds the user name.
///
/// iCloud signs in with the full address of its mail, which only the data class has: the user name
/// there is its local part, and the parent's may be an Apple Account with another's address.
fn user(
    view: &View<'_>,
    account: &AccountRow,
    parents: &[&AccountRow],
    mail: Option<&Node>,
    provider: Option<Provider>,
) -> Option<String> {
    let own = view.said(account, "Username");
    let address = inherited(mail, "EmailAddress").filter(|_| provider == Some(Provider::Icloud));
    if address.is_some() && !own.as_ref().is_some_and(|own| own.contains('@')) {
        return address;
    }
    own.or_else(|| view.said(account, "IdentityEmailAddress"))
        .or_else(|| account.user.clone())
        .or_else(|| parents.iter().find_map(|parent| parent.user.clone()))
}

/// Reads text from the part for mail of a parent's data classes.
fn inherited(mail: Option<&Node>, key: &str) -> Option<String> {
    lenient::text(mail?.get(key)).ok().flatten()
}

/// Finds what people call it: its own description, the incoming account's, or a parent's.
fn description(view: &View<'_>, account: &AccountRow, linked: &[&AccountRow]) -> Option<String> {
    let own = std::iter::once(account).chain(linked.iter().copied()).find_map(|row| row.description.clone());
    own.or_else(|| {
        let rows = std::iter::once(account).chain(linked.iter().copied());
        rows.flat_map(|row| view.parents(row)).find_map(|parent| parent.description.clone())
    })
}

fn provider(account: &AccountRow) -> Option<Provider> {
    PROVIDERS.iter().find(|(kind, _)| is(account, kind)).map(|(_, provider)| *provider)
}

/// Finds the managed accounts that have mail and no server.
fn managed(view: &View<'_>, rows: &Rows) -> Vec<Outgoing> {
    let identifiers: HashSet<String> = rows
        .accounts
        .iter()
        .filter(|account| is(account, "SMTP"))
        .filter_map(|account| Some(account.identifier.as_ref()?.to_ascii_lowercase()))
        .collect();
    let mut served: HashSet<i64> = HashSet::new();
    let mut incoming: HashMap<i64, Vec<&AccountRow>> = HashMap::new();
    for account in &rows.accounts {
        let sends = view.said(account, "SendingAccountIdentifier");
        let sends = sends.is_some_and(|identifier| identifiers.contains(&identifier.to_ascii_lowercase()));
        let reads = INCOMING.iter().any(|kind| is(account, kind));
        for row in std::iter::once(account).chain(view.parents(account)) {
            if sends || is(account, "SMTP") {
                served.insert(row.number);
            }
            if reads {
                incoming.entry(row.number).or_default().push(account);
            }
        }
    }
    let mut found = Vec::new();
    for account in rows.accounts.iter().filter(|account| !served.contains(&account.number)) {
        let Some(provider) = provider(account) else { continue };
        // an Exchange account within a Google account is the Google account's
        if view.parents(account).into_iter().any(|parent| self::provider(parent).is_some()) {
            continue;
        }
        let mail = view.mail(account).ok().flatten();
        let incoming = incoming.remove(&account.number).unwrap_or_default();
        if mail.is_some() || !incoming.is_empty() {
            found.push(without_server(view, account, provider, &incoming, mail.as_deref()));
        }
    }
    found
}

fn without_server(
    view: &View<'_>,
    account: &AccountRow,
    provider: Provider,
    incoming: &[&AccountRow],
    mail: Option<&Node>,
) -> Outgoing {
    let own = || std::iter::once(account).chain(incoming.iter().copied());
    let user = inherited(mail, "EmailAddress")
        .or_else(|| own().find_map(|row| view.said(row, "IdentityEmailAddress")))
        .or_else(|| own().find_map(|row| row.user.clone().filter(|user| user.contains('@'))));
    let mut senders = senders::of(view, account, incoming, mail);
    if senders.is_empty() {
        let only = |address| Sender { name: senders::full_name(view, account), address };
        senders.extend(user.clone().map(only));
    }
    Outgoing {
        record: Some(account.number),
        description: own().find_map(|row| row.description.clone()),
        user,
        provider: Some(provider),
        senders,
        ..Outgoing::default()
    }
}
