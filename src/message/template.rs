//! Templates: the subject and the two parts in somebody's own words.
//!
//! A template is expanded once, by minijinja, which reads the template and never the values: a file
//! name that holds `{{` or `##Exit Status##` stays what it is. Nothing can be included or loaded,
//! the work and the output are bounded, and a name that does not exist is an error rather than a
//! gap. Values are those of the [`Notice`]: cleaned, redacted and cut already.

use std::fmt;
use std::io;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context, escape_formatter};

use crate::message::notice::Notice;
use crate::message::{human, marks};
use crate::text;

/// The most a template may write, in bytes.
const MOST_OUTPUT: usize = 1024 * 1024;
/// The most work a template may cause: an instruction costs one, as do 64 bytes of text.
const FUEL: u64 = 200_000;

/// Every name that a template can use; the man page lists them.
pub const NAMES: [&str; 26] = [
    "task.name",
    "task.source",
    "task.destination",
    "task.tool",
    "run.outcome",
    "run.headline",
    "run.reason",
    "run.message",
    "run.exit_code",
    "run.started",
    "run.finished",
    "run.duration",
    "run.files_total",
    "run.files_copied",
    "run.bytes_total",
    "run.bytes_copied",
    "run.snapshot",
    "run.errors",
    "run.errors_total",
    "log",
    "notes",
    "host",
    "version",
    "test",
    "task",
    "run",
];

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    /// Returns the key it has in a task file.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong: lower case, no final stop.
    pub message: String,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for TemplateFault {}

/// Checks a template: its syntax, every name in it (also where it would not be reached), and a
/// rendering with a sample of every fact.
pub fn check(source: &str) -> Result<(), TemplateFault> {
    let translated = marks::translate(source)?;
    let environment = environment();
    let template = environment
        .template_from_named_str("text", &translated)
        .map_err(|error| fault(&error, source, &translated))?;
    let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    let mut unknown: Vec<String> = template
        .undeclared_variables(true)
        .into_iter()
        .filter(|name| !NAMES.contains(&name.as_str()) && !globals.contains(&name.as_str()))
        .collect();
    unknown.sort();
    if let Some(name) = unknown.first() {
        return Err(unknown_name(name, source));
    }
    expand(&environment, Part::Text, source, &translated, values(&Notice::example())).map(drop)
}

/// Renders a template from a notice.
pub(crate) fn render(source: &str, part: Part, notice: &Notice) -> Result<String, TemplateFault> {
    let translated = marks::translate(source)?;
    expand(&environment(), part, source, &translated, values(notice))
}

/// Sets minijinja up: strict, bounded, and without a way to reach anything else.
fn environment<'s>() -> Environment<'s> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| match name {
        "html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    // a fact that is missing is nothing, not the word "none"
    environment.set_formatter(
        |out, state, value| {
            if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) }
        },
    );
    environment.add_filter("filesizeformat", |value: Value| number(&value, human::size));
    environment.add_filter("thousands", |value: Value| number(&value, human::count));
    environment
}

/// Writes a number for people; a missing one stays missing.
fn number(value: &Value, show: fn(u64) -> String) -> Result<Value, Error> {
    if value.is_none() {
        return Ok(value.clone());
    }
    u64::try_from(value.clone()).map(|n| Value::from(show(n)))
}

/// Returns the values of a notice under the names of [`NAMES`].
fn values(notice: &Notice) -> Value {
    let errors: Vec<Value> = notice
        .errors
        .iter()
        .map(|e| context! { path => e.path.as_deref(), message => e.message.as_str() })
        .collect();
    context! {
        task => context! {
            name => notice.task.as_str(),
            source => notice.source.as_deref(),
            destination => notice.destination.as_deref(),
            tool => notice.tool,
        },
        run => context! {
            outcome => notice.outcome.word(),
            headline => notice.verdict(),
            reason => notice.reason(),
            message => notice.message.as_deref(),
            exit_code => notice.exit_code,
            started => notice.started.as_deref(),
            finished => notice.finished.as_deref(),
            duration => notice.duration.as_deref(),
            files_total => notice.files_total,
            files_copied => notice.files_copied,
            bytes_total => notice.bytes_total,
            bytes_copied => notice.bytes_copied,
            snapshot => notice.snapshot.as_deref(),
            errors => errors,
            errors_total => notice.error_count(),
        },
        log => notice.log.as_ref().map(|log| log.shown().join("\n")),
        notes => notice.notes.clone(),
        host => notice.host.as_str(),
        version => env!("CARGO_PKG_VERSION"),
        test => notice.test,
    }
}

/// Expands a translated template; `source` is what the person wrote, for messages.
fn expand(
    environment: &Environment<'_>,
    part: Part,
    source: &str,
    translated: &str,
    values: Value,
) -> Result<String, TemplateFault> {
    let mut out = Bounded(Vec::new());
    environment
        .template_from_named_str(part.key(), translated)
        .and_then(|template| template.render_captured_to(values, &mut out).map(drop))
        .map_err(|error| fault(&error, source, translated))?;
    String::from_utf8(out.0).map_err(|_| TemplateFault {
        line: 1,
        column: None,
        message: "the output is not UTF-8".to_owned(),
    })
}

