//! All robots of a namespace, with what belongs to them.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing::{self, Ahead};
use super::repositories::find_namespace;
use super::robots::unseal;
use crate::domain::caller::AccountId;
use crate::domain::credential::Secret;
use crate::domain::oauth::OAuthScope;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use crate::store::robots::Robot;
use crate::store::teams::Team;

/// A robot in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The robot.
    pub robot: Robot,
    /// Its secret; only if it was asked for, may be seen and can be shown.
    pub secret: Option<Secret>,
    /// What it may do by itself and where it sits; only if it was asked for and may be seen.
    pub grants: Option<Grants>,
}

/// The teams and repositories of a robot.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// The teams that it sits in, by name.
    pub teams: Vec<Team>,
    /// The names of the repositories granted to it directly, in the order of their making.
    pub repositories: Vec<String>,
}

/// What a list of robots is asked to show beside the robots.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Their secrets.
    pub secrets: bool,
    /// Their teams, and the repositories granted to them directly.
    pub grants: bool,
    /// At most so many robots.
    pub limit: Option<usize>,
}

/// What the actor gets to see of what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sight {
    secrets: bool,
    grants: bool,
}

/// The robots of a namespace.
#[derive(Debug)]
pub struct Listing {
    namespace: String,
    asked: Asked,
    owner: Option<(AccountId, Sight)>,
    ahead: Ahead<AccountId>,
}

impl Listing {
    /// Begins a list of the robots of a namespace: those that logged in last come first. Any member of an organization may list
    /// them, without secrets and grants.
    pub fn begin(app: &App, actor: &Actor, namespace: &str, asked: Asked) -> Result<Self, ServiceError> {
        app.store.read("robots", |tx| {
            let owner = sight(tx, actor, namespace, asked)?;
            let ahead = Ahead::new(match &owner {
                Some((owner, _)) => tx.robot_ids(owner.id, asked.limit)?,
                None => Vec::new(),
            });
            let owner = owner.map(|(owner, sight)| (owner.id, sight));
            Ok(Self { namespace: namespace.to_owned(), asked, owner, ahead })
        })
    }
}

impl listing::Listing for Listing {
    type Item = Listed;

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    fn next(&mut self, app: &App, actor: &Actor, each: &mut dyn FnMut(Listed)) -> Result<(), ServiceError> {
        let Some((owner, before)) = self.owner else { return Ok(()) };
        let ids = self.ahead.batch();
        let batch = app.store.read("robots", |tx| {
            let now = sight(tx, actor, &self.namespace, self.asked)?;
            if now.is_none_or(|(now, sight)| now.id != owner || sight != before) {
                return Err(actor.refusal());
            }
            let robots = tx.robots_by_id(owner, &ids)?;
            if !before.grants {
                return Ok((robots, None));
            }
            let grants = (tx.teams_of_accounts(owner, &ids)?, tx.repositories_of_accounts(owner, &ids)?);
            Ok((robots, Some(grants)))
        });
        let (mut robots, mut grants) = batch?;
        self.ahead.pass(&ids);
        for id in ids {
            let Some((robot, record)) = robots.remove(&id) else { continue };
            let secret = record.filter(|_| before.secrets).and_then(|record| unseal(app, id, Some(&record)));
            let grants = grants.as_mut().map(|(teams, repositories)| Grants {
                teams: teams.remove(&id).unwrap_or_default(),
                repositories: repositories.remove(&id).unwrap_or_default(),
            });
            each(Listed { robot, secret, grants });
        }
        Ok(())
    }
}

/// What the actor may see of a namespace's robots. A namespace that is not there has none, but only super-users are told.
fn sight(
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &str,
    asked: Asked,
) -> Result<Option<(Account, Sight)>, ServiceError> {
    let Some(owner) = find_namespace(tx, namespace)? else {
        actor.require_super_user(Mode::Read)?;
        return Ok(None);
    };
    let reads = actor.administers(tx, &owner, Mode::Read)?;
    if !reads {
        actor.require_scope(match owner.kind {
            AccountKind::Organization => OAuthScope::OrgAdmin,
            AccountKind::User | AccountKind::Robot => OAuthScope::UserAdmin,
        })?;
        if !actor.is_member(tx, &owner)? {
            return Err(actor.refusal());
        }
    }
    let secrets = asked.secrets && actor.administers(tx, &owner, Mode::Write)?;
    Ok(Some((owner, Sight { secrets, grants: asked.grants && reads })))
}

/// All robots of a namespace at once.
pub fn list(
    app: &App,
    actor: &Actor,
    namespace: &str,
    limit: Option<usize>,
) -> Result<Vec<Robot>, ServiceError> {
    let listing = Listing::begin(app, actor, namespace, Asked { limit, ..Asked::default() })?;
    Ok(listing::all(app, actor, listing)?.into_iter().map(|listed| listed.robot).collect())
}
