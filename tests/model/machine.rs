//! The real thing beside the reference: every step is done to both, every token is compared.

use super::reference::{PUSH, World};
use super::step::{Name, RANKS, ROLES, SPACES, Step};
use crate::support::{Installation, payload};
use dockpass::domain::caller::{Caller, Identity, Privilege};
use dockpass::domain::credential::Secret;
use dockpass::domain::name::{AccountName, RepositoryName};
use dockpass::domain::permission::{RepositoryState, Role, TeamRole, Visibility};
use dockpass::service::actor::Actor;
use dockpass::service::default_permissions::{self, DelegateName};
use dockpass::service::error::ServiceError;
use dockpass::service::issue::{IssueError, TokenRequest, issue};
use dockpass::service::login::{Credentials, LoginError};
use dockpass::service::robots::NewRobot;
use dockpass::service::{organizations, permissions, repositories, robots, teams, users};
use dockpass::store::StoreError;
use dockpass::store::audit::{EventFilter, Origin};
use std::collections::BTreeMap;

/// Who asks for a token, and with which secret.
#[derive(Clone, Debug)]
pub(super) enum Login {
    Nobody,
    /// With the password.
    User(Name),
    /// With one of the secrets that were ever made: counted back from the newest one of `secret_of`.
    Robot {
        name: String,
        secret_of: String,
        back: usize,
    },
}

/// What was met, so that a run can tell that it tried something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met {
    pub(super) changes: u64,
    pub(super) refusals: u64,
    pub(super) wrong_logins: u64,
    pub(super) grants: u64,
    pub(super) denials: u64,
    pub(super) creations: u64,
}

impl Met {
    pub(super) fn add(&mut self, other: Self) {
        self.changes += other.changes;
        self.refusals += other.refusals;
        self.wrong_logins += other.wrong_logins;
        self.grants += other.grants;
        self.denials += other.denials;
        self.creations += other.creations;
    }
}

pub(super) struct Machine {
    pub(super) met: Met,
    installation: Installation,
    world: World,
    /// Every secret that was ever made for a robot's name, oldest first.
    secrets: BTreeMap<String, Vec<String>>,
    runtime: tokio::runtime::Runtime,
}

fn visibility(public: bool) -> Visibility {
    if public { Visibility::Public } else { Visibility::Private }
}

fn name((space, path): (Name, Name)) -> RepositoryName {
    RepositoryName::parse(&format!("{space}/{path}")).unwrap()
}

fn role(rank: usize) -> Role {
    Role::parse(ROLES[rank - 1]).unwrap()
}

