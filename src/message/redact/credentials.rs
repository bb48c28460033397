//! Where URLs hold credentials (RFC 3986): the user information of an address, and the values of query
//! parameters whose names say that they are secret.

use memchr::{memchr_iter, memchr3, memmem};

/// How far the end of a user information is looked for.
const AUTHORITY_MOST: usize = 512;
/// The longest name of a parameter that is looked at.
const NAME_MOST: usize = 64;
/// From how many characters on a user name without a password, which is how tokens are given to web
/// servers, counts as one.
const TOKEN_LEAST: usize = 20;
/// Names of parameters that are secret as a whole, in lower case.
const SECRET: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "token",
    "key",
    "secret",
    "auth",
    "apikey",
    "sig",
    "signature",
    "credential",
];
/// Ends of such names: `access_token`, `X-Amz-Signature`, `client_secret`, `api_key`, `AWSAccessKeyId`.
const SECRET_ENDS: [&str; 10] = [
    "token",
    "secret",
    "password",
    "passwd",
    "signature",
    "credential",
    "_key",
    "-key",
    "apikey",
    "accesskeyid",
];

/// Finds what is secret in URLs, from left to right, each as where it begins and ends.
///
/// Every byte is looked at a bounded number of times, whatever the text is.
pub(super) fn secrets_in_urls(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    Scan { text, at: 0, url_end: 0, begins: memmem::Finder::new("://") }
}

/// Finds the passwords in lists of options, each as where it begins and ends: the connection strings of
/// rclone (rclone.org/docs, "Connection strings": `:sftp,host=h,pass=x:path`), and what mount(8) takes.
pub(super) fn secrets_behind_commas(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    memchr_iter(b',', text.as_bytes()).filter_map(|comma| {
        let start = comma + 1;
        let rest = text.get(start..)?;
        let near = rest.get(..floor(rest, NAME_MOST))?;
        let name = near.get(..near.find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)))?)?;
        let value = rest.get(name.len()..)?.strip_prefix('=')?;
        let name = name.to_ascii_lowercase();
        // a "key" is anything there, but what is called a password or a token is one
        let secret = matches!(name.as_str(), "pass" | "pwd" | "passphrase" | "password2")
            || SECRET_ENDS.iter().any(|end| name.ends_with(end));
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let near = value.get(..floor(value, AUTHORITY_MOST))?;
        let length = match quote {
            Some(quote) => near.get(1..)?.find(quote).map_or(near.len(), |at| at + 2),
            None => near.find(|c| matches!(c, ',' | ':') || ends_url(c)).unwrap_or(near.len()),
        };
        let from = start + name.len() + 1;
        (secret && length > 0).then_some((from, from + length))
    })
}

struct Scan<'t> {
    text: &'t str,
    /// From where on has not been looked at.
    at: usize,
    /// Where the URL ends that was seen last.
    url_end: usize,
    /// Finds where the next one begins.
    begins: memmem::Finder<'static>,
}

impl Iterator for Scan<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        loop {
            let rest = self.text.get(self.at..)?;
            // most text has no URL, and a parameter only counts in one
            let found = if self.at < self.url_end {
                memchr3(b':', b'?', b'&', rest.as_bytes())?
            } else {
                self.begins.find(rest.as_bytes())?
            };
            let sign = self.at + found;
            self.at = sign + 1;
            if self.text.get(sign..)?.starts_with("://") {
                self.at = sign + 3;
                let Some(found) = self.user_information(sign) else { continue };
                self.at = found.1;
                return Some(found);
            }
            if sign < self.url_end
                && !rest.get(found..)?.starts_with(':')
                && let Some(found) = self.parameter(sign + 1)
            {
                self.at = found.1;
                return Some(found);
            }
        }
    }
}

impl Scan<'_> {
    /// Finds the user information behind the `://` at `sign`, when something of it is secret.
    fn user_information(&mut self, sign: usize) -> Option<(usize, usize)> {
        let start = sign + 3;
        let before = self.text.get(..sign)?;
        let scheme = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || "+.-".contains(c)));
        let scheme = before.get(scheme.map_or(0, |at| at + before.get(at..).map_or(1, first_length))..)?;
        if scheme.is_empty() {
            return None;
        }
        let rest = self.text.get(start..)?;
        if self.url_end <= start {
            self.url_end = start + rest.find(ends_url).unwrap_or(rest.len());
        }
        let url = self.text.get(start..self.url_end)?;
        let near = url.get(..floor(url, AUTHORITY_MOST))?;
        let authority = near.get(..near.find(['/', '?', '#', '\\']).unwrap_or(near.len()))?;
        let at = match authority.rfind('@') {
            Some(at) => at,
            // a password in which somebody has left a slash as it is: what follows the colon is no port
            None if has_odd_port(authority) => near.rfind('@')?,
            None => return None,
        };
        let user = near.get(..at)?;
        let web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
        let secret = user.contains(':') || (web && user.chars().nth(TOKEN_LEAST - 1).is_some());
        (secret && at > 0).then_some((start, start + at))
    }

    /// Finds the value of the parameter whose name begins at `start`, when it is secret.
    fn parameter(&self, start: usize) -> Option<(usize, usize)> {
        let rest = self.text.get(start..self.url_end)?;
        let near = rest.get(..floor(rest, NAME_MOST))?;
        let equals =
            near.find(['=', '&', '?']).filter(|at| near.get(*at..).is_some_and(|s| s.starts_with('=')))?;
        let name = near.get(..equals)?.to_ascii_lowercase();
        let secret = SECRET.contains(&name.as_str()) || SECRET_ENDS.iter().any(|end| name.ends_with(end));
        let value = rest.get(equals + 1..)?;
        let length = value.find(['&', '#', ';']).unwrap_or(value.len());
        (secret && length > 0).then_some((start + equals + 1, start + equals + 1 + length))
    }
}

