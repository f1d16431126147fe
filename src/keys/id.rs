//! The id of a signing key.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a signing key as docker's libtrust does: the first 30 bytes of the SHA-256 of its DER SubjectPublicKeyInfo in
/// base32, as 12 groups of 4 joined by `:`. Distribution 2.8 finds a key by nothing else.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningKeyId(String);

/// How the names of signing keys' files begin.
const PREFIX: &str = "signing-";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl SigningKeyId {
    pub(super) fn of(spki: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, spki);
        let bytes = hash.as_ref().iter().take(30);
        let mut text = String::with_capacity(59);
        // Thirty bytes are 48 groups of 5 bits without a rest, so no padding arises.
        let (mut bits, mut count) = (0_u32, 0);
        for byte in bytes {
            bits = ((bits << 8) + u32::from(*byte)) & 0xfff;
            count += 8;
            while count >= 5 {
                count -= 5;
                let index = (bits >> count) & 31;
                text.extend(BASE32.get(index as usize).copied().map(char::from));
                if text.len() % 5 == 4 && text.len() < 59 {
                    text.push(':');
                }
            }
        }
        Self(text)
    }

    /// `None` for a text that is not the id of any key.
    pub fn parse(text: &str) -> Option<Self> {
        let groups = || text.split(':');
        let formed = |group: &str| group.len() == 4 && group.bytes().all(|byte| BASE32.contains(&byte));
        (groups().count() == 12 && groups().all(formed)).then(|| Self(text.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Two of the groups, enough for a person to tell the keys of one installation apart.
    pub fn short(&self) -> &str {
        self.0.get(..9).unwrap_or(&self.0)
    }

    /// The file of the private key.
    pub(super) fn key_file(&self) -> String {
        format!("{PREFIX}{}.key", self.0.replace(':', "-"))
    }

    /// The file of its certificates.
    pub(super) fn certificate_file(&self) -> String {
        format!("{PREFIX}{}.crt", self.0.replace(':', "-"))
    }

    /// Whether a file belongs to some signing key.
    pub(super) fn is_file(name: &str) -> bool {
        name.starts_with(PREFIX)
    }
}

impl TryFrom<String> for SigningKeyId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the id of a signing key")
    }
}

impl From<SigningKeyId> for String {
    fn from(id: SigningKeyId) -> Self {
        id.0
    }
}

impl fmt::Display for SigningKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SigningKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_id_of_a_known_key_is_as_libtrust_computes_it() {
        // SHA-256 of nothing is e3b0c442 98fc1c14 ...; its first 30 bytes in base32 by coreutils.
        assert_eq!(
            SigningKeyId::of(b"").as_str(),
            "4OYM:IQUY:7QOB:JGX3:6TEJ:S35Z:EQT2:4QPE:MSNZ:GTFE:SWMR:W6CS"
        );
    }

    #[test]
    fn twelve_groups_of_four_letters_are_an_id_and_nothing_else_is() {
        let id = SigningKeyId::of(b"");
        assert_eq!(id.short(), "4OYM:IQUY");
        assert_eq!((format!("{id}"), format!("{id:?}")), (id.0.clone(), id.0.clone()));
        for (from, to) in
            [("4OYM", "4OY1"), ("4OYM", "4OYMA"), ("4OYM", "4OY"), ("4OYM:", ""), ("4OYM", "4oym")]
        {
            let text = id.0.replacen(from, to, 1);
            assert_eq!(SigningKeyId::parse(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let id = SigningKeyId::of(&bytes);
            prop_assert_eq!(SigningKeyId::parse(id.as_str()), Some(id));
        }

        #[test]
        fn nothing_else_names_a_file(text in "[A-Z2-7:./]{0,60}") {
            if let Some(id) = SigningKeyId::parse(&text) {
                prop_assert_eq!(id.as_str().len(), 59);
                prop_assert!(!id.key_file().contains(['/', ':']));
                prop_assert!(SigningKeyId::is_file(&id.key_file()));
            }
        }
    }
}
