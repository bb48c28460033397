//! Message ids: one that is unique to a message, and one that a task's good news hang on.

use std::hash::{BuildHasher as _, Hasher as _};

use jiff::Zoned;
use sha2::{Digest as _, Sha256};

/// Where a message comes from when neither the host nor the sender has a usable name (RFC 2606).
pub(crate) const NOWHERE: &str = "backup-notify.invalid";

/// Makes an id that no other message has (RFC 5322 section 3.6.4), with its angle brackets.
///
/// The one thing in the core that is more than its arguments: two messages of the same instant must
/// differ, so the process id and a number from the system's random source are in it.
pub(crate) fn unique(now: &Zoned, domain: &str) -> String {
    // `RandomState` is keyed by the operating system, and anew for each instance
    let random = std::hash::RandomState::new().build_hasher().finish();
    let nanoseconds = now.timestamp().as_nanosecond().unsigned_abs();
    format!("<{nanoseconds:x}.{:x}.{random:016x}@{domain}>", std::process::id())
}

/// Makes the id that all good news of one task on one host refer to, so that mail programs show
/// them as one conversation. It names no message, and stays the same for ever.
pub(crate) fn thread(host: &str, task: &str, domain: &str) -> String {
    let mut hash = Sha256::new();
    for part in [host, "\0", task] {
        hash.update(part.as_bytes());
    }
    let hash = hash.finalize().iter().take(16).fold(0_u128, |hash, byte| hash << 8 | u128::from(*byte));
    format!("<task.{hash:032x}@{domain}>")
}

/// Chooses the right-hand side of an id: the host when it is a full name, else the sender's domain
/// (a bare host name is unique to nobody, and spam filters know it), else a name that is valid.
pub(crate) fn domain(host: &str, sender: &str) -> String {
    let host = sanitise(host);
    let sender = sanitise(sender);
    [&host, &sender]
        .into_iter()
        .find(|name| name.contains('.'))
        .cloned()
        .unwrap_or_else(|| NOWHERE.to_owned())
}

/// Keeps what may stand in a domain name (RFC 1123 section 2.1), in ASCII and lower case.
fn sanitise(name: &str) -> String {
    let label = |label: &str| {
        let kept: String =
            label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(63).collect();
        kept.trim_matches('-').to_ascii_lowercase()
    };
    let labels: Vec<String> = name.split('.').map(label).filter(|label| !label.is_empty()).collect();
    let whole = labels.join(".");
    if whole.len() > 253 { String::new() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::{NOWHERE, domain, thread, unique};

    #[test]
    fn the_domain_is_valid_whatever_the_host_is_called() {
        assert_eq!(domain("atlas.example.com", "example.org"), "atlas.example.com");
        assert_eq!(domain("atlas", "Example.org"), "example.org");
        assert_eq!(domain("Jon’s iMac.local", "example.org"), "jonsimac.local");
        assert_eq!(domain("", "[127.0.0.1]"), "127.0.0.1");
        for bad in ["", "ü.ü", "\r\n@<>", "-", &"a.".repeat(300)] {
            assert_eq!(domain(bad, "localhost"), NOWHERE, "{bad:?}");
        }
    }

    #[test]
    fn no_two_messages_share_an_id() {
        let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        let ids: std::collections::HashSet<String> = (0..1000).map(|_| unique(&now, "example.com")).collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn a_thread_belongs_to_one_task_on_one_host() {
        let id = thread("atlas", "Home", "example.com");
        assert_eq!(id, thread("atlas", "Home", "example.com"));
        assert_ne!(id, thread("atlas", "Homes", "example.com"));
        assert_ne!(id, thread("atlasH", "ome", "example.com"));
    }
}
