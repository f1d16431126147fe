//! The file form that the three symmetric keys share.

use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Names one symmetric key, so that what was made with a key that has since been replaced is recognised instead of
/// being taken for forged. Derived from the key: a mistyped key does not match its id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u32);

impl KeyId {
    /// Bytes of the id in stored values.
    pub const LENGTH: usize = 4;

    /// The id as it stands at the front of stored values.
    pub const fn to_bytes(self) -> [u8; Self::LENGTH] {
        self.0.to_be_bytes()
    }

    /// Splits a stored value into the id of the key that made it and the rest.
    pub fn split(stored: &[u8]) -> Option<(Self, &[u8])> {
        let (id, rest) = stored.split_first_chunk::<{ Self::LENGTH }>()?;
        Some((Self(u32::from_be_bytes(*id)), rest))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a symmetric key is for. Part of its file and of its id, so that two files cannot be swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Verify,
    Seal,
    Session,
}

impl Purpose {
    pub(super) const ALL: [Self; 3] = [Self::Verify, Self::Seal, Self::Session];

    const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Seal => "seal",
            Self::Session => "session",
        }
    }

    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Verify => "verify.key",
            Self::Seal => "seal.key",
            Self::Session => "session.key",
        }
    }

    /// What losing or replacing the key means, for the operator who opens the file.
    const fn note(self) -> &'static str {
        match self {
            Self::Verify => "Checks robot secrets and protects the rows of the database against tampering.",
            Self::Seal => "Opens the robot tokens that may be shown again. A new key makes them unreadable.",
            Self::Session => "Signs browser sessions. A new key logs everybody out.",
        }
    }
}

/// Thirty-two random bytes with their id.
pub(super) struct Material {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl Material {
    pub(super) fn generate(purpose: Purpose, random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut());
        Self::new(purpose, bytes)
    }

    fn new(purpose: Purpose, bytes: Zeroizing<[u8; 32]>) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(b"dockpass key id: ");
        hash.update(purpose.name().as_bytes());
        hash.update(b"\0");
        hash.update(bytes.as_slice());
        let id = hash.finish().as_ref().first_chunk().map_or(0, |id| u32::from_be_bytes(*id));
        Self { id: KeyId(id), bytes }
    }

    pub(super) const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A key of its own for one use, so that a value made for one use never passes for another: HKDF-Expand (RFC 5869
    /// section 2.3) to one block. Extraction is left out as section 3.3 allows for a key that is already uniform.
    pub(super) fn derive(&self, label: &str) -> hmac::Key {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_slice()));
        context.update(label.as_bytes());
        context.update(&[1]);
        hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
    }

    pub(super) fn to_text(&self, purpose: Purpose, now: Timestamp) -> Zeroizing<String> {
        let key = Zeroizing::new(STANDARD.encode(self.bytes.as_slice()));
        Zeroizing::new(format!(
            "# {}\n# Made {now}. Keep it apart from copies of the database.\npurpose: {}\nid: {}\nkey: {}\n",
            purpose.note(),
            purpose.name(),
            self.id,
            key.as_str(),
        ))
    }

    /// Reads what [`Self::to_text`] wrote.
    pub(super) fn parse(purpose: Purpose, text: &str) -> Result<Self, String> {
        let (mut named, mut id, mut key) = (None, None, None);
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line itself stays out of the message: it may be the key.
            let field = line.split_once(':').and_then(|(name, value)| {
                let slot = match name.trim() {
                    "purpose" => &mut named,
                    "id" => &mut id,
                    "key" => &mut key,
                    _ => return None,
                };
                Some(slot.replace(value.trim()).is_none())
            });
            if field != Some(true) {
                return Err("must hold the lines purpose, id and key, each once".to_owned());
            }
        }
        let (Some(named), Some(id), Some(key)) = (named, id, key) else {
            return Err("must hold the lines purpose, id and key, each once".to_owned());
        };
        if named != purpose.name() {
            return Err(format!("is not the {} key: its purpose is something else", purpose.name()));
        }
        let mut bytes = Zeroizing::new([0; 32]);
        let mut decoded = STANDARD.decode(key).map_err(|_| "its key is not base64".to_owned())?;
        let fits = decoded.len() == bytes.len();
        if fits {
            bytes.copy_from_slice(&decoded);
        }
        decoded.zeroize();
        if !fits {
            return Err("its key does not have 32 bytes".to_owned());
        }
        let material = Self::new(purpose, bytes);
        if material.id.to_string() != id {
            return Err("its id does not belong to its key: one of the two was altered".to_owned());
        }
        Ok(material)
    }
}

