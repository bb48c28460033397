//! What a server presents, read without believing any of it.
//!
//! The session that sends is always native-tls, which tells only the leaf. To explain a refusal, to
//! serve `self-signed-root` and for `certificate`, the whole chain is read on a connection of its
//! own, with every check switched off. That connection is good for nothing else: it never signs
//! in, and it is dropped when the chain is read.

use crate::deadline::Deadline;
use crate::smtp::certificate::CertificateFacts;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::wire::Wire;
use crate::smtp::{Route, Session};

#[cfg(target_os = "macos")]
use crate::smtp::presented_macos as platform;
#[cfg(not(target_os = "macos"))]
use crate::smtp::presented_openssl as platform;
use crate::stages::Stages;

/// What a server presented in a handshake.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    /// The certificates, the server's own first, in the order in which they came.
    pub(crate) chain: Vec<CertificateFacts>,
    /// The protocol version, `TLSv1.3`.
    pub(crate) version: String,
}

/// A chain as the platform reads it: certificates in DER, and the protocol version.
pub(super) type RawChain = (Vec<Vec<u8>>, String);

/// Reads the chain of a server; goes through STARTTLS where the route says so.
pub(crate) fn read(route: &Route, deadline: Deadline) -> Result<Presented, SmtpError> {
    let stages = Stages::new(&|_| {});
    let mut session = Session::reach(route, deadline, &stages)?;
    let wire = session.take_wire().map_err(|problem| session.failure(Step::Tls, problem))?;
    read_on(wire, &route.host).map_err(|problem| session.failure(Step::Tls, problem))
}

fn read_on(wire: Wire, host: &str) -> Result<Presented, Problem> {
    let (chain, version) = platform::read_chain(wire, host).map_err(Problem::HandshakeFailed)?;
    if chain.is_empty() {
        return Err(Problem::HandshakeFailed("the server presented no certificate".to_owned()));
    }
    Ok(Presented { chain: chain.iter().map(|der| CertificateFacts::from_der(der)).collect(), version })
}
