//! The filters for what notices are made of: bytes, counts, durations, times.
//!
//! A fact that is missing stays missing: `{{ run.bytes_copied|bytes }}` of a run that does not know it is
//! nothing, and not "0 bytes".

use jiff::fmt::strtime::BrokenDownTime;
use jiff::{SignedDuration, Timestamp, Zoned};
use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use crate::message::human;

/// The filters of our own, for the man page: name, and what they make of what.
pub const FILTERS: [(&str, &str); 4] = [
    ("bytes", "a number of bytes as `5.2 GB`"),
    ("count", "a number as `1,234`; of a list how many entries it has"),
    ("duration", "a number of seconds as `1 h 12 min`"),
    (
        "time",
        "seconds since 1970 as `Sat 22 Nov 2025, 03:12:45 CET`, or as `time(\"%H:%M\")` says (strftime)",
    ),
];

/// Adds them. `filesizeformat` is what Jinja calls the first one, and `thousands` an older name of ours.
pub(super) fn add(environment: &mut Environment<'_>, now: &Zoned) {
    for name in ["bytes", "filesizeformat"] {
        environment.add_filter(name, |value: Value| whole(&value, human::size));
    }
    environment.add_filter("thousands", |value: Value| whole(&value, human::count));
    environment.add_filter("count", |value: Value| match value.kind() {
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::String => {
            Ok(Value::from(value.len().unwrap_or_default()))
        }
        _ => whole(&value, human::count),
    });
    environment.add_filter("duration", |value: Value| {
        known(&value, seconds, |seconds| {
            human::duration(SignedDuration::from_secs(seconds))
                .ok_or_else(|| wrong("a duration cannot be negative"))
        })
    });
    let now = now.clone();
    environment.add_filter("time", move |value: Value, format: Rest<String>| {
        known(&value, seconds, |seconds| {
            let at = Timestamp::from_second(seconds).map_err(|_| wrong("this time is out of range"))?;
            match format.first() {
                None => Ok(human::time(at, &now)),
                Some(format) => written(&at.to_zoned(now.time_zone().clone()), format),
            }
        })
    });
}

/// Writes a moment as somebody wants it.
fn written(at: &Zoned, format: &str) -> Result<String, Error> {
    let time = BrokenDownTime::from(at);
    time.to_string(format).map_err(|error| wrong(&format!("the format of a time: {error}")))
}

fn whole(value: &Value, show: fn(u64) -> String) -> Result<Value, Error> {
    let number = |value: &Value| u64::try_from(value.clone()).map_err(|_| wrong("expected a whole number"));
    known(value, number, |number| Ok(show(number)))
}

/// Reads whole seconds.
fn seconds(value: &Value) -> Result<i64, Error> {
    i64::try_from(value.clone())
        .map_err(|_| wrong("expected a number of seconds; a name that ends in _at, or run.seconds"))
}

/// Shows a value that is there.
fn known<T>(
    value: &Value,
    read: impl FnOnce(&Value) -> Result<T, Error>,
    show: impl FnOnce(T) -> Result<String, Error>,
) -> Result<Value, Error> {
    if value.is_none() {
        return Ok(value.clone());
    }
    read(value).and_then(show).map(Value::from)
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.to_owned())
}