/// Starts a MAC over parts of any length. Every part is preceded by its length, so that no two different lists of parts
/// give the same bytes.
pub(super) fn mac<'a>(key: &hmac::Key, parts: impl IntoIterator<Item = &'a [u8]>) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.sign()
}

/// Compares without telling by its time where the first difference is.
pub(super) fn equal(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::system::SystemRandom;
    use aws_lc_rs::hkdf;
    use proptest::prelude::*;

    pub(in crate::keys) fn material(purpose: Purpose) -> Material {
        Material::generate(purpose, &SystemRandom::default())
    }

    #[test]
    fn a_key_file_reads_back() {
        for purpose in Purpose::ALL {
            let made = material(purpose);
            let text = made.to_text(purpose, Timestamp(0));
            let read = Material::parse(purpose, &text).unwrap();
            assert_eq!(read.bytes(), made.bytes());
            assert_eq!(read.id(), made.id());
        }
    }

    #[test]
    fn a_key_file_says_what_it_is_for() {
        for (purpose, note) in [
            (Purpose::Verify, "Checks robot secrets"),
            (Purpose::Seal, "robot tokens that may be shown again"),
            (Purpose::Session, "browser sessions"),
        ] {
            assert!(material(purpose).to_text(purpose, Timestamp(0)).contains(note), "{note}");
        }
        assert_eq!(format!("{:?} {}", KeyId(0x12ab), KeyId(0x12ab)), "000012ab 000012ab");
    }

    #[test]
    fn a_key_file_does_not_pass_for_one_of_another_purpose() {
        let text = material(Purpose::Verify).to_text(Purpose::Verify, Timestamp(0));
        assert!(Material::parse(Purpose::Seal, &text).is_err());
        let renamed = text.replace("purpose: verify", "purpose: seal");
        assert!(Material::parse(Purpose::Seal, &renamed).is_err(), "the id is bound to the purpose");
    }

    #[test]
    fn damaged_key_files_are_refused_without_showing_the_key() {
        let text = material(Purpose::Verify).to_text(Purpose::Verify, Timestamp(0));
        let key = text.rsplit("key: ").next().unwrap().trim().to_owned();
        let other = STANDARD.encode([7; 32]);
        for damaged in [
            String::new(),
            key.clone(),
            text.replace("key:", "keys:"),
            text.replace("id:", "#"),
            text.replace(&key, "AAAA"),
            text.replace(&key, "not base64!"),
            text.replace(&key, &other),
            format!("{}{}", text.as_str(), text.as_str()),
        ] {
            let error = Material::parse(Purpose::Verify, &damaged).err().unwrap();
            assert!(!error.contains(&key[..8]), "{error}");
        }
    }

    #[test]
    fn derivation_is_hkdf_expand() {
        let material = material(Purpose::Verify);
        let mut expected = [0; 32];
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, material.bytes())
            .expand(&[b"label"], hkdf::HKDF_SHA256)
            .unwrap()
            .fill(&mut expected)
            .unwrap();
        let ours = hmac::sign(&material.derive("label"), b"x");
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &expected), b"x", ours.as_ref()).unwrap();
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = Material::parse(Purpose::Seal, &text);
        }

        #[test]
        fn different_parts_never_share_a_mac(
            left in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..4),
            right in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..4),
        ) {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
            let one = mac(&key, left.iter().map(Vec::as_slice));
            let two = mac(&key, right.iter().map(Vec::as_slice));
            prop_assert_eq!(one.as_ref() == two.as_ref(), left == right);
        }
    }
}
