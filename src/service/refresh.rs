//! Refresh tokens (TOKEN_REFRESH): what `docker login` keeps instead of the password when it is given one.
//!
//! A token is a MAC under the session key over the account, the service it is for and the stored hash of the password
//! or robot secret that it was issued for; nothing is kept of it. So it dies with that very secret, opens nothing but the token
//! endpoint, and cannot be told for another service. It ends after [`LIFE`] at the latest.

use super::App;
use crate::domain::caller::AccountId;
use crate::domain::credential::Secret;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The user name that stands for a refresh token: docker's credential helpers use it.
pub const USERNAME: &str = "<token>";
/// Seconds that a refresh token lives.
pub const LIFE: i64 = 30 * 86_400;
/// Tells these tokens from secrets of every other kind, for people and for scanners.
const PREFIX: &str = "dpr_";
const LABEL: &str = "refresh token 1";

/// What a refresh token is tied to.
#[derive(Clone)]
pub struct Bond {
    /// Who logged in.
    pub account: AccountId,
    /// The stored hash of what it logged in with.
    pub credential: String,
}

impl std::fmt::Debug for Bond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bond").field("account", &self.account).finish_non_exhaustive()
    }
}

/// A refresh token whose form is right; whether it is genuine, [`is_genuine`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    /// Whom it names.
    pub(super) account: AccountId,
    issued_at: Timestamp,
    tag: [u8; 32],
}

/// A token for whoever has just logged in to `service`.
pub fn mint(app: &App, bond: &Bond, service: &str) -> Secret {
    let issued_at = app.now();
    let tag = app.keys.session.tag(LABEL, &message(bond.account, issued_at, &bond.credential, service));
    let bytes = [bond.account.0.to_be_bytes().as_slice(), &issued_at.0.to_be_bytes(), &tag].concat();
    Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn message(account: AccountId, issued_at: Timestamp, credential: &str, service: &str) -> Vec<u8> {
    let length = (credential.len() as u64).to_be_bytes();
    let (account, issued_at) = (account.0.to_be_bytes(), issued_at.0.to_be_bytes());
    [&account, &issued_at, length.as_slice(), credential.as_bytes(), service.as_bytes()].concat()
}

/// Reads a token's form.
pub(super) fn parse(text: &str) -> Option<Claimed> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let (account, rest) = bytes.split_first_chunk::<8>()?;
    let (issued_at, tag) = rest.split_first_chunk::<8>()?;
    Some(Claimed {
        account: AccountId(i64::from_be_bytes(*account)),
        issued_at: Timestamp(i64::from_be_bytes(*issued_at)),
        tag: tag.try_into().ok()?,
    })
}

/// Whether a token was made for this service while the account's stored hash was `credential`, and still lives.
pub(super) fn is_genuine(app: &App, claimed: &Claimed, credential: &str, service: &str) -> bool {
    let message = message(claimed.account, claimed.issued_at, credential, service);
    let age = app.now().seconds_since(claimed.issued_at);
    app.keys.session.check(LABEL, &message, &claimed.tag) && (-60..LIFE).contains(&age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_message_tells_credential_and_service_apart() {
        let of = |credential, service| message(AccountId(1), Timestamp(2), credential, service);
        assert_ne!(of("ab", "c"), of("a", "bc"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(dpr_)?[A-Za-z0-9_=+/-]{0,80}") {
            let _ = parse(&text);
        }
    }
}
