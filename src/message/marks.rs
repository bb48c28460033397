//! Carbon Copy Cloner's marks: `##Task Name##` and `##Exit Status##` (facts/backup-tools.md).
//!
//! They are turned into names in the template itself, before it is expanded: so there is one pass,
//! and a value that looks like a mark stays as it is.

use std::borrow::Cow;

use crate::message::template::TemplateFault;

/// The marks as CCC writes them, and names of the same length: what is said of a place in the one holds
/// for the other. Its exit status is a phrase ("Backup finished successfully"), not a number.
const MARKS: [(&str, &str); 2] = [("##Task Name##", "{{task.name}}"), ("##Exit Status##", "{{exit_status}}")];

/// Replaces the marks outside of `{{ }}`, `{% %}` and `{# #}`; a mark that is not known is a fault,
/// as an unknown name is.
pub(crate) fn translate(source: &str) -> Result<Cow<'_, str>, TemplateFault> {
    if !source.contains("##") {
        return Ok(Cow::Borrowed(source));
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let taken = if let Some((mark, name)) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark)) {
            out.push_str(name);
            mark.len()
        } else if let Some(length) = code(rest) {
            out.push_str(rest.get(..length).unwrap_or_default());
            length
        } else if let Some(unknown) = mark(rest) {
            let what = format!("unknown mark \"{unknown}\"; known are ##Task Name## and ##Exit Status##");
            return Err(TemplateFault::at(source.len() - rest.len(), source, what));
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(Cow::Owned(out))
}

/// Returns the length of the template code that `rest` begins with.
pub(crate) fn code(rest: &str) -> Option<usize> {
    let (_, close) =
        [("{{", "}}"), ("{%", "%}"), ("{#", "#}")].into_iter().find(|(open, _)| rest.starts_with(open))?;
    Some(rest.find(close).map_or(rest.len(), |at| at + close.len()))
}

/// Returns the mark that `rest` begins with: words on one line, without spaces at the hashes.
fn mark(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix("##")?;
    let end = inner.find("##")?;
    let name = inner.get(..end)?;
    let is_mark = name.len() <= 40
        && name.starts_with(char::is_alphabetic)
        && name.ends_with(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || c == ' ');
    if is_mark { rest.get(..end + 4) } else { None }
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn known_marks_become_names() {
        for (mark, name) in super::MARKS {
            assert_eq!(mark.len(), name.len());
        }
        assert_eq!(
            translate("Jon's iMac: ##Task Name##: ##Exit Status##").unwrap(),
            "Jon's iMac: {{task.name}}: {{exit_status}}"
        );
    }

    #[test]
    fn code_and_headings_are_left_alone() {
        for source in
            ["{{ '##Task Name##' }}", "{# ##Task Name## #}", "## Heading ##", "#####", "##", "## a##b"]
        {
            assert_eq!(translate(source).unwrap(), source);
        }
    }

    #[test]
    fn unknown_marks_are_faults() {
        let fault = translate("a\n##Computer Name##").unwrap_err();
        assert_eq!((fault.line, fault.column), (2, Some(1)));
        assert!(fault.message.contains("\"##Computer Name##\""), "{fault}");
    }
}
