//! Access control lists of Linux, which hide behind the group's rights.

use std::path::Path;

use rustix::io::Errno;

/// Tells whether a file or folder has an access control list; also when that cannot be found out.
pub(super) fn has_access_list(path: &Path) -> bool {
    match rustix::fs::lgetxattr_query(path, "system.posix_acl_access") {
        Ok(size) => size > 0,
        // none, or a file system that knows no such lists
        Err(Errno::NODATA | Errno::NOTSUP) => false,
        Err(_) => true,
    }
}
