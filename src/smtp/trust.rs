//! The trust rules at work: one connector for each rule.
//!
//! This file is the only one that may call what native-tls names dangerous, and it does so for one
//! rule alone, which says in its name what it does.

use native_tls::{Certificate, Protocol, TlsConnector};

use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::smtp::error::Problem;
use crate::task::TrustRule;

/// The largest CA file, in bytes: every authority of the world fits in a quarter of it.
const CA_FILE_MOST: usize = 1024 * 1024;

/// Makes the connector that accepts certificates under a rule, and under no other.
pub(crate) fn connector(rule: &TrustRule) -> Result<TlsConnector, Problem> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    match rule {
        TrustRule::System => {}
        TrustRule::CaFile(path) => {
            let pem = files::read_trusted(path, Purpose::CaFile, CA_FILE_MOST)
                .map_err(|error| Problem::Trust(Failure::from_situation(&error)))?;
            let shown = path.display();
            let garbage = |what: &str| {
                Problem::Trust(Failure::new(Exit::Data, format!("the CA file \"{shown}\" {what}")).with_hint(
                    "name a PEM file that holds the authority's certificate (\"-----BEGIN CERTIFICATE-----\")",
                ))
            };
            let roots = Certificate::stack_from_pem(&pem).map_err(|_| garbage("is no PEM file"))?;
            if roots.is_empty() {
                return Err(garbage("holds no certificate"));
            }
            builder.disable_built_in_roots(true);
            for root in roots {
                builder.add_root_certificate(root);
            }
        }
        TrustRule::AcceptAnyCertificate => {
            builder.disable_built_in_roots(true);
            builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
        }
        // their place: checked on the same connection after the handshake, before any sign-in
        TrustRule::Pins(_) | TrustRule::SelfSignedRoot => {
            let what = format!("the trust rule \"{rule}\" is not part of this version");
            let hint = "use \"system\" or \"ca-file:/path/to/ca.pem\" for now";
            return Err(Problem::Trust(Failure::new(Exit::Protocol, what).with_hint(hint)));
        }
    }
    builder.build().map_err(|error| {
        let what = format!("the trust rule \"{rule}\" cannot be set up: {error}");
        Problem::Trust(Failure::new(Exit::Protocol, what))
    })
}
