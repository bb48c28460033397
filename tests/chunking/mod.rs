//! Servers that offer CHUNKING (RFC 3030): the message goes along with the commands, and what is told of it is
//! what is told without.

mod denied;
mod flight;
mod order;
mod real;
mod same;
mod shifted;
mod sizes;
mod window;
#[cfg(target_os = "linux")]
mod writes;

use crate::site::Site;
use crate::support::smtp_server::{Builder, Mode};

/// A server that takes mail from jon and offers CHUNKING.
fn chunking(site: &Site) -> Builder {
    site.server(Mode::Implicit).with("CHUNKING")
}

/// So many recipients.
fn recipients(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("person-{number}@example.test")).collect()
}
