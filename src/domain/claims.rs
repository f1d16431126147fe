//! The body of a registry token (distribution `spec/auth/jwt`).

use super::decide::{Access, Granted};
use super::random::Random;
use super::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// How far `nbf` lies before the time of issue, in seconds: a registry whose clock is a little behind must not refuse a
/// fresh token. Registries themselves allow 60 s more.
const BACKDATED: i64 = 10;

/// Shortest life of a token, in seconds: the token protocol's minimum, to which clients raise any shorter time.
pub const MIN_LIFETIME: i64 = 60;
/// Longest life of a token, in seconds: one day, since a token cannot be revoked once it is out.
pub const MAX_LIFETIME: i64 = 86_400;

/// The life of a token is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token cannot live for {0} seconds, only for {MIN_LIFETIME} to {MAX_LIFETIME}")]
pub struct ClaimsError(i64);

/// A token's claims. Made from a decision, so a token cannot say more than was granted.
#[derive(Clone, Debug, Serialize)]
pub struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    // One text, not a list, and whole numbers below: distribution 2.8 refuses the other forms.
    aud: &'a str,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    access: &'a [Access],
}

impl<'a> Claims<'a> {
    /// The claims of a token for `subject` (empty for the anonymous), to be shown to the registry named `audience`. The issuer
    /// is compared byte for byte with the registry's configuration. `lifetime` is in seconds.
    pub fn new(
        issuer: &'a str,
        subject: &'a str,
        audience: &'a str,
        granted: &'a Granted,
        now: Timestamp,
        lifetime: i64,
        random: &dyn Random,
    ) -> Result<Self, ClaimsError> {
        if !(MIN_LIFETIME..=MAX_LIFETIME).contains(&lifetime) {
            return Err(ClaimsError(lifetime));
        }
        let mut id = [0; 16];
        random.fill(&mut id);
        Ok(Self {
            iss: issuer,
            sub: subject,
            aud: audience,
            exp: now.plus(lifetime).0,
            nbf: now.plus(-BACKDATED).0,
            iat: now.0,
            jti: URL_SAFE_NO_PAD.encode(id),
            access: granted.access(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::caller::Caller;
    use crate::domain::decide::{Facts, Policy, decide};
    use crate::domain::scope::Naming;

    struct Zero;

    impl Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn granted(scope: &str) -> Granted {
        let naming = Naming { hostname: String::new(), library: None };
        let requested = naming.requested([scope]);
        decide(&Caller::Anonymous, &requested, Policy::default(), |_| Facts::default())
    }

    fn claims(granted: &Granted, now: i64, lifetime: i64) -> Result<Claims<'_>, ClaimsError> {
        Claims::new("dockpass \"x\"", "", "registry.example", granted, Timestamp(now), lifetime, &Zero)
    }

    #[test]
    fn lifetimes_stay_between_a_minute_and_a_day() {
        let granted = granted("");
        for (lifetime, fits) in
            [(i64::MIN, false), (0, false), (59, false), (60, true), (86_400, true), (86_401, false)]
        {
            assert_eq!(claims(&granted, 0, lifetime).is_ok(), fits, "{lifetime}");
        }
    }

    #[test]
    fn claims_have_the_form_that_every_registry_reads() {
        let granted = granted("repository:acme/app:pull");
        assert_eq!(
            serde_json::to_string(&claims(&granted, 1_000, 300).unwrap()).unwrap(),
            r#"{"iss":"dockpass \"x\"","sub":"","aud":"registry.example","exp":1300,"nbf":990,"iat":1000,"jti":"AAAAAAAAAAAAAAAAAAAAAA","access":[{"type":"repository","name":"acme/app","actions":[]}]}"#
        );
    }

    #[test]
    fn a_clock_at_the_end_of_time_does_not_overflow() {
        let granted = granted("");
        for now in [i64::MIN, i64::MAX] {
            let claims = claims(&granted, now, 300).unwrap();
            assert!(claims.nbf <= claims.exp);
        }
    }
}
