//! The boundary: arguments, environment and clock go in, an exit code comes out.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use backup_notify::{Inherited, World};

#[allow(
    unsafe_code,
    reason = "what runs before main has to say so; std has changed by then what is looked at"
)]
mod before_main {
    /// Looks at what std is about to change.
    // SAFETY: it makes system calls and sets flags; nothing of std has to be there for that
    #[ctor::ctor(unsafe)]
    fn look() {
        backup_notify::Inherited::look();
    }
}

fn main() -> ExitCode {
    let started = Instant::now();
    backup_notify::on_panic_exit();
    let inherited = Inherited::with(hide_openssl_settings());
    let world =
        World { args: std::env::args_os().collect(), started, now: jiff::Timestamp::now(), inherited };
    backup_notify::run(&world).now()
}

/// What OpenSSL must not find in the environment, and what it finds instead.
///
/// By the first three it reads other settings, or loads other code, than the system's: a trust rule
/// means what it says, whatever the environment of the hook is.
#[cfg(target_os = "macos")]
const SETTINGS: [(&str, Option<&str>); 3] =
    [("OPENSSL_CONF", None), ("OPENSSL_MODULES", None), ("OPENSSL_ENGINES", None)];

/// The same, and what the person trusts, which `smtp::system_roots` reads: left to itself, native-tls
/// loads the system's whole file of authorities twice for every connector, also where the rule needs
/// none of them (facts/smtp-and-tls.md, section 4). An empty file is found in its place; the folders
/// in which OpenSSL looks by itself are left as they are.
#[cfg(not(target_os = "macos"))]
const SETTINGS: [(&str, Option<&str>); 5] = [
    ("OPENSSL_CONF", None),
    ("OPENSSL_MODULES", None),
    ("OPENSSL_ENGINES", None),
    ("SSL_CERT_DIR", None),
    ("SSL_CERT_FILE", Some("/dev/null")),
];

/// Hides those variables from the library, and returns what they were.
fn hide_openssl_settings() -> Vec<(&'static str, Option<OsString>)> {
    let mut found = Vec::new();
    for (name, instead) in SETTINGS {
        let value = std::env::var_os(name);
        if value.is_none() && instead.is_none() {
            continue;
        }
        #[allow(unsafe_code, reason = "there is no other way to keep them from the library")]
        // SAFETY: this is the first thing the program does, and it has one thread
        unsafe {
            match instead {
                Some(instead) => std::env::set_var(name, instead),
                None => std::env::remove_var(name),
            }
        }
        found.push((name, value));
    }
    found
}
