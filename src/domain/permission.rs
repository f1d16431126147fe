//! Roles on repositories and in organizations, and what a repository's visibility and state allow.

use super::scope::Actions;

/// Defines an enum whose variants have one text each, used in the database, the API and the command line.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every value, in order.
            pub const EVERY: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for this value everywhere.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value that a word stands for; the match is exact.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What an account or a team may do with one repository; a later role includes the earlier ones.
    Role {
        /// Pull.
        Read = "read",
        /// Pull and push.
        Write = "write",
        /// Everything, including deletion and the repository's settings.
        Admin = "admin",
    }
}

impl Role {
    /// The registry actions that this role allows.
    pub const fn actions(self) -> Actions {
        match self {
            Self::Read => Actions::PULL,
            Self::Write => Actions::PULL.union(Actions::PUSH),
            Self::Admin => Actions::ADMIN,
        }
    }
}

words! {
    /// What a team's members may do in their organization, beside the repositories granted to the team.
    TeamRole {
        /// Nothing by itself.
        Member = "member",
        /// May create repositories, and administers those it created.
        Creator = "creator",
        /// Administers the organization and every repository in it.
        Admin = "admin",
    }
}

words! {
    /// Who may pull a repository without a grant.
    Visibility {
        /// Everybody, the anonymous included.
        Public = "public",
        /// Nobody.
        Private = "private",
    }
}

words! {
    /// What may be written to a repository at all (Quay's repository state).
    RepositoryState {
        /// Whatever the roles allow.
        Normal = "NORMAL",
        /// Nothing: pulls only.
        ReadOnly = "READ_ONLY",
        /// Pulls only, but for the one robot that mirrors into it.
        Mirror = "MIRROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_the_lower_ones() {
        for (lower, higher) in Role::EVERY.iter().zip(Role::EVERY.iter().skip(1)) {
            assert!(lower < higher);
            assert!(higher.actions().contains(lower.actions()));
        }
    }

    #[test]
    fn words_are_read_back_exactly() {
        for role in Role::EVERY {
            assert_eq!(Role::parse(role.as_str()), Some(*role));
        }
        assert_eq!(RepositoryState::parse("READ_ONLY"), Some(RepositoryState::ReadOnly));
        assert_eq!(Role::parse("Admin"), None);
    }
}
