//! `certificate`: what a server presents, and what every trust rule says of it.

use jiff::Timestamp;

use crate::accounts::{Auth, Preset};
use crate::deadline::Deadline;
use crate::smtp::certificate::{self, CertificateFacts, Fault};
use crate::smtp::error::{Problem, Refusal, SmtpError};
use crate::smtp::presented::{self, Presented};
use crate::smtp::session::fail;
use crate::smtp::tls::is_unknown_issuer;
use crate::smtp::trust::Verifier;
use crate::smtp::{Route, Session, Step};
use crate::stages::Stages;
use crate::task::{Pin, TlsMode, TrustRule};

/// What a server presented, and what the rules say of it.
#[derive(Debug)]
pub(crate) struct Inspection {
    /// The protocol version, `TLSv1.3`.
    pub(crate) tls_version: String,
    /// The certificates, the server's own first.
    pub(crate) chain: Vec<CertificateFacts>,
    /// What each rule says.
    pub(crate) verdicts: Vec<Verdict>,
    /// The rule to write into a task; `None` where no exception may be offered.
    pub(crate) suggested: Option<String>,
    /// The root that the server sent, when the certificate really is below it.
    pub(crate) root: Option<CertificateFacts>,
}

/// What one rule says of a server.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The rule, as a task spells it.
    pub(crate) trust: String,
    /// Whether it accepts the server.
    pub(crate) accepted: bool,
    /// Why.
    pub(crate) reason: String,
    /// The faults in one word each; empty where it is accepted.
    pub(crate) faults: Vec<&'static str>,
}

/// Makes the route to a server that is only looked at: nobody signs in.
pub(crate) fn route_to_inspect(host: &str, port: u16, mode: TlsMode, hello_name: Option<String>) -> Route {
    Route {
        host: host.to_owned(),
        port,
        user: None,
        auth: Auth::None,
        mode,
        trust: TrustRule::System,
        allow_cleartext_password: false,
        hello_name,
    }
}

/// Reads the chain of a server and tries the rules on it, each on a connection of its own.
pub(crate) fn inspect(route: &Route, deadline: Deadline) -> Result<Inspection, SmtpError> {
    let presented = presented::read(route, deadline)?;
    let by_system = attempt_by_system(route, &presented, deadline)?;
    let mut verdicts = vec![verdict("system", by_system.as_ref(), "this computer knows its authority")];
    let leaf = presented.chain.first().cloned();
    if by_system.is_some() && Preset::of_host(&route.host).is_some() {
        // nothing else is offered there: somebody is intercepting (design, section 5)
        return Ok(Inspection {
            tls_version: presented.version,
            chain: presented.chain,
            verdicts,
            suggested: None,
            root: None,
        });
    }
    let (by_root, root) = with_presented_root(route, &presented, deadline)?;
    verdicts.push(verdict(
        "ca-file:PATH",
        by_root.as_ref(),
        "when the file holds the root that the server sends",
    ));
    // what no rule can forgive: an old version of TLS, a handshake that breaks
    let any = Verifier::new(&TrustRule::AcceptAnyCertificate).map_err(fail(route, Step::Tls))?;
    let by_any = attempt(&any, route, &presented, deadline)?;
    let mut suggested = None;
    if let Some(leaf) = &leaf {
        let pin = Pin::Certificate(leaf.sha256).to_string();
        let reason = "exactly this certificate; a renewed one needs a pin of its own";
        verdicts.push(verdict(&pin, by_any.as_ref(), reason));
        if let Some(key) = leaf.spki_sha256 {
            let pin = Pin::PublicKey(key).to_string();
            let reason = "this key, also in a renewed certificate if the key stays";
            verdicts.push(verdict(&pin, by_any.as_ref(), reason));
        }
        suggested = match (&by_system, &by_any) {
            (None, _) => Some("system".to_owned()),
            (Some(_), None) => Some(pin),
            (Some(_), Some(_)) => None,
        };
    }
    let unknown = by_system.as_ref().is_some_and(|refusal| is_unknown_issuer(&refusal.reason));
    let by_any_root = if unknown { by_root } else { by_system };
    let reason = "it stops mistakes, not an attacker on the way";
    verdicts.push(verdict("self-signed-root", by_any_root.as_ref(), reason));
    let reason = "anything is; it protects from nobody who answers";
    verdicts.push(verdict("accept-any-certificate", by_any.as_ref(), reason));
    Ok(Inspection { tls_version: presented.version, chain: presented.chain, verdicts, suggested, root })
}

/// Does what a session under the rule `system` would do.
fn attempt_by_system(
    route: &Route,
    presented: &Presented,
    deadline: Deadline,
) -> Result<Option<Refusal>, SmtpError> {
    let system = Verifier::new(&TrustRule::System).map_err(fail(route, Step::Tls))?;
    let refusal = attempt(&system, route, presented, deadline)?;
    if refusal.as_ref().is_none_or(|refusal| !is_unknown_issuer(&refusal.reason)) {
        return Ok(refusal);
    }
    match system.beyond(&presented.chain) {
        Some(rest) => attempt(&rest, route, presented, deadline),
        None => Ok(refusal),
    }
}

/// Tries the presented root as the only anchor; returns it when the certificate is below it.
fn with_presented_root(
    route: &Route,
    presented: &Presented,
    deadline: Deadline,
) -> Result<(Option<Refusal>, Option<CertificateFacts>), SmtpError> {
    let Some(root) = certificate::presented_root(&presented.chain) else {
        return Ok((Some(Refusal::new("the server does not send its root")), None));
    };
    let verifier = Verifier::only_root(&root.der).map_err(fail(route, Step::Tls))?;
    let refusal = attempt(&verifier, route, presented, deadline)?;
    // a wrong name or date is no reason to doubt the root; a chain that does not hold is
    let holds =
        refusal.as_ref().is_none_or(|r| !is_unknown_issuer(&r.reason) && !r.reason.contains("signature"));
    Ok((refusal, holds.then(|| root.clone())))
}

/// Does a handshake with one verifier; returns why it refused, or nothing.
fn attempt(
    verifier: &Verifier,
    route: &Route,
    presented: &Presented,
    deadline: Deadline,
) -> Result<Option<Refusal>, SmtpError> {
    let stages = Stages::new(&|_| {});
    match Session::handshake_only(verifier, route, deadline, &stages) {
        Ok(()) => Ok(None),
        Err(SmtpError { problem: Problem::CertificateRefused(mut refusal), .. }) => {
            let unknown = is_unknown_issuer(&refusal.reason);
            refusal.faults = certificate::faults(&presented.chain, &route.host, Timestamp::now(), unknown);
            Ok(Some(*refusal))
        }
        Err(SmtpError { problem: Problem::HandshakeFailed(said), .. }) => Ok(Some(Refusal::new(said))),
        Err(other) => Err(other),
    }
}

fn verdict(trust: &str, refusal: Option<&Refusal>, good: &str) -> Verdict {
    match refusal {
        None => accepted(trust, good),
        Some(refusal) => {
            let faults: Vec<String> = refusal.faults.iter().map(ToString::to_string).collect();
            let reason = if faults.is_empty() { refusal.reason.clone() } else { faults.join("; ") };
            let words = refusal.faults.iter().map(Fault::word).collect();
            Verdict { trust: trust.to_owned(), accepted: false, reason, faults: words }
        }
    }
}

fn accepted(trust: &str, reason: &str) -> Verdict {
    Verdict { trust: trust.to_owned(), accepted: true, reason: reason.to_owned(), faults: Vec::new() }
}
