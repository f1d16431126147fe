//! Who is asking, once the credentials have been checked.

use super::name::AccountName;
use super::oauth::OAuthScopes;

/// An account's row id. Never reused, so a name that is created again is somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// What an account may do beyond or below its own grants, by configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "settings that do not exclude one another")]
pub struct Privilege {
    /// Named in SUPER_USERS: may use the super-user routes and list the catalog.
    pub super_user: bool,
    /// Super-user while FEATURE_SUPERUSERS_FULL_ACCESS is on: administers every namespace.
    pub full_access: bool,
    /// Named in GLOBAL_READONLY_SUPER_USERS: reads everything, writes nothing; wins over the other two.
    pub read_only: bool,
    /// FEATURE_RESTRICTED_USERS keeps the user from changing its own robots.
    pub restricted: bool,
    /// FEATURE_RESTRICTED_USERS or FEATURE_SUPERUSERS_ORG_CREATION_ONLY keeps the user from making organizations.
    pub makes_no_organizations: bool,
}

/// An account whose credentials were right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account's row id.
    pub id: AccountId,
    /// The account's name: a user or a robot.
    pub name: AccountName,
    /// What configuration adds to its grants.
    pub privilege: Privilege,
    /// For a login by OAuth access token, the scopes that the account's rights are cut down to; `None` for every
    /// other way to log in.
    pub oauth: Option<OAuthScopes>,
}

/// Whoever sent a request. There is no road from wrong credentials to `Anonymous`: those end in an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Sent no credentials.
    Anonymous,
    /// Sent credentials that were right.
    Account(Identity),
}

impl Caller {
    /// The account, unless anonymous.
    pub const fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Anonymous => None,
            Self::Account(identity) => Some(identity),
        }
    }

    /// The account's name, unless anonymous.
    pub fn into_name(self) -> Option<AccountName> {
        match self {
            Self::Anonymous => None,
            Self::Account(identity) => Some(identity.name),
        }
    }

    /// The token's `sub` claim: the account's name, empty for the anonymous.
    pub fn subject(&self) -> &str {
        self.identity().map_or("", |identity| identity.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_of_a_token_is_the_name_or_nothing() {
        let name = AccountName::parse("acme+ci").unwrap();
        let identity = Identity { id: AccountId(2), name, privilege: Privilege::default(), oauth: None };
        assert_eq!(Caller::Account(identity.clone()).subject(), "acme+ci");
        assert_eq!(Caller::Account(identity.clone()).identity(), Some(&identity));
        assert_eq!((Caller::Anonymous.subject(), Caller::Anonymous.identity()), ("", None));
    }
}
