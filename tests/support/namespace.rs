//! A network of a test's own: a namespace with one address that is not loopback, and nobody else.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

/// The address there (RFC 5737: never anybody's).
pub(crate) const ADDRESS: &str = "192.0.2.1";

/// Set where a test runs inside.
const INSIDE: &str = "BACKUP_NOTIFY_TEST_NAMESPACE";

/// Tells whether this is a namespace of a test's own.
pub(super) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Gives the test's network names of its own: `/etc/hosts` for it alone.
///
/// Only inside; the file goes with the namespace.
pub(crate) fn set_hosts(hosts: &str) {
    static MOUNTED: Once = Once::new();
    assert!(is_inside(), "these are the names of the whole machine");
    MOUNTED.call_once(|| {
        let file = tempfile::NamedTempFile::new().unwrap();
        // others than root resolve names too
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        bind(file.path(), "/etc/hosts");
    });
    std::fs::write("/etc/hosts", hosts).unwrap();
}

/// Gives the test settings and authorities of its own for TLS: this folder as `/etc/ssl`, for it alone.
pub(crate) fn set_etc_ssl(folder: &Path) {
    assert!(is_inside(), "these are the authorities of the whole machine");
    bind(folder, "/etc/ssl");
}

/// Puts something else into a place, as far as this namespace goes.
fn bind(what: &Path, place: &str) {
    let done = Command::new("mount").arg("--bind").arg(what).arg(place).status();
    assert!(done.expect("mount").success(), "mount --bind");
}

/// Tells a test that it runs inside; outside, runs it once more inside and fails as it fails.
///
/// `test` is its full name.
pub(crate) fn entered(test: &str) -> bool {
    if is_inside() {
        for arguments in
            [&["link", "set", "lo", "up"][..], &["address", "add", &format!("{ADDRESS}/32"), "dev", "lo"][..]]
        {
            let done = Command::new("ip").args(arguments).status().expect("ip, of Debian's iproute2");
            assert!(done.success(), "ip {arguments:?}");
        }
        return true;
    }
    let done = Command::new("unshare")
        .args(["--net", "--mount"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare, of util-linux");
    let (stdout, stderr) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && stdout.contains("1 passed"), "in a namespace:\n{stdout}\n{stderr}");
    false
}
