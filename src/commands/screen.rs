//! What stdout is: a terminal with so many columns, or something that takes text as it comes.

use std::env;
use std::io::{self, IsTerminal};

use terminal_size::{Width, terminal_size_of};
use unicode_width::UnicodeWidthStr;

/// The columns of a terminal that does not say how many it has.
const USUAL_WIDTH: usize = 80;

/// How text may be laid out on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// The columns of the terminal; `None` where there is no limit.
    pub(super) width: Option<usize>,
    /// Whether colours are welcome.
    pub(super) colours: bool,
}

impl Screen {
    /// Looks at stdout, and at the variables by which people say what they want of it.
    pub(super) fn of_stdout() -> Self {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return Self { width: None, colours: false };
        }
        let said = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let typed = said("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        let asked = || terminal_size_of(&stdout).map(|(Width(columns), _)| usize::from(columns));
        Self {
            width: Some(typed.or_else(asked).unwrap_or(USUAL_WIDTH)),
            // https://no-color.org: set, and not empty
            colours: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && said("TERM").is_some_and(|term| term != "dumb"),
        }
    }

    /// Marks text: 1 is bold, 32 green, 33 yellow (ECMA-48, section 8.3.117).
    pub(super) fn marked(self, text: &str, mark: u8) -> String {
        if self.colours { format!("\x1b[{mark}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Breaks text between words, behind `indent` blanks; a word that is too long stays whole.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> String {
        let blanks = " ".repeat(indent);
        let Some(width) = self.width else { return format!("{blanks}{text}\n") };
        let mut page = String::new();
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && indent + columns(&line) + 1 + columns(word) > width {
                page.push_str(&format!("{blanks}{line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        page.push_str(&format!("{blanks}{line}\n"));
        page
    }
}

/// Returns how many columns a text takes: letters of China, Japan and Korea take two, combining
/// marks none.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Shortens text to so many columns, visibly.
pub(super) fn fitted(text: &str, width: usize) -> String {
    // a heap of combining marks takes no column, and is no text either
    let most_bytes = width.saturating_mul(16);
    if text.len() <= most_bytes && columns(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.len() + c.len_utf8() > most_bytes {
            break;
        }
        short.push(c);
        if columns(&short) >= width {
            short.pop();
            break;
        }
    }
    short.push('…');
    short
}

/// Fills text with blanks to so many columns.
pub(super) fn filled(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::{Screen, columns, filled, fitted};

    #[test]
    fn columns_are_counted_as_terminals_do() {
        assert_eq!(columns("Büro"), 4);
        assert_eq!(columns("Bu\u{308}ro"), 4);
        assert_eq!(columns("仕事"), 4);
        assert_eq!(filled("仕事", 6), "仕事  ");
    }

    #[test]
    fn shortened_text_takes_no_more_than_its_columns() {
        assert_eq!(fitted("仕事のメール", 12), "仕事のメール");
        // a letter of two columns leaves one of them empty rather than stand out
        assert_eq!(fitted("仕事のメール", 8), "仕事の…");
        assert_eq!(fitted("仕事のメール", 7), "仕事の…");
        assert_eq!(fitted("abcdef", 4), "abc…");
        let marks = "a\u{301}".repeat(10);
        assert_eq!(columns(&fitted(&marks, 5)), 5);
        let heap = format!("a{}", "\u{301}".repeat(100_000));
        assert!(fitted(&heap, 5).len() < heap.len() + 10);
    }

    #[test]
    fn words_are_wrapped_and_never_broken() {
        let screen = Screen { width: Some(12), colours: false };
        assert_eq!(
            screen.wrapped("one two three incomprehensible x", 2),
            "  one two\n  three\n  incomprehensible\n  x\n"
        );
    }
}
