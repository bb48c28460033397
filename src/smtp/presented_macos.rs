//! Reading a presented chain with Apple's Secure Transport, which is under native-tls on macOS.
//!
//! Type-checked at every change, and never run: no Mac was there to run it on.

use security_framework::secure_transport::{ClientBuilder, SslProtocol};

use crate::smtp::presented::RawChain;
use crate::smtp::wire::Wire;

/// Does a handshake in which everything is let through, and returns what was presented.
pub(super) fn read_chain(wire: Wire, host: &str) -> Result<RawChain, String> {
    let mut builder = ClientBuilder::new();
    builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
    let stream = builder.handshake(host, wire).map_err(|error| format!("{error:?}"))?;
    let context = stream.context();
    let version = match context.negotiated_protocol_version() {
        Ok(SslProtocol::TLS13) => "TLSv1.3",
        Ok(SslProtocol::TLS12) => "TLSv1.2",
        Ok(SslProtocol::TLS11) => "TLSv1.1",
        Ok(SslProtocol::TLS1) => "TLSv1",
        _ => "an unknown version",
    };
    // the newer `chain()` needs macOS 12 to link at all
    #[allow(deprecated, reason = "these work on every macOS")]
    let certificates = |trust: security_framework::trust::SecTrust| {
        let chain = (0..trust.certificate_count()).filter_map(|index| trust.certificate_at_index(index));
        chain.map(|certificate| certificate.to_der()).collect()
    };
    let trust = context.peer_trust2().map_err(|error| error.to_string())?;
    Ok((trust.map(certificates).unwrap_or_default(), version.to_owned()))
}
