//! A question at the terminal that is answered with yes or no.

use std::io;

use super::talk_raw;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::stdin;
use crate::text;

/// How often a question is put whose answer is neither yes nor no.
const TRIES: usize = 3;
/// The longest answer that is looked at, in bytes.
const LONGEST: usize = 256;

/// Asks on the terminal until the deadline; an empty answer means `usual`.
pub(super) fn confirmed(question: &str, usual: bool, deadline: &Deadline) -> Result<bool, Failure> {
    let choice = if usual { "[Y/n]" } else { "[y/N]" };
    let left = || Failure::new(Exit::NoPermission, "the question was left without an answer");
    for _ in 0..TRIES {
        talk_raw(&format!("{} {choice} ", text::one_line(question)));
        let mut answer = [0; LONGEST];
        let length = stdin::read(&mut answer, deadline).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut if deadline.over().signal().is_some() => {
                Failure::new(Exit::TempFail, format!("the question {}", deadline.over()))
            }
            io::ErrorKind::TimedOut => left().with_hint("allow more time with --deadline"),
            _ => Failure::new(Exit::NoPermission, format!("no answer: {}", text::io_words(&error))),
        })?;
        if length == 0 {
            talk_raw("\n");
            return Err(left());
        }
        let answer = String::from_utf8_lossy(answer.get(..length).unwrap_or_default());
        match answer.trim().to_lowercase().as_str() {
            "" => return Ok(usual),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => talk_raw("Type yes or no.\n"),
        }
    }
    Err(left())
}
