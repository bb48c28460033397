//! Asking: plain questions on stderr, answers from the terminal.
//!
//! A question has a flag that answers it, and often a default. Without a person the default counts
//! when `--yes` was given, and else the flag is missing.

use std::io::{self, BufRead, Write};

use crate::commands::output::Output;
use crate::error::Failure;
use crate::exit::Exit;
use crate::text::one_line;

/// How often a wrong answer is explained.
const TRIES: usize = 20;

/// The one who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) output: Output,
    /// Whether somebody is there to be asked.
    pub(super) person: bool,
    /// Whether every default is taken.
    pub(super) yes: bool,
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    pub(super) default: Option<&'a str>,
    /// The flag that answers it.
    pub(super) flag: &'a str,
}

impl Talk {
    /// Tells whether somebody is there to say how it goes on after a failure. No default is taken
    /// there: what `--yes` agrees to is a setup that goes well.
    pub(super) fn decides(self) -> bool {
        self.person && !self.yes
    }

    /// Says something.
    pub(super) fn say(self, lines: &str) {
        self.output.say(lines);
    }

    /// Begins a step of the conversation.
    pub(super) fn step(self, title: &str) {
        if self.person {
            self.output.say(&format!("\n{title}"));
        }
    }

    /// Asks until the answer can be read.
    pub(super) fn ask<T>(
        self,
        question: &Question<'_>,
        mut read: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if let Some(default) = question.default.filter(|_| self.yes) {
            let value = read(default).map_err(|problem| Failure::new(Exit::Usage, problem))?;
            if self.person {
                self.say(&format!("{}: {default}", question.text));
            }
            return Ok(value);
        }
        if !self.person {
            return Err(missing(&[question.flag.to_owned()]));
        }
        for _ in 0..TRIES {
            let typed = read_line(question.text, question.default)?;
            let answer = match (typed.is_empty(), question.default) {
                (true, Some(default)) => default,
                _ => &typed,
            };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(problem) => explain(&problem),
            }
        }
        Err(Failure::new(Exit::Usage, "there was no answer that could be used"))
    }

    /// Lets one of several things be chosen, by its number; returns its place in the list.
    pub(super) fn choose(
        self,
        title: &str,
        options: &[String],
        default: Option<usize>,
        flag: &str,
    ) -> Result<usize, Failure> {
        if self.person {
            let mut page = format!("{title}\n");
            for (index, option) in options.iter().enumerate() {
                page.push_str(&format!("  {}. {}\n", index + 1, option.replace('\n', "\n     ")));
            }
            show(&page);
        }
        let default = default.map(|index| (index + 1).to_string());
        let text = format!("A number from 1 to {}", options.len());
        let question = Question { text: &text, default: default.as_deref(), flag };
        self.ask(&question, |typed| {
            let number = typed.parse::<usize>().ok().filter(|number| (1..=options.len()).contains(number));
            number
                .map(|number| number - 1)
                .ok_or_else(|| format!("\"{}\" is none of the numbers", one_line(typed)))
        })
    }

    /// Asks for a yes or a no.
    pub(super) fn agree(self, text: &str, default: bool, flag: &str) -> Result<bool, Failure> {
        let default = if default { "yes" } else { "no" };
        let question = Question { text, default: Some(default), flag };
        self.ask(&question, |typed| match typed.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("type yes or no".to_owned()),
        })
    }
}

/// Says what is wrong with an answer.
pub(super) fn explain(problem: &str) {
    show(&format!("  {problem}\n"));
}

/// Makes the failure of answers that nobody gave.
pub(super) fn missing(flags: &[String]) -> Failure {
    let what = format!("nobody is there to be asked, and this is missing:\n  {}", flags.join("\n  "));
    Failure::new(Exit::Usage, what)
        .with_hint("add these flags (--yes takes every default there is), or run it on a terminal")
}

/// Makes the failure of a conversation that was left.
pub(super) fn cancelled() -> Failure {
    Failure::new(Exit::Usage, "cancelled: nothing was written")
}

/// Shows what belongs to a question, however quiet the person wants the rest.
fn show(text: &str) {
    let _ = io::stderr().lock().write_all(crate::text::block(text).as_bytes());
}

/// Shows a question and reads a line; its end before any answer means that nobody wants to go on.
fn read_line(text: &str, default: Option<&str>) -> Result<String, Failure> {
    let default = default.map(|default| format!(" [{}]", one_line(default))).unwrap_or_default();
    show(&format!("{}{default}: ", one_line(text)));
    let mut line = Vec::new();
    match io::stdin().lock().read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => {
            show("\n");
            Err(cancelled())
        }
        Ok(_) => Ok(String::from_utf8_lossy(&line).trim().to_owned()),
    }
}
