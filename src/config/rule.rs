//! What a setting may hold: a reader and the sentence that says what it reads, kept together.

use super::value::Value;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Reads a value as a `T`.
pub(super) struct Rule<T> {
    /// Says what may stand there, for errors and for the reference: "true or false".
    pub(super) allowed: String,
    read: Reader<T>,
}

type Reader<T> = Box<dyn Fn(&Value) -> Result<T, Value>>;

impl<T> Rule<T> {
    /// The meaning of `value`, or the part of it that is not allowed.
    pub(super) fn read(&self, value: &Value) -> Result<T, Value> {
        (self.read)(value)
    }
}

/// A scalar that `parse` makes sense of.
pub(super) fn text<T: 'static>(
    allowed: impl Into<String>,
    parse: impl Fn(&str) -> Option<T> + 'static,
) -> Rule<T> {
    let read = move |value: &Value| match value {
        Value::Text(text) => parse(text).ok_or_else(|| value.clone()),
        _ => Err(value.clone()),
    };
    Rule { allowed: allowed.into(), read: Box::new(read) }
}

/// One of a few words.
pub(super) fn choice<T: Copy + 'static>(words: &'static [(&'static str, T)]) -> Rule<T> {
    let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let pick =
        |text: &str| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value);
    text(one_of(&names), pick)
}

/// `true` or `false`. YAML 1.1's yes and on are refused: half of all parsers read them as text.
pub(super) fn boolean() -> Rule<bool> {
    choice(&[("true", true), ("false", false)])
}

/// A whole number within `range`.
pub(super) fn integer(range: RangeInclusive<u32>) -> Rule<u32> {
    let allowed = format!("a whole number from {} to {}", range.start(), range.end());
    text(allowed, move |text| text.parse().ok().filter(|number| range.contains(number)))
}

/// A time in Quay's form, `10m`, within `seconds`. A bare number is in seconds.
pub(super) fn duration(seconds: RangeInclusive<u64>) -> Rule<Duration> {
    let allowed = format!(
        "seconds, or a time such as 30s, 10m, 12h, 7d or 2w; from {} to {}",
        written_duration(*seconds.start()),
        written_duration(*seconds.end())
    );
    text(allowed, move |text| {
        parse_seconds(text).filter(|time| seconds.contains(time)).map(Duration::from_secs)
    })
}

/// `rule`, or nothing at all.
pub(super) fn optional<T: 'static>(rule: Rule<T>) -> Rule<Option<T>> {
    let allowed = format!("{}, or null", rule.allowed);
    let read = move |value: &Value| match value {
        Value::Nothing => Ok(None),
        given => rule.read(given).map(Some),
    };
    Rule { allowed, read: Box::new(read) }
}

/// `rule`, or `word` for no limit.
pub(super) fn unless<T: 'static>(word: &'static str, meaning: &str, rule: Rule<T>) -> Rule<Option<T>> {
    let allowed = format!("{}; {word} for {meaning}", rule.allowed);
    let read = move |value: &Value| match value {
        Value::Text(text) if text == word => Ok(None),
        given => rule.read(given).map(Some),
    };
    Rule { allowed, read: Box::new(read) }
}

/// Any number of `rule`. A scalar is split at commas, which is how people write lists into variables; nothing that
/// a list of ours holds has a comma in it.
pub(super) fn list<T: 'static>(rule: Rule<T>) -> Rule<Vec<T>> {
    let allowed = format!("a list; each: {}", rule.allowed);
    let read = move |value: &Value| match value {
        Value::List(items) => items.iter().map(|item| rule.read(item)).collect(),
        Value::Text(text) => {
            text.split(',').map(|item| rule.read(&Value::Text(item.trim().to_owned()))).collect()
        }
        Value::Nothing | Value::Map => Err(value.clone()),
    };
    Rule { allowed, read: Box::new(read) }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [first, last] => format!("{first} or {last}"),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
        [] => String::new(),
    }
}

const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

fn parse_seconds(text: &str) -> Option<u64> {
    let unit = UNITS.iter().find(|(letter, _)| text.ends_with(*letter));
    let (digits, seconds) =
        unit.map_or((text, 1), |(letter, seconds)| (text.trim_end_matches(*letter), *seconds));
    // `trim_end_matches` takes all of them: "10mm" is not ten minutes.
    let plain = digits.len() + usize::from(unit.is_some()) == text.len()
        && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse::<u64>().ok()?.checked_mul(seconds))?
}

fn written_duration(seconds: u64) -> String {
    let whole = UNITS.iter().find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{seconds}s"), |(letter, unit)| format!("{}{letter}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_quays_or_seconds() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("10m", 600), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
        for text in ["", "m", "10mm", "-1", "1.5h", "10 m", "10M", "18446744073709551615w", "+5"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
        assert_eq!(
            duration(60..=86_400).allowed,
            "seconds, or a time such as 30s, 10m, 12h, 7d or 2w; from 1m to 1d"
        );
    }

    #[test]
    fn a_list_names_the_item_that_is_wrong() {
        let rule = list(integer(1..=9));
        assert_eq!(rule.read(&Value::from_text("1, 2")), Ok(vec![1, 2]));
        assert_eq!(rule.read(&Value::from_text("[1, 12]")), Err(Value::from_text("12")));
        assert_eq!(rule.read(&Value::from_text("[]")), Ok(vec![]));
        assert_eq!(rule.read(&Value::from_text("[[1]]")), Err(Value::List(vec![Value::from_text("1")])));
    }

    #[test]
    fn booleans_are_true_and_false_only() {
        assert_eq!(boolean().read(&Value::from_text("True")), Ok(true));
        for text in ["yes", "on", "1", "", "[true]"] {
            assert!(boolean().read(&Value::from_text(text)).is_err(), "{text}");
        }
    }
}
