//! The boundary: arguments, environment and clock go in, an exit code comes out.

use std::process::ExitCode;
use std::time::Instant;

use backup_notify::World;

fn main() -> ExitCode {
    let started = Instant::now();
    backup_notify::on_panic_exit();
    let world = World { args: std::env::args_os().collect(), started, now: jiff::Timestamp::now() };
    ExitCode::from(backup_notify::run(&world).code())
}
