//! The JSON Schema of the task file, made from the task's own types.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::task::Task;

/// Returns the schema (JSON Schema 2020-12).
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Task>();
    // an editor that completes a task file writes its own reference to this schema into it
    if let Some(properties) = schema.get_mut("properties").and_then(|p| p.as_object_mut()) {
        properties.insert(
            "$schema".to_owned(),
            serde_json::json!({ "type": "string", "description": "Where this schema is, for the editor." }),
        );
    }
    schema
}

/// One value, or an array of at least one.
pub(super) struct OneOrMany<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

/// `true` or `false`, or more about it.
pub(super) struct SwitchOr<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for SwitchOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("SwitchOr{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let more = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, more] })
    }
}

/// The path of a folder, or more about it.
pub(super) struct PathOr<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for PathOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PathOr{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let more = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "string" }, more] })
    }
}

/// A number of bytes, or a number with its unit.
pub(super) struct Size;

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 1 },
            { "type": "string", "pattern": "^\\s*[0-9]+\\s*([kMGT]B|[KMGT]iB)\\s*$" }
        ] })
    }
}

/// Only `true`.
pub(super) struct True;

impl JsonSchema for True {
    fn schema_name() -> Cow<'static, str> {
        "True".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": true })
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    /// The schema is printed from this file: what makes it is not in the program.
    #[test]
    fn the_schema_that_is_kept_is_the_one_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/task/schema.json");
        // the alternate form of a JSON value is the indented one
        let made = format!("{:#}\n", super::schema().as_value());
        if env::var_os("BACKUP_NOTIFY_WRITE_PAGES").is_some() {
            fs::write(path, &made).unwrap();
        }
        let kept = fs::read_to_string(path).unwrap();
        assert!(kept == made, "{path} is old: BACKUP_NOTIFY_WRITE_PAGES=1 cargo test --lib the_schema");
    }
}
