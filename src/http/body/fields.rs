//! `application/x-www-form-urlencoded`, in bodies and in query strings.

use std::fmt;
use std::ops::Range;
use zeroize::Zeroizing;

/// Fields a form or query string may hold: enough for a check box per repository on a bulk page, and a bound on
/// the work one request can cause.
pub const MAX_FIELDS: usize = 1024;

/// Decoded fields in the order they came, repeated names kept: registry clients send `scope` several times.
/// Values may be passwords, so they are wiped after use and not shown by `Debug`.
#[derive(Clone, Default)]
pub struct Fields {
    /// All names and values, one after the other.
    text: Zeroizing<String>,
    /// Where in it each field's name and value are.
    places: Vec<(Range<usize>, Range<usize>)>,
}

/// Why form fields or a query string cannot be used. Status 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// More than [`MAX_FIELDS`].
    #[error("more than {MAX_FIELDS} fields")]
    TooMany,
    /// `%` without two hexadecimal digits after it.
    #[error("a percent sign must be followed by two hexadecimal digits")]
    Escape,
    /// Not UTF-8 once decoded, or a NUL in it, which nothing here accepts and C libraries cut at.
    #[error("fields must be UTF-8 text")]
    Text,
    /// `multipart/form-data` that is cut off, or holds something else than text fields.
    #[error("the multipart form is malformed")]
    Multipart,
    /// A field that may be given once was given several times; picking one of them would let a filter in
    /// front of this server see the other.
    #[error("the field {name} was given more than once")]
    Repeated {
        /// The field's name.
        name: String,
    },
}

impl Fields {
    /// Decodes `name=value&name=value`, with `+` as space and percent escapes. A field without `=` has an empty
    /// value, as browsers mean it; empty fields (`&&`) are skipped.
    pub fn decode(input: &[u8]) -> Result<Self, FieldsError> {
        // Never longer than the input, so it does not move while it grows and leave copies of a password behind.
        let mut text = Zeroizing::new(Vec::with_capacity(input.len()));
        let mut places = Vec::new();
        for field in input.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
            if places.len() == MAX_FIELDS {
                return Err(FieldsError::TooMany);
            }
            let mut halves = field.splitn(2, |byte| *byte == b'=');
            let mut half = || {
                let start = text.len();
                unescape(halves.next().unwrap_or_default(), &mut text)?;
                Ok(start..text.len())
            };
            places.push((half()?, half()?));
        }
        let Ok(text) = String::from_utf8(std::mem::take(&mut *text)).map(Zeroizing::new) else {
            return Err(FieldsError::Text);
        };
        // A character that begins in one field and ends in the next is none.
        let whole = |place: &Range<usize>| text.get(place.clone()).is_some();
        if text.contains('\0') || !places.iter().all(|(name, value)| whole(name) && whole(value)) {
            return Err(FieldsError::Text);
        }
        Ok(Self { text, places })
    }

    /// Fields that were decoded already.
    pub(super) fn of_pairs(pairs: Vec<(String, String)>) -> Result<Self, FieldsError> {
        if pairs.len() > MAX_FIELDS {
            return Err(FieldsError::TooMany);
        }
        if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(FieldsError::Text);
        }
        let mut fields = Self::with_room(pairs.iter().map(|(name, value)| name.len() + value.len()).sum());
        for (name, value) in pairs {
            fields.push(&name, &Zeroizing::new(value));
        }
        Ok(fields)
    }

    /// No fields yet, and room for so many bytes of names and values: a text that moves while it grows leaves copies of a
    /// password behind.
    fn with_room(bytes: usize) -> Self {
        Self { text: Zeroizing::new(String::with_capacity(bytes)), places: Vec::new() }
    }

    fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.places.push((start..middle, middle..self.text.len()));
    }

    /// These fields and then those of `more`; a name that is in both is one that is given twice.
    #[must_use]
    pub fn and(&self, more: &Self) -> Self {
        let mut both = Self::with_room(self.text.len() + more.text.len());
        for (name, value) in self.iter().chain(more.iter()) {
            both.push(name, value);
        }
        both
    }

    /// The fields of a request's query string; none when it has no query.
    pub fn of_query(uri: &hyper::Uri) -> Result<Self, FieldsError> {
        Self::decode(uri.query().unwrap_or_default().as_bytes())
    }

    /// The value of a field that may be given at most once.
    pub fn single(&self, name: &str) -> Result<Option<&str>, FieldsError> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(FieldsError::Repeated { name: name.to_owned() });
        }
        Ok(first)
    }

    /// Every value given for `name`, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All fields as (name, value), in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let at = |place: &Range<usize>| self.text.get(place.clone()).unwrap_or_default();
        self.places.iter().map(move |(name, value)| (at(name), at(value)))
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

