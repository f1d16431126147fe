//! What a robot or a team was granted directly: in the largest organizations, a hundred thousand repositories.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing::{Ahead, Listing};
use super::{robots, teams};
use crate::domain::permission::Role;
use crate::store::Tx;
use crate::store::permissions::Grantee;
use crate::store::repositories::{Repository, RepositoryId};

/// Whose grants are listed.
#[derive(Clone, Debug)]
pub enum Holder {
    /// A robot, by its namespace and its short name.
    Robot(String, String),
    /// A team, by its organization and its name.
    Team(String, String),
}

impl Holder {
    /// Finds a holder whose namespace the actor administers.
    fn find(&self, tx: &mut Tx<'_>, actor: &Actor) -> Result<Grantee, ServiceError> {
        match self {
            Self::Robot(namespace, short) => {
                let owner = robots::administered(tx, actor, namespace, Mode::Read)?;
                Ok(Grantee::Account(robots::find(tx, &owner, short)?.account.id))
            }
            Self::Team(organization, team) => {
                let organization = teams::organization(tx, actor, organization, Mode::Read)?;
                Ok(Grantee::Team(teams::find(tx, &organization, team)?.id))
            }
        }
    }
}

/// The repositories that somebody was granted directly, by name, each with the role on it.
#[derive(Debug)]
pub struct Grants {
    holder: Holder,
    grantee: Grantee,
    ahead: Ahead<RepositoryId>,
}

impl Grants {
    /// Begins the list.
    pub fn begin(app: &App, actor: &Actor, holder: Holder) -> Result<Self, ServiceError> {
        let begun: Result<_, ServiceError> = app.store.read("grants", |tx| {
            let grantee = holder.find(tx, actor)?;
            Ok((grantee, Ahead::new(tx.granted_repository_ids(grantee)?)))
        });
        let (grantee, ahead) = begun?;
        Ok(Self { holder, grantee, ahead })
    }
}

impl Listing for Grants {
    type Item = (Repository, Role);

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    fn next(
        &mut self,
        app: &App,
        actor: &Actor,
        each: &mut dyn FnMut((Repository, Role)),
    ) -> Result<(), ServiceError> {
        let ids = self.ahead.batch();
        let read: Result<_, ServiceError> = app.store.read("grants", |tx| {
            // Another of the same name is not who was asked about.
            if self.holder.find(tx, actor)? != self.grantee {
                return Err(actor.refusal());
            }
            Ok(tx.grants_on(self.grantee, &ids)?)
        });
        let mut grants = read?;
        self.ahead.pass(&ids);
        ids.iter().filter_map(|id| grants.remove(id)).for_each(each);
        Ok(())
    }
}
