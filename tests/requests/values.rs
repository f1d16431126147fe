//! Random values of the right types: names that are there, names that are not, and texts that nobody sends.

use crate::support::TestRandom;
use dockpass::domain::random::Random as _;
use dockpass::http::api::{Endpoint, Schema};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// What can be said in a place where a text goes, by the name of the place.
const KNOWN: &[(&[&str], &[&str])] = &[
    (&["orgname", "namespace", "new_owner"], &["acme", "acme", "other", "alice"]),
    (&["robot_shortname", "short"], &["ci", "cd", "fresh"]),
    (&["teamname", "team"], &["devs", "owners", "makers", "fresh"]),
    (&["repository", "repo"], &["acme/app", "acme/lib/base", "other/app", "alice/new", "acme/fresh"]),
    (
        &["membername", "username", "member", "who"],
        &["alice", "bob", "acme+ci", "acme+cd", "auditor", "root1"],
    ),
    (&["role", "access"], &["read", "write", "admin", "none", "creator", "member"]),
    (&["visibility"], &["public", "private"]),
    (&["state"], &["NORMAL", "READ_ONLY", "MIRROR"]),
    (&["scope"], &["repo:read", "super:user org:admin", "repo:read,repo:write"]),
    (&["redirect_uri"], &["http://localhost:8480/oauth/localapp", "https://elsewhere.example/"]),
    (&["response_type"], &["token", "code"]),
    (&["password", "current"], &["alice's-password", "correct-horse-battery"]),
    (&["email"], &["fresh@example.com", "alice@example.com", "x"]),
    (&["starttime", "endtime"], &["11/24/2026", "01/01/1970", "12/31/9999"]),
    (&["issuer"], &["https://issuer.example"]),
    (&["expiration", "expires"], &["0", "3600", "2026-12-01", "2030-01-01T00:00"]),
    (&["tab"], &["Repositories", "Robotaccounts", "Teamsandmembership", "Logs", "Settings"]),
    (&["page", "limit"], &["1", "2", "100"]),
];

/// Texts that nobody sends, but somebody may.
const ODD: &[&str] = &[
    "",
    " ",
    "..",
    "%2e%2e",
    "\u{0}",
    "\r\nX: y",
    "a'b\"c",
    "'; DROP TABLE account; --",
    "<script>alert(1)</script>",
    "\u{ff41}cme",
    "\u{202e}emca",
    "\u{1f433}",
    "-1",
    "1e999",
    "99999999999999999999",
    "null",
    "acme+a+b",
    "+ci",
    "%",
    "*",
    "ACME",
];

/// Where values come from.
pub(super) struct Values {
    random: TestRandom,
    /// Ids out of the answers so far.
    learned: Vec<String>,
    fresh: u64,
}

