//! `schema`: the JSON Schema of the task file, as it is kept beside the task's own types.

use crate::commands::packed;
use crate::exit::Exit;

/// Runs the command.
pub(super) fn run() -> Exit {
    packed::print(packed::SCHEMA)
}
