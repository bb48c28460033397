//! What one exit code of one program says.

use std::ops::RangeInclusive;

use nix::sys::signal::Signal;

use crate::run::Outcome;

/// The last number that a signal has on any system: Linux counts its real-time signals up to it.
const LAST_SIGNAL: i32 = 64;

/// A row of a program's table: some of its exit codes, and what they say.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) codes: RangeInclusive<i32>,
    pub(super) outcome: Outcome,
    /// What happened, in words that follow "rsync 24: ": lower case, no full stop.
    pub(super) words: &'static str,
    /// Whether the words explain the end, or only say that there was one: then what the program printed
    /// says more.
    pub(super) telling: bool,
}

/// Makes the row of a code that explains how the run ended.
pub(super) const fn code(code: i32, outcome: Outcome, words: &'static str) -> Code {
    Code { codes: code..=code, outcome, words, telling: true }
}

/// Makes the row of a code that stands for many reasons.
pub(super) const fn vague(code: i32, outcome: Outcome, words: &'static str) -> Code {
    Code { codes: code..=code, outcome, words, telling: false }
}

/// Makes the row of several codes that the program documents together.
pub(super) const fn range(codes: RangeInclusive<i32>, outcome: Outcome, words: &'static str) -> Code {
    Code { codes, outcome, words, telling: false }
}

/// What an exit code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// How the run ended.
    pub outcome: Outcome,
    /// In a sentence: "rsync 24: some source files vanished before they could be copied".
    pub sentence: String,
    /// Whether the sentence explains the end, or only says that there was one.
    pub telling: bool,
}

impl Meaning {
    /// Returns the sentence without the name and the code at its beginning.
    pub fn words(&self) -> &str {
        self.sentence.split_once(": ").map_or(&self.sentence, |(_, words)| words)
    }
}

/// Tells what a code means that comes from whatever started the program: a shell, systemd, Python.
pub(super) fn of_any_program(code: i32) -> Option<(Outcome, String)> {
    match code {
        // POSIX, Shell Command Language, 2.8.2; "env" and this program do the same
        126 => Some((Outcome::Error, "the program could not be started".to_owned())),
        127 => Some((Outcome::Error, "the program was not found".to_owned())),
        _ => signal_of(code).map(|signal| (outcome_of(signal), signal_words(signal))),
    }
}

/// Returns the code that a shell makes from a signal; its name may have its SIG.
pub(super) fn code_of_signal(name: &str) -> Option<i32> {
    let name = if name.starts_with("SIG") { name.to_owned() } else { format!("SIG{name}") };
    name.parse::<Signal>().ok().map(|signal| 128 + signal as i32)
}

/// Returns the number of the signal that a code stands for: 128+N, or -N as Python's subprocess has it.
///
/// -1 is none: Go and others return it for a code that they do not know.
fn signal_of(code: i32) -> Option<i32> {
    let number = if code < -1 { code.checked_neg()? } else { code.checked_sub(128)? };
    (1..=LAST_SIGNAL).contains(&number).then_some(number)
}

fn outcome_of(signal: i32) -> Outcome {
    match Signal::try_from(signal) {
        Ok(Signal::SIGHUP | Signal::SIGINT | Signal::SIGTERM) => Outcome::Interrupted,
        _ => Outcome::Error,
    }
}

fn signal_words(number: i32) -> String {
    let Ok(signal) = Signal::try_from(number) else { return format!("was ended by signal {number}") };
    let (how, why) = match signal {
        Signal::SIGKILL => ("was killed", ", for instance for lack of memory"),
        Signal::SIGABRT | Signal::SIGBUS | Signal::SIGFPE | Signal::SIGILL | Signal::SIGSEGV => {
            ("crashed", "")
        }
        Signal::SIGPIPE => ("was ended", ": nobody read its output any more"),
        Signal::SIGXCPU => ("was ended", ": it had used all the processor time it may have"),
        Signal::SIGXFSZ => ("was ended", ": a file became larger than it may be"),
        _ => ("was ended", ""),
    };
    format!("{how} by {}, signal {number}{why}", signal.as_str()).replacen("crashed by", "crashed with", 1)
}

#[cfg(test)]
pub(super) fn check(tool: super::Tool, table: &[(i32, Outcome)]) {
    let mut seen: Vec<String> = Vec::new();
    for (code, outcome) in table {
        let meaning = tool.meaning(*code);
        assert_eq!(meaning.outcome, *outcome, "{meaning:?}");
        let start = format!("{} {code}: ", tool.name());
        assert!(meaning.sentence.starts_with(&start), "{meaning:?}");
        let words = meaning.words().to_owned();
        assert!(!words.contains("does not document") && !words.ends_with('.'), "{meaning:?}");
        assert!(words.starts_with(|c: char| !c.is_uppercase()) || words.starts_with("SSH"), "{meaning:?}");
        assert!(!seen.contains(&words), "said twice: {words}");
        seen.push(words);
    }
    // what it does not document is an error, and the sentence says so
    for unknown in [-1, 94, 193, 255, i32::MAX, i32::MIN] {
        if !table.iter().any(|(code, _)| *code == unknown) {
            let meaning = tool.meaning(unknown);
            assert_eq!((meaning.outcome, meaning.telling), (Outcome::Error, false), "{meaning:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Tool;

    #[test]
    fn a_signal_is_named_for_every_tool() {
        for (_, tool) in Tool::WORDS {
            for code in [143, -15] {
                let meaning = tool.meaning(code);
                assert_eq!(
                    meaning.sentence,
                    format!("{} {code}: was ended by SIGTERM, signal 15", tool.name())
                );
                assert_eq!((meaning.outcome, meaning.telling), (Outcome::Interrupted, true));
            }
            let killed = tool.meaning(137);
            assert!(
                killed
                    .sentence
                    .ends_with(": was killed by SIGKILL, signal 9, for instance for lack of memory")
            );
            assert_eq!(killed.outcome, Outcome::Error);
            assert_eq!(tool.meaning(129).outcome, Outcome::Interrupted);
            assert_eq!(tool.meaning(130).outcome, Outcome::Interrupted);
            assert!(tool.meaning(139).sentence.ends_with("crashed with SIGSEGV, signal 11"));
            assert!(tool.meaning(192).sentence.ends_with("was ended by signal 64"));
            for none in [128, 193, -1, -65] {
                assert!(!tool.meaning(none).sentence.contains("signal"), "{:?}", tool.meaning(none));
                assert_eq!(tool.meaning(none).outcome, Outcome::Error);
            }
        }
    }

    #[test]
    fn what_a_shell_says_is_understood_where_the_program_says_nothing_else() {
        for (_, tool) in Tool::WORDS {
            assert!(tool.meaning(126).sentence.contains("could not be started"), "{tool:?}");
            let missing = tool.meaning(127);
            assert!(missing.sentence.contains("was not found"), "{missing:?}");
            assert_eq!((missing.outcome, missing.telling), (Outcome::Error, true));
        }
    }

    #[test]
    fn a_signal_is_known_by_its_name() {
        assert_eq!(["TERM", "SIGKILL", "HUP"].map(code_of_signal), [Some(143), Some(137), Some(129)]);
        assert_eq!(["", "RTMIN+3", "term", "x"].map(code_of_signal), [None; 4]);
    }
}
