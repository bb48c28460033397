//! The certificates are what they claim to be, in the eyes of a TLS client.

use std::net::TcpStream;

use native_tls::{Certificate, TlsConnector};
use sha2::{Digest, Sha256};

use crate::support::certs::{Ca, Issued, Leaf, hex};
use crate::support::smtp_server::{Mode, SmtpServer};

/// Shakes hands with a server that presents this, trusting that authority only.
fn connect(issued: &Issued, root: &str, host: &str) -> Result<Vec<u8>, String> {
    let server = SmtpServer::builder().tls(Mode::Implicit).identity(issued.identity()).start();
    let tcp = TcpStream::connect(server.address()).unwrap();
    let stream = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(Certificate::from_pem(root.as_bytes()).unwrap())
        .build()
        .unwrap()
        .connect(host, tcp)
        .map_err(|error| error.to_string())?;
    Ok(stream.peer_certificate().unwrap().unwrap().to_der().unwrap())
}

#[test]
fn good_ones_are_accepted() {
    let ca = Ca::new();
    let names = ["localhost", "127.0.0.1", "::1"];
    for issued in [
        ca.issue(&names),
        ca.intermediate("Middle").intermediate("Low").issue(&names),
        Leaf::new(&names).with_root().for_any_purpose().issued_by(&ca),
    ] {
        for name in names {
            let der = connect(&issued, ca.pem(), name).unwrap();
            assert_eq!(hex(&Sha256::digest(der)), issued.sha256());
        }
    }
    let own = Leaf::new(&names).also_an_authority().self_signed();
    connect(&own, own.pem(), "localhost").unwrap();
}

#[test]
fn bad_ones_are_refused_for_their_fault() {
    let ca = Ca::named("Root");
    let host = ["localhost"];
    let table = [
        ("expired", Leaf::new(&host).expired().issued_by(&ca)),
        ("not yet valid", Leaf::new(&host).not_yet_valid().issued_by(&ca)),
        ("mismatch", ca.issue(&["other.test"])),
        ("self-signed", Leaf::new(&host).self_signed()),
        ("purpose", Leaf::new(&host).for_clients_only().issued_by(&ca)),
        ("issuer", Leaf::new(&host).without_intermediates().issued_by(&ca.intermediate("Middle"))),
        ("verif", Ca::named("Root").issue(&host)),
    ];
    for (fault, issued) in table {
        let error = connect(&issued, ca.pem(), "localhost").unwrap_err();
        // other platforms have other words
        if cfg!(target_os = "linux") {
            assert!(error.replace("self signed", "self-signed").contains(fault), "{fault}: {error}");
        }
    }
}

#[test]
fn the_hash_of_the_key_is_the_one_a_pin_names() {
    use x509_cert::der::{Decode, Encode};
    let issued = Ca::new().issue(&["localhost"]);
    let pem = issued.pem().replace("-----BEGIN CERTIFICATE-----", "");
    let pem = pem.replace("-----END CERTIFICATE-----", "");
    let text: String = pem.split_whitespace().collect();
    let der = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    };
    let certificate = x509_cert::Certificate::from_der(&der).unwrap();
    let key = certificate.tbs_certificate.subject_public_key_info;
    assert_eq!(hex(&Sha256::digest(key.to_der().unwrap())), issued.spki_sha256());
    assert_eq!(hex(&Sha256::digest(der)), issued.sha256());
}
