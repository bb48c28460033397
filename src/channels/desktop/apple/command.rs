//! Command lines: what is started to show a notice, and for whom.
//!
//! A task's name and a run's message are somebody else's text. They are arguments, each in its own
//! place, and never a part of a script or of another argument's syntax.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::Places;
use super::console::Session;
use crate::channels::screen::ScreenNotice;
use crate::decide::ScreenEvent;
use crate::text;

/// Shows a notice; the same whatever it says. The first argument is ours, and `sound name` is left out
/// where there is none (the guide to `AppleScript`, "display notification").
const SHOW: &str = r#"on run argv
	set theTitle to item 2 of argv
	set theText to item 3 of argv
	set theSound to item 4 of argv
	if theSound is "" then
		display notification theText with title theTitle
	else
		display notification theText with title theTitle sound name theSound
	end if
end run"#;

/// Shows nothing, and goes the same way.
const ASK: &str = "on run argv
	return item 1 of argv
end run";

/// The first argument of both. What follows it may begin with "-": osascript takes options up to the
/// first argument that is none (osascript(1); its getopt does not look further).
pub(super) const FIRST: &str = "backup-notify";

/// Where children find programs of the system.
const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

/// Says that arguments are UTF-8; every Mac has this locale.
const LANG: &str = "en_US.UTF-8";

/// What is started, and its arguments.
pub(super) type Line = Vec<OsString>;

/// Makes the line by which osascript shows a notice.
pub(super) fn osascript(program: &Path, notice: &ScreenNotice) -> Line {
    let (title, text) = parts(notice);
    let sound = sound(notice.event).unwrap_or_default();
    line(program, ["-e", SHOW, FIRST, &title, &text::block(&text).replace('\0', "\u{FFFD}"), sound])
}

/// Makes the line by which osascript answers with [`FIRST`] and shows nothing.
pub(super) fn osascript_asked(program: &Path) -> Line {
    line(program, ["-e", ASK, FIRST])
}

/// Makes the line by which terminal-notifier shows a notice, in place of the one before it.
///
/// It reads its values as a property list where they look like one, takes one with a leading "-" for
/// an option, and drops a leading backslash: with one every value is text. Of several lines it would
/// show the first (julienXX/terminal-notifier: issues 134 and 263, `objectForKeyedSubscript` in
/// `AppDelegate.m`). With a -message it never reads standard input.
pub(super) fn terminal_notifier(program: &Path, notice: &ScreenNotice) -> Line {
    let (title, text) = parts(notice);
    let group = format!("backup-notify-{}", notice.id);
    let value = |text: &str| format!("\\{}", text::one_line(text));
    let mut line =
        line(program, ["-title", &value(&title), "-message", &value(&text), "-group", &value(&group)]);
    if let Some(sound) = sound(notice.event) {
        line.extend([OsString::from("-sound"), value(sound).into()]);
    }
    line
}

/// Makes the line by which terminal-notifier shows nothing: it prints its help once it has reached
/// the session, and hangs where there is none as it would with a notice.
pub(super) fn terminal_notifier_asked(program: &Path) -> Line {
    line(program, ["-help"])
}

/// Makes the command of a line: for the running user, or for the person in whose session root has
/// something shown.
///
/// launchctl enters the session and changes no user, sudo changes the user and enters no session
/// (launchctl(1), "asuser"): it takes both, in this order. `-n` never asks for a password, and `-H`
/// is there because macOS keeps HOME in its `/etc/sudoers`.
///
/// `home` is the running user's; the one of somebody else is sudo's to know.
pub(super) fn command(places: &Places, session: &Session, home: Option<&Path>, line: &[OsString]) -> Command {
    let mut whole = Vec::new();
    if let Session::Of(person) = session {
        let uid = person.uid.to_string();
        whole.extend([places.launchctl.clone().into(), "asuser".into(), uid.clone().into()]);
        whole.push(places.sudo.clone().into());
        whole.extend(["-n", "-H", "-u"].map(OsString::from));
        whole.extend([format!("#{uid}").into(), OsString::from("--")]);
    }
    whole.extend_from_slice(line);
    let mut words = whole.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).env_clear().env("PATH", PATH).env("LANG", LANG).current_dir("/");
    if let (Session::Own(_), Some(home)) = (session, home) {
        command.env("HOME", home);
    }
    command
}

/// Returns title and text; Notification Center shows nothing of a notice without a text.
fn parts(notice: &ScreenNotice) -> (String, String) {
    let title = text::one_line(&notice.title);
    let title = if title.trim().is_empty() { FIRST } else { &title };
    let text = if notice.text.trim().is_empty() { title } else { &notice.text };
    (title.to_owned(), text.to_owned())
}

/// Returns the sound of an event, one of those in `/System/Library/Sounds`.
fn sound(event: ScreenEvent) -> Option<&'static str> {
    match event {
        ScreenEvent::Begin => None,
        ScreenEvent::Success => Some("Glass"),
        ScreenEvent::Warning => Some("Ping"),
        ScreenEvent::Error => Some("Basso"),
    }
}

