//! The property lists of 10.5 to 10.10.

use super::record::Harvest;

#[allow(clippy::unnecessary_wraps)]
pub(super) fn read(_bytes: &[u8]) -> Result<Harvest, String> {
    Ok(Harvest::default())
}
