//! The server's side of AUTH: PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER, each checked
//! as its specification says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use md5::Md5;

use super::record::{End, SignIn};
use super::script::Stage;
use super::session::Session;
use crate::support::certs::hex;
use crate::support::leaks::random_hex;

/// What the client answers a challenge with.
enum Answer {
    Bytes(Vec<u8>),
    /// `*`, which gives up.
    Cancelled,
    /// No base64.
    Broken,
}

/// Who a client says it is, and by what it proves it.
struct Claim {
    user: String,
    proof: Proof,
}

enum Proof {
    Password(String),
    Token(String),
    Digest(String),
}

impl Session {
    /// Deals with `AUTH …`, answers included.
    pub(super) fn auth(&mut self, arguments: &str) -> Result<(), End> {
        let (mechanism, initial) = match arguments.split_once(' ') {
            Some((mechanism, initial)) => (mechanism, Some(initial)),
            None => (arguments, None),
        };
        let mechanism = mechanism.to_ascii_uppercase();
        self.must_be_last("AUTH");
        if self.signed_in {
            self.violation("AUTH after a successful AUTH");
            return self.answer("503 5.5.1 already signed in");
        }
        if self.in_transaction() {
            self.violation("AUTH within a mail transaction");
            return self.answer("503 5.5.1 not within a mail transaction");
        }
        if !self.offers_auth() {
            self.violation("AUTH was not offered");
            return self.answer("538 5.7.11 encryption required");
        }
        if !self.config().mechanisms.contains(&mechanism) {
            self.violation(&format!("AUTH {mechanism} was not offered"));
            return self.answer("504 5.5.4 mechanism not known");
        }
        let mut sign_in = SignIn {
            mechanism: mechanism.clone(),
            initial_response: initial.is_some(),
            tls: self.is_tls(),
            ..SignIn::default()
        };
        let verdict = self.exchange(&mechanism, initial, &mut sign_in);
        let at = self.record(|record| {
            record.sign_ins.push(sign_in);
            record.sign_ins.len() - 1
        });
        let reply = verdict?;
        let accepted = self.reply(Stage::Auth, reply)?;
        self.signed_in = accepted;
        self.record(|record| record.sign_ins[at].accepted = accepted);
        Ok(())
    }

    /// Asks and listens until there is a verdict.
    fn exchange(
        &mut self,
        mechanism: &str,
        initial: Option<&str>,
        sign_in: &mut SignIn,
    ) -> Result<&'static str, End> {
        const BROKEN: &str = "501 5.5.2 cannot decode that";
        const CANCELLED: &str = "501 5.7.0 cancelled";
        let challenge = match mechanism {
            "LOGIN" => "Username:".to_owned(),
            "CRAM-MD5" => format!("<{}@mail.test>", random_hex()),
            _ => String::new(),
        };
        let first = match initial {
            Some(_) if mechanism == "CRAM-MD5" => {
                self.violation("CRAM-MD5 with an initial response");
                return Ok("501 5.7.0 the server speaks first");
            }
            Some("=") => Answer::Bytes(Vec::new()),
            Some(text) => decode(text.as_bytes()),
            None => self.ask(&challenge)?,
        };
        let first = match first {
            Answer::Bytes(bytes) => bytes,
            Answer::Cancelled => return Ok(CANCELLED),
            Answer::Broken => {
                self.violation("an answer to AUTH is not base64");
                return Ok(BROKEN);
            }
        };
        sign_in.answers.push(first.clone());
        let claim = if mechanism == "LOGIN" {
            match self.ask("Password:")? {
                Answer::Bytes(password) => {
                    sign_in.answers.push(password.clone());
                    password_claim(&first, &password)
                }
                Answer::Cancelled => return Ok(CANCELLED),
                Answer::Broken => {
                    self.violation("an answer to AUTH is not base64");
                    return Ok(BROKEN);
                }
            }
        } else {
            parse(mechanism, &first)
        };
        let claim = match claim {
            Ok(claim) => claim,
            Err(why) => {
                self.violation(&format!("{mechanism}: {why}"));
                return Ok("501 5.5.2 malformed");
            }
        };
        sign_in.user.clone_from(&claim.user);
        if let Proof::Password(secret) | Proof::Token(secret) = &claim.proof {
            sign_in.secret.clone_from(secret);
        }
        if self.proves(&claim, &challenge) {
            return Ok("235 2.7.0 welcome");
        }
        if let Proof::Token(_) = claim.proof {
            self.tell_why_token_failed(mechanism, sign_in)?;
        }
        Ok("535 5.7.8 user and secret do not match")
    }

    /// Sends the JSON that says why; the client has to answer it before it gets its `535`.
    fn tell_why_token_failed(&mut self, mechanism: &str, sign_in: &mut SignIn) -> Result<(), End> {
        const WHY: &str = r#"{"status":"401","schemes":"bearer","scope":"https://mail.test/"}"#;
        let right: &[u8] = match mechanism {
            "OAUTHBEARER" => b"\x01",
            _ => b"",
        };
        match self.ask(WHY)? {
            Answer::Bytes(bytes) => {
                if bytes != right {
                    self.violation(&format!("{mechanism}: a wrong answer to the error"));
                }
                sign_in.answers.push(bytes);
            }
            // RFC 7628, 3.2.3: may be cancelled as well
            Answer::Cancelled => (),
            Answer::Broken => self.violation("an answer to AUTH is not base64"),
        }
        Ok(())
    }

    fn ask(&mut self, challenge: &str) -> Result<Answer, End> {
        self.reply(Stage::Challenge, &format!("334 {}", STANDARD.encode(challenge)))?;
        let line = self.read_answer()?;
        self.must_be_last("an answer to AUTH");
        Ok(if line == b"*" { Answer::Cancelled } else { decode(&line) })
    }

    fn proves(&self, claim: &Claim, challenge: &str) -> bool {
        let users = &self.config().users;
        let Some((_, secret)) = users.iter().find(|(user, _)| *user == claim.user) else {
            return false;
        };
        match &claim.proof {
            Proof::Password(given) | Proof::Token(given) => given == secret,
            Proof::Digest(given) => *given == cram_md5(secret, challenge),
        }
    }
}