fn unescape(input: &[u8], out: &mut Vec<u8>) -> Result<(), FieldsError> {
    let mut rest = input;
    while let Some(place) = rest.iter().position(|byte| matches!(byte, b'+' | b'%')) {
        let (plain, escaped) = rest.split_at(place);
        out.extend_from_slice(plain);
        rest = match escaped {
            [b'%', high, low, rest @ ..] => {
                let digits = hex_digit(*high).zip(hex_digit(*low));
                out.push(digits.map(|(high, low)| (high << 4) + low).ok_or(FieldsError::Escape)?);
                rest
            }
            [b'+', rest @ ..] => {
                out.push(b' ');
                rest
            }
            _ => return Err(FieldsError::Escape),
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(input: &str) -> Vec<(String, String)> {
        let fields = Fields::decode(input.as_bytes()).unwrap();
        fields.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn plus_is_a_space_and_an_escaped_plus_is_a_plus() {
        assert_eq!(
            decode("account=acme+ci&username=acme%2Bci"),
            [pair("account", "acme ci"), pair("username", "acme+ci")]
        );
    }

    #[test]
    fn a_query_is_read_like_a_form_and_may_be_missing() {
        let of = |uri: &str| Fields::of_query(&uri.parse().unwrap()).unwrap();
        assert_eq!(of("/token?scope=a%3Ab").single("scope").unwrap(), Some("a:b"));
        assert_eq!(of("/token").iter().count(), 0);
    }

    #[test]
    fn order_and_repetition_are_kept_and_empty_fields_skipped() {
        assert_eq!(
            decode("&scope=a%3Ab&x&&scope=c=d&"),
            [pair("scope", "a:b"), pair("x", ""), pair("scope", "c=d")]
        );
        assert!(decode("").is_empty());
    }

    #[test]
    fn a_repeated_singleton_is_refused() {
        let fields = Fields::decode(b"service=a&service=b&scope=x").unwrap();
        assert_eq!(fields.single("scope"), Ok(Some("x")));
        assert_eq!(fields.single("client_id"), Ok(None));
        assert!(matches!(fields.single("service"), Err(FieldsError::Repeated { .. })));
    }

    #[test]
    fn broken_escapes_and_broken_text_are_refused() {
        for input in ["a=%", "a=%2", "a=%zz", "%+1=b", "a=%-1"] {
            assert_eq!(Fields::decode(input.as_bytes()).unwrap_err(), FieldsError::Escape, "{input}");
        }
        for input in ["a=%ff", "a=%C0%AF", "a=%00", "%ED%A0%80", "a=%C3&%A9=b", "%C3=%A9"] {
            assert_eq!(Fields::decode(input.as_bytes()).unwrap_err(), FieldsError::Text, "{input}");
        }
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        assert!(Fields::decode("a&".repeat(MAX_FIELDS).as_bytes()).is_ok());
        let over = Fields::decode("a&".repeat(MAX_FIELDS + 1).as_bytes());
        assert_eq!(over.unwrap_err(), FieldsError::TooMany);
    }

    #[test]
    fn values_are_not_shown() {
        let fields = Fields::decode(b"password=hunter2").unwrap();
        assert_eq!(format!("{fields:?}"), r#"{"password"}"#);
    }

    fn escaped(text: &str) -> String {
        use std::fmt::Write;
        text.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "%{byte:02X}");
            out
        })
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(input: Vec<u8>) {
            let _ = Fields::decode(&input);
        }

        #[test]
        fn what_was_escaped_comes_back(pairs in proptest::collection::vec(("[^\0]{1,8}", "[^\0]{0,20}"), 0..8)) {
            let input: Vec<_> = pairs.iter().map(|(n, v)| format!("{}={}", escaped(n), escaped(v))).collect();
            prop_assert_eq!(decode(&input.join("&")), pairs);
        }
    }
}
