//! `password`: what the private keychain keeps, one file each for keeping, forgetting and listing.
//!
//! Results go to stdout; what is going to happen, to whose keychain, is said on stderr before anybody
//! types anything.

mod list;
mod place;
mod remove;
mod set;
mod trial;

use std::path::Path;

use crate::World;
use crate::cli::PasswordCommand;
use crate::commands::ran_as::RanAs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{Keychain, Slot};
use crate::text::one_line;

/// Runs the command.
pub(super) fn run(command: &PasswordCommand, world: &World) -> Exit {
    match command {
        PasswordCommand::Set(args) => set::run(args, world),
        PasswordCommand::Remove(args) => remove::run(args, world),
        PasswordCommand::List(args) => list::run(args, world),
    }
}

/// Whose keychain it is.
struct Own {
    keychain: Keychain,
    user: String,
}

impl Own {
    fn open() -> Result<Self, Failure> {
        let keychain = Keychain::own().map_err(|e| Failure::from_situation(&e))?;
        Ok(Self { keychain, user: RanAs::now(false).user })
    }

    /// Names it for people.
    fn title(&self) -> String {
        format!("the private keychain \"{}\" of {}", shown(self.keychain.path()), self.user)
    }

    /// Names it for programs.
    fn vault(&self) -> String {
        self.keychain.path().to_string_lossy().into_owned()
    }
}

/// Says whose password it is: "jon at smtp.example.com:587".
fn title(slot: &Slot) -> String {
    let host = slot.host();
    let server = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let server = format!("{server}:{}", slot.port());
    match slot.user() {
        Some(user) => format!("{} at {server}", one_line(user)),
        None => format!("Growl at {server}"),
    }
}

fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy()).into_owned()
}