fn line<const N: usize>(program: &Path, arguments: [&str; N]) -> Line {
    let mut line = vec![program.as_os_str().to_owned()];
    line.extend(arguments.map(OsString::from));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::desktop::apple::console::Person;

    fn notice(event: ScreenEvent, title: &str, text: &str) -> ScreenNotice {
        ScreenNotice { event, title: title.into(), text: text.into(), id: "0123456789abcdef".into() }
    }

    fn words(line: &[OsString]) -> Vec<&str> {
        line.iter().map(|word| word.to_str().unwrap()).collect()
    }

    /// What a person, a file system or an attacker may put into a name.
    const ODD: [&str; 10] = [
        "-e",
        "--help",
        "\"; do shell script \"touch /tmp/x",
        "\\\" & (do shell script \"id\") & \\\"",
        "$(id) `id` ${HOME} %s",
        "[1, 2]",
        "({<\"'",
        "\\begins",
        "Größe 🗄 ‹ok›",
        "it's",
    ];

    #[test]
    fn the_script_of_osascript_is_the_same_whatever_the_texts_are() {
        for odd in ODD {
            let line = osascript(Path::new("/o"), &notice(ScreenEvent::Error, odd, odd));
            assert_eq!(words(&line), ["/o", "-e", SHOW, "backup-notify", odd, odd, "Basso"]);
        }
    }

    #[test]
    fn every_value_of_terminal_notifier_begins_with_a_backslash() {
        for odd in ODD {
            let line = terminal_notifier(Path::new("/t"), &notice(ScreenEvent::Success, odd, odd));
            let value = format!("\\{odd}");
            let group = "\\backup-notify-0123456789abcdef";
            let wanted = ["/t", "-title", &value, "-message", &value, "-group", group, "-sound", "\\Glass"];
            assert_eq!(words(&line), wanted);
        }
    }

    #[test]
    fn several_lines_stay_where_they_can_be_shown() {
        let notice = notice(ScreenEvent::Warning, "a\nb", "c\r\nd\te\0\u{1b}[0m\u{202E}f");
        let line = osascript(Path::new("/o"), &notice);
        assert_eq!(words(&line)[4..], ["a b", "c\nd\te\u{FFFD}\u{FFFD}[0m\u{FFFD}f", "Ping"]);
        let line = terminal_notifier(Path::new("/t"), &notice);
        assert_eq!(
            words(&line)[1..5],
            ["-title", "\\a b", "-message", "\\c d e\u{FFFD}\u{FFFD}[0m\u{FFFD}f"]
        );
    }

    #[test]
    fn what_is_empty_has_something_in_its_place_and_a_beginning_no_sound() {
        let line = osascript(Path::new("/o"), &notice(ScreenEvent::Begin, " ", "\n"));
        assert_eq!(words(&line)[3..], ["backup-notify", "backup-notify", "backup-notify", ""]);
        let line = terminal_notifier(Path::new("/t"), &notice(ScreenEvent::Begin, "Backup", ""));
        assert_eq!(words(&line)[1..5], ["-title", "\\Backup", "-message", "\\Backup"]);
        assert!(!words(&line).contains(&"-sound"));
    }

    #[test]
    fn root_enters_the_session_and_then_becomes_its_user() {
        let person = Person { uid: 501, name: "kim".into() };
        let (places, home) = (Places::of_a_mac(), Some(Path::new("/Users/kim")));
        let made = |session| {
            let command = command(&places, &session, home, &osascript_asked(&places.osascript));
            let words = command.get_args().map(|word| word.to_str().unwrap().to_owned());
            let program = command.get_program().to_str().unwrap().to_owned();
            let words: Vec<_> = std::iter::once(program).chain(words).collect();
            let names = command.get_envs().map(|(name, _)| name.to_str().unwrap().to_owned());
            let names: Vec<_> = names.collect();
            assert_eq!(command.get_current_dir(), Some(Path::new("/")));
            (words, names)
        };
        let asked = ["/usr/bin/osascript", "-e", ASK, "backup-notify"];
        let (words, names) = made(Session::Own(person.clone()));
        assert_eq!(
            (words, names),
            (asked.map(Into::into).into(), ["HOME", "LANG", "PATH"].map(Into::into).into())
        );
        let (words, names) = made(Session::Of(person));
        let become_kim = ["/bin/launchctl", "asuser", "501", "/usr/bin/sudo", "-n", "-H", "-u", "#501", "--"];
        assert_eq!(words, [&become_kim[..], &asked[..]].concat());
        assert_eq!(names, ["LANG", "PATH"]);
    }

    #[test]
    fn the_scripts_are_whole() {
        for script in [SHOW, ASK] {
            assert!(script.starts_with("on run argv\n") && script.ends_with("\nend run"), "{script}");
            for line in script.lines() {
                assert_eq!(line.matches('"').count() % 2, 0, "{line}");
                assert!(!line.contains('\\'), "{line}");
            }
            let ifs = script.lines().filter(|line| line.trim_start().starts_with("if ")).count();
            assert_eq!(ifs, script.matches("end if").count(), "{script}");
        }
    }
}
