//! Setting aside: what looks like a message of ours and is none goes into `aside/`, as it is. It is moved
//! by its name, which neither follows nor opens it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::quoted;
use super::id::Id;
use crate::error::Situation as _;
use crate::files::{Purpose, make_lasting, make_private_folder};
use crate::text::{io_words, one_line};

/// How many things of one name are kept in `aside/`.
const MOST_OF_ONE_NAME: u32 = 1000;

/// Moves both files of a message aside, and returns the sentence that says so: what is wrong with which
/// file, and where it is now.
///
/// The message goes first. When the second move does not come to pass, by a fault or the end of the
/// process, what is left is an entry without a message, which is set aside by the next who finds it; a
/// message alone would look like one that was not quite kept, and would be removed.
pub(super) fn set_aside(folder: &Path, id: &Id, path: &Path, reason: &str) -> String {
    let said = format!("{} {}", quoted(path), one_line(reason));
    match moved(folder, id) {
        Ok(aside) => format!("{said}; it is not sent, and was moved to {}", quoted(&aside)),
        Err(why) => format!("{said}; it is not sent, and stays where it is: {why}"),
    }
}

fn moved(folder: &Path, id: &Id) -> Result<PathBuf, String> {
    let aside = folder.join("aside");
    let aside = make_private_folder(&aside, Purpose::Outbox).map_err(|error| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })?;
    for path in [id.message(folder), id.facts(folder)] {
        let failed = |error: io::Error| format!("{} cannot be moved: {}", quoted(&path), io_words(&error));
        match fs::rename(&path, free(&aside, &path).ok_or("there are too many of its name in \"aside\"")?) {
            // there was none, or somebody else was faster
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed.map_err(failed)?,
        }
    }
    // that it is aside need not outlast a power cut: then it is set aside once more
    let _ = make_lasting(&aside).and_then(|()| make_lasting(folder));
    Ok(aside)
}

/// Finds a name in `aside/` that nothing has. Nobody but us makes names there, and who moves the same
/// message holds its lock.
fn free(aside: &Path, path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    let numbered = |number: u32| {
        let mut name = name.to_owned();
        if number > 1 {
            name.push(format!(".{number}"));
        }
        aside.join(name)
    };
    (1..=MOST_OF_ONE_NAME).map(numbered).find(|path| path.symlink_metadata().is_err())
}
