//! Which key signs and which still verify: pure functions of the register and the time.

use super::SigningKeyId;
use crate::domain::claims::MAX_LIFETIME;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// How long a key stays published after it stopped signing, in seconds: the longest life of a token, and the leeway that
/// registries add.
pub const RETENTION: i64 = MAX_LIFETIME + 60;

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, so that registries can learn it before it signs.
    Published,
    /// Signs. Exactly one key does.
    Signing,
    /// Signed once; its last tokens may still be about.
    Retired,
}

/// One signing key in the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredKey {
    id: SigningKeyId,
    state: KeyState,
    /// Unix seconds.
    created: i64,
    /// Unix seconds.
    since: i64,
}

impl RegisteredKey {
    /// The key.
    pub const fn id(&self) -> &SigningKeyId {
        &self.id
    }

    /// What it is used for.
    pub const fn state(&self) -> KeyState {
        self.state
    }

    /// When it was made.
    pub const fn created(&self) -> Timestamp {
        Timestamp(self.created)
    }

    /// When it came into its present state.
    pub const fn since(&self) -> Timestamp {
        Timestamp(self.since)
    }

    /// Whether tokens signed with it may still be valid at `now`.
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.state != KeyState::Retired || now.seconds_since(self.since()) <= RETENTION
    }
}

/// All signing keys of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub(super) struct Register {
    signing: RegisteredKey,
    others: Vec<RegisteredKey>,
}

/// The register as it stands in its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    keys: Vec<RegisteredKey>,
}

impl From<Register> for Listed {
    fn from(register: Register) -> Self {
        let mut keys = register.others;
        keys.insert(0, register.signing);
        Self { keys }
    }
}

impl TryFrom<Listed> for Register {
    type Error = &'static str;

    fn try_from(Listed { keys }: Listed) -> Result<Self, Self::Error> {
        let ids: HashSet<_> = keys.iter().map(|key| &key.id).collect();
        if ids.len() != keys.len() {
            return Err("a key is listed twice");
        }
        let (mut signing, others): (Vec<_>, _) =
            keys.into_iter().partition(|key| key.state == KeyState::Signing);
        match (signing.pop(), signing.pop()) {
            (Some(signing), None) => Ok(Self { signing, others }),
            _ => Err("exactly one key must have the state signing"),
        }
    }
}

/// Why the register cannot be changed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChangeError {
    #[error("lists no key {0}")]
    Unknown(SigningKeyId),
    #[error("already lists key {0}")]
    Known(SigningKeyId),
    #[error("has {0} as the signing key; activate another one first")]
    Signing(SigningKeyId),
}

impl Register {
    /// A register whose one key signs.
    pub(super) fn new(id: SigningKeyId, now: Timestamp) -> Self {
        Self { signing: fresh(id, KeyState::Signing, now), others: Vec::new() }
    }

    /// The key that signs.
    pub(super) const fn signing(&self) -> &SigningKeyId {
        &self.signing.id
    }

    /// All keys, the one that signs first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &RegisteredKey> {
        std::iter::once(&self.signing).chain(&self.others)
    }

    /// Adds a key that does not sign yet.
    pub(super) fn publish(&mut self, id: SigningKeyId, now: Timestamp) -> Result<(), ChangeError> {
        if self.keys().any(|key| key.id == id) {
            return Err(ChangeError::Known(id));
        }
        self.others.push(fresh(id, KeyState::Published, now));
        Ok(())
    }

    /// Lets a listed key sign from now on. A retired key may come back, should the new one turn out not to be trusted.
    pub(super) fn activate(&mut self, id: &SigningKeyId, now: Timestamp) -> Result<(), ChangeError> {
        if self.signing.id == *id {
            return Ok(());
        }
        let next = self
            .others
            .iter_mut()
            .find(|key| key.id == *id)
            .ok_or_else(|| ChangeError::Unknown(id.clone()))?;
        std::mem::swap(&mut self.signing, next);
        for (key, state) in [(&mut self.signing, KeyState::Signing), (next, KeyState::Retired)] {
            key.state = state;
            key.since = now.0;
        }
        Ok(())
    }

    /// Forgets a key at once, also when its tokens may still be about: for a key that was stolen.
    pub(super) fn withdraw(&mut self, id: &SigningKeyId) -> Result<(), ChangeError> {
        if self.signing.id == *id {
            return Err(ChangeError::Signing(id.clone()));
        }
        let before = self.others.len();
        self.others.retain(|key| key.id != *id);
        if self.others.len() == before {
            return Err(ChangeError::Unknown(id.clone()));
        }
        Ok(())
    }

    /// Forgets the keys whose last token has expired.
    pub(super) fn prune(&mut self, now: Timestamp) {
        self.others.retain(|key| key.verifies(now));
    }
}

