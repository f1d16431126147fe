//! The session key: signs what browsers hold for us.

use super::symmetric::{self, KeyId, Material, Purpose};
use crate::domain::random::Random;
use aws_lc_rs::hmac;
use std::fmt;

/// Signs session cookies, CSRF tokens and the like.
pub struct SessionKey {
    id: KeyId,
    key: hmac::Key,
}

impl SessionKey {
    pub(super) fn new(material: &Material) -> Self {
        Self { id: material.id(), key: material.derive("dockpass session 1") }
    }

    /// A key that is kept nowhere, for what lives and dies with the process.
    pub fn ephemeral(random: &dyn Random) -> Self {
        Self::new(&Material::generate(Purpose::Session, random))
    }

    /// Names this key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The tag of `bytes`. `label` names the kind of thing (`cookie`, `csrf`): a tag of one kind never passes for another.
    pub fn tag(&self, label: &str, bytes: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        let mac = symmetric::mac(&self.key, [label.as_bytes(), bytes]);
        for (to, from) in out.iter_mut().zip(mac.as_ref()) {
            *to = *from;
        }
        out
    }

    /// Whether `tag` was made for the same label and bytes, compared in constant time.
    pub fn check(&self, label: &str, bytes: &[u8], tag: &[u8]) -> bool {
        symmetric::equal(tag, &self.tag(label, bytes))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::symmetric::tests::material;
    use super::*;

    #[test]
    fn what_is_shown_of_the_key_is_its_id() {
        let key = SessionKey::new(&material(Purpose::Session));
        assert_eq!(format!("{key:?}"), format!("SessionKey({})", key.id));
    }

    #[test]
    fn a_tag_holds_for_its_label_its_bytes_and_its_key() {
        let key = SessionKey::new(&material(Purpose::Session));
        let tag = key.tag("cookie", b"session 1");
        assert!(key.check("cookie", b"session 1", &tag));
        assert!(!key.check("csrf", b"session 1", &tag));
        assert!(!key.check("cookie", b"session 2", &tag));
        assert!(!key.check("cooki", b"esession 1", &tag));
        assert!(!key.check("cookie", b"session 1", &tag[..31]));
        assert!(!SessionKey::new(&material(Purpose::Session)).check("cookie", b"session 1", &tag));
    }
}
