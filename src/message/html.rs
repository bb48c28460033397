//! The HTML part: one page that needs nothing from outside itself.
//!
//! Mail programs differ more than browsers ever did, so: tables for the layout, every style inline,
//! and only the dark colours in a style sheet (a program that drops it shows the light ones, or
//! inverts them: no text relies on one colour alone). Nothing is loaded, so there is nothing to
//! block and nothing to track. The outcome is said in words; its colour and sign only repeat it.

use std::fmt::Write as _; // into a String, where it cannot fail

use crate::message::cut::entity;
use crate::message::notice::{Excerpt, Notice, Problem};
use crate::message::{human, plain};
use crate::run::Outcome;

const FONT: &str =
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO: &str = "font-family:ui-monospace,Menlo,Consolas,monospace";
/// Long paths have no spaces to break at, and must not widen a phone's screen.
const WRAP: &str = "overflow-wrap:anywhere;word-break:break-word";
const LAYOUT: &str = "role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"";

/// The dark colours, for programs that honour the person's choice; the classes exist for them only.
const DARK: &str = ":root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (prefers-color-scheme:dark){\
.page{background-color:#0d1117!important}\
.card{background-color:#161b22!important}\
.ink{color:#e6edf3!important}\
.dim{color:#a5b0bb!important}\
.well{background-color:#0d1117!important}\
.card,.well,.line{border-right-color:#30363d!important;border-bottom-color:#30363d!important}\
.card,.log{border-left-color:#30363d!important}\
.well{border-top-color:#30363d!important}}\
@media (max-width:480px){.pad{padding-left:18px!important;padding-right:18px!important}}";

/// Renders the notice as a page.
pub(crate) fn render(notice: &Notice) -> String {
    let mut body = String::new();
    headline(notice, &mut body);
    if let Some(reason) = notice.reason() {
        let (_, accent) = sign(notice);
        let _ = write!(
            body,
            "<div class=\"well ink\" dir=\"auto\" style=\"margin:0 0 20px;padding:12px 14px;\
             border:1px solid #d8dee4;border-left:4px solid {accent};background-color:#f6f8fa;\
             color:#1f2328;text-align:left;{WRAP}\">{}</div>",
            escape(&reason)
        );
    }
    facts(notice, &mut body);
    if notice.lists_errors() {
        errors(notice, &mut body);
    }
    if let Some(log) = &notice.log {
        excerpt(log, &mut body);
    }
    if !notice.notes.is_empty() {
        heading("Please note", &mut body);
        body.push_str("<ul style=\"margin:0 0 20px;padding:0 0 0 20px\">");
        for note in &notice.notes {
            let _ = write!(body, "<li style=\"margin:0 0 6px;{WRAP}\">{}</li>", escape(note));
        }
        body.push_str("</ul>");
    }
    page(notice, &body)
}

/// Renders text that somebody's template made: as it stands, line breaks kept.
pub(crate) fn around(notice: &Notice, text: &str) -> String {
    page(
        notice,
        &format!(
            "<div dir=\"auto\" style=\"margin:0 0 20px;white-space:pre-wrap;{WRAP}\">{}</div>",
            escape(text)
        ),
    )
}

/// Makes text safe to stand between tags and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match entity(c) {
            Some(entity) => out.push_str(entity),
            None => out.push(c),
        }
    }
    out
}

/// Puts the page around what it says.
fn page(notice: &Notice, body: &str) -> String {
    let (_, accent) = sign(notice);
    let title = escape(&notice.headline());
    let footer = escape(&notice.footer());
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\
         <title>{title}</title><style>{DARK}</style></head>\n\
         <body class=\"page\" style=\"margin:0;padding:0;background-color:#eef1f4\">\
         <table {LAYOUT} class=\"page\" style=\"background-color:#eef1f4\"><tr>\
         <td align=\"center\" style=\"padding:20px 10px\">\
         <table {LAYOUT} class=\"card\" style=\"max-width:640px;background-color:#ffffff;\
         border:1px solid #d8dee4;border-top:5px solid {accent};border-radius:8px;border-collapse:separate\"><tr>\
         <td class=\"pad ink\" align=\"left\" style=\"padding:24px 28px 6px;color:#1f2328;{FONT};font-size:15px;\
         line-height:1.5\">\n{body}\n</td></tr></table>\n\
         <table {LAYOUT} style=\"max-width:640px\"><tr><td class=\"pad dim\" align=\"left\" style=\"\
         padding:14px 28px;color:#57606a;{FONT};font-size:12px;line-height:1.5;{WRAP}\">{footer}</td></tr></table>\
         </td></tr></table></body></html>\n"
    )
}

