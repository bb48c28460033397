//! Who sends through an account: the addresses and names of the incoming accounts.

use super::rows::AccountRow;
use super::view::{View, near_miss};
use crate::accounts::mail::lenient;
use crate::accounts::mail::property_list::Node;
use crate::accounts::mail::record::Sender;

/// How many senders an account may have, and how many aliases are looked at.
const MOST: usize = 200;

/// What is read of an alias.
const ALIAS_KEYS: [&str; 4] = ["EmailAddresses", "DisplayName", "IsPrimary", "IsEnabled"];

/// Finds the senders of an outgoing account, the primary first.
pub(super) fn of(
    view: &View<'_>,
    account: &AccountRow,
    incoming: &[&AccountRow],
    mail: Option<&Node>,
) -> Vec<Sender> {
    let mut senders = Vec::new();
    for row in incoming {
        identities(view, row, &mut senders);
    }
    if let Some(address) = view.said(account, "IdentityEmailAddress") {
        add(&mut senders, address, full_name(view, account));
    }
    let address = mail.and_then(|mail| text(mail, "EmailAddress")).filter(|_| senders.is_empty());
    if let Some(address) = address {
        add(&mut senders, address, full_name(view, account).or_else(|| mail_name(mail)));
    }
    senders
}

/// Adds what one incoming account sends as: the primary alias, its identity, the other aliases.
fn identities(view: &View<'_>, account: &AccountRow, senders: &mut Vec<Sender>) {
    let name = full_name(view, account);
    let aliases = std::iter::once(account)
        .chain(view.parents(account))
        .find_map(|row| view.property(row, "EmailAliases").ok().flatten());
    let aliases = match aliases.as_deref() {
        Some(Node::Array(aliases)) => aliases.as_slice(),
        _ => &[],
    };
    for alias in aliases.iter().take(MOST) {
        if let Err(what) = near_miss(alias, &ALIAS_KEYS) {
            view.remark(account, &format!("an alias of its EmailAliases cannot be read: {what}"));
        }
    }
    let says = |alias: &Node, key: &str| lenient::flag(alias.get(key)).ok().flatten();
    let enabled: Vec<&Node> =
        aliases.iter().take(MOST).filter(|alias| says(alias, "IsEnabled") != Some(false)).collect();
    let (primary, others): (Vec<&Node>, Vec<&Node>) =
        enabled.into_iter().partition(|alias| says(alias, "IsPrimary") == Some(true));
    let add_alias = |senders: &mut Vec<Sender>, alias: &Node| {
        for address in alias.get("EmailAddresses").map(texts).unwrap_or_default() {
            add(senders, address, text(alias, "DisplayName").or_else(|| name.clone()));
        }
    };
    for alias in primary {
        add_alias(senders, alias);
    }
    if let Some(address) = view.said(account, "IdentityEmailAddress") {
        add(senders, address, name.clone());
    }
    for alias in others {
        add_alias(senders, alias);
    }
}

/// Finds the full name of an account: its own, or its parent's.
pub(super) fn full_name(view: &View<'_>, account: &AccountRow) -> Option<String> {
    std::iter::once(account).chain(view.parents(account)).find_map(|row| {
        let mail = || mail_name(view.mail(row).ok().flatten().as_deref());
        view.said(row, "ACPropertyFullName").or_else(mail)
    })
}

fn mail_name(mail: Option<&Node>) -> Option<String> {
    text(mail?, "FullUserName")
}

fn text(dictionary: &Node, key: &str) -> Option<String> {
    lenient::text(dictionary.get(key)).ok().flatten()
}

/// Returns every text of a list, or the only one.
fn texts(node: &Node) -> Vec<String> {
    let nodes = if let Node::Array(nodes) = node { nodes } else { std::slice::from_ref(node) };
    nodes.iter().take(MOST).filter_map(|node| lenient::text(Some(node)).ok().flatten()).collect()
}

/// Adds a sender, unless it is there; a name is better than none.
fn add(senders: &mut Vec<Sender>, address: String, name: Option<String>) {
    if !address.contains('@') {
        return;
    }
    if let Some(known) = senders.iter_mut().find(|sender| sender.address.eq_ignore_ascii_case(&address)) {
        known.name = known.name.take().or(name);
    } else if senders.len() < MOST {
        senders.push(Sender { name, address });
    }
}
