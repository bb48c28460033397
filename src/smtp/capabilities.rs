//! What a server offers: the keywords of its answer to EHLO (RFC 5321, section 4.1.1.1).

use crate::smtp::reply::Reply;

/// What a server offers.
// each is a keyword of its own: there is no state among them
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// STARTTLS (RFC 3207).
    pub(crate) starttls: bool,
    /// PIPELINING (RFC 2920).
    pub(crate) pipelining: bool,
    /// CHUNKING (RFC 3030).
    pub(crate) chunking: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(crate) smtputf8: bool,
    /// 8BITMIME (RFC 6152).
    pub(crate) eight_bit_mime: bool,
    /// SIZE (RFC 1870): the limit in octets, 0 where none is named (section 4).
    pub(crate) size: Option<u64>,
    /// The mechanisms of AUTH (RFC 4954), in upper case.
    pub(crate) auth: Vec<String>,
}

impl Capabilities {
    /// Reads the answer to EHLO; its first line is the server's name and offers nothing.
    pub(crate) fn from_reply(reply: &Reply) -> Self {
        let mut offered = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            // "AUTH=LOGIN PLAIN" is how servers spelled it before RFC 2554, and some still do
            let mut words =
                line.split(|c: char| c.is_ascii_whitespace() || c == '=').filter(|w| !w.is_empty());
            match words.next() {
                Some("STARTTLS") => offered.starttls = true,
                Some("PIPELINING") => offered.pipelining = true,
                Some("CHUNKING") => offered.chunking = true,
                Some("SMTPUTF8") => offered.smtputf8 = true,
                Some("8BITMIME") => offered.eight_bit_mime = true,
                Some("SIZE") => offered.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0)),
                Some("AUTH") => {
                    for mechanism in words {
                        if !offered.auth.iter().any(|known| known == mechanism) {
                            offered.auth.push(mechanism.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        offered
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;
    use crate::smtp::reply::Reply;

    #[test]
    fn keywords_are_read_in_any_case_and_old_spelling() {
        let lines = [
            "starttls greets you",
            "PipeLining",
            "chunking",
            "size 1000",
            "AUTH plain",
            "auth=LOGIN PLAIN",
            "x-other",
            "",
        ];
        let reply = Reply { code: 250, lines: lines.map(str::to_owned).to_vec().into() };
        let offered = Capabilities::from_reply(&reply);
        assert!(offered.pipelining && offered.chunking && !offered.starttls && !offered.smtputf8);
        assert_eq!(offered.size, Some(1000));
        assert_eq!(offered.auth, ["PLAIN", "LOGIN"]);
    }

    #[test]
    fn no_limit_is_no_limit() {
        for (line, size) in [("SIZE", Some(0)), ("SIZE 0", Some(0)), ("SIZE x", Some(0)), ("SIZ 1", None)] {
            let reply = Reply { code: 250, lines: vec!["host".to_owned(), line.to_owned()].into() };
            assert_eq!(Capabilities::from_reply(&reply).size, size, "{line}");
        }
    }
}
