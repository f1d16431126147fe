//! What commands print: results on standard output, everything else on standard error. A result is JSON first; tables
//! are made from the same values, so that the two cannot differ.

use super::error::CliError;
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shape {
    /// For people: aligned columns with a header.
    Table,
    /// For programs: members in snake case, times in RFC 3339, lists as arrays. Members are only ever added.
    Json,
}

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    shape: Shape,
}

/// A column of a table: its title and the member that it shows.
pub(super) type Column = (&'static str, &'static str);

impl Output {
    /// Writes in `shape`.
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape }
    }

    /// Whether programs read this.
    pub(super) fn is_json(self) -> bool {
        self.shape == Shape::Json
    }

    /// A list of objects.
    pub(super) fn list(self, columns: &[Column], items: Vec<Value>) -> Result<(), CliError> {
        match self.shape {
            Shape::Json => json(&Value::Array(items)),
            Shape::Table => line(&table(columns, &items)),
        }
    }

    /// One object.
    pub(super) fn object(self, value: &Value) -> Result<(), CliError> {
        match (self.shape, value.as_object()) {
            (Shape::Table, Some(members)) => line(&sheet(members)),
            _ => json(value),
        }
    }

    /// What a command made or changed: the object for programs, `message` on standard error for people.
    pub(super) fn done(self, message: &str, value: &Value) -> Result<(), CliError> {
        match self.shape {
            Shape::Json => json(value),
            Shape::Table => {
                note(message);
                Ok(())
            }
        }
    }

    /// As [`Self::done`], with a secret: alone on standard output for people, as a member of the object for programs.
    pub(super) fn secret(
        self,
        message: &str,
        mut value: Value,
        member: &str,
        secret: &str,
    ) -> Result<(), CliError> {
        match self.shape {
            Shape::Json => {
                if let Some(members) = value.as_object_mut() {
                    members.insert(member.to_owned(), secret.into());
                }
                json(&value)
            }
            Shape::Table => {
                note(message);
                line(secret)
            }
        }
    }
}

/// A line on standard output, as it is.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(CliError::Output)
}

fn json(value: &Value) -> Result<(), CliError> {
    line(&format!("{value:#}"))
}

/// A message for people, on standard error.
pub(super) fn note(message: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Replaces a file that everybody may read, as a whole: a registry that starts meanwhile must not read half of it.
pub(super) fn write_public(path: &Path, text: &str) -> Result<(), CliError> {
    let new = path.with_added_extension("new");
    let written = std::fs::write(&new, text)
        .and_then(|()| std::fs::set_permissions(&new, Permissions::from_mode(0o644)))
        .and_then(|()| std::fs::rename(&new, path));
    written.map_err(|error| CliError::Failed(format!("cannot write {}: {error}", path.display())))
}

fn table(columns: &[Column], items: &[Value]) -> String {
    let header = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    let row = |item: &Value| columns.iter().map(|(_, member)| cell(item.get(member))).collect();
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(items.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.pop();
    out
}

/// One line for each member; lists of objects below their name.
fn sheet(members: &Map<String, Value>) -> String {
    let width = members.keys().map(String::len).max().unwrap_or(0) + 1;
    let mut out = String::new();
    for (name, value) in members {
        let title = format!("{}:", name.replace('_', " "));
        match value {
            Value::Array(items) if items.first().is_some_and(Value::is_object) => {
                let _ = writeln!(out, "{title}");
                for item in items {
                    let cells: Vec<_> =
                        item.as_object().into_iter().flatten().map(|(_, v)| cell(Some(v))).collect();
                    let _ = writeln!(out, "  {}", cells.join("  "));
                }
            }
            value => {
                let _ = writeln!(out, "{title:width$}  {}", cell(Some(value)));
            }
        }
    }
    out.pop();
    out
}

/// A value as people read it. Control characters, which command the terminal, are written out.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    };
    let dangerous = |character: char| {
        character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(dangerous) {
        return text;
    }
    let shown = |character: char| {
        if dangerous(character) { character.escape_unicode().to_string() } else { character.to_string() }
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_is_aligned_and_has_no_space_at_the_end_of_lines() {
        let items = [json!({ "name": "acme", "enabled": true }), json!({ "name": "b", "enabled": null })];
        let expected = "NAME  ENABLED\nacme  yes\nb     -";
        assert_eq!(table(&[("NAME", "name"), ("ENABLED", "enabled")], &items), expected);
        assert_eq!(table(&[("NAME", "name")], &[]), "NAME");
    }

    #[test]
    fn an_object_is_a_line_for_each_member() {
        let value = json!({ "name": "acme", "created_at": "x", "teams": ["a", "b"], "members": [{ "name": "al", "role": "r" }] });
        let expected = "name:        acme\ncreated at:  x\nteams:       a, b\nmembers:\n  al  r";
        assert_eq!(sheet(value.as_object().unwrap()), expected);
    }

    #[test]
    fn a_description_cannot_command_the_terminal() {
        let shown = cell(Some(&json!("a\u{1b}[31m\nb\u{202e}")));
        assert_eq!(shown, "a\\u{1b}[31m\\u{a}b\\u{202e}");
    }
}
