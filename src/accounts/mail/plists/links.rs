//! How a mail account names its outgoing server: `Hostname:Username`, or only `Hostname`.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use super::entry::may_be_damaged;

/// An IPv6 address has no more characters than this, the dotted form included.
const LONGEST_IPV6: usize = 45;
/// How many pairs are compared to find what damage has put apart.
const MOST_PAIRS: usize = 200_000;
/// How many servers share an identifier that are told apart by their ports; more get no senders, so
/// that a file of nothing else takes no longer to read.
const MOST_SHARED: usize = 64;

/// Writes the identifier of a server as Mail does.
pub(super) fn identifier(host: &str, user: Option<&str>) -> String {
    match user {
        Some(user) => format!("{host}:{user}"),
        None => host.to_owned(),
    }
}

/// Splits an identifier that names no stored server.
///
/// Where the server is stored, the two are compared whole instead: user names may contain colons,
/// as IPv6 addresses do.
pub(super) fn split(identifier: &str) -> (Option<&str>, Option<&str>) {
    let (host, user) = match identifier.split_once(']') {
        Some((host, rest)) if host.starts_with('[') => {
            (identifier.strip_suffix(rest).unwrap_or(host), rest.strip_prefix(':').unwrap_or(rest))
        }
        _ => after_ipv6(identifier).or_else(|| identifier.split_once(':')).unwrap_or((identifier, "")),
    };
    let filled = |part: &'_ str| !part.trim().is_empty();
    (Some(host.trim()).filter(|host| filled(host)), Some(user.trim()).filter(|user| filled(user)))
}

/// Splits after the longest IPv6 address that the identifier begins with.
fn after_ipv6(identifier: &str) -> Option<(&str, &str)> {
    if identifier.parse::<Ipv6Addr>().is_ok() {
        return Some((identifier, ""));
    }
    let ends = identifier.char_indices().take(LONGEST_IPV6 + 1).filter(|(_, c)| *c == ':');
    let mut splits = ends.filter_map(|(at, _)| {
        let (host, rest) = identifier.split_at_checked(at)?;
        host.parse::<Ipv6Addr>().ok()?;
        Some((host, rest.strip_prefix(':')?))
    });
    splits.by_ref().last()
}

/// The stored servers by their identifiers.
#[derive(Default)]
pub(super) struct Servers<'s> {
    /// In lower case, because host names have none.
    whole: HashMap<String, Vec<usize>>,
    /// By host alone: those that Mail does not sign in at, although a user name is stored.
    hosts: HashMap<String, Vec<usize>>,
    names: Vec<(&'s str, Option<&'s str>)>,
}

impl<'s> Servers<'s> {
    /// Adds the next server; `user` is the name as stored.
    pub(super) fn add(&mut self, host: &'s str, user: Option<&'s str>, signs_in: bool) {
        let place = self.names.len();
        self.names.push((host, user));
        let add = |places: &mut Vec<usize>| {
            if places.len() < MOST_SHARED {
                places.push(place);
            }
        };
        add(self.whole.entry(identifier(host, user).to_lowercase()).or_default());
        if user.is_some() && !signs_in {
            add(self.hosts.entry(host.to_lowercase()).or_default());
        }
    }

    /// Finds the servers that an identifier names; none for a dangling one.
    pub(super) fn named(&self, identifier: &str) -> Vec<usize> {
        let folded = identifier.to_lowercase();
        let Some(places) = self.whole.get(&folded) else {
            return self.hosts.get(&folded).cloned().unwrap_or_default();
        };
        let is_exact = |place: &&usize| {
            let (_, user) = self.names.get(**place).copied().unwrap_or_default();
            user.is_none_or(|user| identifier.ends_with(user))
        };
        let exact: Vec<usize> = places.iter().filter(is_exact).copied().collect();
        if exact.is_empty() { places.clone() } else { exact }
    }
}

/// Finds, for unused servers, the dangling identifier that each may have had before the file was
/// damaged, by their places in both lists; `None` when there are too many to compare.
pub(super) fn torn(unused: &[String], dangling: &[&str]) -> Option<Vec<(usize, usize)>> {
    if unused.len().saturating_mul(dangling.len()) > MOST_PAIRS {
        return None;
    }
    let alike = |one: &str, other: &str| {
        let ((host, user), (other_host, other_user)) = (split(one), split(other));
        let same =
            |a: Option<&str>, b: Option<&str>| a.zip(b).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        same(host, other_host) || same(user, other_user) || may_be_damaged(one, other)
    };
    let near = |one: &str| dangling.iter().position(|other| alike(one, other));
    Some(unused.iter().enumerate().filter_map(|(at, one)| Some((at, near(one)?))).collect())
}
