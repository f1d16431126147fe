//! The verify key: checks robot secrets without a slow hash, and protects database rows.

use super::symmetric::{self, KeyId, Material, Purpose};
use crate::domain::caller::AccountId;
use crate::domain::random::Random;
use aws_lc_rs::hmac;
use std::fmt;

/// Checks robot secrets in microseconds. Sound for the secrets that are made here, which have 331 bits; a password
/// chosen by a person needs [`crate::password`].
pub struct VerifyKey {
    id: KeyId,
    verifier: hmac::Key,
    token: hmac::Key,
    row: RowKey,
}

/// How a presented secret compares with a stored verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the secret.
    Right,
    /// It is not.
    Wrong,
    /// The verifier was made with a key that has been replaced, so that it tells nothing: check the secret against
    /// its argon2 record, then store a new verifier.
    OtherKey,
}

impl VerifyKey {
    /// Bytes of a stored verifier.
    pub const VERIFIER_LENGTH: usize = KeyId::LENGTH + 32;

    pub(super) fn new(material: &Material) -> Self {
        Self {
            id: material.id(),
            verifier: material.derive("dockpass robot verifier 1"),
            token: material.derive("dockpass token digest 1"),
            row: RowKey(material.derive("dockpass row 1")),
        }
    }

    /// A key that is kept nowhere, for what lives and dies with the process.
    pub fn ephemeral(random: &dyn Random) -> Self {
        Self::new(&Material::generate(Purpose::Verify, random))
    }

    /// Names this key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The key that protects database rows.
    pub const fn row_key(&self) -> &RowKey {
        &self.row
    }

    fn mac(&self, robot: AccountId, generation: i64, secret: &str) -> hmac::Tag {
        let (robot, generation) = (robot.0.to_be_bytes(), generation.to_be_bytes());
        symmetric::mac(&self.verifier, [&robot, &generation, secret.as_bytes()])
    }

    /// What to store for a robot's secret. It does not match for another robot or another generation of the secret.
    pub fn verifier(&self, robot: AccountId, generation: i64, secret: &str) -> [u8; Self::VERIFIER_LENGTH] {
        let mut stored = [0; Self::VERIFIER_LENGTH];
        let mac = self.mac(robot, generation, secret);
        for (to, from) in stored.iter_mut().zip(self.id.to_bytes().iter().chain(mac.as_ref())) {
            *to = *from;
        }
        stored
    }

    /// Compares a presented secret with a stored verifier, in the same time whether it is right or wrong.
    pub fn check(&self, robot: AccountId, generation: i64, secret: &str, stored: &[u8]) -> Verdict {
        match KeyId::split(stored) {
            Some((id, _)) if id != self.id => Verdict::OtherKey,
            Some((_, mac)) if symmetric::equal(mac, self.mac(robot, generation, secret).as_ref()) => {
                Verdict::Right
            }
            _ => Verdict::Wrong,
        }
    }
}

impl VerifyKey {
    /// What to store of a random token that is not a robot's. `label` names the kind of token: a digest of one kind never
    /// matches for another.
    pub fn token_digest(&self, label: &str, token: &str) -> [u8; 32] {
        let mut digest = [0; 32];
        let mac = symmetric::mac(&self.token, [label.as_bytes(), token.as_bytes()]);
        for (to, from) in digest.iter_mut().zip(mac.as_ref()) {
            *to = *from;
        }
        digest
    }

    /// Whether `token` is the one whose digest is stored, in the same time whether it is or not.
    pub fn is_token(&self, label: &str, token: &str, stored: &[u8]) -> bool {
        symmetric::equal(stored, &self.token_digest(label, token))
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyKey({})", self.id)
    }
}

/// Detects database rows that were altered or moved by somebody who has the database but not the keys.
#[derive(Clone)]
pub struct RowKey(hmac::Key);

impl RowKey {
    /// Bytes of a row's MAC. A forger has one try per login, so 128 bits are ample and rows stay small.
    pub const MAC_LENGTH: usize = 16;

