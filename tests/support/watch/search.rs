//! Looks for secrets in every form that a careless line of code could give them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// This many bytes of a secret in a row are too much, wherever they begin. Shorter pieces are found by accident.
pub(super) const LEAST: usize = 12;
/// Bytes that are compared at once to find where a closer look is worth it.
const WINDOW: usize = 6;
/// Every piece of at least [`LEAST`] bytes holds a window that begins at one of the places this far apart.
const STRIDE: usize = LEAST - WINDOW + 1;
/// Stretches of zeros, of which database files are full, are passed over this many at a time.
const BLOCK: usize = 512;
const FILTER_BITS: u32 = 18;

/// One form of one secret: the bytes, how many of them in a row are too much, and whose they are.
struct Form {
    bytes: Vec<u8>,
    least: usize,
    secret: usize,
}

/// Where a piece of a secret was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Which of the secrets, counted from 0.
    pub(super) secret: usize,
    /// Where it begins.
    pub(super) at: usize,
    /// What stands there and around it.
    pub(super) around: String,
}

/// Every form of every secret, ready to be looked for.
pub(super) struct Search {
    forms: Vec<Form>,
    /// A window of a form, and where it is in which form; in order.
    windows: Vec<(u64, u32, u32)>,
    /// Which windows may be among them.
    filter: Vec<u64>,
}

impl Search {
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut forms = Vec::new();
        for (secret, bytes) in secrets.enumerate() {
            forms.extend(written(bytes).into_iter().map(|(bytes, least)| Form { bytes, least, secret }));
        }
        let mut windows = Vec::new();
        let mut filter = vec![0_u64; 1 << (FILTER_BITS - 6)];
        for (index, form) in forms.iter().enumerate() {
            for (at, window) in form.bytes.windows(WINDOW).enumerate().step_by(STRIDE) {
                let word = window.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
                windows.push((word, u32::try_from(index).unwrap(), u32::try_from(at).unwrap()));
                let bit = place(word);
                filter[bit >> 6] |= 1 << (bit & 63);
            }
        }
        windows.sort_unstable();
        Self { forms, windows, filter }
    }

    /// Every piece of a secret in `bytes`, the first of each secret.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Found> {
        const ZEROS: [u8; BLOCK] = [0; BLOCK];
        let mut found: Vec<Found> = Vec::new();
        let mut word = 0_u64;
        for (number, block) in bytes.chunks(BLOCK).enumerate() {
            if block == ZEROS {
                word = 0;
                continue;
            }
            let mut end = number * BLOCK;
            for byte in block {
                end += 1;
                word = (word << 8 | u64::from(*byte)) & 0xffff_ffff_ffff;
                let bit = place(word);
                if self.filter[bit >> 6] >> (bit & 63) & 1 == 1 && end >= WINDOW {
                    self.look(bytes, end - WINDOW, word, &mut found);
                }
            }
        }
        found
    }

    /// Whether the window at `at` belongs to a piece that is long enough.
    fn look(&self, bytes: &[u8], at: usize, word: u64, found: &mut Vec<Found>) {
        let first = self.windows.partition_point(|window| window.0 < word);
        for (_, form, place) in self.windows[first..].iter().take_while(|window| window.0 == word) {
            let (form, place) = (&self.forms[*form as usize], *place as usize);
            if found.iter().any(|known| known.secret == form.secret) {
                continue;
            }
            let before = bytes[..at].iter().rev().zip(form.bytes[..place].iter().rev());
            let before = before.take_while(|(one, other)| one == other).count();
            let after = bytes[at..].iter().zip(&form.bytes[place..]);
            let after = after.take_while(|(one, other)| one == other).count();
            if before + after >= form.least {
                let around = &bytes[(at - before).saturating_sub(60)..bytes.len().min(at + after + 60)];
                let around = around.escape_ascii().to_string();
                found.push(Found { secret: form.secret, at: at - before, around });
            }
        }
    }
}

/// Where a window has its bit in the filter.
fn place(word: u64) -> usize {
    usize::try_from(word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS)).unwrap()
}

