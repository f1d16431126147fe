//! What a JSON body has to look like: checked before it is read, with the texts of Quay's validator (Python's jsonschema),
//! and shown in the API documents.

use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The form of a JSON value.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    /// A text of at most so many characters.
    Text(usize),
    /// A text of at most so many characters, or `null`.
    OptionalText(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A whole number or `null`.
    OptionalInteger,
    /// An object with any members.
    Object,
    /// An object or `null`.
    OptionalObject,
    /// An object with these members; others are ignored.
    Record(&'static [Field]),
    /// As [`Self::Record`], or `null`.
    OptionalRecord(&'static [Field]),
    /// An array of these.
    Array(&'static Schema),
    /// Anything.
    Anything,
}

/// A member of a [`Schema::Record`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// The form of its value.
    pub schema: Schema,
    /// What it is for.
    pub help: &'static str,
}

/// A member that must be there.
pub const fn required(name: &'static str, schema: Schema, help: &'static str) -> Field {
    Field { name, required: true, schema, help }
}

/// A member that may be left out.
pub const fn optional(name: &'static str, schema: Schema, help: &'static str) -> Field {
    Field { name, required: false, schema, help }
}

/// Most characters of a value that an error text repeats.
const SHOWN: usize = 300;

impl Schema {
    /// Checks a value; the error is the first line of what Python's jsonschema says.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match self {
            Self::Anything => Ok(()),
            Self::Text(most) | Self::OptionalText(most) => match value {
                Value::String(text) if text.chars().count() > *most => {
                    Err(format!("{} is too long", shown(value)))
                }
                Value::String(_) => Ok(()),
                Value::Null if matches!(self, Self::OptionalText(_)) => Ok(()),
                _ => self.mismatch(value),
            },
            Self::Word(words) => match value {
                Value::String(text) if words.contains(&text.as_str()) => Ok(()),
                Value::String(_) => {
                    let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
                    Err(format!("{} is not one of [{}]", shown(value), words.join(", ")))
                }
                _ => self.mismatch(value),
            },
            Self::Boolean => self.require(value, value.is_boolean()),
            Self::Integer => self.require(value, value.is_i64() || value.is_u64()),
            Self::OptionalInteger => self.require(value, value.is_i64() || value.is_u64() || value.is_null()),
            Self::Object => self.require(value, value.is_object()),
            Self::OptionalObject => self.require(value, value.is_object() || value.is_null()),
            Self::Array(each) => match value {
                Value::Array(values) => values.iter().try_for_each(|value| each.check(value)),
                _ => self.mismatch(value),
            },
            Self::OptionalRecord(_) if value.is_null() => Ok(()),
            Self::Record(fields) | Self::OptionalRecord(fields) => match value {
                Value::Object(members) => fields.iter().try_for_each(|field| field.check(members)),
                _ => self.mismatch(value),
            },
        }
    }

    fn require(&self, value: &Value, fits: bool) -> Result<(), String> {
        if fits { Ok(()) } else { self.mismatch(value) }
    }

    fn mismatch(&self, value: &Value) -> Result<(), String> {
        let names: Vec<_> = self.types().iter().map(|name| format!("'{name}'")).collect();
        Err(format!("{} is not of type {}", shown(value), names.join(", ")))
    }

    const fn types(&self) -> &'static [&'static str] {
        match self {
            Self::Text(_) | Self::Word(_) => &["string"],
            Self::OptionalText(_) => &["string", "null"],
            Self::Boolean => &["boolean"],
            Self::Integer => &["integer"],
            Self::OptionalInteger => &["integer", "null"],
            Self::Object | Self::Record(_) => &["object"],
            Self::OptionalObject | Self::OptionalRecord(_) => &["object", "null"],
            Self::Array(_) => &["array"],
            Self::Anything => &[],
        }
    }

    /// The schema as JSON Schema (OpenAPI 3.1 takes it as it is).
    pub fn document(&self) -> Value {
        let mut schema = Map::new();
        match self.types() {
            [] => {}
            [one] => drop(schema.insert("type".to_owned(), json!(one))),
            several => drop(schema.insert("type".to_owned(), json!(several))),
        }
        match self {
            Self::Text(most) | Self::OptionalText(most) => {
                schema.insert("maxLength".to_owned(), json!(most));
            }
            Self::Word(words) => drop(schema.insert("enum".to_owned(), json!(words))),
            Self::Array(each) => drop(schema.insert("items".to_owned(), each.document())),
            Self::Record(fields) | Self::OptionalRecord(fields) => {
                let members = fields.iter().map(|field| {
                    let mut member = field.schema.document();
                    if let Some(member) = member.as_object_mut() {
                        member.insert("description".to_owned(), json!(field.help));
                    }
                    (field.name.to_owned(), member)
                });
                let required: Vec<_> =
                    fields.iter().filter(|field| field.required).map(|field| field.name).collect();
                schema.insert("properties".to_owned(), Value::Object(members.collect()));
                if !required.is_empty() {
                    schema.insert("required".to_owned(), json!(required));
                }
            }
            _ => {}
        }
        Value::Object(schema)
    }
}

