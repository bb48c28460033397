//! What the program types itself, to start itself again as somebody else.
//!
//! None of it is one of the commands, so that no help, page or completion has it.

#[cfg(not(target_os = "macos"))]
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::accounts::READ_MAIL_HOME;
#[cfg(not(target_os = "macos"))]
use crate::channels::SHOW_NOTICE;

/// Print the accounts of a home folder as JSON, within limits
///
/// The program types this itself. It is none of the commands, so that no help, page or completion has it.
#[derive(Debug, Parser)]
#[command(name = READ_MAIL_HOME, disable_version_flag = true)]
pub struct ReadMailHome {
    /// Become this user first, as root
    #[arg(long, value_name = "UID")]
    pub user: Option<u32>,
    /// The home folder
    #[arg(value_name = "DIR")]
    pub home: PathBuf,
}

/// Shows the notice on standard input in a session, and prints what became of it as JSON.
///
/// The program types this itself, like [`ReadMailHome`].
#[cfg(not(target_os = "macos"))]
#[derive(Debug, Parser)]
#[command(name = SHOW_NOTICE, disable_version_flag = true)]
pub struct ShowNotice {
    /// Become this user first, as root
    #[arg(long, value_name = "UID")]
    pub user: Option<u32>,
    /// Take this long at most
    #[arg(long, value_name = "N")]
    pub milliseconds: u64,
    /// The address of the session bus
    #[arg(value_name = "ADDRESS")]
    pub address: OsString,
}
