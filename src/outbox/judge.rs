//! Whether an outbox could be used: everything is looked at, nothing is made and nothing written.

use std::path::Path;

use super::error::OutboxError;
use super::names::Names;
use super::{key, turn};
use crate::files::{Purpose, could_make_private_folder, judge_private_in, private_folder};

/// Judges a folder that may not be there yet, and returns how many messages wait in it.
pub(super) fn judge(folder: &Path) -> Result<usize, OutboxError> {
    let Some(folder) = private_folder(folder, Purpose::Outbox)? else {
        could_make_private_folder(folder, Purpose::Outbox)?;
        return Ok(0);
    };
    turn::is_writable(&folder)?;
    judge_private_in(&turn::path(&folder), Purpose::OutboxLock)?;
    let waiting = Names::read(&folder)?.ids.len();
    if key::find(&folder)?.is_none() && waiting > 0 {
        return Err(OutboxError::KeyMissing { key: key::path(&folder) });
    }
    Ok(waiting)
}

/// Refuses a folder whose way is not there: in the place of a disk that is not attached nothing is made,
/// where nobody would find it once the disk is back. On macOS the disk itself would then get another name.
pub(super) fn has_its_way(folder: &Path) -> Result<(), OutboxError> {
    let above = folder.ancestors().skip(1);
    match above.take_while(|path| !path.exists()).last() {
        None => Ok(()),
        Some(missing) => Err(OutboxError::NoWay { folder: folder.to_owned(), missing: missing.to_owned() }),
    }
}
