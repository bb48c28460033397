//! What a kept password is for: one user at one port of one host, and nothing else.

use std::fmt;
use std::net::IpAddr;

use crate::task::GROWL_PORT;
use crate::text::bracketed;

/// What a name of Growl's begins with.
const GROWL: &str = "growl:";

/// The place of one password in the private keychain.
///
/// The name of a host counts without regard to case and without the final dot, as in DNS, and an
/// address however it is spelled; a user name counts as it is (RFC 5321, section 2.4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    service: Service,
    host: String,
    port: u16,
    user: Option<String>,
}

/// Which kind of server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// A mail server.
    Smtp,
    /// A computer that runs Growl.
    Growl,
}

impl Slot {
    /// The place of the password of an SMTP account.
    pub fn smtp(host: &str, port: u16, user: Option<&str>) -> Self {
        Self { service: Service::Smtp, host: normal(host), port, user: user.map(str::to_owned) }
    }

    /// The place of the password of a computer that runs Growl.
    pub fn growl(host: &str, port: u16) -> Self {
        Self { service: Service::Growl, host: normal(host), port, user: None }
    }

    /// Reads a full name, as [`fmt::Display`] writes it: `host:port:user`, `growl:host` or
    /// `growl:host:port`. Returns `None` for everything else, such as the ids that leave the port out.
    ///
    /// A user name is taken as it is, with a blank at its end too.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim_start();
        if let Some(rest) = name.strip_prefix(GROWL) {
            let (host, rest) = split_host(rest.trim_end())?;
            let port = if rest.is_empty() { GROWL_PORT } else { port(rest)? };
            return Some(Self::growl(host, port));
        }
        let (host, rest) = split_host(name)?;
        let (number, user) = rest.split_once(':')?;
        (!user.trim().is_empty()).then_some(())?;
        Some(Self::smtp(host, port(number)?, Some(user)))
    }

    /// Returns which kind of server it is.
    pub fn service(&self) -> Service {
        self.service
    }

    /// Returns the host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the user name; Growl has none.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

/// Splits a name behind its host: the colons of an IPv6 address stand in brackets.
fn split_host(name: &str) -> Option<(&str, &str)> {
    if let Some(rest) = name.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix(':')? };
        return (!host.is_empty()).then_some((host, rest));
    }
    let (host, rest) = name.split_once(':').unwrap_or((name, ""));
    (!host.is_empty()).then_some((host, rest))
}

fn port(word: &str) -> Option<u16> {
    word.parse().ok().filter(|port| *port > 0)
}

/// Returns the one spelling of a host: a name in lower case, an address as RFC 5952 writes it.
fn normal(host: &str) -> String {
    let host = host.trim_end_matches('.');
    host.parse::<IpAddr>().map_or_else(|_| host.to_ascii_lowercase(), |address| address.to_string())
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.service == Service::Growl {
            f.write_str(GROWL)?;
        }
        f.write_str(&bracketed(&self.host))?;
        if self.service == Service::Smtp || self.port != GROWL_PORT {
            write!(f, ":{}", self.port)?;
        }
        match &self.user {
            Some(user) => write!(f, ":{user}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_read_as_it_is_written() {
        for name in [
            "smtp.example.com:587:jon",
            "smtp.example.com:587:a:b",
            "smtp.example.com:587: kim ",
            "[fe80::1]:25:jon@example.com",
            "growl:mac.local",
            "growl:mac.local:1234",
            "growl:[::1]",
        ] {
            assert_eq!(Slot::parse(name).unwrap().to_string(), name);
        }
        assert_eq!(Slot::parse("SMTP.Example.com.:587:Jon").unwrap().to_string(), "smtp.example.com:587:Jon");
    }

    #[test]
    fn what_leaves_something_out_is_no_full_name() {
        for name in [
            "",
            "jon",
            "smtp.example.com:jon",
            "h:587",
            "h:587:",
            "h:587: ",
            "h:0:u",
            "h:70000:u",
            "[::1",
            "growl:",
            ":1:u",
        ] {
            assert_eq!(Slot::parse(name), None, "{name}");
        }
    }

    #[test]
    fn another_port_user_or_service_is_another_place() {
        let slot = Slot::smtp("h", 587, Some("jon"));
        for other in [
            Slot::smtp("h", 465, Some("jon")),
            Slot::smtp("h", 587, Some("Jon")),
            Slot::smtp("h.example.com", 587, Some("jon")),
            Slot::growl("h", 587),
        ] {
            assert_ne!(slot, other);
        }
        assert_eq!(slot, Slot::smtp("H.", 587, Some("jon")));
        let slot = Slot::smtp("::1", 587, Some("jon"));
        assert_eq!(slot, Slot::parse("[0:0:0:0:0:0:0:1]:587:jon").unwrap());
        assert_eq!(slot.to_string(), "[::1]:587:jon");
        assert_ne!(Slot::smtp("::ffff:127.0.0.1", 587, None), Slot::smtp("127.0.0.1", 587, None));
    }
}
