//! Finds the secrets in requests, answers and in what commands print.

use super::{Place, Watch};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fmt::Write as _;

/// Members of JSON and fields of forms that hold a secret, whatever they look like.
const FIELDS: [&str; 11] = [
    "token",
    "token_code",
    "access_token",
    "refresh_token",
    "client_secret",
    "secret",
    "password",
    "new_password",
    "_csrf_token",
    "csrf_token",
    "verifyPassword",
];

impl Watch {
    /// A request that is about to be sent.
    pub(crate) fn sent<'h>(
        &self,
        path: &str,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        for (name, value) in headers {
            match name.to_ascii_lowercase().as_str() {
                "authorization" => self.authorization(value),
                "cookie" => value.split(';').for_each(|cookie| self.cookie(cookie)),
                "x-csrf-token" => self.secret("CSRF token", value.as_bytes()),
                _ => {}
            }
        }
        if let Some((_, query)) = path.split_once('?') {
            self.form(query);
        }
        match serde_json::from_slice(body) {
            Ok(value) => self.members(&value),
            Err(_) => self.form(&String::from_utf8_lossy(body)),
        }
    }

    /// What came back. An error never repeats a secret; any other answer gives it to whoever asked for it.
    pub(crate) fn answered<'h>(
        &self,
        what: &str,
        status: u16,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        let mut head = String::new();
        for (name, value) in headers {
            if name == "set-cookie" {
                self.cookie(value.split(';').next().unwrap_or_default());
            } else if name == "location" {
                self.form(value.split_once('#').map_or("", |(_, fragment)| fragment));
            }
            if name != "set-cookie" {
                let _ = writeln!(head, "{name}: {value}");
            }
        }
        if let Ok(value) = serde_json::from_slice(body) {
            self.members(&value);
        }
        let text = String::from_utf8_lossy(body);
        for form in text.split("name=\"_csrf_token\" value=\"").skip(1) {
            self.secret("CSRF token", form.split('"').next().unwrap_or_default().as_bytes());
        }
        if status >= 400 {
            self.left(Place::Error, &format!("{what}: {status}"), [head.as_bytes(), body].concat());
        } else {
            self.words(&text, &[40, 64, 120]);
        }
    }

    /// What a command has printed for whoever ran it.
    pub(crate) fn printed(&self, text: &str) {
        match serde_json::from_str(text) {
            Ok(value) => self.members(&value),
            Err(_) => self.words(text, &[20, 24, 32, 40, 64, 120]),
        }
    }

    fn authorization(&self, value: &str) {
        let Some((scheme, rest)) = value.split_once(' ') else { return };
        if scheme.eq_ignore_ascii_case("basic") {
            // What is no text was no name and password, but something else in their place.
            let pair = STANDARD.decode(rest.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
            if let Some((_, password)) = pair.unwrap_or_default().split_once(':') {
                self.secret("password of a login", password.as_bytes());
            }
        } else {
            self.secret("bearer", rest.trim().as_bytes());
        }
    }

    fn cookie(&self, cookie: &str) {
        if let Some((name, value)) = cookie.trim().split_once('=')
            && name.ends_with("dockpass")
        {
            self.secret("session", value.as_bytes());
        }
    }

    fn form(&self, text: &str) {
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            if FIELDS.contains(&name) {
                self.secret(called(name), &unescape(value));
            }
        }
    }

    fn members(&self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text) if FIELDS.contains(&name.as_str()) => {
                            self.secret(called(name), text.as_bytes());
                        }
                        other => self.members(other),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.members(value)),
            _ => {}
        }
    }

    /// Words that look like what dockpass generates, if they have one of these lengths.
    fn words(&self, text: &str, lengths: &[usize]) {
        let word = |word: &&str| {
            lengths.contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        for word in text.split(|one: char| !one.is_ascii_alphanumeric()).filter(word) {
            self.secret("generated secret", word.as_bytes());
        }
    }
}

/// What the secret in a field is called here.
fn called(name: &str) -> &str {
    if name.ends_with("csrf_token") { "CSRF token" } else { name }
}

fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let escaped =
            escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    bytes
}
