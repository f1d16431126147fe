//! What stands in a configuration file or variable, before any key gives it a meaning.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Options, Spanned};
use std::fmt;

/// A value without a type: every scalar is kept as the text that was written, so that the version-like name `1.10`
/// or the user `007` is not turned into a number on its way to a setting that wants text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing: `KEY:` or `null`.
    Nothing,
    /// A scalar, quoted or not.
    Text(String),
    /// A sequence.
    List(Vec<Value>),
    /// A mapping. No setting takes one; Quay's do, and they must be readable to be named.
    Map,
}

/// One `KEY: value` of a file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Value,
    /// 1-based line of the value.
    pub(super) line: u64,
}

/// A file that is not YAML, or not a mapping.
#[derive(Debug)]
pub(super) struct Broken {
    /// 1-based; 0 when it is not known.
    pub(super) line: u64,
    pub(super) what: String,
}

impl Value {
    /// The value of an environment variable or of a default. Only what starts like a YAML list or a quoted scalar
    /// is read as YAML: a plain `a: b` or `#x` is meant literally by whoever sets a variable.
    pub(super) fn from_text(text: &str) -> Self {
        let text = text.trim();
        let yaml = text.starts_with('[') && text.ends_with(']') || text.starts_with(['"', '\'']);
        match text {
            "" | "null" => Self::Nothing,
            _ if yaml => serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options())
                .map_or_else(|_| Self::Text(text.to_owned()), |raw| raw.value.settle(text, raw.referenced)),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// For programs that read it. Scalars stay the texts that they are.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Nothing | Self::Map => serde_json::Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
        }
    }

    /// Reads a whole file.
    pub(super) fn entries(text: &str) -> Result<Vec<Entry>, Broken> {
        let document: Option<Document> =
            serde_saphyr::from_str_with_options(text, options()).map_err(Broken::from)?;
        let pairs = document.map(|document| document.0).unwrap_or_default();
        Ok(pairs
            .into_iter()
            .map(|(key, raw)| Entry {
                key,
                line: raw.referenced.line(),
                value: raw.value.settle(text, raw.referenced),
            })
            .collect())
    }
}

/// As it would be written on one line of YAML.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("null"),
            Self::Text(text) => write!(f, "{}", text.escape_debug()),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map => f.write_str("a mapping"),
        }
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        // The parser's picture of the line is left out: the line may hold a password.
        let bare = error.without_snippet();
        Self {
            line: bare.location().map_or(0, |location| location.line()),
            what: bare.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

struct Document(Vec<(String, Spanned<Raw>)>);

/// A value as the YAML library hands it over.
enum Raw {
    Nothing,
    Text(String),
    /// A number or boolean; its text is cut out of the file afterwards, this one is how the library would write it.
    Typed(String),
    List(Vec<Spanned<Raw>>),
    Map,
}

impl Raw {
    fn settle(self, file: &str, location: serde_saphyr::Location) -> Value {
        match self {
            Self::Nothing => Value::Nothing,
            Self::Text(text) => Value::Text(text),
            Self::Typed(text) => Value::Text(written(file, location).unwrap_or(text)),
            Self::List(items) => {
                Value::List(items.into_iter().map(|item| item.value.settle(file, item.referenced)).collect())
            }
            Self::Map => Value::Map,
        }
    }
}

fn written(file: &str, location: serde_saphyr::Location) -> Option<String> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    let text = file.get(start..start.checked_add(length)?)?.trim();
    // An alias or an empty span is not the text of a scalar.
    (!text.is_empty() && !text.starts_with('*')).then(|| text.to_owned())
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Document;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lines of the form KEY: value")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Document(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }
    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }
    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(Raw::Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn scalars_keep_the_text_that_was_written() {
        let file = "A: 1.10\nB: 007\nC: true\nD: '1'\nE: 0x10\nF: 1e3\nG: [1.10, yes, 2_0]\nH:\nI: {x: 1}\nJ: é 1.50\nK: 1.50 # no\n";
        let values: Vec<_> =
            Value::entries(file).unwrap().into_iter().map(|entry| (entry.line, entry.value)).collect();
        let expected = [
            text("1.10"),
            text("007"),
            text("true"),
            text("1"),
            text("0x10"),
            text("1e3"),
            Value::List(vec![text("1.10"), text("yes"), text("2_0")]),
            Value::Nothing,
            Value::Map,
            text("é 1.50"),
            text("1.50"),
        ];
        let expected: Vec<_> = (1..).zip(expected).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn variables_are_literal_unless_they_look_like_a_list_or_a_quoted_scalar() {
        assert_eq!(Value::from_text("a: b # c"), text("a: b # c"));
        assert_eq!(Value::from_text(" true "), text("true"));
        assert_eq!(Value::from_text("[::1]:8480"), text("[::1]:8480"));
        assert_eq!(Value::from_text("[a, 'b c']"), Value::List(vec![text("a"), text("b c")]));
        assert_eq!(Value::from_text("[]"), Value::List(vec![]));
        assert_eq!(Value::from_text("\"12\""), text("12"));
        assert_eq!(Value::from_text(""), Value::Nothing);
        assert_eq!(Value::from_text("[a, ]]"), text("[a, ]]"));
        assert_eq!(Value::from_text("[a] # b"), text("[a] # b"));
    }

    #[test]
    fn an_alias_stands_for_the_text_that_it_names() {
        let values = Value::entries("A: &a 007\nB: *a\nC: [*a, 1]\n").unwrap();
        let values: Vec<_> = values.into_iter().map(|entry| entry.value).collect();
        assert_eq!(values, [text("007"), text("007"), Value::List(vec![text("007"), text("1")])]);
    }

    #[test]
    fn programs_read_texts_lists_and_nothing() {
        let list = Value::List(vec![text("007"), Value::Nothing, Value::Map]);
        assert_eq!(list.to_json(), serde_json::json!(["007", null, null]));
    }

    #[test]
    fn a_broken_file_is_reported_by_line_and_never_quoted() {
        let broken = Value::entries("A: 1\nPASSWORD: \"hunter2\nB: 2\n").unwrap_err();
        assert!(!broken.what.contains("hunter2"), "{}", broken.what);
        assert!(broken.line >= 2, "{}", broken.line);
        assert_eq!(Value::entries("A: 1\nA: 2\n").unwrap_err().line, 2);
        assert!(Value::entries("[a]").is_err());
        assert!(Value::entries("").unwrap().is_empty());
        assert!(Value::entries("# only a comment\n---\n").unwrap().is_empty());
    }
}
