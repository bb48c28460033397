//! The trust rules at work: one verifier for each rule.
//!
//! This file is the only one that may call what native-tls names dangerous. It does so for two
//! rules: `accept-any-certificate`, whose name says what it does, and the pins, which judge the
//! certificate themselves, on the same connection and before any sign-in.

use std::path::Path;

use jiff::Timestamp;
use native_tls::{Certificate, Protocol, TlsConnector, TlsConnectorBuilder};

use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::smtp::certificate::{self, CertificateFacts};
use crate::smtp::error::{Problem, Refusal};
use crate::smtp::system_roots::SystemRoots;
#[cfg(target_os = "macos")]
use crate::smtp::system_roots_macos::MoreRoots;
#[cfg(not(target_os = "macos"))]
use crate::smtp::system_roots_openssl::MoreRoots;
use crate::task::{Pin, TrustRule};

/// The largest CA file, in bytes: every authority of the world fits in a quarter of it.
const CA_FILE_MOST: usize = 1024 * 1024;

/// What accepts or refuses the certificate of a server.
pub(super) struct Verifier {
    pub(super) connector: TlsConnector,
    /// The pins of which one has to match; none where the TLS library judges.
    pins: Vec<Pin>,
    /// What the system trusts besides, where the connector has not looked at all of that.
    more: Option<MoreRoots>,
}

impl Verifier {
    /// Makes the verifier of a rule; for `self-signed-root` that of its first step, the system's.
    pub(super) fn new(rule: &TrustRule) -> Result<Self, Problem> {
        let mut builder = builder();
        let (mut pins, mut more) = (Vec::new(), None);
        match rule {
            TrustRule::System | TrustRule::SelfSignedRoot => match SystemRoots::find()? {
                SystemRoots::Found(rest) => more = Some(rest),
                SystemRoots::Only(roots) => add_roots(&mut builder, roots),
            },
            TrustRule::CaFile(path) => add_roots(&mut builder, read_ca_file(path)?),
            TrustRule::AcceptAnyCertificate => accept_any(&mut builder),
            TrustRule::Pins(list) => {
                accept_any(&mut builder);
                pins.clone_from(list);
            }
        }
        let connector = builder.build().map_err(|error| {
            let what = format!("the trust rule \"{rule}\" cannot be set up: {error}");
            Problem::Trust(Failure::new(Exit::Protocol, what))
        })?;
        Ok(Self { connector, pins, more })
    }

    /// Makes the verifier that accepts only chains to this root.
    pub(super) fn only_root(der: &[u8]) -> Result<Self, Problem> {
        let refused = |error: native_tls::Error| {
            Problem::Trust(Failure::new(
                Exit::Protocol,
                format!("the presented root cannot be used: {error}"),
            ))
        };
        Self::only(vec![Certificate::from_der(der).map_err(refused)?]).map_err(refused)
    }

    /// Makes the verifier of what else the system trusts, for a server whose issuer this one does not
    /// know; nothing where that could not accept the chain either.
    pub(super) fn beyond(&self, chain: &[CertificateFacts]) -> Option<Self> {
        let roots = self.more.as_ref()?.for_chain(chain);
        if roots.is_empty() {
            return None;
        }
        // beside what the folders have: the one may hold the root, and the other what stands between
        let mut builder = builder();
        for root in roots {
            builder.add_root_certificate(root);
        }
        let connector = builder.build().ok()?;
        Some(Self { connector, pins: Vec::new(), more: None })
    }

    /// Tells whether the system may trust more than this one has looked at.
    pub(super) fn is_partial(&self) -> bool {
        self.more.is_some()
    }

    fn only(roots: Vec<Certificate>) -> native_tls::Result<Self> {
        let mut builder = builder();
        add_roots(&mut builder, roots);
        Ok(Self { connector: builder.build()?, pins: Vec::new(), more: None })
    }

    /// Judges the certificate after the handshake: only pins have something left to say.
    pub(super) fn judge(&self, leaf: Option<&CertificateFacts>) -> Result<(), Problem> {
        if self.pins.is_empty() {
            return Ok(());
        }
        let fits = |leaf: &CertificateFacts| {
            self.pins.iter().any(|pin| match pin {
                Pin::Certificate(hash) => leaf.sha256 == *hash,
                Pin::PublicKey(hash) => leaf.spki_sha256 == Some(*hash),
            })
        };
        if leaf.is_some_and(fits) {
            return Ok(());
        }
        let reason = match self.pins.as_slice() {
            [_] => "it is not the pinned one",
            _ => "it is none of the pinned ones",
        };
        // what was seen here: another connection may meet another certificate
        let refusal = Refusal { leaf: leaf.cloned(), ..Refusal::new(reason) };
        Err(Problem::CertificateRefused(Box::new(refusal)))
    }
}

fn builder() -> TlsConnectorBuilder {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    builder
}

/// Trusts these roots and no others.
fn add_roots(builder: &mut TlsConnectorBuilder, roots: Vec<Certificate>) {
    builder.disable_built_in_roots(true);
    for root in roots {
        builder.add_root_certificate(root);
    }
}

/// Lets every certificate through the handshake.
fn accept_any(builder: &mut TlsConnectorBuilder) {
    builder.disable_built_in_roots(true);
    builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
}

/// Reads the anchors of a CA file.
fn read_ca_file(path: &Path) -> Result<Vec<Certificate>, Problem> {
    let pem = files::read_trusted(path, Purpose::CaFile, CA_FILE_MOST)
        .map_err(|error| Problem::Trust(Failure::from_situation(&error)))?;
    let wrong = |what: String, hint: Option<String>| {
        let what = format!("the CA file \"{}\" {what}", path.display());
        Problem::Trust(Failure { exit: Exit::Data, what, hint })
    };
    let anchors = certificate::anchors(&pem, Timestamp::now())
        .map_err(|fault| wrong(fault.to_string(), Some(fault.hint(&path.to_string_lossy()))))?;
    let certificates = anchors.iter().map(|der| Certificate::from_der(der));
    certificates.collect::<Result<_, _>>().map_err(|error| wrong(format!("cannot be used: {error}"), None))
}