/// The digest of CRAM-MD5 (RFC 2195).
pub(crate) fn cram_md5(secret: &str, challenge: &str) -> String {
    let mut mac = Hmac::<Md5>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(challenge.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn decode(text: &[u8]) -> Answer {
    STANDARD.decode(text).map_or(Answer::Broken, Answer::Bytes)
}

fn parse(mechanism: &str, bytes: &[u8]) -> Result<Claim, &'static str> {
    let text = str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    match mechanism {
        "PLAIN" => plain(text),
        "CRAM-MD5" => {
            let (user, digest) = text.rsplit_once(' ').ok_or("no blank before the digest")?;
            claim(user, Proof::Digest(digest.into()))
        }
        "XOAUTH2" => {
            let rest = text.strip_prefix("user=").ok_or("no user=")?;
            let (user, rest) = rest.split_once('\x01').ok_or("no ^A after the user")?;
            let rest = rest.strip_prefix("auth=Bearer ").ok_or("no auth=Bearer")?;
            let token = rest.strip_suffix("\x01\x01").ok_or("no ^A^A at the end")?;
            claim(user, Proof::Token(token.into()))
        }
        "OAUTHBEARER" => oauthbearer(text),
        _ => Err("a mechanism that this server does not know"),
    }
}

/// RFC 4616: `[authzid] NUL authcid NUL password`.
fn plain(text: &str) -> Result<Claim, &'static str> {
    let mut parts = text.split('\0');
    let (acting_as, user, password) = (parts.next(), parts.next(), parts.next());
    match (acting_as, user, password, parts.next()) {
        (Some(acting_as), Some(user), Some(password), None) => {
            if !acting_as.is_empty() && acting_as != user {
                return Err("an authorization identity that is not the user");
            }
            claim(user, Proof::Password(password.into()))
        }
        _ => Err("not exactly two NULs"),
    }
}

/// RFC 7628: `n,a=user,^Akey=value^A…^A^A`.
fn oauthbearer(text: &str) -> Result<Claim, &'static str> {
    let rest = text.strip_prefix("n,a=").ok_or("no GS2 header with a=")?;
    let (user, rest) = rest.split_once(",\x01").ok_or("no ,^A after the user")?;
    let pairs = rest.strip_suffix("\x01\x01").ok_or("no ^A^A at the end")?;
    let mut token = None;
    for pair in pairs.split('\x01') {
        match pair.split_once('=').ok_or("a pair without =")? {
            ("auth", value) => token = value.strip_prefix("Bearer "),
            ("port", value) if value.parse::<u16>().is_err() => return Err("port is no number"),
            ("host" | "port", _) => (),
            _ => return Err("an unknown key"),
        }
    }
    // a saslname writes , and = as =2C and =3D
    let user = user.replace("=2C", ",").replace("=3D", "=");
    claim(&user, Proof::Token(token.ok_or("no auth=Bearer")?.into()))
}

fn password_claim(user: &[u8], password: &[u8]) -> Result<Claim, &'static str> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| "not UTF-8");
    let password = text(password)?;
    claim(&text(user)?, Proof::Password(password))
}

fn claim(user: &str, proof: Proof) -> Result<Claim, &'static str> {
    if user.is_empty() {
        return Err("an empty user");
    }
    Ok(Claim { user: user.into(), proof })
}
