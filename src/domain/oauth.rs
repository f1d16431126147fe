//! The scopes of Quay's OAuth access tokens: they cut an account's rights down, they never add any.

use super::scope::Actions;

/// One word of an access token's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is its own word; what it allows stands at the checks")]
pub enum OAuthScope {
    RepoRead,
    RepoWrite,
    RepoAdmin,
    RepoCreate,
    UserRead,
    UserAdmin,
    OrgAdmin,
    SuperUser,
}

impl OAuthScope {
    /// Every scope, in the order that they are written.
    pub const EVERY: [Self; 8] = [
        Self::RepoRead,
        Self::RepoWrite,
        Self::RepoAdmin,
        Self::RepoCreate,
        Self::UserRead,
        Self::UserAdmin,
        Self::OrgAdmin,
        Self::SuperUser,
    ];

    /// The scope as it is written in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RepoRead => "repo:read",
            Self::RepoWrite => "repo:write",
            Self::RepoAdmin => "repo:admin",
            Self::RepoCreate => "repo:create",
            Self::UserRead => "user:read",
            Self::UserAdmin => "user:admin",
            Self::OrgAdmin => "org:admin",
            Self::SuperUser => "super:user",
        }
    }

    /// What it lets a token do, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RepoRead => "View and pull repositories",
            Self::RepoWrite => "Push to repositories",
            Self::RepoAdmin => "Administer repositories",
            Self::RepoCreate => "Create repositories",
            Self::UserRead => "Read the user's own information",
            Self::UserAdmin => "Administer the user's own account and robots",
            Self::OrgAdmin => "Administer organizations, their robots and teams",
            Self::SuperUser => "Use the super-user routes",
        }
    }

    /// Whether it lets a token administer more than repositories.
    pub const fn is_dangerous(self) -> bool {
        matches!(self, Self::UserAdmin | Self::OrgAdmin | Self::SuperUser)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OAuthScopes(u8);

impl OAuthScopes {
    /// Every scope.
    pub const ALL: Self = Self(0xff);

    /// Reads words separated by spaces or commas. As in Quay one unknown word voids the set; the first such word is the
    /// error. Unlike Quay, a comma followed by a space is one separator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        words.into_iter().try_fold(Self::default(), |set, word| {
            let scope = OAuthScope::EVERY.iter().find(|scope| scope.as_str() == word);
            scope.map(|scope| Self(set.0 | scope.bit())).ok_or_else(|| word.to_owned())
        })
    }

    /// Whether the set holds `scope` itself.
    pub const fn has(self, scope: OAuthScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes in it, in the order that they are written.
    pub fn iter(self) -> impl Iterator<Item = OAuthScope> {
        OAuthScope::EVERY.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Whether every scope of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no scope in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The most that a registry token issued for these scopes may allow on a repository.
    pub const fn actions(self) -> Actions {
        if self.has(OAuthScope::RepoAdmin) {
            Actions::ADMIN
        } else if self.has(OAuthScope::RepoWrite) {
            Actions::PULL.union(Actions::PUSH)
        } else if self.has(OAuthScope::RepoRead) {
            Actions::PULL
        } else {
            Actions::NONE
        }
    }
}

impl std::fmt::Display for OAuthScopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<_> = self.iter().map(OAuthScope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_by_spaces_and_commas() {
        let scopes = OAuthScopes::parse("repo:read,user:admin, org:admin").unwrap();
        assert_eq!(scopes.to_string(), "repo:read user:admin org:admin");
        assert!(!scopes.has(OAuthScope::SuperUser));
    }

    #[test]
    fn one_unknown_word_voids_the_set() {
        assert_eq!(OAuthScopes::parse("repo:read repo:fly"), Err("repo:fly".to_owned()));
        assert!(OAuthScopes::parse("").unwrap().is_empty());
    }

    #[test]
    fn a_set_holds_what_was_said_once_or_twice_and_nothing_else() {
        let scopes = OAuthScopes::parse("repo:read org:admin repo:read").unwrap();
        assert!(scopes.has(OAuthScope::RepoRead), "said twice");
        assert!(!scopes.is_empty());
        let one = OAuthScopes::parse("org:admin").unwrap();
        assert!(scopes.contains(one) && scopes.contains(scopes) && !one.contains(scopes));
        assert!(one.contains(OAuthScopes::default()) && OAuthScopes::ALL.contains(scopes));
        assert!(!OAuthScopes::default().contains(one));
    }

    #[test]
    fn a_token_allows_what_the_widest_scope_on_repositories_does() {
        let actions = |text: &str| OAuthScopes::parse(text).unwrap().actions();
        assert_eq!(actions("repo:read"), Actions::PULL);
        assert_eq!(actions("repo:read repo:write"), Actions::PULL.union(Actions::PUSH));
        assert_eq!(actions("repo:admin repo:read"), Actions::ADMIN);
        assert_eq!(actions("org:admin user:admin repo:create"), Actions::NONE);
    }
}
