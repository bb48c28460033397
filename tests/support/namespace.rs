//! A network of a test's own: a namespace with one address that is not loopback, and nobody else.

use std::process::Command;

/// The address there (RFC 5737: never anybody's).
pub(crate) const ADDRESS: &str = "192.0.2.1";

/// Tells a test that it runs inside; outside, runs it once more inside and fails as it fails.
///
/// `test` is its full name.
pub(crate) fn entered(test: &str) -> bool {
    const INSIDE: &str = "BACKUP_NOTIFY_TEST_NAMESPACE";
    if std::env::var_os(INSIDE).is_some() {
        for arguments in
            [&["link", "set", "lo", "up"][..], &["address", "add", &format!("{ADDRESS}/32"), "dev", "lo"][..]]
        {
            let done = Command::new("ip").args(arguments).status().expect("ip, of Debian's iproute2");
            assert!(done.success(), "ip {arguments:?}");
        }
        return true;
    }
    let done = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare, of util-linux");
    let (stdout, stderr) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && stdout.contains("1 passed"), "in a namespace:\n{stdout}\n{stderr}");
    false
}
