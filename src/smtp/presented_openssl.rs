//! Reading a presented chain with the OpenSSL that is under native-tls.

use openssl::error::ErrorStack;
use openssl::ssl::{HandshakeError, Ssl, SslContext, SslMethod, SslVerifyMode};

use crate::smtp::presented::RawChain;
use crate::smtp::wire::Wire;

/// Does a handshake in which everything is let through, and returns what was presented.
pub(super) fn read_chain(wire: Wire, host: &str) -> Result<RawChain, String> {
    let ssl = prepare(host).map_err(|error| words(&error))?;
    let stream = ssl.connect(wire).map_err(|error| match error {
        HandshakeError::SetupFailure(error) => words(&error),
        HandshakeError::Failure(stream) | HandshakeError::WouldBlock(stream) => {
            stream.error().ssl_error().map_or_else(|| stream.error().to_string(), words)
        }
    })?;
    let ssl = stream.ssl();
    let chain =
        ssl.peer_cert_chain().into_iter().flatten().filter_map(|certificate| certificate.to_der().ok());
    Ok((chain.collect(), ssl.version_str().to_owned()))
}

/// Sets up a client that refuses nothing: old versions and weak keys are here to be shown.
fn prepare(host: &str) -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_min_proto_version(None)?;
    context.set_cipher_list("ALL:@SECLEVEL=0")?;
    let mut ssl = Ssl::new(&context.build())?;
    // RFC 6066, section 3: an address is no server name
    if host.parse::<std::net::IpAddr>().is_err() {
        ssl.set_hostname(host)?;
    }
    Ok(ssl)
}

/// Returns OpenSSL's own words for an error.
fn words(error: &ErrorStack) -> String {
    error
        .errors()
        .first()
        .and_then(openssl::error::Error::reason)
        .map_or_else(|| error.to_string(), str::to_owned)
}
