//! Signing in: AUTH (RFC 4954) with PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use md5::Md5;
use zeroize::Zeroizing;

use crate::accounts::Auth;
use crate::secrets::{Secret, wipe_stack};
use crate::smtp::Session;
use crate::smtp::echo::Traces;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::reply::Reply;
use crate::text::hex;

/// How long the line of a command may be, with its end (RFC 5321, section 4.5.3.1.4).
const COMMAND_MOST: usize = 512;

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Plain,
    Login,
    CramMd5,
    Xoauth2,
    Oauthbearer,
}

impl Mechanism {
    /// Returns its name as EHLO lists it.
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::Xoauth2 => "XOAUTH2",
            Self::Oauthbearer => "OAUTHBEARER",
        }
    }

    /// Lists the mechanisms for a kind of sign-in, the preferred one first.
    ///
    /// Under TLS a password goes by PLAIN, in one round trip; in clear CRAM-MD5 comes first,
    /// because it at least does not show the password to whoever listens.
    fn candidates(auth: Auth, encrypted: bool) -> &'static [Self] {
        match (auth, encrypted) {
            (Auth::Password, true) => &[Self::Plain, Self::Login, Self::CramMd5],
            (Auth::Password, false) => &[Self::CramMd5, Self::Plain, Self::Login],
            (Auth::Xoauth2, _) => &[Self::Xoauth2],
            (Auth::Oauthbearer, _) => &[Self::Oauthbearer],
            (Auth::None, _) => &[],
        }
    }
}

