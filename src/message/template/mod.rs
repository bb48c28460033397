//! Templates: the subject and the two parts in somebody's own words.
//!
//! A template is expanded once, by minijinja, which reads the template and never the values: a file
//! name that holds `{{` or `##Exit Status##` stays what it is. Nothing can be included or loaded,
//! the work and the output are bounded, and a name that does not exist is an error rather than a
//! gap. Values are those of the [`Notice`]: cleaned, redacted and cut already.

mod fault;
mod filters;
mod values;

use std::io;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, escape_formatter};

use crate::message::marks;
use crate::message::notice::Notice;
pub use fault::TemplateFault;
use fault::{fault, unknown_name};
pub use filters::FILTERS;
pub use values::NAMES;
use values::values;

/// The most a template may write, in bytes.
const MOST_OUTPUT: usize = 1024 * 1024;
/// The most work a template may cause: an instruction costs one, as do 64 bytes of text.
const FUEL: u64 = 200_000;

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

/// Checks a template: its syntax, every name in it (also where it would not be reached), and a
/// rendering with a sample of every fact.
pub fn check(source: &str) -> Result<(), TemplateFault> {
    let translated = marks::translate(source)?;
    let example = Notice::example();
    let environment = environment(&example);
    let template =
        environment.template_from_named_str("text", &translated).map_err(|error| fault(&error, source))?;
    let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    let unknown: Vec<String> = template
        .undeclared_variables(true)
        .into_iter()
        .filter(|name| !NAMES.contains(&name.as_str()) && !globals.contains(&name.as_str()))
        .collect();
    if let Some(fault) = unknown_name(&unknown, source) {
        return Err(fault);
    }
    expand(&environment, Part::Text, source, &translated, values(&example)).map(drop)
}

/// Renders a template from a notice.
pub(crate) fn render(source: &str, part: Part, notice: &Notice) -> Result<String, TemplateFault> {
    let translated = marks::translate(source)?;
    expand(&environment(notice), part, source, &translated, values(notice))
}

/// Sets minijinja up: strict, bounded, and without a way to reach anything else. Times are shown in the
/// zone of the notice.
fn environment<'s>(notice: &Notice) -> Environment<'s> {
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
    filters::add(&mut environment, &notice.now);
    environment
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
        .map_err(|error| fault(&error, source))?;
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

#[cfg(test)]
mod tests;
