//! Sender addresses as the plists spell them.
//!
//! Usually one plain address an entry; people also typed "Kim Doe <kim@example.com>" and lists
//! with commas into Mail's field, and Mail stored them.

use std::collections::HashMap;

use super::super::lenient;
use super::super::property_list::Node;
use super::super::record::Sender;
use super::entry::{Entry, Remarks};

/// Reads the senders of a mail account, primary first.
pub(super) fn of_mail_account(entry: &Entry<'_>, remarks: &mut Remarks) -> Vec<Sender> {
    let name = entry.text("FullUserName", remarks);
    let mut senders = Vec::new();
    let mut take = |node: &Node| {
        let text = lenient::text(Some(node)).map(Option::unwrap_or_default);
        let problem = match &text {
            Ok(text) => {
                let before = senders.len();
                senders.extend(pieces(text).filter_map(|piece| sender(piece, name.as_deref())));
                (senders.len() - before < pieces(text).count()).then_some("is no address")
            }
            Err(problem) => Some(problem.as_str()),
        };
        if let Some(problem) = problem {
            entry.remark(remarks, &format!("an entry of EmailAddresses {problem}; it is ignored"));
        }
    };
    match entry.get("EmailAddresses") {
        Some(Node::Array(nodes)) => nodes.iter().for_each(&mut take),
        Some(other) => take(other),
        None => {}
    }
    senders.extend(canonical(entry, name.as_deref(), remarks));
    without_repeats(&mut senders);
    senders
}

/// Reads the `CanonicalEmailAddress` of either kind of account.
pub(super) fn canonical(entry: &Entry<'_>, name: Option<&str>, remarks: &mut Remarks) -> Option<Sender> {
    let text = entry.text("CanonicalEmailAddress", remarks)?;
    let sender = sender(&text, name);
    if sender.is_none() {
        entry.remark(remarks, "CanonicalEmailAddress is no address; it is ignored");
    }
    sender
}

/// Takes out the addresses that are there before, whatever their case; a name found later is kept.
pub(super) fn without_repeats(senders: &mut Vec<Sender>) {
    if senders.len() < 2 {
        return;
    }
    let mut places = HashMap::new();
    let mut kept: Vec<Sender> = Vec::new();
    for sender in senders.drain(..) {
        let place = *places.entry(sender.address.to_lowercase()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(before) if before.name.is_none() => before.name = sender.name,
            Some(_) => {}
            None => kept.push(sender),
        }
    }
    *senders = kept;
}

/// Splits a list at its commas, but for those in quotes and in angle brackets.
fn pieces(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut inside) = (false, false);
    let at_comma = move |c: char| {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => inside = true,
            '>' if !quoted => inside = false,
            _ => {}
        }
        c == ',' && !quoted && !inside
    };
    list.split(at_comma).map(str::trim).filter(|piece| !piece.is_empty())
}

/// Reads one sender: an address, or a name and an address in angle brackets.
fn sender(piece: &str, usual: Option<&str>) -> Option<Sender> {
    let (name, address) = match piece.strip_suffix('>').and_then(|piece| piece.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
        None => ("", piece.trim()),
    };
    let name = if name.is_empty() { usual } else { Some(name) };
    let (local, domain) = address.rsplit_once('@')?;
    let is_whole = !local.is_empty()
        && !domain.is_empty()
        && !address.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,".contains(c));
    is_whole.then(|| Sender { name: name.map(str::to_owned), address: address.to_owned() })
}
