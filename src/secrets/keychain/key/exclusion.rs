//! How Time Machine is asked to leave a folder out: an extended attribute that goes with it.

/// The attribute that `tmutil addexclusion` sets (tmutil(8)), and that Time Machine looks for.
#[cfg(target_os = "macos")]
const ATTRIBUTE: &str = "com.apple.metadata:com_apple_backup_excludeItem";
/// What `tmutil` writes there: a binary property list with this one text
/// (<https://eclecticlight.co/2017/12/13/xattr-com-apple-metadatacom_apple_backup_excludeitem-exclude-from-backups/>).
#[cfg(any(test, target_os = "macos"))]
const BACKUPD: &str = "com.apple.backupd";

/// Asks Time Machine to leave a folder out.
#[cfg(target_os = "macos")]
pub(super) fn leave_out(folder: &std::path::Path) -> std::io::Result<()> {
    rustix::fs::setxattr(folder, ATTRIBUTE, &value(), rustix::fs::XattrFlags::empty())?;
    Ok(())
}

/// Returns the bytes of the attribute: they are always the same.
#[cfg(any(test, target_os = "macos"))]
fn value() -> Vec<u8> {
    let mut bytes = Vec::new();
    // into memory, where it does not fail; without the attribute the tag is there still
    let _ = plist::Value::from(BACKUPD).to_writer_binary(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    /// The bytes on a Mac, as the page named above shows them.
    #[test]
    fn the_attribute_is_what_tmutil_writes() {
        let mut expected = b"bplist00\x5f\x10\x11com.apple.backupd\x08".to_vec();
        expected.extend([0, 0, 0, 0, 0, 0, 1, 1]);
        expected.extend(1_u64.to_be_bytes());
        expected.extend(0_u64.to_be_bytes());
        expected.extend(28_u64.to_be_bytes());
        assert_eq!(super::value(), expected);
    }
}
