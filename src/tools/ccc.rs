//! Carbon Copy Cloner.

pub(super) mod report;

use std::ffi::OsString;

use crate::error::Failure;
use crate::exit::Exit;
use crate::run::RunFacts;
use crate::text;
use crate::tools::code::Code;
use crate::tools::handed::{self, Handed};

/// What its exit codes mean (facts/backup-tools.md): all but 0 are errors, which it lists nowhere.
pub(super) const CODES: &[Code] = &[];

/// Reads the arguments of a postflight script: source, destination, exit status, disk image
/// (facts/backup-tools.md). The disk image may be empty or missing.
pub(super) fn hook(arguments: &[OsString]) -> Result<Option<Handed>, Failure> {
    let (status, image) = match arguments {
        [] => return Ok(None),
        [_, _, status] => (status, None),
        [_, _, status, image] => (status, handed::text(image)),
        _ => {
            let what = format!(
                "a postflight script of Carbon Copy Cloner has 3 or 4 arguments (source, destination, exit status, \
                 disk image); found {}",
                arguments.len()
            );
            return Err(Failure::new(Exit::Usage, what).with_hint(HINT));
        }
    };
    let Some(code) = status.to_str().and_then(|status| status.trim().parse().ok()) else {
        let found = text::shorten(&text::one_line(&status.to_string_lossy()), 60).into_owned();
        let what = format!(
            "the exit status of Carbon Copy Cloner, the third argument, is a number; found \"{found}\""
        );
        return Err(Failure::new(Exit::Usage, what)
            .with_hint(format!("{HINT}; a preflight script has --event begin")));
    };
    let notes = image.map(|image| format!("the backup is in the disk image {image}")).into_iter().collect();
    let facts = RunFacts { exit_code: Some(code), notes, ..RunFacts::default() };
    Ok(Some(Handed { facts, ..places(arguments) }))
}

/// What to write in the script.
const HINT: &str = "in the script write: --tool ccc -- \"$@\"";

/// Reads source and destination alone: the third argument of a preflight script is no status.
pub(super) fn places(arguments: &[OsString]) -> Handed {
    let place = |index: usize| arguments.get(index).and_then(|place| handed::text(place));
    Handed { source: place(0), destination: place(1), ..Handed::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Outcome::{Error, Success};
    use crate::tools::Tool;

    fn given(words: &[&str]) -> Result<Option<Handed>, Failure> {
        hook(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn every_code_but_0_is_an_error() {
        for (code, outcome) in [(0, Success), (1, Error), (2, Error), (255, Error), (-1, Error)] {
            let meaning = Tool::Ccc.meaning(code);
            assert_eq!((meaning.outcome, meaning.telling), (outcome, false));
            assert!(meaning.sentence.starts_with(&format!("ccc {code}: ")), "{meaning:?}");
        }
    }

    #[test]
    fn a_postflight_script_is_handed_source_destination_status_and_image() {
        let full = given(&["/", "/Volumes/x", "1", "/Volumes/nas/x.sparseimage"]).unwrap().unwrap();
        assert_eq!((full.source.as_deref(), full.destination.as_deref()), (Some("/"), Some("/Volumes/x")));
        assert_eq!(full.facts.exit_code, Some(1));
        assert_eq!(full.facts.notes, ["the backup is in the disk image /Volumes/nas/x.sparseimage"]);
        for words in [&["", "", "0", ""][..], &["", "", " 0\n"]] {
            let bare = given(words).unwrap().unwrap();
            assert_eq!((bare.source, bare.destination, bare.facts.notes.len()), (None, None, 0));
            assert_eq!(bare.facts.exit_code, Some(0));
        }
        assert_eq!(given(&[]), Ok(None));
    }

    #[test]
    fn anything_else_is_refused() {
        for words in
            [&["1"][..], &["/", "/x"], &["/", "/x", ""], &["/", "/x", "ok"], &["/", "/x", "1", "", ""]]
        {
            let failure = given(words).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.hint.unwrap().contains("-- \"$@\""));
        }
        let long = "\u{1b}[31m".to_owned() + &"x".repeat(5_000);
        let failure = given(&["/", "/x", &long]).unwrap_err();
        assert!(failure.what.len() < 250 && !failure.what.contains('\u{1b}'), "{}", failure.what);
    }
}