    /// The MAC of one row: its table, its primary key and every field that a decision rests on. NULL must be told
    /// apart from an empty value by the caller.
    pub fn mac(&self, table: &str, fields: &[&[u8]]) -> [u8; Self::MAC_LENGTH] {
        let parts = std::iter::once(table.as_bytes()).chain(fields.iter().copied());
        let mut out = [0; Self::MAC_LENGTH];
        for (to, from) in out.iter_mut().zip(symmetric::mac(&self.0, parts).as_ref()) {
            *to = *from;
        }
        out
    }

    /// Whether the row is as it was written.
    pub fn check(&self, table: &str, fields: &[&[u8]], mac: &[u8]) -> bool {
        symmetric::equal(mac, &self.mac(table, fields))
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::symmetric::tests::material;
    use super::*;
    use proptest::prelude::*;

    fn key() -> VerifyKey {
        VerifyKey::new(&material(Purpose::Verify))
    }

    const ROBOT: AccountId = AccountId(7);

    #[test]
    fn a_verifier_holds_for_one_secret_of_one_robot_in_one_generation() {
        let key = key();
        let stored = key.verifier(ROBOT, 3, "SECRET");
        assert_eq!(key.check(ROBOT, 3, "SECRET", &stored), Verdict::Right);
        assert_eq!(key.check(ROBOT, 3, "SECREU", &stored), Verdict::Wrong);
        assert_eq!(key.check(ROBOT, 4, "SECRET", &stored), Verdict::Wrong);
        assert_eq!(key.check(AccountId(8), 3, "SECRET", &stored), Verdict::Wrong);
    }

    #[test]
    fn a_token_digest_holds_for_one_token_of_one_kind() {
        let key = key();
        let stored = key.token_digest("oauth", "TOKEN");
        assert!(key.is_token("oauth", "TOKEN", &stored));
        assert!(!key.is_token("oauth", "TOKEM", &stored));
        assert!(!key.is_token("app", "TOKEN", &stored));
        assert!(!key.is_token("oauth", "TOKEN", &stored[..31]));
        assert!(!key.is_token("oautht", "OKEN", &stored));
    }

    #[test]
    fn a_replaced_key_is_told_apart_from_a_wrong_secret() {
        let stored = key().verifier(ROBOT, 1, "SECRET");
        assert_eq!(key().check(ROBOT, 1, "SECRET", &stored), Verdict::OtherKey);
    }

    #[test]
    fn cut_verifiers_are_wrong() {
        let key = key();
        let stored = key.verifier(ROBOT, 1, "SECRET");
        for length in 0..stored.len() {
            assert_eq!(key.check(ROBOT, 1, "SECRET", &stored[..length]), Verdict::Wrong);
        }
    }

    #[test]
    fn a_row_cannot_be_moved_altered_or_split_differently() {
        let key = key();
        let row = key.row_key();
        let mac = row.mac("robot", &[b"1", b"acme+ci", b""]);
        assert!(row.check("robot", &[b"1", b"acme+ci", b""], &mac));
        assert!(!row.check("user", &[b"1", b"acme+ci", b""], &mac));
        assert!(!row.check("robot", &[b"2", b"acme+ci", b""], &mac));
        assert!(!row.check("robot", &[b"1a", b"cme+ci", b""], &mac));
        assert!(!row.check("robot", &[b"1", b"acme+ci"], &mac));
        assert!(!row.check("robot", &[b"1", b"acme+ci", b""], &mac[..15]));
        assert!(!row.check("robot", &[b"1", b"acme+ci", b""], &[]));
    }

    #[test]
    fn printing_keys_shows_no_key() {
        let material = material(Purpose::Verify);
        let key = VerifyKey::new(&material);
        assert_eq!(
            format!("{key:?} {:?}", key.row_key()),
            format!("VerifyKey({}) RowKey(..)", material.id())
        );
    }

    proptest! {
        #[test]
        fn any_flipped_bit_of_a_verifier_refuses(byte in 0..VerifyKey::VERIFIER_LENGTH, bit in 0..8_u8) {
            let key = key();
            let mut stored = key.verifier(ROBOT, 1, "SECRET");
            stored[byte] ^= 1 << bit;
            prop_assert_ne!(key.check(ROBOT, 1, "SECRET", &stored), Verdict::Right);
        }
    }
}
