//! What pages show of robots: lists by page, what a robot may do and why, what is lost with it, what happened to it, and
//! grants on many repositories at once.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::permissions::{set_in, unset_in};
use super::robots::{NOT_FOUND, administered};
use crate::domain::permission::{Role, TeamRole};
use crate::store::Tx;
use crate::store::accounts::Account;
use crate::store::audit::{Event, EventFilter, Recorded};
use crate::store::permissions::Grantee;
use crate::store::repositories::Repository;
use crate::store::robots::Robot;
use crate::store::search::{FoundRobot, RobotSearch};
use serde_json::json;
use std::collections::BTreeMap;

/// Most repositories that are listed for a robot that administers its whole organization.
pub const MAX_EXPLAINED: usize = 1000;

/// A robot in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The robot and how many repositories it was granted.
    pub found: FoundRobot,
    /// The teams it sits in.
    pub teams: Vec<String>,
}

/// One page of a namespace's robots and how many there are over all pages. For those who may see everything in it.
pub fn page(
    app: &App,
    actor: &Actor,
    namespace: &str,
    search: &RobotSearch<'_>,
) -> Result<(Vec<Row>, usize), ServiceError> {
    app.store.read("robots by page", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let (found, total) = tx.search_robots(owner.id, search)?;
        let mut rows = Vec::with_capacity(found.len());
        for found in found {
            let teams = tx.teams_of(found.robot.account.id)?.into_iter().map(|team| team.name).collect();
            rows.push(Row { found, teams });
        }
        Ok((rows, usize::try_from(total).unwrap_or_default()))
    })
}

/// Why a robot has a role on a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It was granted the role itself.
    Direct(Role),
    /// A team that it sits in was granted the role.
    Team(String, Role),
    /// A team that it sits in administers the organization.
    Administers(String),
}

impl Rule {
    /// The role that this rule gives.
    pub const fn role(&self) -> Role {
        match self {
            Self::Direct(role) | Self::Team(_, role) => *role,
            Self::Administers(_) => Role::Admin,
        }
    }
}

/// What a robot may do with one repository: the highest of its rules counts.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The repository.
    pub repository: Repository,
    /// The role that counts.
    pub role: Role,
    /// Every rule that gives it a role.
    pub rules: Vec<Rule>,
}

/// All that a robot may do.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The robot.
    pub robot: Robot,
    /// Repositories by name.
    pub effective: Vec<Effective>,
    /// The teams it sits in, with their roles in the organization.
    pub teams: Vec<(String, TeamRole)>,
    /// What it gets on repositories that are made from now on.
    pub defaults: Vec<Role>,
    /// Whether there are more repositories than are listed.
    pub truncated: bool,
}

fn find(tx: &mut Tx<'_>, owner: &Account, short: &str) -> Result<Robot, ServiceError> {
    let robot = tx.robot(&format!("{}+{short}", owner.name))?;
    let robot = robot.filter(|robot| robot.account.owner == Some(owner.id));
    robot.ok_or_else(|| ServiceError::Refused(NOT_FOUND.to_owned()))
}

/// What a robot may do, and why.
pub fn explain(app: &App, actor: &Actor, namespace: &str, short: &str) -> Result<Explanation, ServiceError> {
    app.store.read("explain robot", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        let id = robot.account.id;
        let mut rules: BTreeMap<String, (Repository, Vec<Rule>)> = BTreeMap::new();
        let mut add = |repository: Repository, rule: Rule| {
            let entry = rules.entry(repository.name.clone()).or_insert_with(|| (repository, Vec::new()));
            entry.1.push(rule);
        };
        for (repository, role) in tx.grants_of(Grantee::Account(id))? {
            add(repository, Rule::Direct(role));
        }
        let teams = tx.teams_of(id)?;
        let mut truncated = false;
        for team in teams.iter().filter(|team| team.organization == owner.id) {
            for (repository, role) in tx.grants_of(Grantee::Team(team.id))? {
                add(repository, Rule::Team(team.name.clone(), role));
            }
            if team.role == TeamRole::Admin {
                let mut all = tx.repositories(owner.id, "", MAX_EXPLAINED + 1)?;
                truncated = all.len() > MAX_EXPLAINED;
                all.truncate(MAX_EXPLAINED);
                for repository in all {
                    add(repository, Rule::Administers(team.name.clone()));
                }
            }
        }
        let effective = rules.into_values().filter_map(|(repository, rules)| {
            let role = rules.iter().map(Rule::role).max()?;
            Some(Effective { repository, role, rules })
        });
        let effective = effective.collect();
        let defaults = tx.default_permissions(owner.id)?;
        let defaults = defaults.iter().filter(|rule| rule.delegate == Grantee::Account(id));
        let defaults = defaults.map(|rule| rule.role).collect();
        let teams = teams.into_iter().map(|team| (team.name, team.role)).collect();
        Ok(Explanation { robot, effective, teams, defaults, truncated })
    })
}

/// What is lost when a robot is deleted.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The robot.
    pub robot: Robot,
    /// Repositories that it was granted.
    pub repositories: Vec<(String, Role)>,
    /// Teams that it sits in.
    pub teams: Vec<String>,
    /// Default permissions that name it.
    pub defaults: usize,
    /// Whether it mirrors into a repository, so that it cannot be deleted.
    pub mirrors: bool,
}

