//! TLS on the wire: the handshake, what it negotiated, and its faults told apart.
//!
//! native-tls reports faults as text of the library below it: OpenSSL's on Linux, Apple's on
//! macOS. Reading those texts is portable code, tested here with recorded ones.

use std::io::ErrorKind;

use native_tls::{HandshakeError, TlsConnector, TlsStream};

use crate::deadline::Deadline;
use crate::smtp::error::{Problem, Refusal};
use crate::smtp::wire::Wire;

/// Does the handshake.
pub(super) fn handshake(
    connector: &TlsConnector,
    host: &str,
    wire: Wire,
    deadline: Deadline,
) -> Result<TlsStream<Wire>, Problem> {
    wire.watch();
    let seen = wire.seen();
    let error = match connector.connect(host, wire) {
        Ok(stream) => return Ok(stream),
        Err(HandshakeError::Failure(error)) => error.to_string(),
        // the wire never says "would block"
        Err(HandshakeError::WouldBlock(_)) => "interrupted".to_owned(),
    };
    let seen = seen.borrow();
    // RFC 8446, section 5.1: every record begins with 20, 21, 22 or 23 (and 24 for heartbeats)
    if seen.opening.first().is_some_and(|first| !(0x14..=0x18).contains(first)) {
        return Err(Problem::PlainTextOnTlsPort);
    }
    Err(match seen.fault {
        Some(ErrorKind::TimedOut) => Problem::TimedOut(deadline.over()),
        Some(_) if !asks_for_certificate(&seen.opening) => Problem::Closed,
        _ => match explain(&error) {
            Problem::HandshakeFailed(_) if asks_for_certificate(&seen.opening) => {
                Problem::ClientCertificateWanted
            }
            other => other,
        },
    })
}

/// Tells what the text of a failed handshake means.
fn explain(error: &str) -> Problem {
    if let Some(reason) = openssl_reason(error).or_else(|| apple_reason(error).map(str::to_owned)) {
        return Problem::CertificateRefused(Box::new(Refusal::new(reason)));
    }
    Problem::HandshakeFailed(openssl_words(error).unwrap_or(error).to_owned())
}

/// Tells whether a chain was refused only because its issuer is not known.
///
/// The library shows one fault, and this one hides others: it is a reason to look again with the
/// presented root, never to accept. OpenSSL 1.1 writes "self signed", 3.0 "self-signed".
pub(super) fn is_unknown_issuer(reason: &str) -> bool {
    const REASONS: [&str; 7] = [
        "unable to get issuer certificate",
        "self signed certificate",
        "self signed certificate in certificate chain",
        "unable to get local issuer certificate",
        "unable to verify the first certificate",
        // Apple's, as `apple_reason` names them
        "not trusted",
        "invalid certificate chain",
    ];
    REASONS.contains(&reason.replace('-', " ").as_str())
}

/// Finds OpenSSL's reason for refusing a certificate: the final parentheses of the error.
fn openssl_reason(error: &str) -> Option<String> {
    if !error.contains("certificate verify failed") {
        return None;
    }
    let reason = error.rsplit_once(" (").and_then(|(_, rest)| rest.strip_suffix(')'));
    Some(reason.unwrap_or("certificate verify failed").to_owned())
}

/// Finds the words in `error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol
/// version:../ssl/record/rec_layer_s3.c:1586:SSL alert number 70`.
fn openssl_words(error: &str) -> Option<&str> {
    error.strip_prefix("error:")?.split(':').nth(3).filter(|words| !words.is_empty())
}

/// Names what Apple's Secure Transport objects to (facts/smtp-and-tls.md, section 3; never run).
fn apple_reason(error: &str) -> Option<&'static str> {
    const CODES: [(&str, &str); 4] = [
        ("-67602", "host name mismatch"),
        ("-67843", "not trusted"),
        ("-67818", "certificate has expired"),
        ("-9807", "invalid certificate chain"),
    ];
    CODES.iter().find(|(code, _)| error.contains(code)).map(|(_, reason)| *reason)
}

