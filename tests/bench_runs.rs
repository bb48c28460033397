//! The bench works: it is run as a whole only now and then, and would be broken by then.

use std::process::{Command, Stdio};

#[test]
fn the_bench_measures_each_program() {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/run"))
        .args(["--only", "smoke", "--binary", env!("CARGO_BIN_EXE_backup-notify")])
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stderr.ends_with("the bench works\n"), "{stdout}\n{stderr}");
}