/// Tells whether a character ends a URL in running text.
fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// Tells whether what looks like a port is none, in `user:pa` of `user:pa/ss@host`.
fn has_odd_port(authority: &str) -> bool {
    let port = authority.rsplit_once(':').filter(|_| !authority.starts_with('[')).map(|(_, port)| port);
    port.is_some_and(|port| !port.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns the largest place up to `most` at which text may be cut.
fn floor(text: &str, most: usize) -> usize {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::{secrets_behind_commas, secrets_in_urls};

    fn hidden(text: &str) -> Vec<&str> {
        secrets_in_urls(text).map(|(from, to)| text.get(from..to).unwrap()).collect()
    }

    #[test]
    fn user_names_go_with_their_passwords() {
        for (text, secret) in [
            ("rest:https://jon:pass@host:8000/repo", "jon:pass"),
            ("sftp://jon:p%40ss@host/x", "jon:p%40ss"),
            ("s3+http://a:b@c", "a:b"),
            ("(https://jon:pa@ss@host)", "jon:pa@ss"),
            ("https://jon:pa/ss@host/x", "jon:pa/ss"),
            ("https://:token@host", ":token"),
            ("https://ghp_0123456789abcdefghijklm@github.com/x.git", "ghp_0123456789abcdefghijklm"),
            ("üöhttps://jon:ü@host", "jon:ü"),
        ] {
            assert_eq!(hidden(text), [secret], "{text}");
        }
        assert_eq!(hidden("a://b:c@d e://f:g@h?token=t"), ["b:c", "f:g", "t"]);
    }

    #[test]
    fn what_only_looks_like_credentials_stays() {
        for text in [
            "http://host:8080/path@x",
            "http://[::1]:8080/path@x",
            "write to jon@example.com: now",
            "rsync://jon@host/module",
            "ssh://git@github.com/x.git",
            "git@github.com:x/y.git",
            r"C:\Users\jon@home\x",
            "jon@host:/srv/backup",
            "https://host/?monkey=1&keyboard=2&q=token",
            "a ? key=value & token=1",
            "std::fs://",
            "://a:b@c",
            "",
        ] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn parameters_are_judged_by_their_names() {
        let url = "https://h/p?user=jon&password=a+b&X-Amz-Signature=c&access_token=d;e#f \"http://i?key=\"";
        assert_eq!(hidden(url), ["a+b", "c", "d"]);
        assert_eq!(hidden("https://h?next=https://jon:pw@i?pwd=x"), ["jon:pw", "x"]);
    }

    #[test]
    fn passwords_in_lists_of_options_are_found() {
        let hidden = |text: &'static str| -> Vec<&str> {
            secrets_behind_commas(text).map(|(from, to)| text.get(from..to).unwrap()).collect()
        };
        assert_eq!(hidden(":sftp,host=h,user=u,pass=s3cr4,port=22:x/y"), ["s3cr4"]);
        assert_eq!(hidden(":s3,secret_access_key=a,session_token=b:x"), ["a", "b"]);
        assert_eq!(hidden("x,pass='a,b:c':d //h/s -o user=u,password=p q"), ["'a,b:c'", "p"]);
        for text in ["a,key=b", "a, pass=b", "pass=b", "a,pass", "a,bypass=1", "a,=b", ",", "x,pass="] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
        assert!(secrets_behind_commas(&",pass='".repeat(100_000)).count() > 0);
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for piece in ["://", "a://", "a://b:c", "?a=", "a://?key=", "@", "a://x:y/@"] {
            let text = piece.repeat(1024 * 1024 / piece.len());
            let begun = std::time::Instant::now();
            let _ = secrets_in_urls(&text).count();
            assert!(begun.elapsed().as_secs() < 10, "{piece}: {:?}", begun.elapsed());
        }
    }
}