/// Every form of a secret, with how much of it in a row stands for [`LEAST`] bytes.
fn written(secret: &[u8]) -> BTreeSet<(Vec<u8>, usize)> {
    let mut forms = BTreeSet::from([(secret.to_vec(), LEAST)]);
    let escaped = |bytes: &[u8], plain: &dyn Fn(u8) -> bool, escape: &dyn Fn(&mut String, u8)| {
        let mut text = String::new();
        for byte in bytes {
            if plain(*byte) {
                text.push(char::from(*byte));
            } else {
                escape(&mut text, *byte);
            }
        }
        text.into_bytes()
    };
    let all = |_| false;
    let hex = |text: &mut String, byte| write!(text, "{byte:02x}").unwrap();
    let upper = |text: &mut String, byte| write!(text, "{byte:02X}").unwrap();
    let percent = |text: &mut String, byte| write!(text, "%{byte:02X}").unwrap();
    let percent_lower = |text: &mut String, byte| write!(text, "%{byte:02x}").unwrap();
    forms.insert((escaped(secret, &all, &hex), 2 * LEAST));
    forms.insert((escaped(secret, &all, &upper), 2 * LEAST));
    forms.insert((escaped(secret, &all, &percent), 3 * LEAST));
    forms.insert((escaped(secret, &all, &percent_lower), 3 * LEAST));
    if let Ok(text) = std::str::from_utf8(secret) {
        // As clients send it, as JSON and as `Debug` write it, as a page does.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        forms.insert((escaped(secret, &plain, &percent), LEAST));
        forms.insert((escaped(secret, &plain, &percent_lower), LEAST));
        let json = serde_json::to_string(text).unwrap();
        forms.insert((json.trim_matches('"').as_bytes().to_vec(), LEAST));
        forms.insert((text.escape_debug().to_string().into_bytes(), LEAST));
        let entity = |text: &mut String, byte| write!(text, "&#{byte};").unwrap();
        forms.insert((escaped(secret, &|byte| !b"\"'&<>".contains(&byte), &entity), LEAST));
    }
    // What stands before a secret, such as the name in Basic credentials, shifts the letters of base64; the first and the last
    // ones depend on the neighbours.
    for skipped in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let shifted = engine.encode([&vec![0; skipped], secret].concat());
            let inner = &shifted[(skipped * 8_usize).div_ceil(6)..shifted.len() - 1];
            forms.insert((inner.as_bytes().to_vec(), LEAST * 4 / 3));
        }
    }
    forms.retain(|(form, _)| form.len() >= LEAST);
    forms
        .into_iter()
        .map(|(form, least)| {
            let least = least.min(form.len());
            (form, least)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    const SECRET: &str = "S3CR3T-with/odd chars+and=\"length\"";

    fn finds(text: &[u8]) -> bool {
        !Search::new([SECRET.as_bytes()].into_iter()).find(text).is_empty()
    }

    /// What others may stand around it, by which base64 differs.
    fn encoded(text: &str) -> Vec<String> {
        let percent = |text: &str| text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
        let hex = text.bytes().fold(String::new(), |all, byte| format!("{all}{byte:02x}"));
        let mut forms = vec![
            text.to_owned(),
            percent(text),
            percent(text).to_lowercase(),
            hex.to_uppercase(),
            hex,
            serde_json::json!({ "x": text }).to_string(),
            format!("{text:?}"),
            text.replace('"', "&#34;"),
        ];
        for name in ["a", "ab", "acme+ci", "abcd"] {
            forms.push(format!("Basic {}", STANDARD.encode(format!("{name}:{text}"))));
            forms.push(URL_SAFE_NO_PAD.encode(format!("{name}:{text}")));
        }
        forms
    }

    #[test]
    fn every_form_is_found_whole_and_in_pieces_and_nothing_else_is() {
        for piece in [SECRET, &SECRET[..13], &SECRET[10..23], &SECRET[SECRET.len() - 13..]] {
            for form in encoded(piece) {
                assert!(finds(format!("before {form} after").as_bytes()), "{form}");
                let in_a_file = [&[0; 700][..], form.as_bytes(), &[0; 1000]].concat();
                assert!(finds(&in_a_file), "{form}");
            }
        }
        let reversed: String = SECRET.chars().rev().collect();
        for other in ["", "S3CR3T-w", "nothing of it at all, however long it goes on", &reversed] {
            for form in encoded(other) {
                assert!(!finds(form.as_bytes()), "{form}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_piece_is_found_wherever_it_stands(
            secret in prop::collection::vec(any::<u8>(), 32), from in 0..20_usize, before in 0..1500_usize,
        ) {
            let search = Search::new([secret.as_slice()].into_iter());
            let around = [&vec![0; before], &secret[from..from + LEAST], &[0; 20][..]].concat();
            prop_assert_eq!(search.find(&around).len(), 1);
        }
    }
}
