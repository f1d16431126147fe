//! What may be done with a registry, written down a second time in the plainest way: maps by name, and one function for
//! each question. Shares no rule with the program.

use std::collections::{BTreeMap, BTreeSet};

pub(super) const PULL: u8 = 1;
pub(super) const PUSH: u8 = 2;
/// What each role allows, by rank: nothing, read, write, admin.
const ALLOWED: [u8; 4] = [0, PULL, PULL | PUSH, 15];
/// Ranks in a namespace.
pub(super) const CREATOR: u8 = 1;
pub(super) const ADMIN: u8 = 2;

/// Everything there is, by name.
#[derive(Clone, Default)]
pub(super) struct World {
    pub(super) now: i64,
    pub(super) spaces: BTreeMap<String, Space>,
    /// Names given up, and until when they stay closed.
    pub(super) retired: BTreeMap<String, i64>,
}

/// A user or an organization.
#[derive(Clone, Default)]
pub(super) struct Space {
    pub(super) organization: bool,
    pub(super) disabled: bool,
    pub(super) robots: BTreeMap<String, Robot>,
    pub(super) teams: BTreeMap<String, Team>,
    pub(super) repositories: BTreeMap<String, Repository>,
    pub(super) defaults: Vec<Default>,
}

#[derive(Clone)]
pub(super) struct Robot {
    pub(super) disabled: bool,
    /// Which of the secrets that were ever made for this name is right.
    pub(super) secret: usize,
}

#[derive(Clone, Default)]
pub(super) struct Team {
    pub(super) rank: u8,
    pub(super) members: BTreeSet<String>,
}

#[derive(Clone, Default)]
pub(super) struct Repository {
    pub(super) public: bool,
    pub(super) state: &'static str,
    pub(super) mirror: Option<String>,
    /// `user`, `namespace+robot` or `@team`, and the rank of the role.
    pub(super) grants: BTreeMap<String, usize>,
}

#[derive(Clone)]
pub(super) struct Default {
    pub(super) activating: Option<String>,
    pub(super) delegate: String,
    pub(super) role: usize,
}

impl World {
    pub(super) fn robot(&self, full: &str) -> Option<&Robot> {
        let (space, short) = full.split_once('+')?;
        self.spaces.get(space)?.robots.get(short)
    }

    /// Whether a user or robot exists.
    pub(super) fn exists(&self, who: &str) -> bool {
        self.robot(who).is_some() || self.spaces.get(who).is_some_and(|space| !space.organization)
    }

    pub(super) fn is_closed(&self, name: &str) -> bool {
        self.retired.get(name).is_some_and(|until| *until > self.now)
    }

    /// What an account is in a namespace as a whole.
    pub(super) fn rank(&self, who: &str, space: &str) -> u8 {
        if who == space {
            return ADMIN;
        }
        let teams = self.spaces.get(space).map(|space| space.teams.values());
        let ranks = teams.into_iter().flatten().filter(|team| team.members.contains(who));
        ranks.map(|team| team.rank).max().unwrap_or(0)
    }

    /// An account's role on a repository that is there.
    pub(super) fn role(&self, who: &str, space: &str, repository: &Repository) -> usize {
        if self.rank(who, space) == ADMIN {
            return 3;
        }
        let of_teams = |(team, role): (&String, &usize)| {
            let team = self.spaces.get(space)?.teams.get(team.strip_prefix('@')?)?;
            team.members.contains(who).then_some(*role)
        };
        let by_team = repository.grants.iter().filter_map(of_teams).max().unwrap_or(0);
        by_team.max(repository.grants.get(who).copied().unwrap_or(0))
    }

    /// Whether a push by this account brings the repository into being.
    pub(super) fn push_creates(&self, who: &str, space: &str, path: &str) -> bool {
        is_at_home(who, space)
            && self
                .spaces
                .get(space)
                .is_some_and(|space| !space.disabled && !space.repositories.contains_key(path))
            && self.rank(who, space) >= CREATOR
            && !self.is_closed(&format!("{space}/{path}"))
    }

    /// What a token grants of `asked`, for nobody or for an account whose credentials were right.
    pub(super) fn granted(&self, who: Option<&str>, space_name: &str, path: &str, asked: u8) -> u8 {
        let who = who.filter(|who| is_at_home(who, space_name));
        let Some(space) = self.spaces.get(space_name).filter(|space| !space.disabled) else { return 0 };
        let Some(repository) = space.repositories.get(path) else {
            // Whoever administers the namespace is told by the registry that there is nothing to pull.
            let told = who.is_some_and(|who| self.rank(who, space_name) == ADMIN) && asked & PUSH == 0;
            return if told { asked & PULL } else { 0 };
        };
        let public = if repository.public { PULL } else { 0 };
        let Some(who) = who else { return asked & public };
        let allowed = ALLOWED[self.role(who, space_name, repository)] | public;
        asked
            & match repository.state {
                "NORMAL" => allowed,
                "MIRROR" if repository.mirror.as_deref() == Some(who) => PULL | PUSH,
                _ => allowed & PULL,
            }
    }

    /// A repository comes into being, with the grants that its namespace gives to new ones.
    pub(super) fn create(&mut self, space_name: &str, path: &str, public: bool, creator: Option<&str>) {
        let Some(space) = self.spaces.get_mut(space_name) else { return };
        let mut made = Repository { public, state: "NORMAL", ..Repository::default() };
        let applies = |rule: &&Default| rule.activating.is_none() || rule.activating.as_deref() == creator;
        for specific in [false, true] {
            let rules = space.defaults.iter().filter(applies);
            for rule in rules.filter(|rule| rule.activating.is_some() == specific) {
                made.grants.insert(rule.delegate.clone(), rule.role);
            }
        }
        if let Some(creator) = creator.filter(|creator| *creator != space_name) {
            made.grants.insert(creator.to_owned(), 3);
        }
        space.repositories.insert(path.to_owned(), made);
    }

    /// Takes an account or a `@team` of one namespace out of everything that names it.
    pub(super) fn forget(&mut self, name: &str, only_in: Option<&str>) {
        let spaces = self.spaces.iter_mut().filter(|(space, _)| only_in.is_none_or(|only| only == *space));
        for (_, space) in spaces {
            for team in space.teams.values_mut() {
                team.members.remove(name);
            }
            for repository in space.repositories.values_mut() {
                repository.grants.remove(name);
            }
            space.defaults.retain(|rule| rule.delegate != name && rule.activating.as_deref() != Some(name));
        }
    }
}

/// A robot counts for nothing outside its own namespace.
fn is_at_home(who: &str, space: &str) -> bool {
    who.split_once('+').is_none_or(|(home, _)| home == space)
}