/// What is lost when robots are deleted; names of robots that are not there are left out.
pub fn losses(
    app: &App,
    actor: &Actor,
    namespace: &str,
    shorts: &[String],
) -> Result<Vec<Loss>, ServiceError> {
    app.store.read("what is lost", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let rules = tx.default_permissions(owner.id)?;
        let mut losses = Vec::with_capacity(shorts.len());
        for short in shorts {
            let Ok(robot) = find(tx, &owner, short) else { continue };
            let id = robot.account.id;
            let grants = tx.grants_of(Grantee::Account(id))?;
            let names_it = |rule: &&crate::store::default_permissions::DefaultPermission| {
                rule.delegate == Grantee::Account(id) || rule.activating == Some(id)
            };
            losses.push(Loss {
                repositories: grants.into_iter().map(|(repository, role)| (repository.name, role)).collect(),
                teams: tx.teams_of(id)?.into_iter().map(|team| team.name).collect(),
                defaults: rules.iter().filter(names_it).count(),
                mirrors: tx.is_mirroring(id)?,
                robot,
            });
        }
        Ok(losses)
    })
}

/// Deletes robots: all of them or, if one cannot be deleted, none.
pub fn delete_many(
    app: &App,
    actor: &Actor,
    namespace: &str,
    shorts: &[String],
) -> Result<usize, ServiceError> {
    app.store.write("delete robots", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        for short in shorts {
            super::robots::delete_in(app, tx, actor, &owner, short)?;
        }
        Ok(shorts.len())
    })
}

/// Grants a robot roles on many repositories, or takes grants back (`None`), in one transaction. The answer is how many
/// grants changed.
pub fn set_many(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    changes: &[(String, Option<Role>)],
) -> Result<usize, ServiceError> {
    app.store.write("set permissions", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        let robot = find(tx, &owner, short)?.account;
        let now = tx.grants_of(Grantee::Account(robot.id))?;
        let now: BTreeMap<_, _> = now.into_iter().map(|(repository, role)| (repository.name, role)).collect();
        let mut count = 0;
        for (path, role) in changes.iter().filter(|(path, role)| now.get(path).copied() != *role) {
            match role {
                Some(role) => set_in(app, tx, actor, &owner, path, &robot, *role)?,
                None => unset_in(app, tx, actor, &owner, path, &robot)?,
            }
            count += 1;
        }
        Ok(count)
    })
}

/// One page of a namespace's repositories with the role that a robot was granted on each.
#[derive(Clone, Debug)]
pub struct Grants {
    /// The robot.
    pub robot: Robot,
    /// The page.
    pub rows: Vec<(Repository, Option<Role>)>,
    /// How many repositories match over all pages.
    pub total: usize,
    /// How many repositories the robot was granted in all.
    pub granted: usize,
}

/// Repositories whose path holds `text`, with the role that a robot was granted on each. `only_granted` leaves the others out.
#[expect(clippy::too_many_arguments, reason = "the members of one query, called from one page")]
pub fn grants(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    text: &str,
    only_granted: bool,
    offset: usize,
    limit: usize,
) -> Result<Grants, ServiceError> {
    app.store.read("robot grants", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        let granted = tx.grants_of(Grantee::Account(robot.account.id))?;
        let count = granted.len();
        let (rows, total) = if only_granted {
            let text = text.trim().to_lowercase();
            let found: Vec<_> =
                granted.into_iter().filter(|(repository, _)| repository.name.contains(&text)).collect();
            let total = found.len();
            let page = found.into_iter().skip(offset).take(limit);
            (page.map(|(repository, role)| (repository, Some(role))).collect(), total)
        } else {
            let roles: BTreeMap<_, _> =
                granted.into_iter().map(|(repository, role)| (repository.id, role)).collect();
            let (found, total) = tx.search_repositories(owner.id, text, offset, limit)?;
            let with_role = |repository: Repository| {
                let role = roles.get(&repository.id).copied();
                (repository, role)
            };
            (found.into_iter().map(with_role).collect(), usize::try_from(total).unwrap_or_default())
        };
        Ok(Grants { robot, rows, total, granted: count })
    })
}

/// Which generation of its secret a robot has, and since when: a form that asks for a new one names it, so that sending the
/// form twice does not make two.
pub fn generation(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> Result<(Robot, i64), ServiceError> {
    app.store.read("robot generation", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        let generation = tx.secret(robot.account.id)?.map_or(0, |secret| secret.generation);
        Ok((robot, generation))
    })
}

/// Notes that a person had a robot's secret shown.
pub fn note_shown(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    form: &str,
) -> Result<(), ServiceError> {
    app.store.write("note shown secret", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        let robot = find(tx, &owner, short)?;
        let event = Event {
            kind: "view_robot_token",
            namespace: Some(owner.id),
            repository: None,
            robot: Some(robot.account.id),
            metadata: json!({ "robot": short, "form": form }),
        };
        Ok(actor.record(app, tx, &event)?)
    })
}

/// What happened to a robot, newest first, below the event `below`.
pub fn activity(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    below: Option<i64>,
    limit: usize,
) -> Result<Vec<Recorded>, ServiceError> {
    app.store.read("robot activity", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        let filter = EventFilter { robot: Some(robot.account.id), below, ..EventFilter::default() };
        Ok(tx.events(&filter, limit)?)
    })
}

/// What happened in a namespace, newest first, below the event `below`; `performer` narrows it to one account's doing.
pub fn log(
    app: &App,
    actor: &Actor,
    namespace: &str,
    performer: Option<&str>,
    below: Option<i64>,
    limit: usize,
) -> Result<Vec<Recorded>, ServiceError> {
    app.store.read("namespace log", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let filter = EventFilter { namespace: Some(owner.id), performer, below, ..EventFilter::default() };
        Ok(tx.events(&filter, limit)?)
    })
}
