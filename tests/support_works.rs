//! The support code is tested too: a server that overlooks a mistake, or a world that lets a
//! secret out, would make every other test worthless.

mod certificates;
mod client;
mod displays;
mod faults;
#[cfg(not(target_os = "macos"))]
mod handshakes;
mod kinds;
mod sign_in;
mod smtp;
mod worlds;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what has to fail, and returns the message it failed with.
fn failure(test: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it did not fail");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    }
}
