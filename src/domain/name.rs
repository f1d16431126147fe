//! Names of namespaces, robots, repositories and teams: one parser each, decided before any lookup.
//!
//! Names are compared byte for byte as they were given. Nothing is folded, decoded or normalised: a name
//! that is not exactly valid is not a name.

use std::fmt;

/// Most bytes that one part of a robot's name, a namespace or a whole repository path may have.
pub const MAX_NAME: usize = 255;
/// Fewest bytes of a namespace or of the short name of a robot.
pub const MIN_NAME: usize = 2;
/// The rule for namespaces and robots as Quay prints it in its error texts.
pub const NAME_EXPRESSION: &str = "^([a-z0-9]+(?:[._-][a-z0-9]+)*)$";

/// Why a text is not a valid namespace or short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A character or an order of characters that the rule forbids.
    #[error("must match expression {NAME_EXPRESSION}")]
    Expression,
    /// Valid characters, but too few or too many.
    #[error("must be between {MIN_NAME} and {MAX_NAME} characters in length")]
    Length,
}

/// Lower-case letters and digits, joined by single separators out of `.`, `_`, `-`; no separator at either end.
fn is_joined_alphanumeric(text: &str) -> bool {
    let mut separated = true;
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => separated = false,
            b'.' | b'_' | b'-' if !separated => separated = true,
            _ => return false,
        }
    }
    !separated
}

fn check(text: &str) -> Result<(), NameError> {
    if !is_joined_alphanumeric(text) {
        return Err(NameError::Expression);
    }
    if !(MIN_NAME..=MAX_NAME).contains(&text.len()) {
        return Err(NameError::Length);
    }
    Ok(())
}

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// An organization's or a user's name: the first path component of its repositories and the part before `+`
/// in the names of its robots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(String);
text_type!(Namespace);

impl Namespace {
    /// Takes a text that is exactly a namespace: [`NAME_EXPRESSION`], 2 to 255 bytes.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text).map(|()| Self(text.to_owned()))
    }
}

/// The part of a robot's name after `+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortName(String);
text_type!(ShortName);

impl ShortName {
    /// Takes a text that is exactly a robot's short name: the same rule as for a namespace.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text).map(|()| Self(text.to_owned()))
    }
}

/// A robot's full name, `namespace+short`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RobotName {
    full: String,
    plus: usize,
}

impl RobotName {
    /// Joins two valid parts.
    pub fn new(namespace: &Namespace, short: &ShortName) -> Self {
        Self { full: format!("{namespace}+{short}"), plus: namespace.0.len() }
    }

    /// Takes a text with exactly one `+` and a valid name on either side of it.
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, short) = text.split_once('+')?;
        check(namespace).ok()?;
        check(short).ok()?;
        Some(Self { full: text.to_owned(), plus: namespace.len() })
    }

    /// The full name, `namespace+short`.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// Whether the robot belongs to the namespace of this name.
    pub fn is_in(&self, namespace: &str) -> bool {
        self.full.get(..self.plus) == Some(namespace)
    }

    /// The owner's part, before `+`.
    pub fn namespace(&self) -> Namespace {
        Namespace(self.full.get(..self.plus).unwrap_or_default().to_owned())
    }

    /// The robot's own part, after `+`.
    pub fn short(&self) -> &str {
        self.full.get(self.plus + 1..).unwrap_or_default()
    }
}

impl fmt::Display for RobotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// A user or a robot: whoever can hold permissions and sit in teams.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountName {
    /// A person (or, where a namespace is meant, an organization).
    User(Namespace),
    /// A robot.
    Robot(RobotName),
}

impl AccountName {
    /// A text with a `+` must be a robot's name, one without must be a namespace.
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains('+') {
            RobotName::parse(text).map(Self::Robot)
        } else {
            Namespace::parse(text).ok().map(Self::User)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(name) => name.as_str(),
            Self::Robot(name) => name.as_str(),
        }
    }

    /// The name as text of its own.
    pub fn into_string(self) -> String {
        match self {
            Self::User(name) => name.0,
            Self::Robot(name) => name.full,
        }
    }

    /// Whether this names a robot.
    pub fn is_robot(&self) -> bool {
        matches!(self, Self::Robot(_))
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A team's name inside its organization, as Quay's front end asks for it: a lower-case letter, then 1 to 254
/// letters, digits and underscores; `-` and `.` are taken too, since team names made by API hold them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamName(String);
text_type!(TeamName);

impl TeamName {
    /// Takes a text that is exactly a team's name: the same rule as for a namespace.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text).map(|()| Self(text.to_owned()))
    }
}

