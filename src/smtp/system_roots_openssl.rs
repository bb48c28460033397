//! The authorities of a system as OpenSSL finds them: folders in which each is named by its hash, and
//! files of all of them.
//!
//! native-tls trusts the folders and the file that OpenSSL was built for, every folder of a list that
//! exists, and the first file of another list that does (`openssl-probe`). Both lists stand here once
//! more: of the same places, only the folders are left to the library.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use native_tls::Certificate;
use openssl::x509::X509;

use crate::files::{self, Purpose};
use crate::smtp::certificate::CertificateFacts;
use crate::smtp::system_roots::{MOST, SystemRoots, is_hashed};

/// Where hashed folders are, as openssl-probe 0.2 knows them.
const FOLDERS: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/security/certificates"];

/// Where the file of all authorities is, as openssl-probe 0.2 knows it: the first that exists.
const FILES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/opt/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/cacert.pem",
];

/// Finds the authorities of the system: the library's folders, or where none has any, the files.
pub(super) fn of_system() -> SystemRoots {
    let folders = FOLDERS.map(PathBuf::from).into_iter().chain(built_in("certs"));
    if folders.into_iter().any(|folder| has_hashed(&folder)) {
        return SystemRoots::Found(MoreRoots::default());
    }
    SystemRoots::Only(
        read_files().iter().flat_map(|pem| Certificate::stack_from_pem(pem)).flatten().collect(),
    )
}

/// Authorities that the library has not looked at: those in the files.
#[derive(Default)]
pub(super) struct MoreRoots {
    /// Read once, and only when they are asked for.
    certificates: OnceCell<Vec<X509>>,
}

impl MoreRoots {
    /// Returns those on which the chain of a server could end.
    ///
    /// By their names only, by which OpenSSL looks for issuers as well: whether the server is
    /// accepted is for the handshake to say.
    pub(super) fn for_chain(&self, chain: &[CertificateFacts]) -> Vec<Certificate> {
        let certificates = self.certificates.get_or_init(|| {
            read_files().iter().flat_map(|pem| X509::stack_from_pem(pem)).flatten().collect()
        });
        let ders = above(chain, certificates).into_iter().filter_map(|certificate| certificate.to_der().ok());
        ders.filter_map(|der| Certificate::from_der(&der).ok()).collect()
    }
}

/// Picks the issuers of a chain, and the issuers of those.
fn above<'a>(chain: &[CertificateFacts], certificates: &'a [X509]) -> Vec<&'a X509> {
    let issuer = |facts: &CertificateFacts| X509::from_der(&facts.der).ok().map(|c| c.issuer_name_hash());
    let mut wanted: HashSet<u32> = chain.iter().filter_map(issuer).collect();
    let mut rest: Vec<(u32, &X509)> = certificates.iter().map(|c| (c.subject_name_hash(), c)).collect();
    let mut picked = Vec::new();
    loop {
        let (found, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(name, _)| wanted.contains(name));
        if found.is_empty() {
            return picked;
        }
        rest = others;
        wanted.extend(found.iter().map(|(_, certificate)| certificate.issuer_name_hash()));
        picked.extend(found.into_iter().map(|(_, certificate)| certificate));
    }
}

/// Reads the files; what cannot be read is passed over, as the library does.
fn read_files() -> Vec<Vec<u8>> {
    let usual = FILES.map(PathBuf::from).into_iter().find(|file| file.exists());
    let mut files: Vec<PathBuf> =
        built_in("cert.pem").into_iter().chain(usual).filter_map(|file| file.canonicalize().ok()).collect();
    // one is often a link to the other
    files.dedup();
    files.iter().filter_map(|file| files::read_plain(file, Purpose::CaFile, MOST).ok()).collect()
}

/// Returns a place in the folder that OpenSSL was built for, which it says as `OPENSSLDIR: "/usr/lib/ssl"`.
fn built_in(name: &str) -> Option<PathBuf> {
    let folder = openssl::version::dir().split('"').nth(1)?;
    Some(Path::new(folder).join(name))
}

/// Tells whether there is anything in a folder that OpenSSL would find by its hash.
fn has_hashed(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_hashed(&entry.file_name()))
}