/// Returns the sign and the colour that repeat the outcome. White on each colour, and each colour
/// on white, has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
fn sign(notice: &Notice) -> (&'static str, &'static str) {
    match notice.outcome {
        _ if notice.test => ("i", "#0969da"),
        Outcome::Success => ("&#10003;", "#1a7f37"),
        Outcome::Warning => ("!", "#9a6700"),
        Outcome::Error => ("&#10005;", "#c62828"),
        Outcome::Interrupted => ("&#9632;", "#b35900"),
        Outcome::Skipped => ("&#8211;", "#57606a"),
    }
}

fn headline(notice: &Notice, out: &mut String) {
    let (sign, accent) = sign(notice);
    let _ = write!(
        out,
        "<table {LAYOUT} style=\"margin:0 0 18px\"><tr><td width=\"52\" valign=\"top\" aria-hidden=\"true\">\
         <div style=\"width:38px;height:38px;border-radius:19px;background-color:{accent};color:#ffffff;\
         {FONT};font-size:20px;line-height:38px;font-weight:bold;text-align:center\">{sign}</div></td>\
         <td valign=\"middle\"><h1 class=\"ink\" style=\"margin:0;color:#1f2328;{FONT};font-size:21px;\
         line-height:1.3;font-weight:600;{WRAP}\">{}:<br><span style=\"font-weight:400\">{}</span></h1></td></tr>\
         </table>",
        notice.verdict(),
        escape(&notice.task)
    );
}

fn heading(text: &str, out: &mut String) {
    let _ = write!(
        out,
        "\n<h2 class=\"ink\" style=\"margin:0 0 8px;color:#1f2328;font-size:15px;font-weight:600\">{}</h2>",
        escape(text)
    );
}

fn facts(notice: &Notice, out: &mut String) {
    let facts = notice.facts();
    if facts.is_empty() {
        return;
    }
    if notice.test {
        heading("A sample", out);
    }
    out.push_str(
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" aria-label=\"Facts of the run\" \
         style=\"margin:0 0 22px;border-collapse:collapse;font-size:14px\">",
    );
    for fact in facts {
        let _ = write!(
            out,
            "\n<tr><th scope=\"row\" class=\"dim line\" align=\"left\" valign=\"top\" width=\"96\" style=\"\
             padding:6px 12px 6px 0;border-bottom:1px solid #e4e8ec;color:#57606a;\
             font-weight:400\">{}</th><td class=\"line\" dir=\"auto\" style=\"padding:6px 0;\
             border-bottom:1px solid #e4e8ec;text-align:left;{WRAP}\">{}</td></tr>",
            fact.label,
            escape(&fact.value)
        );
    }
    out.push_str("</table>");
}

fn errors(notice: &Notice, out: &mut String) {
    heading(&format!("Errors ({})", human::count(notice.error_count())), out);
    let _ = write!(out, "<ul style=\"margin:0 0 20px;padding:0 0 0 20px;font-size:14px;{WRAP}\">");
    for Problem { path, message } in &notice.errors {
        out.push_str("<li style=\"margin:0 0 8px\">");
        if let Some(path) = path {
            let _ = write!(out, "<code style=\"font-size:13px\">{}</code><br>", escape(path));
        }
        let _ = write!(out, "{}</li>", escape(message));
    }
    out.push_str("</ul>");
    if let Some(more) = plain::more(notice) {
        let _ = write!(
            out,
            "<p class=\"dim\" style=\"margin:-10px 0 20px;color:#57606a;font-size:14px\">{more}</p>"
        );
    }
}

fn excerpt(log: &Excerpt, out: &mut String) {
    heading(&log.heading(), out);
    let _ = write!(
        out,
        "<pre class=\"well log ink\" style=\"margin:0 0 22px;padding:12px 14px;border:1px solid #d8dee4;\
         border-radius:6px;background-color:#f6f8fa;color:#1f2328;{MONO};font-size:12px;line-height:1.5;\
         white-space:pre-wrap;{WRAP}\">{}</pre>",
        escape(&log.shown().join("\n"))
    );
}

#[cfg(test)]
mod tests {
    use super::{around, render};
    use crate::message::LogExcerpt;
    use crate::message::notice::Notice;
    use crate::message::redact::Redactor;
    use crate::message::samples::{World, error};
    use crate::run::Outcome;