/// One component of a repository path (distribution reference grammar `path-component`): alphanumeric runs
/// joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    let alphanumeric = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    if !(bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric)) {
        return false;
    }
    bytes.split(alphanumeric).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-')
    })
}

/// Where a repository lives: a namespace and the path below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName {
    namespace: Namespace,
    name: String,
}

impl RepositoryName {
    /// Joins a namespace and the path below it (`app`, `team/app`). `None` when the path is not one or the whole is longer than
    /// [`MAX_NAME`] bytes.
    pub fn new(namespace: Namespace, name: &str) -> Option<Self> {
        let fits = namespace.0.len() + 1 + name.len() <= MAX_NAME;
        (fits && name.split('/').all(is_path_component)).then(|| Self { namespace, name: name.to_owned() })
    }

    /// Takes `namespace/path`. The first component is compared as a whole, never as a prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/')?;
        Self::new(Namespace::parse(namespace).ok()?, name)
    }

    /// The namespace that owns the repository.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The path below the namespace.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_follow_quays_rule() {
        let longest = "a".repeat(255);
        for good in ["ab", "bo_t", "b.t", "1bot", "123", longest.as_str()] {
            assert!(Namespace::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["A", "Bot", "bot-", "-bot", "bo--t", "bo__t", "b..t", "bot+x", "b t", "éé", "b-._t", "bot\n", ""]
        {
            assert_eq!(Namespace::parse(bad), Err(NameError::Expression), "{bad}");
        }
        for bad in ["a".to_owned(), "a".repeat(256)] {
            assert_eq!(ShortName::parse(&bad), Err(NameError::Length), "{bad}");
        }
    }

    #[test]
    fn a_robot_has_exactly_one_plus_and_two_valid_parts() {
        let robot = RobotName::parse("acme+ci").unwrap();
        assert_eq!((robot.namespace().as_str(), robot.short()), ("acme", "ci"));
        assert_eq!(robot.to_string(), "acme+ci");
        for bad in
            ["acme", "acme+a+b", "+ci", "acme+", "acme+ ci", "acme%2Bci", "acme ci", "acme+c", "Acme+ci"]
        {
            assert_eq!(RobotName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn repository_paths_follow_the_reference_grammar() {
        for good in ["acme/app", "acme/team/app", "acme/a__b", "acme/a---b", "acme/a", "acme/1.2_3"] {
            assert!(RepositoryName::parse(good).is_some(), "{good}");
        }
        let app = RepositoryName::parse("acme/team/app").unwrap();
        assert_eq!((app.namespace().as_str(), app.name()), ("acme", "team/app"));
        assert_eq!(app.to_string(), "acme/team/app");
        for bad in [
            "acme",
            "acme/",
            "/app",
            "acme//app",
            "acme/..",
            "acme/../x",
            "acme/a..b",
            "acme/a___b",
            "acme/-a",
            "acme/A",
            "acme/a._b",
            "acme/a%2fb",
            "acme/app\n",
            "a/app",
        ] {
            assert!(RepositoryName::parse(bad).is_none(), "{bad}");
        }
        assert!(RepositoryName::parse(&format!("acme/{}", "a".repeat(250))).is_some());
        assert!(RepositoryName::parse(&format!("acme/{}", "a".repeat(251))).is_none());
    }

    proptest! {
        #[test]
        fn whatever_parses_prints_as_it_was_given(text in "[a-z0-9+./_-]{0,20}") {
            if let Some(name) = AccountName::parse(&text) {
                prop_assert_eq!(name.to_string(), text.clone());
            }
            if let Some(name) = RepositoryName::parse(&text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in ".{0,300}") {
            let _ = (AccountName::parse(&text), RepositoryName::parse(&text), TeamName::parse(&text));
        }
    }
}