/// Tells whether the server asked for a certificate of ours, as far as that crossed in clear: in
/// TLS 1.2 it does (`CertificateRequest`, RFC 5246, section 7.4.4), in TLS 1.3 the server's alert
/// says it later.
fn asks_for_certificate(opening: &[u8]) -> bool {
    let mut records = Bytes(opening);
    let mut messages = Vec::new();
    while let (Some(kind), Some(_), Some(length)) = (records.u8(), records.u16(), records.u16()) {
        let Some(body) = records.take(length.into()).filter(|_| kind == 22) else { break };
        messages.extend_from_slice(body);
    }
    let mut messages = Bytes(&messages);
    while let (Some(kind), Some(high), Some(low)) = (messages.u8(), messages.u8(), messages.u16()) {
        if kind == 13 {
            return true;
        }
        if messages.take(usize::from(high) << 16 | usize::from(low)).is_none() {
            break;
        }
    }
    false
}

/// Reads the protocol version from the server's first message, which native-tls does not tell.
///
/// `ServerHello` (RFC 8446, section 4.1.3): version, random, session id, cipher, compression,
/// extensions; TLS 1.3 hides in the extension `supported_versions` (43).
pub(super) fn version(opening: &[u8]) -> Option<&'static str> {
    let mut bytes = Bytes(opening);
    // record header: handshake, version, length; then message type 2 and its length
    if bytes.take(5)?.first() != Some(&22) || bytes.take(4)?.first() != Some(&2) {
        return None;
    }
    let mut version = bytes.u16()?;
    bytes.take(32)?;
    let session_id = bytes.u8()?;
    bytes.take(session_id.into())?;
    bytes.take(3)?;
    let length = bytes.u16().unwrap_or(0);
    let mut extensions = Bytes(bytes.take(length.into()).unwrap_or_default());
    while let (Some(kind), Some(length)) = (extensions.u16(), extensions.u16()) {
        let mut body = Bytes(extensions.take(length.into())?);
        if kind == 43 {
            version = body.u16()?;
        }
    }
    match version {
        0x0301 => Some("TLSv1.0"),
        0x0302 => Some("TLSv1.1"),
        0x0303 => Some("TLSv1.2"),
        0x0304 => Some("TLSv1.3"),
        _ => None,
    }
}

/// Bytes that are taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::{explain, version};
    use crate::smtp::error::Problem;

    #[test]
    fn texts_of_the_tls_libraries_are_understood() {
        // recorded from OpenSSL 3.0; Apple's in the form its codes take in native-tls (not run)
        let refused = |text| match explain(text) {
            Problem::CertificateRefused(refusal) => refusal.reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(
                "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify \
                 failed:../ssl/statem/statem_clnt.c:1889: (self-signed certificate in certificate chain)"
            ),
            "self-signed certificate in certificate chain"
        );
        assert_eq!(refused("Error { code: -67602, message: \"…\" }"), "host name mismatch");
        assert!(matches!(
            explain(
                "error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol \
                 version:../ssl/record/rec_layer_s3.c:1586:SSL alert number 70"
            ),
            Problem::HandshakeFailed(words) if words == "tlsv1 alert protocol version"
        ));
    }

    #[test]
    fn the_version_is_read_from_the_server_hello() {
        let hello = |legacy: u16, extensions: &[u8]| {
            let mut body = legacy.to_be_bytes().to_vec();
            body.extend([7; 32]);
            body.extend([2, 1, 1, 0x13, 0x01, 0]);
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
            let mut record = vec![22, 3, 3, 0, 0, 2, 0, 0, 0];
            record.extend(body);
            record
        };
        assert_eq!(version(&hello(0x0303, &[0, 51, 0, 1, 9, 0, 43, 0, 2, 3, 4])), Some("TLSv1.3"));
        assert_eq!(version(&hello(0x0303, &[])), Some("TLSv1.2"));
        let whole = hello(0x0303, &[0, 43, 0, 2, 3, 4]);
        for end in 0..whole.len() {
            // cut anywhere: nothing, or the older version, and no panic
            assert_ne!(version(&whole[..end]), Some("TLSv1.3"));
        }
        assert_eq!(version(b"220 mail.example.com ESMTP ready when you are, and a long text it is"), None);
    }
}
