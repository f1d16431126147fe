//! What can happen, as drawn at random, and what it does to the reference.

use super::reference::{ADMIN, CREATOR, Default, Robot, Space, Team, World};
use proptest::prelude::*;

/// Few names, so that things meet: the first two are organizations, the others users.
pub(super) const SPACES: [&str; 4] = ["acme", "beta", "alice", "bobby"];
pub(super) const SHORTS: [&str; 2] = ["ci", "cd"];
pub(super) const PATHS: [&str; 3] = ["app", "lib/base", "acme"];
pub(super) const TEAMS: [&str; 2] = ["owners", "devs"];
pub(super) const ROLES: [&str; 3] = ["read", "write", "admin"];
pub(super) const RANKS: [&str; 3] = ["member", "creator", "admin"];
pub(super) const STATES: [&str; 3] = ["NORMAL", "READ_ONLY", "MIRROR"];
/// How long a name stays closed: a token's life and the leeway of registries.
const CLOSED: i64 = 360;

pub(super) type Name = &'static str;

/// One change, or one wait.
#[derive(Clone, Debug)]
pub(super) enum Step {
    CreateSpace {
        space: Name,
    },
    DeleteSpace {
        space: Name,
    },
    Enable {
        who: String,
        enabled: bool,
    },
    CreateRobot {
        robot: (Name, Name),
        team: Option<Name>,
        grant: Option<(Name, usize)>,
        default: Option<usize>,
    },
    Regenerate {
        robot: (Name, Name),
    },
    DeleteRobot {
        robot: (Name, Name),
    },
    PutTeam {
        space: Name,
        team: Name,
        rank: u8,
    },
    DeleteTeam {
        space: Name,
        team: Name,
    },
    Join {
        space: Name,
        team: Name,
        who: String,
    },
    Leave {
        space: Name,
        team: Name,
        who: String,
    },
    CreateRepository {
        at: (Name, Name),
        public: bool,
    },
    DeleteRepository {
        at: (Name, Name),
    },
    Publish {
        at: (Name, Name),
        public: bool,
    },
    SetState {
        at: (Name, Name),
        state: Name,
        mirror: Option<(Name, Name)>,
    },
    Grant {
        at: (Name, Name),
        who: String,
        role: usize,
    },
    Revoke {
        at: (Name, Name),
        who: String,
    },
    GrantTeam {
        at: (Name, Name),
        team: Name,
        role: usize,
    },
    RevokeTeam {
        at: (Name, Name),
        team: Name,
    },
    CreateDefault {
        space: Name,
        activating: Option<String>,
        delegate: String,
        role: usize,
    },
    DeleteDefault {
        space: Name,
        place: usize,
    },
    Wait {
        seconds: i64,
    },
}

fn full((space, short): (Name, Name)) -> String {
    format!("{space}+{short}")
}

