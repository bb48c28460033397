//! A certificate that is not accepted: what it is, and the rules that would accept it, from the best
//! to the worst.

use std::path::PathBuf;
use std::time::Instant;

use super::Setup;
use super::talk::Question;
use crate::accounts::{Account, Preset};
use crate::commands::certificate::names;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::home;
use crate::smtp::{Inspection, Route, TrustVerdict, inspect, route_to_inspect};
use crate::task::TrustRule;
use crate::text::hex;
use crate::text::{one_line, shell_word};

/// What `inspect` calls the rule for which a file is needed.
const CA_FILE: &str = "ca-file:PATH";

impl Setup<'_> {
    /// Explains, and lets a rule be chosen; returns whether one was.
    pub(super) fn choose_trust(&mut self, account: &Account) -> Result<bool, Failure> {
        if let Some(preset) = Preset::of_host(&account.host) {
            self.talk.say(&format!(
                "\n{}'s certificate is always in order: somebody on the way may be intercepting the connection, or \
                 the clock of\nthis computer is wrong. No exception is offered.",
                preset.title
            ));
            return Ok(false);
        }
        let route = route_to_inspect(&account.host, account.port, account.tls_mode, home::hello_name());
        let deadline = Deadline::after(Instant::now(), self.patience());
        let inspection = match inspect(&route, deadline) {
            Ok(inspection) => inspection,
            Err(error) => {
                self.output.trouble(&Failure::from_situation(&error));
                return Ok(false);
            }
        };
        self.talk.say(&what_it_is(&route, &inspection));
        let good: Vec<&TrustVerdict> =
            inspection.verdicts.iter().filter(|verdict| verdict.accepted).collect();
        if good.is_empty() {
            self.talk.say("No rule would accept it.");
            return Ok(false);
        }
        let mut titles: Vec<String> = good.iter().map(|verdict| title(verdict)).collect();
        titles.push("none of these".to_owned());
        let text = "These rules would accept it, from the best to the worst:";
        let chosen = self.talk.choose(text, &titles, None, "--tls-trust RULE")?;
        let Some(verdict) = good.get(chosen) else { return Ok(false) };
        let rule = if verdict.trust == CA_FILE {
            self.ask_ca_file(&route)?
        } else {
            TrustRule::parse_all(std::slice::from_ref(&verdict.trust)).unwrap_or_default()
        };
        self.draft.set_trust(&rule);
        Ok(true)
    }

    /// Asks for the file with the authority's certificate.
    fn ask_ca_file(&self, route: &Route) -> Result<TrustRule, Failure> {
        let server = shell_word(&route.server()).into_owned();
        self.talk.say(&format!(
            "  The file has to hold the certificate of the authority, as PEM. The server's administrator has it; or \
             write the\n  one that the server sends, in another terminal, and compare its fingerprint:\n    \
             backup-notify certificate {server} --save-ca ca.pem"
        ));
        let question = Question { text: "Path of the PEM file", default: None, flag: "--tls-trust RULE" };
        self.talk.ask(&question, |typed| {
            let path = std::path::absolute(at_home(typed)).map_err(|error| crate::text::io_words(&error))?;
            if path.is_file() {
                Ok(TrustRule::CaFile(path))
            } else {
                Err(format!("there is no file \"{}\"", one_line(&path.to_string_lossy())))
            }
        })
    }
}

/// Says what the certificate is, and how to see whether it is the right one.
fn what_it_is(route: &Route, inspection: &Inspection) -> String {
    let mut page =
        "\nA server shows a certificate to prove that it is the one you mean. Nobody this computer knows \
                    vouches for this\none, so the password was not sent:\n"
            .to_owned();
    page.push_str(&format!("  server   {}\n", route.server()));
    if let Some(leaf) = inspection.chain.first() {
        let names = names(leaf).join(", ");
        let signed = if leaf.self_signed { " (signed by itself)" } else { "" };
        page.push_str(&format!("  subject  {}{signed}\n", one_line(&leaf.subject)));
        page.push_str(&format!("  for      {}\n", if names.is_empty() { "nobody" } else { &names }));
        page.push_str(&format!("  issuer   {}\n", one_line(&leaf.issuer)));
        page.push_str(&format!("  SHA-256  {}\n", hex(&leaf.sha256)));
    }
    if let Some(verdict) = inspection.verdicts.first().filter(|verdict| !verdict.accepted) {
        page.push_str(&format!("It is not accepted as it is: {}.\n", one_line(&verdict.reason)));
    }
    page.push_str(
        "The best is a certificate of a known authority on the server. Before you accept this one, make sure that \
         it is\nyour server's: the same SHA-256 must be shown on the server itself, by\n  openssl x509 -in \
         /path/to/certificate.pem -noout -fingerprint -sha256\n",
    );
    page
}

/// Writes out a leading `~/`, as the shell does; none has seen this.
fn at_home(typed: &str) -> PathBuf {
    let below = typed.strip_prefix("~/").and_then(|below| Some(home::own()?.join(below)));
    below.unwrap_or_else(|| PathBuf::from(typed))
}

fn title(verdict: &TrustVerdict) -> String {
    let rule = one_line(&verdict.trust);
    let meaning = match &*rule {
        CA_FILE => "certificates of your own authority, from a file",
        "self-signed-root" => {
            "a certificate that vouches for itself: stops mistakes, not an attacker on the way"
        }
        "accept-any-certificate" => "whatever answers: anybody on the way can take the password",
        pin if pin.starts_with("pin:sha256:") => {
            "this certificate and no other; when it is renewed, run setup again"
        }
        pin if pin.starts_with("pin:spki-sha256:") => "this server's key, also after a renewal that keeps it",
        _ => return format!("{rule}\n{}", one_line(&verdict.reason)),
    };
    // a pin is as long as a line
    let between = if rule.starts_with("pin:") { '\n' } else { ' ' };
    format!("{meaning}{between}({rule})")
}
