//! The trust rule as a task writes it (design, section 5): one closed set of words.
//!
//! This is only the rule's name and parameters; applying it is the business of `smtp::trust`.

use std::fmt;
use std::path::PathBuf;

use crate::text;

/// The rule by which a server's certificate is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustRule {
    /// What the operating system trusts.
    #[default]
    System,
    /// Only chains to a self-signed certificate in this PEM file.
    CaFile(PathBuf),
    /// Only these certificates or public keys.
    Pins(Vec<Pin>),
    /// A chain that ends in an unknown self-signed root which the server sends.
    SelfSignedRoot,
    /// Anything.
    AcceptAnyCertificate,
}

/// One accepted certificate or public key, by its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// The SHA-256 of the certificate in DER.
    Certificate([u8; 32]),
    /// The SHA-256 of its `SubjectPublicKeyInfo` in DER.
    PublicKey([u8; 32]),
}

const WORDS: [&str; 6] = [
    "system",
    "ca-file:PATH",
    "pin:sha256:HEX",
    "pin:spki-sha256:HEX",
    "self-signed-root",
    "accept-any-certificate",
];

impl TrustRule {
    /// Reads one word of the set.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        match word {
            "system" => Ok(Self::System),
            "self-signed-root" => Ok(Self::SelfSignedRoot),
            "accept-any-certificate" => Ok(Self::AcceptAnyCertificate),
            _ => {
                if let Some(path) = word.strip_prefix("ca-file:") {
                    if path.is_empty() {
                        return Err("expected a path after \"ca-file:\"".to_owned());
                    }
                    return Ok(Self::CaFile(PathBuf::from(path)));
                }
                if word.starts_with("pin:") {
                    return Pin::parse(word).map(|pin| Self::Pins(vec![pin]));
                }
                let shown = text::one_line(word);
                let mut problem =
                    format!("expected one of {}; found \"{}\"", WORDS.join(", "), text::shorten(&shown, 60));
                if let Some(near) = text::nearest(word, &WORDS) {
                    problem.push_str(&format!("; did you mean \"{near}\"?"));
                }
                Err(problem)
            }
        }
    }

    /// Reads a list of words: one rule, or several pins.
    pub(crate) fn parse_all(words: &[String]) -> Result<Self, String> {
        let mut pins = Vec::new();
        for word in words {
            match (Self::parse(word)?, words.len()) {
                (rule, 1) => return Ok(rule),
                (Self::Pins(more), _) => pins.extend(more),
                (rule, _) => {
                    return Err(format!("only pins can stand together; \"{rule}\" stands alone"));
                }
            }
        }
        if pins.is_empty() { Err("expected at least one pin".to_owned()) } else { Ok(Self::Pins(pins)) }
    }
}

impl fmt::Display for TrustRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::CaFile(path) => write!(f, "ca-file:{}", path.display()),
            Self::Pins(pins) => {
                for (i, pin) in pins.iter().enumerate() {
                    write!(f, "{}{pin}", if i > 0 { " " } else { "" })?;
                }
                Ok(())
            }
            Self::SelfSignedRoot => f.write_str("self-signed-root"),
            Self::AcceptAnyCertificate => f.write_str("accept-any-certificate"),
        }
    }
}

impl Pin {
    /// Reads `pin:sha256:HEX` or `pin:spki-sha256:HEX`; colons and case do not matter in HEX.
    fn parse(word: &str) -> Result<Self, String> {
        let (hex, make): (_, fn([u8; 32]) -> Self) = if let Some(hex) = word.strip_prefix("pin:sha256:") {
            (hex, Self::Certificate)
        } else if let Some(hex) = word.strip_prefix("pin:spki-sha256:") {
            (hex, Self::PublicKey)
        } else {
            return Err("expected pin:sha256:HEX or pin:spki-sha256:HEX".to_owned());
        };
        let digits: Vec<char> = hex.chars().filter(|c| *c != ':').collect();
        let nibbles: Vec<u8> =
            digits.iter().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
        let wrong = || {
            let kind = word.strip_suffix(hex).unwrap_or("pin:sha256:");
            let found = match digits.iter().find(|c| !c.is_ascii_hexdigit()) {
                Some(c) => format!("\"{}\" among them", text::one_line(&c.to_string())),
                None => format!("{}", digits.len()),
            };
            format!("expected 64 hexadecimal digits after \"{kind}\" (a SHA-256); found {found}")
        };
        if nibbles.len() != digits.len() || digits.len() != 64 {
            return Err(wrong());
        }
        let bytes: Vec<u8> =
            nibbles.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        bytes.try_into().map(make).map_err(|_| wrong())
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, hash) = match self {
            Self::Certificate(hash) => ("sha256", hash),
            Self::PublicKey(hash) => ("spki-sha256", hash),
        };
        write!(f, "pin:{kind}:")?;
        hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::TrustRule;

    #[test]
    fn every_word_is_read_and_shown_the_same() {
        let hex = "0123456789abcdef".repeat(4);
        for word in [
            "system".to_owned(),
            "ca-file:/etc/ca.pem".to_owned(),
            format!("pin:sha256:{hex}"),
            format!("pin:spki-sha256:{hex}"),
            "self-signed-root".to_owned(),
            "accept-any-certificate".to_owned(),
        ] {
            assert_eq!(TrustRule::parse(&word).unwrap().to_string(), word);
        }
    }

    #[test]
    fn colons_and_case_do_not_matter_in_a_pin() {
        let colons = ["AB"; 32].join(":");
        assert_eq!(
            TrustRule::parse(&format!("pin:sha256:{colons}")).unwrap().to_string(),
            format!("pin:sha256:{}", "ab".repeat(32))
        );
        for wrong in
            ["pin:sha256:", "pin:sha256:abc", "pin:md5:00", &format!("pin:sha256:{}", "g".repeat(64))]
        {
            assert!(TrustRule::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_pins_stand_together() {
        let pin = format!("pin:sha256:{}", "0".repeat(64));
        assert!(
            matches!(TrustRule::parse_all(&[pin.clone(), pin.clone()]), Ok(TrustRule::Pins(p)) if p.len() == 2)
        );
        assert!(TrustRule::parse_all(&[pin, "system".to_owned()]).is_err());
        assert!(TrustRule::parse("sytem").unwrap_err().contains("did you mean \"system\"?"));
    }
}
