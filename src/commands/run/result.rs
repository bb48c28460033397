//! The result as a file, for programs that look at it later.

use std::path::Path;

use crate::commands::output::{Output, Report};
use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{Over, write_private};

/// Writes the result, or the error in its place, for its owner only; a link is replaced, and not what it
/// leads to.
pub(super) fn write(path: &Path, result: &Result<Report, Failure>) -> Result<(), Failure> {
    // a device, such as /dev/null, would be replaced too
    if path.symlink_metadata().is_ok_and(|meta| !meta.is_file() && !meta.is_symlink()) {
        let what = format!("the result is not written: \"{}\" is no ordinary file", path.display());
        return Err(Failure::new(Exit::CannotWrite, what).with_hint("name another file after --json-file"));
    }
    let text = Output::in_json(result);
    write_private(path, text.as_bytes(), Over::Anything).map_err(|error| Failure::from_situation(&error))
}