impl Session<'_> {
    /// Signs in, if the account does that at all.
    ///
    /// The secret leaves only over TLS, to this very computer, or where the task allows it by
    /// name. No copy of it is left when this returns; what stays for as long as the session lasts
    /// are traces by which it is taken out of what the server says.
    pub fn sign_in(&mut self, secret: Option<&Secret>) -> Result<(), SmtpError> {
        let (Some(user), Some(secret)) = (self.route.user.clone(), secret) else { return Ok(()) };
        let result = self.step(Step::SignIn, |session| {
            if !session.is_private() && !session.route.allow_cleartext_password {
                return Err(Problem::CleartextPassword);
            }
            session.stop_watching();
            session.traces = Some(Traces::of(secret));
            session.try_mechanisms(&user, secret)
        });
        wipe_stack();
        result
    }

    fn try_mechanisms(&mut self, user: &str, secret: &Secret) -> Result<(), Problem> {
        let wanted = match self.route.auth {
            Auth::Password | Auth::None => "a password",
            Auth::Xoauth2 => "XOAUTH2",
            Auth::Oauthbearer => "OAUTHBEARER",
        };
        let none = Problem::NoMechanism { wanted, offered: self.offered.auth.clone() };
        let offered: Vec<Mechanism> = Mechanism::candidates(self.route.auth, self.is_encrypted())
            .iter()
            .copied()
            .filter(|mechanism| self.offered.auth.iter().any(|name| name == mechanism.name()))
            .collect();
        let mut refused = None;
        for mechanism in offered {
            let reply = self.authenticate(mechanism, user, secret)?;
            if reply.is_positive() {
                return Ok(());
            }
            if !reply.is_transient() && !reply.is_permanent() {
                // a server that asks on and on; it would take QUIT for an answer
                self.between_commands = false;
                return Err(Problem::Unexpected(reply));
            }
            // 504: offered, and still not known (RFC 4954, section 4); anything else is a verdict,
            // and a second wrong password could lock the account
            let next = reply.code == 504;
            refused = Some(Problem::SignInRefused(reply));
            if !next {
                break;
            }
        }
        Err(refused.unwrap_or(none))
    }

    /// Plays one mechanism through and returns the server's last word.
    ///
    /// On a part of the stack of its own, which is wiped afterwards: inlined, what it leaves there
    /// would be in the middle of what is still used.
    #[inline(never)]
    fn authenticate(&mut self, mechanism: Mechanism, user: &str, secret: &Secret) -> Result<Reply, Problem> {
        match mechanism {
            Mechanism::Plain => {
                // RFC 4616: no authorization identity
                let message = joined(&["\0", user, "\0", secret.reveal()]);
                let reply = self.auth_command("PLAIN", &message, user.len() + 2)?;
                // a server that overlooks the initial response asks for it once more
                if reply.code == 334 { self.answer(message.as_bytes()) } else { Ok(reply) }
            }
            Mechanism::Login => {
                self.send(b"AUTH LOGIN\r\n")?;
                let reply = self.reply()?;
                if reply.code != 334 {
                    return Ok(reply);
                }
                let reply = self.answer(user.as_bytes())?;
                if reply.code != 334 {
                    return Ok(reply);
                }
                self.answer_secret(secret.reveal().as_bytes(), 0)
            }
            Mechanism::CramMd5 => {
                self.send(b"AUTH CRAM-MD5\r\n")?;
                let reply = self.challenge()?;
                if reply.code != 334 {
                    return Ok(self.cleaned(reply));
                }
                let challenge = reply.lines.first().map(|line| line.trim()).unwrap_or_default();
                let Ok(challenge) = STANDARD.decode(challenge) else { return self.cancel() };
                // RFC 2195, section 2
                let Ok(mut mac) = Hmac::<Md5>::new_from_slice(secret.reveal().as_bytes()) else {
                    return self.cancel();
                };
                mac.update(&challenge);
                let response = format!("{user} {}", hex(&mac.finalize().into_bytes()));
                self.answer_secret(response.as_bytes(), user.len() + 1)
            }
            Mechanism::Xoauth2 => {
                let begin = format!("user={user}\u{1}auth=Bearer ");
                let message = joined(&[&begin, secret.reveal(), "\u{1}\u{1}"]);
                let reply = self.auth_command("XOAUTH2", &message, begin.len())?;
                // the reason comes as a challenge, which an empty answer turns into the verdict
                if reply.code == 334 { self.answer(b"") } else { Ok(reply) }
            }
            Mechanism::Oauthbearer => {
                // RFC 7628, section 3.1; RFC 5801, section 4 for the user name
                let name = user.replace('=', "=3D").replace(',', "=2C");
                let (host, port) = (&self.route.host, self.route.port);
                let begin = format!("n,a={name},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer ");
                let message = joined(&[&begin, secret.reveal(), "\u{1}\u{1}"]);
                let reply = self.auth_command("OAUTHBEARER", &message, begin.len())?;
                // RFC 7628, section 3.2.3: the reason is answered with %x01
                if reply.code == 334 { self.answer(b"\x01") } else { Ok(reply) }
            }
        }
    }

    /// Sends AUTH with an initial response, or, where the line would be longer than a command may
    /// be, gives it as the answer to an empty challenge (RFC 4954, section 4): tokens are long.
    /// The secret stands in the message from its byte `begins` on.
    fn auth_command(&mut self, mechanism: &str, message: &str, begins: usize) -> Result<Reply, Problem> {
        self.remember(message.as_bytes(), begins);
        let encoded = Zeroizing::new(STANDARD.encode(message.as_bytes()));
        let line = joined(&["AUTH ", mechanism, " ", &encoded, "\r\n"]);
        if line.len() <= COMMAND_MOST {
            self.send(line.as_bytes())?;
            return self.reply();
        }
        self.send(format!("AUTH {mechanism}\r\n").as_bytes())?;
        let reply = self.reply()?;
        if reply.code == 334 { self.answer(message.as_bytes()) } else { Ok(reply) }
    }

    /// Answers a challenge.
    fn answer(&mut self, response: &[u8]) -> Result<Reply, Problem> {
        let encoded = Zeroizing::new(STANDARD.encode(response));
        let line = joined(&[&encoded, "\r\n"]);
        self.send(line.as_bytes())?;
        self.reply()
    }

    /// Answers a challenge with what holds the secret, or is made of it, from its byte `begins` on.
    fn answer_secret(&mut self, response: &[u8], begins: usize) -> Result<Reply, Problem> {
        self.remember(response, begins);
        self.answer(response)
    }

    /// Takes the traces of a message with the secret in it, before it goes.
    fn remember(&mut self, message: &[u8], begins: usize) {
        if let Some(traces) = &mut self.traces {
            traces.add_sent(message, begins);
        }
    }

    /// Breaks off (RFC 4954, section 4: a line with `*`).
    fn cancel(&mut self) -> Result<Reply, Problem> {
        self.send(b"*\r\n")?;
        self.reply()
    }
}

/// Joins texts, a secret among them, in room that is made for all of them at once: text that grows
/// leaves what it was behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        text.push_str(part);
    }
    text
}
