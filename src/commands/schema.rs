//! `schema`: the JSON Schema of the task file.

use crate::commands::output::print_and_end;
use crate::exit::Exit;
use crate::task;

/// Runs the command.
pub(super) fn run() -> Exit {
    // the alternate form of a JSON value is the indented one
    print_and_end(&format!("{:#}\n", task::schema().as_value()))
}
