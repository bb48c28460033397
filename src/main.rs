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
    let inherited = Inherited::with(forget_openssl_settings());
    let world =
        World { args: std::env::args_os().collect(), started, now: jiff::Timestamp::now(), inherited };
    backup_notify::run(&world).now()
}

/// Takes away the variables by which OpenSSL reads other settings, or loads other code, than the
/// system's: a trust rule means what it says, whatever the environment of the hook is.
fn forget_openssl_settings() -> Vec<(OsString, OsString)> {
    let mut taken = Vec::new();
    for name in ["OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"] {
        if let Some(value) = std::env::var_os(name) {
            taken.push((name.into(), value));
            #[allow(unsafe_code, reason = "there is no other way to keep them from the library")]
            // SAFETY: this is the first thing the program does, and it has one thread
            unsafe {
                std::env::remove_var(name);
            }
        }
    }
    taken
}
