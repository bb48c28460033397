//! Cutting long text, visibly, to what it weighs in the HTML part.
//!
//! A notice stays small (mail programs cut long messages off, some at 100 KB, and a phone shows a
//! screenful), so every text in it has a budget. It is counted in bytes *after* escaping: a file
//! name made of ampersands is five times as long there.

/// Returns what a character becomes in HTML, where it cannot stand for itself.
pub(crate) fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

fn weight_of(c: char) -> usize {
    entity(c).map_or(c.len_utf8(), str::len)
}

/// Returns the bytes that a text takes in the HTML part.
pub(crate) fn weight(text: &str) -> usize {
    text.chars().map(weight_of).sum()
}

/// Cuts the end of a text that weighs more than `most` bytes.
pub(crate) fn end(text: &str, most: usize) -> String {
    if weight(text) <= most {
        return text.to_owned();
    }
    let mut out = within(text.chars(), most.saturating_sub('…'.len_utf8()));
    out.push('…');
    out
}

/// Cuts the middle of a path that weighs more than `most` bytes: both its ends say something.
pub(crate) fn middle(path: &str, most: usize) -> String {
    if weight(path) <= most {
        return path.to_owned();
    }
    let half = most.saturating_sub('…'.len_utf8()) / 2;
    let mut out = within(path.chars(), half);
    out.push('…');
    out.extend(within(path.chars().rev(), half).chars().rev());
    out
}

/// Takes characters while they weigh no more than `most` bytes together.
fn within(chars: impl Iterator<Item = char>, most: usize) -> String {
    let mut left = most;
    chars
        .take_while(|c| match left.checked_sub(weight_of(*c)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{end, middle, weight};

    #[test]
    fn text_is_cut_by_what_it_weighs_escaped() {
        assert_eq!(end("short", 5), "short");
        assert_eq!(end("longer", 5), "lo…");
        assert_eq!(end("&&&&", 15), "&&…", "an ampersand weighs five bytes");
        assert_eq!(end("ööö", 5), "ö…");
    }

    #[test]
    fn a_path_keeps_both_ends() {
        assert_eq!(middle("/Users/jon/Documents/report.txt", 21), "/Users/jo…eport.txt");
        for most in 3..60 {
            assert!(weight(&middle(&"<ä&\"x".repeat(20), most)) <= most);
            assert!(weight(&end(&"<ä&\"x".repeat(20), most)) <= most);
        }
    }
}
