//! Which certificate was issued by which (RFC 5280, section 6.1).
//!
//! Links are names and key identifiers, as OpenSSL looks for issuers. Whether the signatures are
//! good is for the TLS library to say.

use super::CertificateFacts;
use super::subject::is_same;

/// Tells whether a certificate names another one as its issuer.
///
/// Key identifiers count only where both have one (RFC 5280, section 4.2.1.1): they tell two
/// authorities of the same name apart.
pub(super) fn is_issued_by(certificate: &CertificateFacts, issuer: &CertificateFacts) -> bool {
    let contradicts = match (&certificate.authority_key_id, &issuer.subject_key_id) {
        (Some(wanted), Some(id)) => wanted != id,
        _ => false,
    };
    is_same(&certificate.issuer, &issuer.subject) && !contradicts
}

/// Follows the issuers from the server's own certificate as far as they were sent.
///
/// What else the server sends is left out, wherever it stands: anyone can append a real root. Of
/// two certificates of one issuer the self-signed one is taken, because it ends the chain.
pub(super) fn path(chain: &[CertificateFacts]) -> Vec<&CertificateFacts> {
    let Some((leaf, sent)) = chain.split_first() else { return Vec::new() };
    let mut path = vec![leaf];
    let mut at = leaf;
    while !at.self_signed && path.len() <= sent.len() {
        let unused = |c: &&CertificateFacts| !path.iter().any(|p| p.sha256 == c.sha256);
        let issuers = || sent.iter().filter(|c| is_issued_by(at, c)).filter(unused);
        let Some(issuer) = issuers().find(|c| c.self_signed).or_else(|| issuers().next()) else { break };
        path.push(issuer);
        at = issuer;
    }
    path
}

/// Returns the self-signed certificate in which the chain ends; the server's own when that is
/// self-signed; `None` when the server did not send a root for it.
pub(crate) fn presented_root(chain: &[CertificateFacts]) -> Option<&CertificateFacts> {
    path(chain).last().copied().filter(|last| last.self_signed)
}
