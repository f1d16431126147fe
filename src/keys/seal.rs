//! The seal key: keeps robot tokens that may be shown again.

use super::symmetric::{KeyId, Material, Purpose};
use crate::domain::caller::AccountId;
use crate::domain::random::Random;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fmt;
use zeroize::Zeroizing;

/// Seals robot tokens with AES-256-GCM. Nonces are random: sound up to 2^32 tokens under one key.
pub struct SealKey {
    id: KeyId,
    key: LessSafeKey,
}

/// Why a sealed token cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed with a key that has been replaced.
    #[error("sealed with key {0}, which has been replaced")]
    OtherKey(KeyId),
    /// It was altered, or belongs to another robot or generation.
    #[error("altered or moved")]
    Tampered,
}

impl SealKey {
    pub(super) fn new(material: &Material) -> Self {
        #[expect(clippy::expect_used, reason = "the type holds 32 bytes, the one length that is taken")]
        let key = UnboundKey::new(&AES_256_GCM, material.bytes()).expect("32 bytes are an AES-256 key");
        Self { id: material.id(), key: LessSafeKey::new(key) }
    }

    /// A key that is kept nowhere, for what lives and dies with the process.
    pub fn ephemeral(random: &dyn Random) -> Self {
        Self::new(&Material::generate(Purpose::Seal, random))
    }

    /// Names this key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Seals a token for one robot and generation: key id, nonce, ciphertext, tag. `None` only for texts beyond the
    /// cipher's limit of 64 GiB.
    pub fn seal(
        &self,
        robot: AccountId,
        generation: i64,
        token: &str,
        random: &dyn Random,
    ) -> Option<Vec<u8>> {
        self.seal_with(aad(robot, generation), token, random)
    }

    /// Seals any other secret that is shown again. `label` names the kind of thing, `owner` the row that it stands in:
    /// copied to another row or taken for another kind, it does not open.
    pub fn seal_text(&self, label: &str, owner: &str, text: &str, random: &dyn Random) -> Option<Vec<u8>> {
        self.seal_with(text_aad(label, owner), text, random)
    }

    fn seal_with(&self, aad: Aad<Vec<u8>>, text: &str, random: &dyn Random) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut text = Zeroizing::new(text.as_bytes().to_vec());
        let sealed = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(sealed, aad, &mut text).ok()?;
        Some([&self.id.to_bytes(), nonce.as_slice(), &text, tag.as_ref()].concat())
    }

    /// Opens what [`Self::seal`] made for the same robot and generation.
    pub fn open(
        &self,
        robot: AccountId,
        generation: i64,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>, OpenError> {
        self.open_with(aad(robot, generation), sealed)
    }

    /// Opens what [`Self::seal_text`] made for the same kind and row.
    pub fn open_text(&self, label: &str, owner: &str, sealed: &[u8]) -> Result<Zeroizing<String>, OpenError> {
        self.open_with(text_aad(label, owner), sealed)
    }

    fn open_with(&self, aad: Aad<Vec<u8>>, sealed: &[u8]) -> Result<Zeroizing<String>, OpenError> {
        let (id, rest) = KeyId::split(sealed).ok_or(OpenError::Tampered)?;
        if id != self.id {
            return Err(OpenError::OtherKey(id));
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Tampered)?;
        let mut text = Zeroizing::new(rest.to_vec());
        let opened = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text)
            .map_err(|_| OpenError::Tampered)?;
        let opened = std::str::from_utf8(opened).map_err(|_| OpenError::Tampered)?;
        Ok(Zeroizing::new(opened.to_owned()))
    }
}

/// Ties the token to its row: copied to another robot, or kept through a rotation, it does not open.
fn aad(robot: AccountId, generation: i64) -> Aad<Vec<u8>> {
    let (robot, generation) = (robot.0.to_be_bytes(), generation.to_be_bytes());
    Aad::from([b"dockpass robot token 1".as_slice(), &robot, &generation].concat())
}

/// The length keeps label and owner apart.
fn text_aad(label: &str, owner: &str) -> Aad<Vec<u8>> {
    let length = (label.len() as u64).to_be_bytes();
    Aad::from([b"dockpass text 1".as_slice(), &length, label.as_bytes(), owner.as_bytes()].concat())
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::symmetric::tests::material;
    use super::*;
    use crate::system::SystemRandom;
    use proptest::prelude::*;

    const ROBOT: AccountId = AccountId(7);

    fn key() -> SealKey {
        SealKey::new(&material(Purpose::Seal))
    }

    #[test]
    fn what_is_shown_of_the_key_is_its_id() {
        let key = key();
        assert_eq!(format!("{key:?}"), format!("SealKey({})", key.id));
    }

    fn sealed(key: &SealKey) -> Vec<u8> {
        key.seal(ROBOT, 2, "TOKEN", &SystemRandom::default()).unwrap()
    }

    #[test]
    fn a_sealed_token_opens_for_its_robot_and_generation_only() {
        let key = key();
        let sealed = sealed(&key);
        assert_eq!(key.open(ROBOT, 2, &sealed).unwrap().as_str(), "TOKEN");
        assert_eq!(key.open(ROBOT, 3, &sealed), Err(OpenError::Tampered));
        assert_eq!(key.open(AccountId(8), 2, &sealed), Err(OpenError::Tampered));
    }

    #[test]
    fn sealing_twice_gives_different_bytes_without_the_token_in_them() {
        let key = key();
        let (one, two) = (sealed(&key), sealed(&key));
        assert_ne!(one, two);
        assert!(!one.windows(5).any(|window| window == b"TOKEN"));
    }

    #[test]
    fn a_sealed_text_opens_for_its_kind_and_row_only() {
        let key = key();
        let sealed = key.seal_text("app token", "row 1", "TOKEN", &SystemRandom::default()).unwrap();
        assert_eq!(key.open_text("app token", "row 1", &sealed).unwrap().as_str(), "TOKEN");
        for (label, owner) in [("app token", "row 2"), ("client secret", "row 1"), ("app tokenr", "ow 1")] {
            assert_eq!(key.open_text(label, owner, &sealed), Err(OpenError::Tampered));
        }
        assert_eq!(key.open(ROBOT, 1, &sealed), Err(OpenError::Tampered));
    }

    #[test]
    fn a_replaced_key_is_named() {
        let (old, new) = (key(), key());
        assert_eq!(new.open(ROBOT, 2, &sealed(&old)), Err(OpenError::OtherKey(old.id())));
    }

    #[test]
    fn cut_and_lengthened_tokens_do_not_open() {
        let key = key();
        let mut sealed = sealed(&key);
        for length in 0..sealed.len() {
            assert_eq!(key.open(ROBOT, 2, &sealed[..length]), Err(OpenError::Tampered));
        }
        sealed.push(0);
        assert_eq!(key.open(ROBOT, 2, &sealed), Err(OpenError::Tampered));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_keeps_it_shut(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let key = key();
            let mut sealed = sealed(&key);
            let place = place.index(sealed.len());
            sealed[place] ^= 1 << bit;
            prop_assert!(key.open(ROBOT, 2, &sealed).is_err());
        }

        #[test]
        fn every_text_comes_back(token in ".{0,100}") {
            let key = key();
            let sealed = key.seal(ROBOT, 1, &token, &SystemRandom::default()).unwrap();
            let opened = key.open(ROBOT, 1, &sealed).unwrap();
            prop_assert_eq!(opened.as_str(), token);
        }
    }
}