    fn notice(world: &World) -> Notice {
        Notice::of(&world.story(), &Redactor::new(&[]))
    }

    /// Writes the pages that `tests/screenshots` looks at, when it asks for them.
    fn keep(name: &str, page: &str) {
        if let Some(folder) = std::env::var_os("BACKUP_NOTIFY_PAGES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), page).unwrap();
        }
    }

    /// The longest of everything, with every character escaped to its longest.
    fn longest() -> World {
        let long = "&'\"<a>".repeat(2_000);
        let mut world = World::failed();
        world.task.name.clone_from(&long);
        world.task.source = Some(long.clone());
        world.task.destination = Some(long.clone());
        world.host.clone_from(&long);
        world.run.facts.message = Some(long.clone());
        world.run.facts.snapshot = Some(long.clone());
        world.run.facts.errors = vec![error(Some(&long), &long); 40];
        world.log = Some(LogExcerpt::of_lines(&vec![long.clone(); 30], true));
        world.notes = vec![long; 40];
        world
    }

    #[test]
    fn a_page_stays_under_20_kb_whatever_it_has_to_say() {
        let page = render(&notice(&longest()));
        assert!(page.len() < 20_000, "{} bytes", page.len());
        assert!(page.contains("Errors (40)") && page.contains("… and "));
        keep("longest", &page);

        let photo = |i| {
            let folder = "/Users/jon/Pictures/Photos Library.photoslibrary/originals";
            format!("{folder}/{i}/8F3A2C71-55D0-4E8A-9B57-0C6E14D2F{i:03}.heic")
        };
        let mut many = World::failed();
        many.run.facts.errors =
            (0..45).map(|i| error(Some(&photo(i)), "read errors mapping: Input/output error (5)")).collect();
        let log = |i| {
            format!(
                "rsync: [sender] read errors mapping \"/Users/jon/Pictures/{i}.heic\": Input/output error (5)"
            )
        };
        many.log = Some(LogExcerpt::of_lines(&(0..30).map(log).collect::<Vec<_>>(), true));
        let page = render(&notice(&many));
        assert!(page.len() < 20_000, "{} bytes", page.len());
        keep("many", &page);
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let mut world = longest();
        let attack = "</pre><script>alert(1)</script><img src=\"https://example.com/x.png\" onerror='x'>";
        world.task.name = attack.to_owned();
        world.host = attack.to_owned();
        world.run.facts.errors = vec![error(Some(attack), attack), error(None, attack)];
        world.log = Some(LogExcerpt::of_lines(&[attack.to_owned()], false));
        world.notes = vec![attack.to_owned()];
        for page in [render(&notice(&world)), around(&notice(&world), attack)] {
            for forbidden in ["<script", "<img", "onerror='", "src=\"", "href=", "url(", "@import"] {
                assert!(!page.contains(forbidden), "{forbidden} in {page}");
            }
            assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        }
    }

    #[test]
    fn a_page_is_readable_without_eyes() {
        let page = render(&notice(&World::failed()));
        assert!(page.contains("<html lang=\"en\""));
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<h2").count(), 3, "errors, log, notes");
        assert_eq!(page.matches("<th scope=\"row\"").count(), 11);
        // every table is either layout, and says so, or the one with the facts
        assert_eq!(page.matches("<table").count(), page.matches("role=\"presentation\"").count() + 1);
        assert!(page.contains(">Backup failed:<br>"), "the outcome is said in words");
        for tag in ["table", "tr", "td", "th", "div", "ul", "li", "span", "h1", "h2", "pre", "body", "html"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn every_outcome_has_a_page() {
        for (word, outcome) in Outcome::WORDS {
            let mut world = World::failed();
            world.run.outcome = outcome;
            if matches!(outcome, Outcome::Success | Outcome::Skipped) {
                world.run.facts.errors.clear();
                world.run.facts.message = None;
                world.run.facts.exit_code = Some(0);
                world.log = None;
                world.notes.clear();
            }
            let page = render(&notice(&world));
            assert!(page.contains(notice(&world).verdict()));
            keep(word, &page);
        }
        let mut test = World::failed();
        test.test = true;
        test.run.outcome = Outcome::Success;
        test.run.facts.errors.clear();
        test.log = None;
        test.run.facts.exit_code = Some(0);
        keep("test", &render(&notice(&test)));
        keep("bare", &render(&notice(&World::bare("Home"))));
        keep(
            "text-template",
            &around(&notice(&World::failed()), "Hello Kim,\n\nthe backup of /Users/jon failed.\n"),
        );
    }
}
