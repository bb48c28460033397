//! Servers with a chain present exactly that, and speak exactly the versions they were told to.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVersion};
use openssl::x509::X509;

use crate::support::certs::{Ca, Issued, Kind};
use crate::support::smtp_server::{Handshake, Mode, SmtpServer, TlsVersion};

use super::client::Client;

const VERSIONS: [(TlsVersion, SslVersion); 4] = [
    (TlsVersion::V1_0, SslVersion::TLS1),
    (TlsVersion::V1_1, SslVersion::TLS1_1),
    (TlsVersion::V1_2, SslVersion::TLS1_2),
    (TlsVersion::V1_3, SslVersion::TLS1_3),
];

/// Shakes hands as a client of this one version that trusts everybody.
fn connect(
    server: &SmtpServer,
    version: Option<SslVersion>,
    own: Option<&Issued>,
) -> Result<SslStream<TcpStream>, String> {
    let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
    context.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
    context.set_min_proto_version(version.or(Some(SslVersion::TLS1))).unwrap();
    context.set_max_proto_version(version).unwrap();
    if let Some(own) = own {
        context.set_certificate(&X509::from_pem(own.pem().as_bytes()).unwrap()).unwrap();
        context.set_private_key(&PKey::private_key_from_pem(own.key_pem().as_bytes()).unwrap()).unwrap();
    }
    let tcp = TcpStream::connect(server.address()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    Ssl::new(&context.build()).unwrap().connect(tcp).map_err(|error| error.to_string())
}

/// Whether the greeting comes, which with TLS 1.3 is how a client learns that it is welcome.
fn is_greeted(mut stream: SslStream<TcpStream>) -> bool {
    let mut code = [0; 4];
    stream.read_exact(&mut code).is_ok() && code == *b"220 "
}

#[test]
fn a_server_of_one_version_speaks_that_and_no_other() {
    let issued = Kind::Good.present("localhost").issued;
    for (spoken, _) in VERSIONS {
        let server = SmtpServer::builder().tls(Mode::Implicit).chain(&issued).tls_only(spoken).start();
        for (asked, version) in VERSIONS {
            let greeted = connect(&server, Some(version), None).is_ok_and(is_greeted);
            assert_eq!(greeted, asked == spoken, "{asked:?} of {spoken:?}");
            let sessions = server.sessions();
            let last = sessions.last().unwrap();
            assert_eq!(last.tls_version, greeted.then_some(spoken));
            assert_eq!(last.handshake == Handshake::Done, greeted, "{last}");
        }
    }
}

#[test]
fn a_chain_means_1_2_and_1_3_and_an_identity_what_it_is_told() {
    let issued = Kind::Good.present("localhost").issued;
    let server = SmtpServer::builder().tls(Mode::Implicit).chain(&issued).start();
    for (asked, version) in VERSIONS {
        let greeted = connect(&server, Some(version), None).is_ok_and(is_greeted);
        assert_eq!(greeted, asked >= TlsVersion::V1_2, "{asked:?}");
    }
    let newest = connect(&server, None, None).unwrap();
    assert_eq!(newest.ssl().version2(), Some(SslVersion::TLS1_3));
    drop(newest);
    let native = SmtpServer::builder().tls(Mode::Implicit).identity(issued.identity());
    let native = native.tls_only(TlsVersion::V1_2).start();
    for (asked, version) in VERSIONS {
        let greeted = connect(&native, Some(version), None).is_ok_and(is_greeted);
        assert_eq!(greeted, asked == TlsVersion::V1_2, "{asked:?}");
    }
}

#[test]
fn every_kind_is_presented_as_it_is_in_every_version_that_has_its_key() {
    for kind in Kind::ALL {
        let issued = kind.present("localhost").issued;
        for (spoken, _) in VERSIONS {
            if *kind == Kind::Ed25519 && spoken < TlsVersion::V1_2 {
                continue; // there is no such thing
            }
            let server = SmtpServer::builder().tls(Mode::Implicit).chain(&issued).tls_only(spoken).start();
            let stream = connect(&server, None, None).unwrap();
            let chain = stream.ssl().peer_cert_chain().unwrap();
            let sent: Vec<_> = chain.iter().map(|certificate| certificate.to_der().unwrap()).collect();
            assert_eq!(sent, issued.chain_der(), "{kind:?}");
            assert!(is_greeted(stream), "{kind:?}");
        }
    }
}

#[test]
fn what_follows_the_certificate_comes_in_the_order_asked_for() {
    let root = Ca::named("Top");
    let middle = root.intermediate("Middle");
    let issued = middle.intermediate("Low").issue(&["localhost"]);
    let stranger = Ca::named("Stranger");
    let issued = issued.followed_by(&[root.pem(), stranger.pem(), middle.pem(), middle.pem()]);
    let server = SmtpServer::builder().tls(Mode::Implicit).chain(&issued).start();
    let stream = connect(&server, None, None).unwrap();
    let chain = stream.ssl().peer_cert_chain().unwrap();
    let names: Vec<_> = chain
        .iter()
        .map(|certificate| {
            let name = certificate.subject_name().entries().next().unwrap();
            String::from_utf8(name.data().as_slice().to_vec()).unwrap()
        })
        .collect();
    assert_eq!(names, ["Throw-away Server", "Top", "Stranger", "Middle", "Middle"]);
}

#[test]
fn a_client_certificate_can_be_demanded() {
    let issued = Kind::Good.present("localhost").issued;
    let own = Ca::named("Somebody").issue(&["client.test"]);
    for (spoken, version) in VERSIONS {
        let builder = SmtpServer::builder().tls(Mode::Implicit).chain(&issued).tls_only(spoken);
        let server = builder.wants_client_certificate().start();
        let without = connect(&server, Some(version), None);
        // the client's own side of the handshake is over before its certificate is missed
        assert_eq!(without.is_ok(), spoken == TlsVersion::V1_3, "{spoken:?}");
        assert!(!without.is_ok_and(is_greeted));
        let session = server.session();
        let Handshake::Failed(why) = &session.handshake else { panic!("{session}") };
        assert!(why.contains("did not return a certificate"), "{why}");
        assert!(connect(&server, Some(version), Some(&own)).is_ok_and(is_greeted), "{spoken:?}");
    }
}

#[test]
fn a_session_works_after_starttls_too() {
    let issued = Kind::IntermediateAllSent.present("localhost").issued;
    let server = SmtpServer::builder().tls(Mode::Starttls).chain(&issued).start();
    let mut client = Client::greet(&server);
    client.ask("STARTTLS\r\n", "220");
    client.begin_tls();
    client.ask("EHLO client.test\r\n", "250");
    client.quit();
    let session = server.session();
    assert_eq!(session.tls_version, Some(TlsVersion::V1_3));
    assert!(session.quit && !session.left_before_goodbye, "{session}");
    server.assert_clean();
}
