//! After a handshake that failed: everything that is wrong, not only the first thing; and the second
//! looks of the rules `system` and `self-signed-root`.
//!
//! OpenSSL shows one fault, and "unknown issuer" hides the host name and the dates. So the chain is
//! read on another connection, for its facts alone, and every fault is listed.

use std::time::Duration;

use jiff::Timestamp;

use crate::deadline::Deadline;
use crate::smtp::certificate::{self, Fault};
use crate::smtp::error::{Problem, Refusal, SmtpError, Step};
use crate::smtp::presented::{self, Presented};
use crate::smtp::session::fail;
use crate::smtp::tls::is_unknown_issuer;
use crate::smtp::trust::Verifier;
use crate::smtp::{Route, Session};
use crate::stages::Stages;
use crate::task::TrustRule;

/// How long an explanation may take: the answer is known by then, only its reasons are not.
const PATIENCE: Duration = Duration::from_secs(5);

/// Adds to a failed handshake what the server presented and all that is wrong with it.
pub(super) fn explain(error: SmtpError, deadline: Deadline) -> SmtpError {
    let wants_more = match &error.problem {
        Problem::CertificateRefused(refusal) => refusal.leaf.is_none(),
        Problem::HandshakeFailed(_) => true,
        _ => false,
    };
    if !wants_more {
        return error;
    }
    match presented::read(&error.route, deadline.at_most(PATIENCE)) {
        Ok(presented) => with_facts(error, &presented),
        // the refusal stands, whatever the second connection met
        Err(_) => error,
    }
}

/// Adds the facts of a chain to a failed handshake.
fn with_facts(mut error: SmtpError, presented: &Presented) -> SmtpError {
    match &mut error.problem {
        Problem::CertificateRefused(refusal) | Problem::NoRootSent(refusal) => {
            let unknown = is_unknown_issuer(&refusal.reason);
            refusal.faults =
                certificate::faults(&presented.chain, &error.route.host, Timestamp::now(), unknown);
            if refusal.reason.contains("signature failure") {
                let issuer = presented.chain.first().map(|leaf| leaf.issuer.clone()).unwrap_or_default();
                refusal.faults.push(Fault::Signature { issuer });
            }
            refusal.leaf = presented.chain.first().cloned();
            refusal.second_look = true;
            refusal.root = certificate::presented_root(&presented.chain).cloned();
        }
        problem @ Problem::HandshakeFailed(_) if is_old(&presented.version) => {
            *problem = Problem::OldProtocol(presented.version.clone());
        }
        _ => {}
    }
    error
}

/// Tells whether a version is older than TLS 1.2; `OpenSSL` calls TLS 1.0 `TLSv1`.
fn is_old(version: &str) -> bool {
    matches!(version, "SSLv3" | "TLSv1" | "TLSv1.0" | "TLSv1.1")
}

/// After a handshake that failed: tries what the rule has left, or says all that is wrong.
///
/// What is left counts if, and only if, the fault is an unknown issuer. For `system` it is what the
/// system trusts besides (see `system_roots`), for `self-signed-root` the self-signed root that the
/// server presents. Another connection has the one for an anchor beside the folders, or the other for
/// its only one, and every other check switched on. The connection on which the chain was read signs in
/// nowhere.
pub(super) fn look_again<'a>(
    error: SmtpError,
    verifier: &Verifier,
    route: &Route,
    deadline: Deadline,
    stages: &'a Stages<'a>,
) -> Result<Session<'a>, SmtpError> {
    let by_presented_root = route.trust == TrustRule::SelfSignedRoot;
    if !is_unknown(&error) || !(by_presented_root || verifier.is_partial()) {
        return Err(explain(error, deadline));
    }
    let time = if by_presented_root { deadline } else { deadline.at_most(PATIENCE) };
    let presented = match presented::read(route, time) {
        Ok(presented) => presented,
        Err(other) if by_presented_root => return Err(other),
        // the refusal stands, whatever the second connection met
        Err(_) => return Err(error),
    };
    let error = match verifier.beyond(&presented.chain) {
        None => error,
        Some(verifier) => match Session::open_with(&verifier, route, deadline, stages) {
            Err(error) => error,
            accepted => return accepted,
        },
    };
    if by_presented_root && is_unknown(&error) {
        return try_presented_root(error, &presented, route, deadline, stages);
    }
    Err(with_facts(error, &presented))
}

/// Tells whether it failed because the issuer is not known.
fn is_unknown(error: &SmtpError) -> bool {
    matches!(&error.problem, Problem::CertificateRefused(refusal) if is_unknown_issuer(&refusal.reason))
}

/// The rule `self-signed-root`, after the system has refused the server.
fn try_presented_root<'a>(
    error: SmtpError,
    presented: &Presented,
    route: &Route,
    deadline: Deadline,
    stages: &'a Stages<'a>,
) -> Result<Session<'a>, SmtpError> {
    let Some(root) = certificate::presented_root(&presented.chain) else {
        let refusal = match error.problem {
            Problem::CertificateRefused(refusal) => refusal,
            _ => Box::new(Refusal::new("issuer unknown")),
        };
        return Err(with_facts(fail(route, Step::Tls)(Problem::NoRootSent(refusal)), presented));
    };
    let verifier = Verifier::only_root(&root.der).map_err(fail(route, Step::Tls))?;
    Session::open_with(&verifier, route, deadline, stages).map_err(|error| explain(error, deadline))
}