const fn fresh(id: SigningKeyId, state: KeyState, now: Timestamp) -> RegisteredKey {
    RegisteredKey { id, state, created: now.0, since: now.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(number: u8) -> SigningKeyId {
        SigningKeyId::of(&[number])
    }

    #[test]
    fn a_retired_key_outlives_its_last_token_and_the_leeway_of_registries() {
        assert_eq!(RETENTION.checked_sub(MAX_LIFETIME), Some(60));
    }

    #[test]
    fn a_staged_rotation_publishes_first_and_retires_last() {
        let mut register = Register::new(id(1), Timestamp(0));
        register.publish(id(2), Timestamp(10)).unwrap();
        assert_eq!(register.signing(), &id(1));
        register.activate(&id(2), Timestamp(20)).unwrap();
        assert_eq!(register.signing(), &id(2));
        register.prune(Timestamp(20 + RETENTION));
        assert_eq!(register.keys().count(), 2);
        register.prune(Timestamp(21 + RETENTION));
        assert_eq!(register.keys().count(), 1);
    }

    #[test]
    fn the_signing_key_cannot_be_withdrawn() {
        let mut register = Register::new(id(1), Timestamp(0));
        assert_eq!(register.withdraw(&id(1)), Err(ChangeError::Signing(id(1))));
        assert_eq!(register.withdraw(&id(2)), Err(ChangeError::Unknown(id(2))));
        assert_eq!(register.publish(id(1), Timestamp(0)), Err(ChangeError::Known(id(1))));
    }

    #[test]
    fn a_clock_that_goes_back_prunes_nothing() {
        let mut register = Register::new(id(1), Timestamp(1_000_000));
        register.publish(id(2), Timestamp(1_000_000)).unwrap();
        register.activate(&id(2), Timestamp(1_000_000)).unwrap();
        register.prune(Timestamp(i64::MIN));
        assert_eq!(register.keys().count(), 2);
    }

    #[test]
    fn registers_without_exactly_one_signing_key_are_refused() {
        let key = |state: &str, number| {
            format!(r#"{{"id":"{}","state":"{state}","created":1,"since":1}}"#, id(number))
        };
        let read = |keys: &[String]| {
            serde_json::from_str::<Register>(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
        };
        read(&[key("signing", 1), key("retired", 2), key("published", 3)]).unwrap();
        for keys in [
            vec![],
            vec![key("retired", 1)],
            vec![key("signing", 1), key("signing", 2)],
            vec![key("signing", 1), key("retired", 1)],
            vec![key("signs", 1)],
        ] {
            read(&keys).unwrap_err();
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Publish(u8),
        Activate(u8),
        Prune,
        Wait(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..6_u8).prop_map(Step::Publish),
            (0..6_u8).prop_map(Step::Activate),
            Just(Step::Prune),
            (0..RETENTION).prop_map(Step::Wait),
        ]
    }

    proptest! {
        /// Whatever is done to the register, the key of a token that a registry would still accept is published.
        #[test]
        fn no_valid_token_loses_its_key(steps in prop::collection::vec(step(), 0..60)) {
            let mut now = Timestamp(0);
            let mut register = Register::new(id(0), now);
            let mut last_signed = std::collections::HashMap::new();
            for step in steps {
                last_signed.insert(register.signing().clone(), now);
                match step {
                    Step::Publish(number) => drop(register.publish(id(number), now)),
                    Step::Activate(number) => drop(register.activate(&id(number), now)),
                    Step::Prune => register.prune(now),
                    Step::Wait(seconds) => {
                        now = now.plus(seconds);
                        last_signed.insert(register.signing().clone(), now);
                    }
                }
                let text = serde_json::to_string(&register).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Register>(&text).unwrap(), &register);
                for (key, signed) in &last_signed {
                    let accepted = now.seconds_since(*signed) <= RETENTION;
                    let published = register.keys().any(|known| known.id() == key && known.verifies(now));
                    prop_assert!(published || !accepted, "{} at {}", key, now);
                }
            }
        }
    }
}
