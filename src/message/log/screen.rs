//! A line as a terminal shows it in the end.

/// Returns what a terminal shows of one line in the end: carriage returns and backspaces write over
/// what was there, colours are gone, "erase in line" erases (ECMA-48, EL).
pub(super) fn shown(line: &str) -> String {
    if !line.contains(['\r', '\u{8}', '\u{1b}']) {
        return line.to_owned();
    }
    let mut cells: Vec<char> = Vec::new();
    let mut column = 0_usize;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\u{8}' => column = column.saturating_sub(1),
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                let mut parameters = String::new();
                let last = chars.find(|c| {
                    parameters.push(*c);
                    ('@'..='~').contains(c)
                });
                match (last, parameters.as_str()) {
                    (Some('K'), "K" | "0K") => cells.truncate(column),
                    (Some('K'), _) => cells.clear(),
                    _ => {}
                }
            }
            c => {
                if cells.len() <= column {
                    cells.resize(column + 1, ' ');
                }
                if let Some(cell) = cells.get_mut(column) {
                    *cell = c;
                }
                column += 1;
            }
        }
    }
    cells.into_iter().collect()
}

/// Takes colours and other escape sequences (ECMA-48) out of text that keeps everything else.
pub(crate) fn without_escapes(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next_if_eq(&'[').is_some() {
            // parameters, then one last character; a sequence that is broken off ends where a line does
            while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
            let _ = chars.next_if(|c| ('@'..='~').contains(c));
        }
    }
    out.into()
}
