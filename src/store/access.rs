//! The one read of a token request: the caller's standing and what is stored about each repository asked for.

use super::accounts::{Account, AccountKind, COLUMNS, read_account};
use super::permissions::Grantee;
use super::robots::{SECRET_COLUMNS, SecretRecord, read_secret};
use super::teams::Team;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::decide::{Authority, Facts, NamespaceFacts, RepositoryFacts};
use crate::domain::name::{RepositoryName, RobotName};
use crate::domain::permission::{Role, TeamRole};

/// What is needed to check a robot's login.
#[derive(Clone, Debug)]
pub struct RobotLogin {
    /// The robot's account.
    pub robot: Account,
    /// Its owner's account. A robot of a disabled owner cannot log in.
    pub owner: Account,
    /// Its secret. `None` when no secret can be right, because the row is missing or was altered.
    pub secret: Option<SecretRecord>,
}

impl Tx<'_> {
    /// Finds a robot together with its owner and its newest secret.
    pub fn robot_login(&mut self, name: &RobotName) -> Result<Option<RobotLogin>, StoreError> {
        let Some(robot) = self.account_by_name(name.as_str())? else {
            return Ok(None);
        };
        let owner = match robot.owner {
            Some(owner) => self.account_by_id(owner)?,
            None => None,
        };
        // The MAC of the owner's row ties its name to its id: a robot moved below another owner is not found.
        let Some(owner) = owner.filter(|owner| owner.name == name.namespace().as_str()) else {
            return Ok(None);
        };
        let statement = format!(
            "SELECT {SECRET_COLUMNS} FROM robot_secret WHERE robot_id = $1 ORDER BY generation DESC LIMIT 1"
        );
        let found = self.first(&statement, &[robot.id.into()], read_secret)?;
        let secret = found
            .filter(|(secret, mac)| self.is_genuine("robot_secret", &secret.deciding(robot.id), mac))
            .map(|(secret, _)| secret);
        Ok(Some(RobotLogin { robot, owner, secret }))
    }

    /// What the decider needs to know about a repository for a caller (`None`: the anonymous). `teams` are the caller's
    /// ([`Self::teams_of`]), read once for all repositories.
    pub fn facts(
        &mut self,
        caller: Option<AccountId>,
        teams: &[Team],
        name: &RepositoryName,
    ) -> Result<Facts, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM account WHERE name = $1 AND kind <> 'robot'");
        let found = self.first(&statement, &[name.namespace().as_str().into()], read_account)?;
        let Some((namespace, _)) = found.filter(|(account, mac)| self.account_is_genuine(account, mac))
        else {
            return Ok(Facts::default());
        };
        let authority = caller.map_or(Authority::None, |caller| authority(caller, teams, &namespace));
        let repository = match self.repository(namespace.id, name.name())? {
            None => None,
            Some(repository) => {
                let mut role: Option<Role> = None;
                if let Some(caller) = caller {
                    role = self.granted_role(Grantee::Account(caller), repository.id)?;
                    for team in teams.iter().filter(|team| team.organization == namespace.id) {
                        role = role.max(self.granted_role(Grantee::Team(team.id), repository.id)?);
                    }
                }
                Some(RepositoryFacts {
                    visibility: repository.visibility,
                    state: repository.state,
                    mirror_robot: repository.mirror_robot,
                    role,
                })
            }
        };
        let namespace = NamespaceFacts { id: namespace.id, enabled: namespace.enabled, authority };
        Ok(Facts { namespace: Some(namespace), repository })
    }
}

/// What an account may do in a namespace: everything in its own, and what its teams' roles say in an organization.
pub fn authority(caller: AccountId, teams: &[Team], namespace: &Account) -> Authority {
    if namespace.kind == AccountKind::User {
        return if namespace.id == caller { Authority::Admin } else { Authority::None };
    }
    let by_role = |team: &Team| match team.role {
        TeamRole::Member => Authority::None,
        TeamRole::Creator => Authority::Creator,
        TeamRole::Admin => Authority::Admin,
    };
    teams.iter().filter(|team| team.organization == namespace.id).map(by_role).max().unwrap_or_default()
}
