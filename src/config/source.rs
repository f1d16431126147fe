//! Where each value comes from: the variable, else the file, else the default.

use super::environment::{PREFIX, settings};
use super::error::{Place, Problem};
use super::nearest::nearest;
use super::quay;
use super::rule::Rule;
use super::value::Value;
use super::{Environment, keys};
use std::collections::BTreeMap;
use std::path::Path;

/// The values that were given, and what was found wrong with them so far.
pub(super) struct Source {
    given: BTreeMap<&'static str, (Value, Place)>,
    pub(super) effective: BTreeMap<&'static str, Value>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

impl Source {
    /// Collects what `file` (its path and text) and `environment` hold.
    pub(super) fn collect(file: Option<(&Path, &str)>, environment: &dyn Environment) -> Self {
        let mut source =
            Self { given: BTreeMap::new(), effective: BTreeMap::new(), problems: vec![], warnings: vec![] };
        if let Some((path, text)) = file {
            source.read_file(path, text);
        }
        for (key, text) in settings(environment) {
            let place = Place::Variable(format!("{PREFIX}{key}"));
            // The process hands over what is not UTF-8 with this mark in it; a path read that way would be another.
            if text.contains('\u{FFFD}') {
                source.problem(&place, &key, "the value is not UTF-8".to_owned());
            } else {
                source.put(&key, Value::from_text(&text), place);
            }
        }
        source
    }

    fn read_file(&mut self, path: &Path, text: &str) {
        match Value::entries(text) {
            Ok(entries) => {
                for entry in entries {
                    self.put(&entry.key, entry.value, Place::File(path.to_owned(), entry.line));
                }
            }
            Err(broken) => self.problem(&Place::File(path.to_owned(), broken.line), "", broken.what),
        }
    }

    fn put(&mut self, name: &str, value: Value, place: Place) {
        let known = keys();
        if let Some(key) = known.iter().find(|key| key.name == name) {
            self.given.insert(key.name, (value, place));
            return;
        }
        // A variable is set for dockpass on purpose, so that Quay's keys are as unknown there as any other.
        let foreign = if matches!(place, Place::File(..)) { quay::find(name) } else { None };
        if let Some(foreign) = foreign {
            match foreign.judge(name, &value) {
                Ok(warning) => self.warnings.extend(warning.map(|text| format!("{place}{text}"))),
                Err(reason) => self.problem(&place, name, reason),
            }
        } else {
            let hint = nearest(name, known.iter().map(|key| key.name))
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            self.problem(&place, name, format!("unknown key{hint}"));
        }
    }

    /// The value of `key`, or `None` after noting what is wrong with it.
    pub(super) fn take<T>(&mut self, key: &'static str, rule: &Rule<T>, default: &str) -> Option<T> {
        let (value, place) =
            self.given.get(key).cloned().unwrap_or_else(|| (Value::from_text(default), Place::Default));
        let result = rule.read(&value);
        self.effective.insert(key, value);
        match result {
            Ok(value) => Some(value),
            Err(bad) => {
                let what = match bad {
                    Value::Nothing => format!("has no value; give {}, or remove the line", rule.allowed),
                    bad => format!("{bad} is not allowed; give {}", rule.allowed),
                };
                self.problem(&place, key, what);
                None
            }
        }
    }

    /// Notes that the value of `key` contradicts another.
    pub(super) fn contradiction(&mut self, key: &'static str, what: impl Into<String>) {
        let place = self.given.get(key).map_or(Place::Default, |(_, place)| place.clone());
        self.problem(&place, key, what.into());
    }

    /// Whether `key` was given anywhere.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    fn problem(&mut self, place: &Place, key: &str, what: String) {
        self.problems.push(Problem { place: place.clone(), key: key.to_owned(), what });
    }
}
