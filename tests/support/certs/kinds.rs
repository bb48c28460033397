//! Every kind of certificate that a mail server may be met with, for matrices over all of them.

use super::{Algorithm, Ca, Issued, Leaf};

/// Makes the enum, the list of all its members, and the word for each from one table.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $word:literal,)*) => {
        /// One kind of server certificate.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind, in the order in which a table shows them.
            pub(crate) const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What a table calls it.
            pub(crate) fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

// Where nothing else is said: a P-256 key, one root that issues directly and is sent along, so
// that a rule about roots comes to see the one thing that is special.
kinds! {
    /// Issued by a root that the machine is to trust, which therefore need not be sent.
    Good "good",
    PrivateRootSent "private root, sent",
    PrivateRootNotSent "private root, not sent",
    IntermediateAllSent "intermediate, all sent",
    IntermediateRootNotSent "intermediate, root not sent",
    /// The root is not sent either: the certificate comes alone.
    IntermediateNotSent "intermediate, not sent",
    SelfSignedAuthority "self-signed, CA:TRUE",
    SelfSignedServer "self-signed, CA:FALSE",
    /// As `openssl req -x509` makes it: CA:TRUE, and the host in the common name only.
    SelfSignedCommonName "self-signed, CN only",
    WrongHost "wrong host",
    /// For `*.HOST`, used as `mail.HOST`.
    Wildcard "wildcard",
    /// For `*.HOST`, used as `in.mail.HOST`.
    WildcardTooDeep "wildcard, two labels deep",
    /// For 127.0.0.1, and used by that address.
    IpAddress "IP address",
    /// For `xn--bcher-kva.HOST`, `bücher.HOST` as people write it.
    Idn "IDN",
    ExpiredLeaf "expired leaf",
    ExpiredRoot "expired root",
    ExpiredIntermediate "expired intermediate",
    NotYetValid "not yet valid",
    WrongPurpose "wrong purpose",
    /// Signed by somebody who bears the name of the root, with the real root appended.
    Impostor "impostor, real root appended",
    BrokenSignature "broken signature",
    Sha1Signature "SHA-1 signature",
    Rsa1024 "RSA-1024 key",
    Rsa2048 "RSA-2048 key",
    Ed25519 "Ed25519 key",
    EcdsaP384 "ECDSA P-384 key",
    /// It ends in ten days, within the 14 of which people are warned.
    EndsSoon "ends soon",
}

/// A certificate of some kind, and what a test needs to know beside it.
#[derive(Clone)]
pub(crate) struct Presented {
    /// The name by which the client is to use the server: what was asked for, or below it.
    pub(crate) host: String,
    /// What the server presents.
    pub(crate) issued: Issued,
    /// The anchor that an owner of this server would name, as PEM: its root, or itself when
    /// self-signed.
    pub(crate) root: String,
}

impl Kind {
    /// The IDN, as certificates write it.
    const BOOKS: &str = "xn--bcher-kva";

    /// Whether the test is to make the root known to the machine, as public roots are.
    ///
    /// The root of any other kind is a private one, or is the certificate itself.
    pub(crate) fn root_is_public(self) -> bool {
        self == Self::Good
    }

    /// The name by which a client is to use a server of this kind at this host.
    pub(crate) fn host(self, host: &str) -> String {
        match self {
            Self::Wildcard => format!("mail.{host}"),
            Self::WildcardTooDeep => format!("in.mail.{host}"),
            Self::IpAddress => "127.0.0.1".into(),
            Self::Idn => format!("{}.{host}", Self::BOOKS),
            _ => host.into(),
        }
    }

    /// Makes one for a server at this host, under authorities of its own that are named for the
    /// kind: `Good Root`, `IntermediateNotSent Intermediate`.
    pub(crate) fn present(self, host: &str) -> Presented {
        let name = self.host(host);
        let (issued, root) = self.issue(host, &name);
        Presented { host: name, issued, root }
    }

    fn issue(self, host: &str, name: &str) -> (Issued, String) {
        let leaf = Leaf::new(&[name]);
        // of two authorities with one name, a client that knows one calls the other a forger
        let root = format!("{self:?} Root");
        let middle = format!("{self:?} Intermediate");
        let ca = || Ca::named(&root);
        let (ca, leaf) = match self {
            Self::Good | Self::PrivateRootNotSent => (ca(), leaf),
            Self::PrivateRootSent | Self::IpAddress | Self::Idn => (ca(), leaf.with_root()),
            Self::IntermediateAllSent => (ca().intermediate(&middle), leaf.with_root()),
            Self::IntermediateRootNotSent => (ca().intermediate(&middle), leaf),
            Self::IntermediateNotSent => (ca().intermediate(&middle), leaf.without_intermediates()),
            Self::SelfSignedAuthority => return own(leaf.also_an_authority()),
            Self::SelfSignedServer => return own(leaf.not_an_authority()),
            Self::SelfSignedCommonName => {
                return own(Leaf::new(&[]).common_name(name).also_an_authority());
            }
            Self::WrongHost => (ca(), Leaf::new(&["another.invalid"]).with_root()),
            Self::Wildcard | Self::WildcardTooDeep => (ca(), Leaf::new(&[&format!("*.{host}")]).with_root()),
            Self::ExpiredLeaf => (ca(), leaf.expired().with_root()),
            Self::ExpiredRoot => (Ca::expired(&root), leaf.with_root()),
            Self::ExpiredIntermediate => (ca().expired_intermediate(&middle), leaf.with_root()),
            Self::NotYetValid => (ca(), leaf.not_yet_valid().with_root()),
            Self::WrongPurpose => (ca(), leaf.for_clients_only().with_root()),
            Self::Impostor => {
                let real = ca();
                let forged = leaf.issued_by(&ca());
                return (forged.followed_by(&[real.pem()]), real.pem().into());
            }
            Self::BrokenSignature => (ca(), leaf.with_broken_signature().with_root()),
            Self::Sha1Signature => (Ca::rsa(&root), leaf.with_sha1_signature().with_root()),
            Self::Rsa1024 => (ca(), leaf.key(Algorithm::Rsa1024).with_root()),
            Self::Rsa2048 => (ca(), leaf.key(Algorithm::Rsa2048).with_root()),
            Self::Ed25519 => (ca(), leaf.key(Algorithm::Ed25519).with_root()),
            Self::EcdsaP384 => (ca(), leaf.key(Algorithm::EcdsaP384).with_root()),
            Self::EndsSoon => (ca(), leaf.valid(-80, 10).with_root()),
        };
        (leaf.issued_by(&ca), ca.root)
    }
}

/// A certificate that nobody but itself vouches for.
fn own(leaf: Leaf) -> (Issued, String) {
    let issued = leaf.self_signed();
    let root = issued.pem().to_owned();
    (issued, root)
}