/// A buffer that refuses to grow beyond [`MOST_OUTPUT`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_OUTPUT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the output is larger than 1 MiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts an error of minijinja in words.
fn fault(error: &Error, source: &str, translated: &str) -> TemplateFault {
    let said = match (error.kind(), std::error::Error::source(error)) {
        (ErrorKind::OutOfFuel, _) => "too much work; a template may not loop this long".to_owned(),
        (ErrorKind::WriteFailure, Some(cause)) => cause.to_string(),
        (kind, _) => match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    // a column is only right where nothing was put in before it
    let start = error.range().filter(|_| source == translated).and_then(|range| source.get(..range.start));
    let column = start.and_then(|before| before.rsplit('\n').next()).map(|line| line.chars().count() + 1);
    let message = text::shorten(&text::one_line(&said), 300).into_owned();
    TemplateFault { line: error.line().unwrap_or(1), column, message }
}

/// Names a name that does not exist, and the nearest one that does.
fn unknown_name(name: &str, source: &str) -> TemplateFault {
    let last = name.rsplit('.').next().unwrap_or(name);
    let line = source.lines().position(|line| line.contains(name));
    let line = line.or_else(|| source.lines().position(|line| line.contains(last)));
    let near = text::nearest(name, &NAMES).map(|near| format!("; did you mean \"{near}\"?"));
    let shown = text::one_line(name);
    TemplateFault {
        line: line.map_or(1, |at| at + 1),
        column: None,
        message: format!("unknown name \"{}\"{}", text::shorten(&shown, 60), near.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, Part, check, render};
    use crate::message::notice::Notice;
    use crate::message::redact::Redactor;
    use crate::message::samples::{World, error};

    fn notice(world: &World) -> Notice {
        Notice::of(&world.story(), &Redactor::new(&[]))
    }

    fn said(source: &str, world: &World) -> String {
        render(source, Part::Text, &notice(world)).unwrap()
    }

    #[test]
    fn every_name_exists_whether_its_fact_is_known_or_not() {
        for name in NAMES {
            let source = format!("{{{{ {name} }}}}");
            check(&source).unwrap();
            said(&source, &World::failed());
            let bare = said(&source, &World::bare("Home"));
            assert!(name == "task" || name == "run" || !bare.contains("none"), "{name}: {bare}");
        }
    }

    #[test]
    fn facts_can_be_asked_for_before_they_are_used() {
        let source = "{{ host }}: {% if run.exit_code is none %}no code{% else %}{{ run.exit_code }}{% endif %}\
                      {% for e in run.errors %} {{ e.path or '-' }}={{ e.message }}{% endfor %} \
                      {{ run.bytes_copied|filesizeformat }} {{ run.files_total|thousands }}";
        assert_eq!(said(source, &World::bare("Home")), "atlas.example.com: no code  ");
        let full = said(source, &World::failed());
        assert!(full.starts_with("atlas.example.com: 12 /Users/jon/Library/Mail=Operation"), "{full}");
        assert!(full.ends_with("-=connection unexpectedly closed 5.2 GB 56,789"), "{full}");
    }

    #[test]
    fn a_value_is_never_expanded_again() {
        let mut world = World::bare("##Exit Status## {{ host }} {% raw %} ##Task Name##");
        world.run.facts.errors = vec![error(None, "{{ 7 * 7 }}")];
        assert_eq!(
            said("##Task Name##|{{ run.errors[0].message }}|##Exit Status##", &world),
            "##Exit Status## {{ host }} {% raw %} ##Task Name##|{{ 7 * 7 }}|Backup finished"
        );
    }

    #[test]
    fn only_the_html_part_is_escaped() {
        let world = World::bare("<b>&");
        assert_eq!(said("{{ task.name }}", &world), "<b>&");
        assert_eq!(render("<i>{{ task.name }}", Part::Html, &notice(&world)).unwrap(), "<i>&lt;b&gt;&amp;");
        assert_eq!(render("<i>##Task Name##", Part::Html, &notice(&world)).unwrap(), "<i>&lt;b&gt;&amp;");
    }

    #[test]
    fn faults_have_a_place_and_a_remedy() {
        let fault = check("ok\n{{ run.exitcode }}").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "line 2: unknown name \"run.exitcode\"; did you mean \"run.exit_code\"?"
        );
        assert_eq!(check("{% if false %}{{ nme }}{% endif %}").unwrap_err().message, "unknown name \"nme\"");
        assert_eq!(check("a\n\n{{ host").unwrap_err().line, 3);
        assert!(check("{{ host|shout }}").unwrap_err().message.contains("shout"));
        assert_eq!(check("{{ host }}\n  {{ 1 // 0 }}").unwrap_err().line, 2);
        for reaching_out in ["{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}"] {
            assert!(check(reaching_out).is_err(), "{reaching_out}");
        }
        assert!(render("{{ nobody }}", Part::Text, &notice(&World::failed())).is_err());
    }

    #[test]
    fn work_and_output_are_bounded() {
        for endless in [
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
            "{% for a in range(20000) %}{{ 'x' * 100 }}{% endfor %}",
            "{{ 'x' * 2000000 }}",
            "{{ ('x' * 100000) * 100000 }}",
        ] {
            let fault = check(endless).unwrap_err();
            assert!(
                fault.message.contains("too much work") || fault.message.contains("1 MiB"),
                "{endless}: {fault}"
            );
        }
        assert!(check(&"{% if host %}".repeat(5_000)).is_err(), "deep nesting is no stack overflow");
        assert!(check(&format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000))).is_err());
    }
}
