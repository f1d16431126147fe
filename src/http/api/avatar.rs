//! What Quay's front end draws a picture from: a hash and a colour.

use crate::store::accounts::{Account, AccountKind};
use crate::store::teams::Team;
use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use std::fmt::Write;

/// Quay's AVATAR_COLORS, in its order: clients show the colour, and the front end's pictures depend on it.
pub const COLORS: [&str; 32] = [
    "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896", "#9467bd",
    "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7", "#bcbd22", "#1f77b4",
    "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede", "#9ecae1", "#31a354", "#b5cf6b",
    "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
];

/// Quay's view of an avatar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Avatar {
    name: String,
    hash: String,
    color: &'static str,
    kind: &'static str,
}

impl Avatar {
    /// Of a user, a robot or an organization. Robots have no address, so their name counts.
    pub fn of_account(account: &Account) -> Self {
        let kind = match account.kind {
            AccountKind::User => "user",
            AccountKind::Robot => "robot",
            AccountKind::Organization => "org",
        };
        Self::new(&account.name, account.email.as_deref(), kind)
    }

    /// Of a team.
    pub fn of_team(team: &Team) -> Self {
        Self::new(&team.name, None, "team")
    }

    /// Of anything with a name and perhaps an address.
    pub fn new(name: &str, email: Option<&str>, kind: &'static str) -> Self {
        let seed = email.filter(|email| !email.is_empty()).unwrap_or(name).trim().to_lowercase();
        let digest = digest(&SHA256, seed.as_bytes());
        let mut hash = String::with_capacity(64);
        for byte in digest.as_ref() {
            let _ = write!(hash, "{byte:02x}");
        }
        let first = digest.as_ref().first().copied().map_or(0, usize::from);
        let color = COLORS.get(first % COLORS.len()).copied().unwrap_or("#969696");
        Self { name: name.to_owned(), hash, color, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_counts_before_the_name_and_is_trimmed_and_lower_cased() {
        let avatar = Avatar::new("ada", Some(" Ada@Example.com "), "user");
        assert_eq!(avatar.hash, Avatar::new("x", Some("ada@example.com"), "user").hash);
        // printf %s abc | sha256sum
        let abc = Avatar::new("abc", None, "org");
        assert_eq!(abc.hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(abc.color, COLORS[0xba % 32]);
    }
}