impl Machine {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut machine = Self {
            met: Met::default(),
            installation: Installation::new("SERVER_HOSTNAME: registry.example\n"),
            world: World::default(),
            secrets: BTreeMap::new(),
            runtime,
        };
        for space in SPACES {
            machine.step(&Step::CreateSpace { space }, None);
        }
        // Something to begin with, or most sequences would only meet what is not there.
        let alice = "alice".to_owned();
        machine.step(&Step::Join { space: "acme", team: "owners", who: alice }, None);
        machine.step(&Step::PutTeam { space: "acme", team: "devs", rank: 1 }, None);
        for at in [("acme", "app"), ("acme", "lib/base"), ("beta", "app"), ("alice", "app")] {
            machine.step(&Step::CreateRepository { at, public: false }, None);
        }
        for (space, short, team) in
            [("acme", "ci", Some("devs")), ("acme", "cd", None), ("beta", "ci", None), ("alice", "ci", None)]
        {
            let (robot, grant) = ((space, short), Some(("app", 2)));
            machine.step(&Step::CreateRobot { robot, team, grant, default: None }, None);
        }
        machine
    }

    /// An account as it acts in the API, its grants read afresh by each use case.
    fn actor(&self, who: Option<&str>) -> Option<Actor> {
        let Some(who) = who else { return Some(Actor::operator("test")) };
        let account = self
            .installation
            .app
            .store
            .read::<_, StoreError>("test", |tx| tx.account_by_name(who))
            .unwrap()?;
        let identity = Identity {
            id: account.id,
            name: AccountName::parse(who).unwrap(),
            privilege: Privilege::default(),
            oauth: None,
        };
        Some(Actor::account(identity, Origin::default()))
    }

    fn events(&self) -> usize {
        let read = self.installation.app.store.read::<_, StoreError>("test", |tx| {
            Ok(tx.events(&EventFilter::default(), 1)?.first().map_or(0, |event| event.id))
        });
        usize::try_from(read.unwrap()).unwrap()
    }

    /// Does a step to both. What the reference refuses must be refused; what it does not, the command line must be able
    /// to do. A change has an audit event, a refusal has none.
    pub(super) fn step(&mut self, step: &Step, who: Option<&str>) {
        let Some(actor) = self.actor(who) else { return };
        let before = self.events();
        let expected = step.apply(&self.world, who);
        let done = self.carry_out(step, &actor);
        let recorded = self.events() > before;
        match (done, expected) {
            (Ok(secret), Some(next)) => {
                assert!(recorded || matches!(step, Step::Wait { .. }), "no event tells of {step:?}");
                self.met.changes += 1;
                self.world = next;
                self.keep(step, secret);
            }
            (Ok(_), None) => panic!("{who:?} was allowed {step:?}"),
            (Err(error), Some(_)) => {
                assert!(who.is_some(), "the command line was refused {step:?}: {error}");
                assert!(!recorded, "an event tells of what was refused: {step:?}");
            }
            (Err(_), None) => {
                self.met.refusals += 1;
                assert!(!recorded, "an event tells of what was refused: {step:?}");
            }
        }
    }

    /// Notes a new secret and tells the reference which one is right now.
    fn keep(&mut self, step: &Step, secret: Option<String>) {
        let (Step::CreateRobot { robot: (space, short), .. } | Step::Regenerate { robot: (space, short) }) =
            step
        else {
            return;
        };
        let known = self.secrets.entry(format!("{space}+{short}")).or_default();
        known.push(secret.expect("a secret was told"));
        let robot = self.world.spaces.get_mut(*space).and_then(|space| space.robots.get_mut(*short));
        robot.expect("the robot is there").secret = known.len() - 1;
    }

    fn carry_out(&self, step: &Step, actor: &Actor) -> Result<Option<String>, ServiceError> {
        let app = &self.installation.app;
        match step {
            Step::Wait { seconds } => self.installation.advance(*seconds),
            Step::CreateSpace { space } if SPACES[..2].contains(space) => {
                organizations::create(app, actor, space, None).map(drop)?;
            }
            Step::CreateSpace { space } => {
                let password = Secret::new(format!("{space}'s-password"));
                users::create(app, actor, space, None, &password).map(drop)?;
            }
            Step::DeleteSpace { space } if SPACES[..2].contains(space) => {
                organizations::delete(app, actor, space)?;
            }
            Step::DeleteSpace { space } => users::delete(app, actor, space)?,
            Step::Enable { who, enabled } => {
                organizations::set_enabled(app, actor, who, *enabled).map(drop)?;
            }
            Step::CreateRobot { robot: (space, short), team, grant, default } => {
                let new = NewRobot {
                    teams: team.iter().map(|team| (*team).to_owned()).collect(),
                    repositories: grant
                        .iter()
                        .map(|(path, rank)| ((*path).to_owned(), role(*rank)))
                        .collect(),
                    default_permission: default.map(role),
                    ..NewRobot::default()
                };
                let (_, secret) = robots::create(app, actor, space, short, &new)?;
                return Ok(Some(secret.expose().to_owned()));
            }
            Step::Regenerate { robot: (space, short) } => {
                let (_, secret) = robots::regenerate(app, actor, space, short)?;
                return Ok(Some(secret.expose().to_owned()));
            }
            Step::DeleteRobot { robot: (space, short) } => robots::delete(app, actor, space, short)?,
            Step::PutTeam { space, team, rank } => {
                let rank = TeamRole::parse(RANKS[usize::from(*rank)]).unwrap();
                // Naming a role that the team has already changes nothing and tells nothing; a description always does.
                teams::put(app, actor, space, team, rank, Some("a team")).map(drop)?;
            }
            Step::DeleteTeam { space, team } => teams::delete(app, actor, space, team)?,
            Step::Join { space, team, who } => teams::add_member(app, actor, space, team, who).map(drop)?,
            Step::Leave { space, team, who } => teams::remove_member(app, actor, space, team, who)?,
            Step::CreateRepository { at, public } => {
                repositories::create(app, actor, &name(*at), visibility(*public), "").map(drop)?;
            }
            Step::DeleteRepository { at } => repositories::delete(app, actor, &name(*at))?,
            Step::Publish { at, public } => {
                repositories::set_visibility(app, actor, &name(*at), visibility(*public)).map(drop)?;
            }
            Step::SetState { at, state, mirror } => {
                let state = RepositoryState::parse(state).unwrap();
                let mirror = mirror.map(|(space, short)| format!("{space}+{short}"));
                repositories::set_state(app, actor, &name(*at), state, mirror.as_deref()).map(drop)?;
            }
            Step::Grant { at, who, role: rank } => {
                permissions::set(app, actor, &name(*at), who, role(*rank)).map(drop)?;
            }
            Step::Revoke { at, who } => permissions::unset(app, actor, &name(*at), who)?,
            Step::GrantTeam { at, team, role: rank } => {
                permissions::set_team(app, actor, &name(*at), team, role(*rank))?;
            }
            Step::RevokeTeam { at, team } => permissions::unset_team(app, actor, &name(*at), team)?,
            Step::CreateDefault { space, activating, delegate, role: rank } => {
                let delegate = match delegate.strip_prefix('@') {
                    Some(team) => DelegateName::Team(team),
                    None => DelegateName::Account(delegate),
                };
                let activating = activating.as_deref();
                default_permissions::create(app, actor, space, activating, delegate, role(*rank))
                    .map(drop)?;
            }
            Step::DeleteDefault { space, place } => {
                let rules = default_permissions::list(app, actor, space)?;
                let missing = || ServiceError::NotFound("no such rule".to_owned());
                let rule = rules.get(*place).ok_or_else(missing)?;
                default_permissions::delete(app, actor, space, &rule.uuid)?;
            }
        }
        Ok(None)
    }

    /// Whether the reference lets this login in, and with what it comes.
    fn credentials(&self, login: &Login) -> (bool, Option<String>, Credentials) {
        let password = |username: &str, password: &str| Credentials::Password {
            username: username.to_owned(),
            password: Secret::new(password),
        };
        match login {
            Login::Nobody => (true, None, Credentials::None),
            Login::User(user) => {
                let there = self.world.spaces.get(*user).is_some_and(|space| !space.disabled);
                (there, Some((*user).to_owned()), password(user, &format!("{user}'s-password")))
            }
            Login::Robot { name, secret_of, back } => {
                let known = self.secrets.get(secret_of).map_or(&[][..], Vec::as_slice);
                let place = known.len().checked_sub(1 + *back);
                let secret = place.map_or_else(|| "A".repeat(64), |place| known[place].clone());
                let home = name.split('+').next().unwrap_or_default();
                let owner = self.world.spaces.get(home).is_some_and(|space| !space.disabled);
                let right = |robot: &super::reference::Robot| {
                    !robot.disabled && secret_of == name && place == Some(robot.secret)
                };
                let right = owner && self.world.robot(name).is_some_and(right);
                (right, Some(name.clone()), password(name, &secret))
            }
        }
    }

    /// Asks for a token and compares it with what the reference grants.
    pub(super) fn token(&mut self, login: &Login, scopes: &[((Name, Name), u8)]) {
        let (right, who, credentials) = self.credentials(login);
        let texts = scopes.iter().map(|(at, asked)| format!("repository:{}:{}", name(*at), words(*asked)));
        let texts: Vec<String> = texts.collect();
        let app = &self.installation.app;
        let requested = app.config.derived.naming.requested(texts.iter().map(String::as_str));
        let request = TokenRequest {
            credentials,
            service: None,
            requested,
            origin: Origin::default(),
            user_agent: None,
        };
        let before = self.events();
        let issued = self.runtime.block_on(issue(app, request));
        let recorded = self.events() > before;
        let issued = match issued {
            Err(IssueError::Login(LoginError::Wrong)) if !right => {
                assert!(!recorded);
                self.met.wrong_logins += 1;
                return;
            }
            other => other.unwrap_or_else(|error| panic!("{login:?} was refused: {error}")),
        };
        assert!(right, "{login:?} was let in");
        assert_eq!(issued.caller == Caller::Anonymous, who.is_none());

        let mut asked: BTreeMap<(Name, Name), u8> = BTreeMap::new();
        for (at, actions) in scopes {
            *asked.entry(*at).or_default() |= actions;
        }
        let mut created = false;
        for ((space, path), actions) in &asked {
            let creator = who.as_deref().filter(|who| self.world.push_creates(who, space, path));
            if let Some(creator) = creator.filter(|_| actions & PUSH != 0).map(str::to_owned) {
                self.world.create(space, path, false, Some(&creator));
                created = true;
                self.met.creations += 1;
            }
        }
        assert_eq!(recorded, created, "an event tells of a repository if and only if one was made");

        let claims = payload(issued.token.as_str());
        assert_eq!(claims["sub"], who.as_deref().unwrap_or_default());
        let entries = claims["access"].as_array().unwrap();
        assert_eq!(entries.len(), asked.len());
        for ((space, path), actions) in asked {
            let full = format!("{space}/{path}");
            let entry =
                entries.iter().find(|entry| entry["name"] == full.as_str()).expect("an entry for each");
            let mut got: Vec<_> =
                entry["actions"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            got.sort_unstable();
            let granted = self.world.granted(who.as_deref(), space, path, actions);
            *if granted == 0 { &mut self.met.denials } else { &mut self.met.grants } += 1;
            let mut expected: Vec<_> =
                NAMES.iter().filter(|(bit, _)| granted & bit != 0).map(|(_, word)| *word).collect();
            expected.sort_unstable();
            assert_eq!(got, expected, "{login:?} on {full}, asked {}", words(actions));
        }
    }
}

const NAMES: [(u8, &str); 4] = [(1, "pull"), (2, "push"), (4, "delete"), (8, "*")];

fn words(actions: u8) -> String {
    let words: Vec<_> = NAMES.iter().filter(|(bit, _)| actions & bit != 0).map(|(_, word)| *word).collect();
    words.join(",")
}