impl Values {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: TestRandom::new(seed), learned: Vec::new(), fresh: 0 }
    }

    fn word(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number below `bound`.
    pub(super) fn below(&self, bound: u64) -> u64 {
        self.word() % bound
    }

    /// A place in a list of that length.
    pub(super) fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// Remembers what looks like an id in an answer: the requests after it can be about what they name.
    pub(super) fn learn(&mut self, body: &[u8]) {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
        self.learn_from(&value);
        let excess = self.learned.len().saturating_sub(40);
        self.learned.drain(..excess);
    }

    fn learn_from(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(text)
                            if ["uuid", "id", "client_id", "next_page"].contains(&name.as_str()) =>
                        {
                            self.learned.push(text.clone());
                        }
                        value => self.learn_from(value),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.learn_from(value)),
            _ => {}
        }
    }

    /// A text for the place with this name.
    pub(super) fn text(&mut self, place: &str) -> String {
        match self.below(16) {
            0 => ODD[self.index(ODD.len())].to_owned(),
            1 => "a".repeat(1 + self.index(300)),
            2 | 3 => {
                self.fresh += 1;
                format!("fresh{}", self.fresh)
            }
            _ if place.ends_with("id") && !self.learned.is_empty() => {
                self.learned[self.index(self.learned.len())].clone()
            }
            _ => {
                let known = KNOWN.iter().find(|(names, _)| names.contains(&place));
                let words =
                    known.map_or(&["acme", "ci", "devs", "app", "alice", "a text"][..], |(_, words)| *words);
                words[self.index(words.len())].to_owned()
            }
        }
    }

    /// A value that fits a schema.
    pub(super) fn json(&mut self, place: &str, schema: &Schema, operation: &str) -> Value {
        match schema {
            Schema::OptionalText(_)
            | Schema::OptionalInteger
            | Schema::OptionalObject
            | Schema::OptionalRecord(_)
                if self.below(4) == 0 =>
            {
                Value::Null
            }
            Schema::Text(most) | Schema::OptionalText(most) => {
                let place =
                    if place == "name" && operation.contains("Prototype") { "username" } else { place };
                let place = if operation == "createRepo" && place == "repository" { "short" } else { place };
                json!(self.text(place).chars().take(*most).collect::<String>())
            }
            Schema::Word(words) => json!(words[self.index(words.len())]),
            Schema::Boolean => json!(self.below(2) == 0),
            Schema::Integer | Schema::OptionalInteger => match self.below(6) {
                0 => json!(i64::MIN),
                1 => json!(u64::MAX),
                2 => json!(i64::MAX),
                _ => json!(self.below(100_000)),
            },
            Schema::Object | Schema::OptionalObject | Schema::Anything => match self.below(3) {
                0 => json!({}),
                1 => json!({ self.text("name"): self.text("value") }),
                _ => json!({ "deep": { "er": [[[null, 1.5, true, self.text("name")]]] } }),
            },
            Schema::Array(each) => {
                let count = self.below(4);
                (0..count).map(|_| self.json(place, each, operation)).collect()
            }
            Schema::Record(fields) | Schema::OptionalRecord(fields) => {
                let mut members = Map::new();
                for field in *fields {
                    if field.required || self.below(2) == 0 {
                        members
                            .insert(field.name.to_owned(), self.json(field.name, &field.schema, operation));
                    }
                }
                members.into()
            }
        }
    }

    /// The path and query of a route.
    pub(super) fn path(&mut self, endpoint: &Endpoint) -> String {
        let mut path = String::new();
        for segment in endpoint.template.split('/').skip(1) {
            path.push('/');
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some("repository") => {
                    let text = self.text("repository");
                    path += &text.split('/').map(escape).collect::<Vec<_>>().join("/");
                }
                Some(name) => path += &escape(&self.text(name)),
                None => path += segment,
            }
        }
        let mut separator = '?';
        for query in endpoint.spec.query {
            if self.below(2) == 0 {
                let value = match query.kind {
                    "boolean" => ["true", "false", "1", ""][self.index(4)].to_owned(),
                    "integer" => ["0", "1", "100", "-1", "9223372036854775808"][self.index(5)].to_owned(),
                    _ => self.text(query.name),
                };
                let _ = write!(path, "{separator}{}={}", query.name, escape(&value));
                separator = '&';
            }
        }
        path
    }

    /// What a registry asks for.
    pub(super) fn scope(&mut self) -> String {
        if self.below(8) == 0 {
            return self.text("scope");
        }
        let actions = ["pull", "push,pull", "*", "delete", "pull,pull", ""][self.index(6)];
        let kind = ["repository", "repository", "repository(plugin)", "registry"][self.index(4)];
        format!("{kind}:{}:{actions}", self.text("repository"))
    }

    /// The address of a page.
    pub(super) fn page(&mut self) -> String {
        const PAGES: &[&str] = &[
            "/",
            "/signin",
            "/organization",
            "/organizations/new",
            "/repository",
            "/repository/{repository}",
            "/organization/{orgname}",
            "/organization/{orgname}?tab={tab}",
            "/organization/{orgname}?tab={tab}&q={q}&page={page}",
            "/organization/{orgname}/delete",
            "/organization/{orgname}/repositories/new",
            "/organization/{orgname}/robots/new",
            "/organization/{orgname}/robots/delete",
            "/organization/{orgname}/robot/{short}",
            "/organization/{orgname}/robot/{short}/regenerate",
            "/organization/{orgname}/robot/{short}/permissions",
            "/organization/{orgname}/robot/{short}/federation",
            "/organization/{orgname}/robot/{short}/activity",
            "/organization/{orgname}/teams/new",
            "/organization/{orgname}/team/{team}",
            "/organization/{orgname}/team/{team}/permissions",
            "/organization/{orgname}/team/{team}/delete",
            "/organization/{orgname}/default-permissions/new",
            "/organization/{orgname}/applications/new",
            "/organization/{orgname}/application/{client_id}",
        ];
        let mut pieces = PAGES[self.index(PAGES.len())].split('{');
        let mut path = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let text = self.text(name);
            path += &text.split('/').map(escape).collect::<Vec<_>>().join("/");
            path += rest;
        }
        path
    }
}

/// Everything but letters, digits and what names hold is percent-encoded.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Fields as a form sends them.
pub(super) fn form(fields: &[(&str, String)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}
