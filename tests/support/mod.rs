//! What the integration tests stand on: empty worlds to run the real program in, and peers
//! that behave, or misbehave, as a test says.
//!
//! Nothing here uses code of the program. A mistake made there cannot be repeated here and so
//! cancel out. The demo (`tests/demo.rs`) includes this folder too, so nothing may need the
//! variables that cargo sets for test targets only.

// this is test code: it may panic, and each user of it uses another part
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_panics_doc
)]

pub(crate) mod certs;
pub(crate) mod conversation;
pub(crate) mod dbus;
pub(crate) mod display;
pub(crate) mod dunst;
pub(crate) mod exim;
pub(crate) mod gntp;
pub(crate) mod guard;
pub(crate) mod leaks;
pub(crate) mod memory;
pub(crate) mod namespace;
pub(crate) mod outbox;
pub(crate) mod output;
pub(crate) mod people;
pub(crate) mod postfix;
pub(crate) mod private_server;
pub(crate) mod read_mail;
pub(crate) mod run;
mod server_certificate;
pub(crate) mod smtp_server;
pub(crate) mod world;
