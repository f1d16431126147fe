//! Arguments read into checked types: what does not parse here never reaches a service.

use crate::domain::name::{AccountName, Namespace, RepositoryName, RobotName, TeamName};
use crate::domain::permission::{RepositoryState, Role, TeamRole, Visibility};
use crate::domain::time::Timestamp;
use crate::service::credentials::{Format, KeyScope};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value};

/// Parsers for the closed lists of words, which clap then shows in help, completions and errors.
macro_rules! words {
    ($($name:ident: $type:ty;)+) => {$(
        pub(super) fn $name() -> impl TypedValueParser<Value = $type> {
            let words = <$type>::EVERY.iter().map(|word| word.as_str());
            PossibleValuesParser::new(words).try_map(|text| <$type>::parse(&text).ok_or("unknown word"))
        }
    )+};
}
words! {
    role: Role;
    team_role: TeamRole;
    visibility: Visibility;
    state: RepositoryState;
    format: Format;
    key_scope: KeyScope;
}

/// `acme`
pub(super) fn namespace(text: &str) -> Result<Namespace, String> {
    Namespace::parse(text).map_err(|error| format!("a name {error}"))
}

/// `acme+ci`
pub(super) fn robot(text: &str) -> Result<RobotName, String> {
    RobotName::parse(text)
        .ok_or_else(|| "a robot is named ORGANIZATION+NAME, for example acme+ci: lower-case letters, digits and single . _ - \
                        between them, at least two characters on either side".to_owned())
}

/// `acme/app`
pub(super) fn repository(text: &str) -> Result<RepositoryName, String> {
    RepositoryName::parse(text).ok_or_else(|| {
        "a repository is named NAMESPACE/NAME, for example acme/app; write library/NAME for one without namespace"
            .to_owned()
    })
}

/// A team of an organization, written `acme/developers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TeamPath {
    /// The organization.
    pub(super) organization: Namespace,
    /// The team.
    pub(super) team: TeamName,
}

impl std::fmt::Display for TeamPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.organization, self.team)
    }
}

/// `acme/developers`
pub(super) fn team(text: &str) -> Result<TeamPath, String> {
    let (organization, team) =
        text.split_once('/').ok_or("a team is named ORGANIZATION/TEAM, for example acme/developers")?;
    let team = TeamName::parse(team).map_err(|error| format!("a team's name {error}"))?;
    Ok(TeamPath { organization: namespace(organization)?, team })
}

/// Who a grant is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grantee {
    /// A user or a robot.
    Account(AccountName),
    /// A team of the repository's organization.
    Team(TeamName),
}

impl std::fmt::Display for Grantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(name) => name.fmt(f),
            Self::Team(name) => write!(f, "team:{name}"),
        }
    }
}

/// `acme+ci`, `alice` or `team:developers`
pub(super) fn grantee(text: &str) -> Result<Grantee, String> {
    if let Some(team) = text.strip_prefix("team:") {
        return TeamName::parse(team).map(Grantee::Team).map_err(|error| format!("a team's name {error}"));
    }
    account(text).map(Grantee::Account).map_err(|_| {
        "must be a user (alice), a robot (acme+ci) or a team of the organization (team:developers)".to_owned()
    })
}

/// `acme+ci` or `alice`
pub(super) fn account(text: &str) -> Result<AccountName, String> {
    AccountName::parse(text).ok_or_else(|| "must be a user (alice) or a robot (acme+ci)".to_owned())
}

/// `app:write`: a repository below the robot's own namespace and a role.
pub(super) fn repository_role(text: &str) -> Result<(String, Role), String> {
    let form = || "must be REPOSITORY:ROLE, for example app:write, with role read, write or admin".to_owned();
    let (path, role) = text.rsplit_once(':').ok_or_else(form)?;
    Ok((path.to_owned(), Role::parse(role).ok_or_else(form)?))
}

/// A JSON object.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("must be a JSON object, for example {\"owner\": \"team-a\"}".to_owned()),
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

/// A point in time as people give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// This time.
    At(Timestamp),
    /// So many seconds before now.
    Ago(i64),
}

impl Moment {
    /// The time that is meant at `now`.
    pub(super) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(seconds) => now.plus(-seconds),
        }
    }
}

/// `2026-11-24T06:00:00Z`, `2026-11-24` (UTC) or `36h`: so long ago.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Moment::At(Timestamp(time.as_second())));
    }
    if let Ok(time) = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>() {
        return Ok(Moment::At(Timestamp(time.as_second())));
    }
    let form = || {
        "must be a time (2026-11-24T06:00:00Z), a day (2026-11-24) or how long ago (90m, 36h, 7d)".to_owned()
    };
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(form()),
    };
    let number = text.get(..text.len() - 1).and_then(|number| number.parse::<u32>().ok()).ok_or_else(form)?;
    Ok(Moment::Ago(i64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn grantees_are_told_apart_by_their_form() {
        assert!(matches!(grantee("alice"), Ok(Grantee::Account(AccountName::User(_)))));
        assert!(matches!(grantee("acme+ci"), Ok(Grantee::Account(AccountName::Robot(_)))));
        assert!(matches!(grantee("team:developers"), Ok(Grantee::Team(_))));
        assert!(grantee("team:").is_err());
        assert!(grantee("Alice").is_err());
    }

    #[test]
    fn a_role_on_a_repository_is_written_after_the_last_colon() {
        assert_eq!(repository_role("team/app:write"), Ok(("team/app".to_owned(), Role::Write)));
        assert!(repository_role("app").is_err());
        assert!(repository_role("app:owner").is_err());
    }

    #[test]
    fn a_moment_is_a_time_a_day_or_a_while_ago() {
        let now = Timestamp(1_000_000);
        assert_eq!(moment("1970-01-02T00:00:01Z").unwrap().at(now), Timestamp(86_401));
        assert_eq!(moment("1970-01-02").unwrap().at(now), Timestamp(86_400));
        assert_eq!(moment("2h").unwrap().at(now), Timestamp(1_000_000 - 7200));
        for bad in ["", "h", "2", "yesterday", "-1h", "2026-13-01"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_argument_makes_a_parser_panic(text in "\\PC{0,40}") {
            let _ = (team(&text), grantee(&text), repository_role(&text), object(&text), robot(&text), moment(&text));
        }
    }
}
