//! The server's side of the handshake: by native-tls everywhere, and by OpenSSL itself where a
//! test asks for what native-tls has no words for.
//!
//! What the other modules see is the same for both.

use std::io::{Read, Write};

use native_tls::{HandshakeError, Identity, Protocol, TlsAcceptor, TlsStream};

use super::wire::Paced;
use crate::support::certs::Issued;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsVersion {
    V1_0,
    V1_1,
    V1_2,
    V1_3,
}

impl From<Protocol> for TlsVersion {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tlsv10 => Self::V1_0,
            Protocol::Tlsv11 => Self::V1_1,
            Protocol::Tlsv12 => Self::V1_2,
            Protocol::Tlsv13 => Self::V1_3,
            _ => panic!("no server speaks {protocol:?} any more"),
        }
    }
}

impl From<TlsVersion> for Protocol {
    fn from(version: TlsVersion) -> Self {
        match version {
            TlsVersion::V1_0 => Self::Tlsv10,
            TlsVersion::V1_1 => Self::Tlsv11,
            TlsVersion::V1_2 => Self::Tlsv12,
            TlsVersion::V1_3 => Self::Tlsv13,
        }
    }
}

/// What a server shows of itself.
pub(super) enum Presents {
    Identity(Identity),
    Chain(Issued),
}

/// What a server asks of its clients.
pub(super) struct Terms {
    /// The oldest version, and the newest if there is a limit.
    pub(super) versions: (TlsVersion, Option<TlsVersion>),
    pub(super) wants_client_certificate: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { versions: (TlsVersion::V1_2, None), wants_client_certificate: false }
    }
}

/// What begins TLS on accepted connections.
#[derive(Clone)]
pub(super) enum Acceptor {
    Native(TlsAcceptor),
    #[cfg(not(target_os = "macos"))]
    Exact(openssl::ssl::SslContext),
}

impl Acceptor {
    pub(super) fn new(presents: Presents, terms: &Terms) -> Self {
        match presents {
            Presents::Identity(identity) => Self::native(identity, terms),
            #[cfg(not(target_os = "macos"))]
            Presents::Chain(issued) => Self::Exact(exact::context(&issued, terms)),
            #[cfg(target_os = "macos")]
            Presents::Chain(issued) => Self::native(issued.identity(), terms),
        }
    }

    fn native(identity: Identity, terms: &Terms) -> Self {
        let (oldest, newest) = terms.versions;
        // it would do less than it was told to, and say nothing
        assert!(!terms.wants_client_certificate, "a client certificate needs Builder::chain");
        assert!(oldest < TlsVersion::V1_3, "TLS 1.3 alone needs Builder::chain");
        let acceptor = TlsAcceptor::builder(identity)
            .min_protocol_version(Some(oldest.into()))
            .max_protocol_version(newest.map(Into::into))
            .build()
            .expect("a TLS acceptor");
        Self::Native(acceptor)
    }

    /// Shakes hands; a failure is told in the words of the library.
    pub(super) fn accept(&self, paced: Paced) -> Result<Box<dyn Secured>, String> {
        match self {
            // blocking socket: a handshake that would block cannot come back
            Self::Native(acceptor) => match acceptor.accept(paced) {
                Ok(stream) => Ok(Box::new(stream)),
                Err(HandshakeError::Failure(error)) => Err(error.to_string()),
                Err(HandshakeError::WouldBlock(_)) => Err("would block".into()),
            },
            #[cfg(not(target_os = "macos"))]
            Self::Exact(context) => exact::accept(context, paced),
        }
    }
}

/// A connection after the handshake.
pub(super) trait Secured: Read + Write {
    /// The socket below.
    fn below(&mut self) -> &mut Paced;

    /// Sends the closing words of TLS.
    fn say_goodbye(&mut self);

    /// The version agreed on, where the library tells.
    fn version(&self) -> Option<TlsVersion>;
}

impl Secured for TlsStream<Paced> {
    fn below(&mut self) -> &mut Paced {
        self.get_mut()
    }

    fn say_goodbye(&mut self) {
        let _ = self.shutdown();
    }

    fn version(&self) -> Option<TlsVersion> {
        None
    }
}

#[cfg(not(target_os = "macos"))]
mod exact {
    //! A server that does what it is told, however weak or wrong that is.

    use openssl::pkey::PKey;
    use openssl::ssl::{
        HandshakeError, Ssl, SslContext, SslMethod, SslMode, SslSessionCacheMode, SslStream, SslVerifyMode,
        SslVersion,
    };
    use openssl::x509::X509;

    use super::super::wire::Paced;
    use super::{Issued, Secured, Terms, TlsVersion};

    pub(super) fn context(issued: &Issued, terms: &Terms) -> SslContext {
        let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
        // first of all: what follows is refused by the usual levels
        context.set_security_level(0);
        context.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
        let (oldest, newest) = terms.versions;
        context.set_min_proto_version(Some(spoken(oldest))).unwrap();
        context.set_max_proto_version(newest.map(spoken)).unwrap();
        // else a missing intermediate might be looked for and found
        context.set_mode(SslMode::NO_AUTO_CHAIN);
        let mut chain = X509::stack_from_pem(issued.chain_pem().as_bytes()).unwrap().into_iter();
        context.set_certificate(&chain.next().expect("a certificate")).unwrap();
        for certificate in chain {
            context.add_extra_chain_cert(certificate).unwrap();
        }
        context.set_private_key(&PKey::private_key_from_pem(issued.key_pem().as_bytes()).unwrap()).unwrap();
        // tickets that a client leaves unread turn its orderly end into a reset
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.set_num_tickets(0).unwrap();
        if terms.wants_client_certificate {
            let required = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
            context.set_verify_callback(required, |_, _| true);
        }
        context.build()
    }

    fn spoken(version: TlsVersion) -> SslVersion {
        match version {
            TlsVersion::V1_0 => SslVersion::TLS1,
            TlsVersion::V1_1 => SslVersion::TLS1_1,
            TlsVersion::V1_2 => SslVersion::TLS1_2,
            TlsVersion::V1_3 => SslVersion::TLS1_3,
        }
    }

    pub(super) fn accept(context: &SslContext, paced: Paced) -> Result<Box<dyn Secured>, String> {
        match Ssl::new(context).unwrap().accept(paced) {
            Ok(stream) => Ok(Box::new(stream)),
            Err(HandshakeError::Failure(stream)) => Err(stream.error().to_string()),
            Err(HandshakeError::SetupFailure(error)) => Err(error.to_string()),
            Err(HandshakeError::WouldBlock(_)) => Err("would block".into()),
        }
    }

    impl Secured for SslStream<Paced> {
        fn below(&mut self) -> &mut Paced {
            self.get_mut()
        }

        fn say_goodbye(&mut self) {
            let _ = self.shutdown();
        }

        fn version(&self) -> Option<TlsVersion> {
            match self.ssl().version2()? {
                SslVersion::TLS1 => Some(TlsVersion::V1_0),
                SslVersion::TLS1_1 => Some(TlsVersion::V1_1),
                SslVersion::TLS1_2 => Some(TlsVersion::V1_2),
                SslVersion::TLS1_3 => Some(TlsVersion::V1_3),
                _ => None,
            }
        }
    }
}
