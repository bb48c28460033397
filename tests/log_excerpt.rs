//! What a message quotes of a log, through the program as it is.

use std::fs;

use crate::log_attached::{notify, sent, task};
use crate::site::Site;
use crate::support::smtp_server::Mode;

#[test]
fn errors_are_quoted_with_what_is_around_them_and_gaps_are_counted() {
    let line = |i| {
        if i == 500 {
            "rsync: open \"/a\" failed: Permission denied (13)\n".into()
        } else {
            format!("file {i}\n")
        }
    };
    let log: String = (0..5000).map(line).collect();
    let sent = sent(log.as_bytes(), "run.log");
    let quoted = "From the log:\n    [… 498 lines are left out]\n    file 498\n    file 499\n    rsync: open \"/a\" \
                  failed: Permission denied (13)\n    file 501\n    file 502\n    [… 4,467 lines are left out]\n    \
                  file 4970\n";
    assert!(sent.text.contains(quoted), "{}", sent.text);
    assert!(sent.text.contains("    file 4999\n"));
    assert!(sent.html.contains("From the log") && sent.html.contains("[… 4,467 lines are left out]"));
}

#[test]
fn a_good_run_shows_its_end_alone() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let log = site.world.write("run.log", "error: old\n".to_owned() + &"fine\n".repeat(100));
    let path = site.world.task(&task(&site, &server));
    let run = site.world.command(&["notify", "--exit-code", "0", "--log", log.to_str().unwrap()]);
    run.task(&path).run().assert_success();
    let text = crate::log_attached::read(&server.message()).text;
    assert!(text.contains("Last 30 lines of the log:") && !text.contains("error: old"), "{text}");
}

#[test]
fn hostile_lines_are_inert_everywhere() {
    let long_path = "/x".repeat(2000);
    let log = format!(
        "error: \u{1b}[31mred\u{1b}[0m \u{7} \u{202e}gpj\n<script>alert(1)</script> failed & \"x\"\n{{{{ 7 * 7 }}}} \
         {{% raw %}} ##Exit Status## %n%s\n.\n..\nFrom jon\nerror {long_path}\na\rb\rc\n"
    );
    let sent = sent(log.as_bytes(), "run<b>.log");
    let (_, file) = sent.file.unwrap();
    for text in [&sent.text, &sent.html, &file] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\0']), "{text:?}");
        assert!(text.contains("{{ 7 * 7 }} {% raw %} ##Exit Status## %n%s"), "{text}");
    }
    assert!(!sent.html.contains("<script>") && sent.html.contains("&lt;script&gt;"));
    assert!(file.contains("\n.\n..\nFrom jon\n") && file.contains(&long_path));
    assert!(sent.text.contains("    c\n") && file.contains("\na\nb\nc\n"));
    assert!(sent.text.contains('…') && !sent.text.contains(&long_path));
}

#[test]
fn a_line_of_100_megabytes_costs_its_end() {
    let mut log = b"error: begins\n".to_vec();
    log.resize(100_000_000, b'x');
    log.extend_from_slice(b"\nlast\n");
    let sent = sent(&log, "run.log");
    assert!(sent.text.contains("    error: begins\n") && sent.text.contains("    last\n"), "{}", sent.text);
    assert!(sent.text.contains("that were not looked at are left out]"), "{}", sent.text);
    let (_, file) = sent.file.unwrap();
    assert!(
        file.starts_with("error: begins\n[… 99") && file.ends_with(" bytes are left out here]\nlast\n"),
        "{}",
        file.len()
    );
}

#[test]
fn text_of_windows_is_read() {
    let log: Vec<u8> =
        "\u{feff}error: größer\r\nlast\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sent = sent(&log, "run.log");
    assert!(sent.text.contains("    error: größer\n    last\n"), "{}", sent.text);
    assert_eq!(sent.file.unwrap().1, "error: größer\nlast\n");
}

#[test]
fn what_is_no_log_is_said_and_the_notice_goes_out() {
    let site = Site::new();
    let path = site.world.path().to_owned();
    let file = site.world.write("real.log", "one\n");
    std::os::unix::fs::symlink(&file, path.join("link.log")).unwrap();
    nix::unistd::mkfifo(&path.join("pipe.log"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::create_dir(path.join("folder.log")).unwrap();
    for name in ["link.log", "pipe.log", "folder.log", "missing.log", "/dev/zero"] {
        let server = site.server(Mode::Implicit).start();
        notify(&site, &task(&site, &server), path.join(name).to_str().unwrap()).assert_success();
        let sent = crate::log_attached::read(&server.message());
        assert!(sent.file.is_none(), "{name}");
        let notes = sent.text.split("Please note:\n").nth(1).unwrap();
        assert_eq!(notes.matches(name).count(), 1, "{notes}");
    }
}

#[test]
fn an_empty_log_is_nothing_to_quote() {
    let sent = sent(b"", "run.log");
    assert!(!sent.text.contains("log:"), "{}", sent.text);
    assert_eq!(sent.file.unwrap().1, "");
}
