//! What a notice says: it arrives as data, whatever it is.

use std::fs;
use std::path::Path;

use super::{KIM, Mac, RECORDS_ONLY};

#[test]
fn each_event_has_its_sound_and_the_script_is_always_the_same() {
    let mut scripts = Vec::new();
    for (event, title, sound) in [
        ("begin", "Backup started: Nightly", ""),
        ("success", "Backup finished: Nightly", "Glass"),
        ("warning", "Backup warning: Nightly", "Ping"),
        ("error", "Backup failed: Nightly", "Basso"),
    ] {
        let mut mac = Mac::of(KIM);
        mac.event = event;
        let done = mac.deliver();
        let words = done.words("osascript");
        assert_eq!(words[2..], ["backup-notify", title, "all is well", sound]);
        scripts.push(words[1].to_owned());

        mac.put("brew/terminal-notifier", RECORDS_ONLY);
        let done = mac.deliver();
        let words = done.words("terminal-notifier");
        assert_eq!(words[..5], ["-title", &format!("\\{title}"), "-message", "\\all is well", "-group"]);
        assert!(words[5].starts_with("\\backup-notify-"), "{words:?}");
        let wanted = if sound.is_empty() { vec![] } else { vec!["-sound".into(), format!("\\{sound}")] };
        assert_eq!(words[6..], wanted);
    }
    scripts.dedup();
    assert_eq!(scripts.len(), 1, "{scripts:?}");
}

#[test]
fn texts_arrive_as_data() {
    let mut long = "ä€🗄".repeat(1000);
    long.push('.');
    let odd = [
        "-e",
        "-help",
        "--",
        "it's \"quoted\"",
        "\"; do shell script \"touch /tmp/backup-notify-was-here",
        "\\\" & (do shell script \"id\") & \\\"",
        "$(id) `id` ${HOME} $HOME %s %n ~ * ?",
        "[1]",
        "(1, 2)",
        "{a = b;}",
        "<6578>",
        "\"text\"",
        "\\begins with one",
        "ends with one\\",
        "Größe 🗄 ‹ok› Ω\u{301}",
        "one\ntwo\r\nthree\tfour",
        "photo\u{202E}gpj.exe\u{200F}\u{1b}[31m",
        "VAR=value",
        &long,
    ];
    let mut mac = Mac::of(KIM);
    let script = mac.deliver().words("osascript")[1].to_owned();
    for odd in odd {
        (mac.task, mac.message) = (odd.to_owned(), Some(odd.to_owned()));
        mac.world.write_with_mode("records", "", 0o666);
        let _ = fs::remove_file(mac.world.path().join("brew/terminal-notifier"));
        let done = mac.deliver();
        let (title, text) = done.notice();
        // the preview cuts and cleans; short and harmless texts are what was given
        if odd.len() < 100 && !odd.chars().any(char::is_control) && !odd.contains('\u{202E}') {
            assert_eq!((title, text), (format!("Backup finished: {odd}").as_str(), odd));
        }
        assert!(!title.contains(['\u{202E}', '\u{1b}', '\n']), "{title:?}");
        assert_eq!(done.words("osascript")[2..], ["backup-notify", title, text, "Glass"], "{odd:?}");
        assert_eq!(done.words("osascript").len(), 6);
        assert_eq!(done.words("osascript")[1], script);

        mac.put("brew/terminal-notifier", RECORDS_ONLY);
        let done = mac.deliver();
        let line = text.replace(['\n', '\t'], " ");
        let words = done.words("terminal-notifier");
        assert_eq!(words[1], format!("\\{title}"));
        assert_eq!(words[3], format!("\\{line}"));
        assert_eq!(words.len(), 8, "{words:?}");
    }
    assert!(!Path::new("/tmp/backup-notify-was-here").exists());
}
