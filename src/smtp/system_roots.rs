//! What the operating system trusts, and what a person has put in its place.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` are how people tell OpenSSL's programs which authorities to
//! trust. Whoever sets one alone means that one only (design, section 5); the TLS library would
//! add the system's own to it.
//!
//! Without them the rule trusts what the TLS library would: what lies in the system's hashed folders,
//! and what its files hold that list all authorities. The library finds an authority in a hashed folder
//! when it meets its name, while a whole file costs more than the rest of a run. So the file comes
//! second: where there is no hashed folder, or after a refusal for an unknown issuer.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use native_tls::Certificate;

use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::inherited::variable;
use crate::smtp::error::Problem;
#[cfg(target_os = "macos")]
use crate::smtp::system_roots_macos::{MoreRoots, of_system};
#[cfg(not(target_os = "macos"))]
use crate::smtp::system_roots_openssl::{MoreRoots, of_system};

/// The largest file of authorities, in bytes.
pub(super) const MOST: usize = 16 * 1024 * 1024;

/// Where the authorities of the rule `system` come from.
pub(super) enum SystemRoots {
    /// From where the TLS library finds them by itself; behind that there may be more.
    Found(MoreRoots),
    /// From here, and from nowhere else.
    Only(Vec<Certificate>),
}

impl SystemRoots {
    /// Looks at the person's variables, and at what the system has.
    pub(super) fn find() -> Result<Self, Problem> {
        // to the keychain they mean nothing
        if cfg!(target_os = "macos") {
            return Ok(of_system());
        }
        let named = |name| variable(name).filter(|value: &OsString| !value.is_empty());
        let (file, folder) = (named("SSL_CERT_FILE"), named("SSL_CERT_DIR"));
        if file.is_none() && folder.is_none() {
            return Ok(of_system());
        }
        let mut roots = Vec::new();
        if let Some(file) = file {
            roots.extend(read(Path::new(&file), "SSL_CERT_FILE")?);
        }
        // several folders may stand there, separated as in PATH (OpenSSL's c_rehash(1))
        for folder in folder.iter().flat_map(env::split_paths) {
            roots.extend(read_folder(&folder));
        }
        if roots.is_empty() {
            let what = "SSL_CERT_FILE and SSL_CERT_DIR name no certificate";
            let hint = "correct or unset them, or use \"tls\": {\"trust\": \"ca-file:/path/to/ca.pem\"}";
            return Err(Problem::Trust(Failure::new(Exit::Protocol, what).with_hint(hint)));
        }
        Ok(Self::Only(roots))
    }
}

fn read(file: &Path, variable: &str) -> Result<Vec<Certificate>, Problem> {
    let wrong = |what: String| {
        let what = format!("{variable} names \"{}\", which {what}", file.display());
        Problem::Trust(Failure::new(Exit::Protocol, what).with_hint(format!("correct or unset {variable}")))
    };
    // a pipe would keep the hook waiting; a bundle of the whole world has a quarter of a MiB
    let pem =
        files::read_plain(file, Purpose::CaFile, MOST).map_err(|e| wrong(format!("cannot be used: {e}")))?;
    let roots = Certificate::stack_from_pem(&pem).map_err(|_| wrong("is no PEM file".to_owned()))?;
    if roots.is_empty() { Err(wrong("holds no certificate".to_owned())) } else { Ok(roots) }
}

/// Reads the certificates of a folder that are named by a hash, as OpenSSL does: `0123abcd.0`. One
/// that has lost its link is switched off. What is no certificate is passed over.
fn read_folder(folder: &Path) -> Vec<Certificate> {
    let mut seen = std::collections::HashSet::new();
    let mut roots = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(path) = entry.path().canonicalize() else { continue };
        if !is_hashed(&entry.file_name()) || !seen.insert(path.clone()) {
            continue;
        }
        if let Ok(pem) = files::read_plain(&path, Purpose::CaFile, MOST) {
            roots.extend(Certificate::stack_from_pem(&pem).unwrap_or_default());
        }
    }
    roots
}

/// Tells whether a file is named as `c_rehash(1)` names links: eight hexadecimal digits, a dot, a
/// number.
pub(super) fn is_hashed(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    let Some((hash, number)) = name.split_once('.') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && digits(number)
}