impl Step {
    /// The world after this step, or `None` when it must be refused. `actor` is `None` for the command line, which may
    /// do everything that is possible at all.
    pub(super) fn apply(&self, world: &World, actor: Option<&str>) -> Option<World> {
        let mut next = world.clone();
        self.change(&mut next, actor).map(|()| next)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of change reads best in one piece")]
    fn change(&self, world: &mut World, actor: Option<&str>) -> Option<()> {
        let reference = world.clone();
        let operator = actor.is_none().then_some(());
        let ranks = |space: Name, least| {
            actor.is_none_or(|actor| reference.rank(actor, space) >= least).then_some(())
        };
        let repository = |(space, path): (Name, Name)| {
            let repository = reference.spaces.get(space)?.repositories.get(path)?;
            actor.is_none_or(|actor| reference.role(actor, space, repository) == 3).then_some(())
        };
        let belongs = |who: &str, space: Name| {
            let home = who.split_once('+').is_none_or(|(home, _)| home == space);
            (reference.exists(who) && home).then_some(())
        };
        match self {
            Self::Wait { seconds } => world.now += seconds,
            Self::CreateSpace { space } => {
                let organization = SPACES[..2].contains(space);
                // A user may make an organization; only the command line makes users.
                if !(organization && actor.is_some_and(|actor| !actor.contains('+'))) {
                    operator?;
                }
                (!world.spaces.contains_key(*space) && !world.is_closed(space)).then_some(())?;
                let mut made = Space { organization, ..Space::default() };
                if organization {
                    let members = actor.into_iter().map(str::to_owned).collect();
                    made.teams.insert("owners".to_owned(), Team { rank: ADMIN, members });
                }
                world.spaces.insert((*space).to_owned(), made);
            }
            Self::DeleteSpace { space } => {
                let gone = world.spaces.remove(*space)?;
                if gone.organization {
                    ranks(space, ADMIN)?;
                } else {
                    operator?;
                }
                for short in gone.robots.keys() {
                    world.forget(&format!("{space}+{short}"), None);
                }
                world.forget(space, None);
                world.retired.insert((*space).to_owned(), world.now + CLOSED);
            }
            Self::Enable { who, enabled } => {
                operator?;
                let robot = who.split_once('+').map(|(space, short)| {
                    world.spaces.get_mut(space).and_then(|space| space.robots.get_mut(short))
                });
                match robot {
                    Some(robot) => robot?.disabled = !enabled,
                    None => world.spaces.get_mut(who)?.disabled = !enabled,
                }
            }
            Self::CreateRobot { robot: (space, short), team, grant, default } => {
                ranks(space, ADMIN)?;
                let name = format!("{space}+{short}");
                let home = world.spaces.get_mut(*space)?;
                (!home.robots.contains_key(*short)).then_some(())?;
                // The machine fills in which secret it is.
                home.robots.insert((*short).to_owned(), Robot { disabled: false, secret: usize::MAX });
                if let Some(team) = team {
                    home.teams.get_mut(*team)?.members.insert(name.clone());
                }
                if let Some((path, role)) = grant {
                    home.repositories.get_mut(*path)?.grants.insert(name.clone(), *role);
                }
                if let Some(role) = default {
                    home.organization.then_some(())?;
                    home.defaults.push(Default { activating: None, delegate: name, role: *role });
                }
            }
            Self::Regenerate { robot: (space, short) } => {
                ranks(space, ADMIN)?;
                world.spaces.get_mut(*space)?.robots.get_mut(*short)?.secret = usize::MAX;
            }
            Self::DeleteRobot { robot: (space, short) } => {
                ranks(space, ADMIN)?;
                let home = world.spaces.get_mut(*space)?;
                let name = format!("{space}+{short}");
                let mirrors = home.repositories.values().any(|one| one.mirror.as_ref() == Some(&name));
                (!mirrors).then_some(())?;
                home.robots.remove(*short)?;
                world.forget(&name, None);
            }
            Self::PutTeam { space, team, rank } => {
                ranks(space, ADMIN)?;
                let home = world.spaces.get_mut(*space).filter(|space| space.organization)?;
                home.teams.entry((*team).to_owned()).or_default().rank = *rank;
            }
            Self::DeleteTeam { space, team } => {
                ranks(space, ADMIN)?;
                world.spaces.get_mut(*space)?.teams.remove(*team)?;
                world.forget(&format!("@{team}"), Some(space));
            }
            Self::Join { space, team, who } => {
                ranks(space, ADMIN)?;
                belongs(who, space)?;
                let team = world.spaces.get_mut(*space)?.teams.get_mut(*team)?;
                team.members.insert(who.clone()).then_some(())?;
            }
            Self::Leave { space, team, who } => {
                ranks(space, ADMIN)?;
                let team = world.spaces.get_mut(*space)?.teams.get_mut(*team)?;
                team.members.remove(who).then_some(())?;
            }
            Self::CreateRepository { at: (space, path), public } => {
                ranks(space, CREATOR)?;
                let there = world.spaces.get(*space)?.repositories.contains_key(*path);
                (!there && !world.is_closed(&format!("{space}/{path}"))).then_some(())?;
                world.create(space, path, *public, actor);
            }
            Self::DeleteRepository { at: (space, path) } => {
                repository((space, path))?;
                world.spaces.get_mut(*space)?.repositories.remove(*path);
                world.retired.insert(format!("{space}/{path}"), world.now + CLOSED);
            }
            Self::Publish { at: (space, path), public } => {
                repository((space, path))?;
                world.spaces.get_mut(*space)?.repositories.get_mut(*path)?.public = *public;
            }
            Self::SetState { at: (space, path), state, mirror } => {
                repository((space, path))?;
                let mirror = mirror.map(full);
                if let Some(robot) = &mirror {
                    world.robot(robot)?;
                    belongs(robot, space)?;
                }
                let one = world.spaces.get_mut(*space)?.repositories.get_mut(*path)?;
                (one.state, one.mirror) = (state, mirror);
            }
            Self::Grant { at: (space, path), who, role } => {
                repository((space, path))?;
                belongs(who, space)?;
                // The owner of a user's namespace has every right there already.
                (who != space).then_some(())?;
                let one = world.spaces.get_mut(*space)?.repositories.get_mut(*path)?;
                one.grants.insert(who.clone(), *role);
            }
            Self::Revoke { at: (space, path), who } => {
                repository((space, path))?;
                world.spaces.get_mut(*space)?.repositories.get_mut(*path)?.grants.remove(who)?;
            }
            Self::GrantTeam { at: (space, path), team, role } => {
                repository((space, path))?;
                let home = world.spaces.get_mut(*space)?;
                home.teams.get(*team)?;
                home.repositories.get_mut(*path)?.grants.insert(format!("@{team}"), *role);
            }
            Self::RevokeTeam { at: (space, path), team } => {
                repository((space, path))?;
                let home = world.spaces.get_mut(*space)?;
                home.teams.get(*team)?;
                home.repositories.get_mut(*path)?.grants.remove(&format!("@{team}"))?;
            }
            Self::CreateDefault { space, activating, delegate, role } => {
                ranks(space, ADMIN)?;
                if let Some(activating) = activating {
                    belongs(activating, space)?;
                }
                let home = world.spaces.get_mut(*space).filter(|space| space.organization)?;
                match delegate.strip_prefix('@') {
                    Some(team) => drop(home.teams.get(team)?),
                    None => belongs(delegate, space)?,
                }
                let (activating, delegate) = (activating.clone(), delegate.clone());
                home.defaults.push(Default { activating, delegate, role: *role });
            }
            Self::DeleteDefault { space, place } => {
                ranks(space, ADMIN)?;
                let home = world.spaces.get_mut(*space)?;
                (*place < home.defaults.len()).then(|| home.defaults.remove(*place))?;
            }
        }
        Some(())
    }
}

/// A namespace; the first one more often than the others, so that things gather there.
fn space() -> impl Strategy<Value = Name> + Clone {
    prop_oneof![2 => Just(SPACES[0]), 3 => one_of(&SPACES)]
}

fn one_of(names: &'static [Name]) -> impl Strategy<Value = Name> + Clone {
    prop::sample::select(names)
}

fn robot() -> impl Strategy<Value = (Name, Name)> + Clone {
    (space(), one_of(&SHORTS))
}

/// A user or a robot.
pub(super) fn who() -> impl Strategy<Value = String> + Clone {
    prop_oneof![2 => robot().prop_map(full), 1 => one_of(&SPACES[2..]).prop_map(str::to_owned)]
}

pub(super) fn at() -> impl Strategy<Value = (Name, Name)> + Clone {
    (space(), one_of(&PATHS))
}

/// Whatever can happen; what makes things comes more often than what deletes them.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let team = || one_of(&TEAMS);
    let role = || 1..=3_usize;
    let delegate = prop_oneof![2 => who(), 1 => team().prop_map(|team| format!("@{team}"))];
    let grant = prop::option::of((one_of(&PATHS), role()));
    prop_oneof![
        2 => space().prop_map(|space| Step::CreateSpace { space }),
        1 => one_of(&SPACES).prop_map(|space| Step::DeleteSpace { space }),
        2 => (prop_oneof![who(), space().prop_map(str::to_owned)], prop::bool::weighted(0.8))
            .prop_map(|(who, enabled)| Step::Enable { who, enabled }),
        4 => (robot(), prop::option::of(team()), grant, prop::option::of(role()))
            .prop_map(|(robot, team, grant, default)| Step::CreateRobot { robot, team, grant, default }),
        1 => robot().prop_map(|robot| Step::Regenerate { robot }),
        1 => robot().prop_map(|robot| Step::DeleteRobot { robot }),
        3 => (space(), team(), 0..=2_u8).prop_map(|(space, team, rank)| Step::PutTeam { space, team, rank }),
        1 => (space(), team()).prop_map(|(space, team)| Step::DeleteTeam { space, team }),
        4 => (space(), team(), who()).prop_map(|(space, team, who)| Step::Join { space, team, who }),
        1 => (space(), team(), who()).prop_map(|(space, team, who)| Step::Leave { space, team, who }),
        5 => (at(), any::<bool>()).prop_map(|(at, public)| Step::CreateRepository { at, public }),
        1 => at().prop_map(|at| Step::DeleteRepository { at }),
        1 => (at(), any::<bool>()).prop_map(|(at, public)| Step::Publish { at, public }),
        2 => (at(), one_of(&STATES), prop::option::of(robot()))
            .prop_map(|(at, state, mirror)| Step::SetState { at, state, mirror }),
        5 => (at(), who(), role()).prop_map(|(at, who, role)| Step::Grant { at, who, role }),
        2 => (at(), who()).prop_map(|(at, who)| Step::Revoke { at, who }),
        3 => (at(), team(), role()).prop_map(|(at, team, role)| Step::GrantTeam { at, team, role }),
        1 => (at(), team()).prop_map(|(at, team)| Step::RevokeTeam { at, team }),
        2 => (space(), prop::option::of(who()), delegate, role()).prop_map(
            |(space, activating, delegate, role)| Step::CreateDefault { space, activating, delegate, role }
        ),
        1 => (space(), 0..3_usize).prop_map(|(space, place)| Step::DeleteDefault { space, place }),
        1 => prop::sample::select(vec![1, 100, 400]).prop_map(|seconds| Step::Wait { seconds }),
    ]
}
