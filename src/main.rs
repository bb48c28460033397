//! The boundary: arguments, environment and clock go in, an exit code comes out.

use std::process::ExitCode;
use std::time::Instant;

use backup_notify::World;

fn main() -> ExitCode {
    let started = Instant::now();
    backup_notify::on_panic_exit();
    forget_openssl_settings();
    let world = World { args: std::env::args_os().collect(), started, now: jiff::Timestamp::now() };
    ExitCode::from(backup_notify::run(&world).code())
}

/// Takes away the variables by which OpenSSL reads other settings, or loads other code, than the
/// system's: a trust rule means what it says, whatever the environment of the hook is.
fn forget_openssl_settings() {
    for name in ["OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"] {
        if std::env::var_os(name).is_some() {
            #[allow(unsafe_code, reason = "there is no other way to keep them from the library")]
            // SAFETY: this is the first thing the program does, and it has one thread
            unsafe {
                std::env::remove_var(name);
            }
        }
    }
}
