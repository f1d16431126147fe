//! Looks for secrets in every form that they could leak in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A part of a secret this long is as bad as the whole: names and words of ours never have it in common with one.
const PART: usize = 12;

/// What must not be found: bytes, and what they are.
#[derive(Default)]
pub(super) struct Canaries {
    needles: BTreeMap<Vec<u8>, String>,
    secrets: usize,
}

impl Canaries {
    /// A secret: as it is, escaped, in hexadecimal and in base64 at each of the three alignments; whole and its ends.
    pub(super) fn add(&mut self, what: &str, secret: &str) {
        self.secrets += 1;
        let bytes = secret.as_bytes();
        let mut forms: Vec<Vec<u8>> = Vec::new();
        for part in [bytes, &bytes[..bytes.len().min(PART)], &bytes[bytes.len().saturating_sub(PART)..]] {
            // The first characters of an access token are how it is looked up, and a registry token begins like every other.
            let public_head =
                matches!(what, "access token" | "application token" | "secret of $app" | "registry token");
            if public_head && part.len() < bytes.len() && bytes.starts_with(part) {
                continue;
            }
            forms.push(part.to_vec());
            forms.push(escape(part));
            forms.push(hex(part).into_bytes());
            forms.push(hex(part).to_ascii_uppercase().into_bytes());
            for skipped in 0..3 {
                for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                    // What stands before shifts the letters; the first and last ones depend on the neighbours.
                    let shifted = engine.encode([vec![0; skipped], part.to_vec()].concat());
                    let inner = &shifted[(skipped * 8).div_ceil(6)..shifted.len() - 1];
                    forms.push(inner.as_bytes().to_vec());
                }
            }
        }
        for form in forms.into_iter().filter(|form| form.len() >= 8) {
            self.needles.entry(form).or_insert_with(|| what.to_owned());
        }
    }

    /// A secret together with the name that it belongs to, as it is sent.
    pub(super) fn add_pair(&mut self, name: &str, secret: &str) {
        let pair = STANDARD_NO_PAD.encode(format!("{name}:{secret}"));
        self.needles.insert(pair.into_bytes(), format!("credentials of {name}"));
        self.add(&format!("secret of {name}"), secret);
    }

    pub(super) fn count(&self) -> usize {
        self.secrets
    }

    /// What is found in `bytes`, with its surroundings.
    pub(super) fn find(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        // A table of beginnings, or thousands of needles would be looked for one after the other.
        let mut beginnings: BTreeMap<&[u8], Vec<(&Vec<u8>, &String)>> = BTreeMap::new();
        for (needle, what) in &self.needles {
            beginnings.entry(&needle[..8]).or_default().push((needle, what));
        }
        let mut found = Vec::new();
        for (at, window) in bytes.windows(8).enumerate() {
            for (needle, what) in beginnings.get(window).into_iter().flatten() {
                if bytes[at..].starts_with(needle) {
                    let around = &bytes[at.saturating_sub(80)..bytes.len().min(at + 80)];
                    found.push(format!("{what} in {place} at {at}: {}", around.escape_ascii()));
                }
            }
        }
        found.truncate(20);
        found
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn escape(bytes: &[u8]) -> Vec<u8> {
    crate::e2e::http::escape(&String::from_utf8_lossy(bytes)).into_bytes()
}
