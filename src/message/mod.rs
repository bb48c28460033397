//! Composing: from the story of a run to the bytes of a message.
//!
//! ```text
//! Story ── clean, redact, measure, put in words ──► Notice ──► text part ┐
//!                                                          ├──► HTML part ├─► Composed
//!                                          templates ──────┴──► subject  ┘
//! ```
//!
//! Part of the core: nothing here opens a file, asks the network or the environment, or looks at a
//! clock. A notice is never lost to its own decoration: where a template fails, the standard text
//! goes out and says so.

mod cut;
mod human;
mod log;
mod redact;

pub use log::{DEFAULT_LINES, LogExcerpt};