impl Field {
    fn check(&self, members: &Map<String, Value>) -> Result<(), String> {
        match members.get(self.name) {
            Some(value) => self.schema.check(value),
            None if self.required => Err(format!("'{}' is a required property", self.name)),
            None => Ok(()),
        }
    }
}

/// A value as Python prints it, cut when it is long.
fn shown(value: &Value) -> String {
    let mut text = String::new();
    python(value, &mut text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn python(value: &Value, out: &mut String) {
    // Enough has been written already: the rest would be cut.
    if out.len() > SHOWN * 4 {
        return;
    }
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => drop(write!(out, "{number}")),
        Value::String(text) => quoted(text, out),
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                python(value, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                quoted(name, out);
                out.push_str(": ");
                python(value, out);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars().take(SHOWN * 2) {
        match character {
            '\n' => out.push_str("\\n"),
            '\\' => out.push_str("\\\\"),
            character if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            character => out.push(character),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROBOT: Schema = Schema::Record(&[
        optional("description", Schema::Text(3), ""),
        optional("metadata", Schema::Object, ""),
        required("role", Schema::Word(&["read", "write"]), ""),
    ]);

    fn told(value: &Value) -> String {
        ROBOT.check(value).unwrap_err()
    }

    #[test]
    fn texts_begin_as_jsonschemas_do() {
        assert_eq!(told(&json!([])), "[] is not of type 'object'");
        assert_eq!(told(&json!({})), "'role' is a required property");
        assert_eq!(told(&json!({"description": "abcd"})), "'abcd' is too long");
        assert_eq!(told(&json!({"description": null})), "None is not of type 'string'");
        assert_eq!(told(&json!({"description": 1})), "1 is not of type 'string'");
        assert_eq!(told(&json!({"metadata": ["x"]})), "['x'] is not of type 'object'");
        assert_eq!(told(&json!({"role": "own"})), "'own' is not one of ['read', 'write']");
        assert_eq!(told(&json!({"role": {"it's": true}})), "{\"it's\": True} is not of type 'string'");
    }

    #[test]
    fn a_long_value_is_not_repeated_in_full() {
        let text = told(&json!({"description": "a".repeat(60_000)}));
        assert!(text.starts_with("'aaa") && text.ends_with("… is too long") && text.len() < 400, "{text}");
    }

    #[test]
    fn unknown_members_are_ignored_and_length_counts_characters() {
        assert_eq!(ROBOT.check(&json!({"role": "read", "description": "ééé", "more": 1})), Ok(()));
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(text in "[\\[{\"a',:1}\\] \\\\]{0,40}") {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                let _ = ROBOT.check(&value);
            }
        }
    }
}
