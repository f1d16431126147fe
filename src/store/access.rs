//! The one read of a token request: the caller's standing and what is stored about each repository asked for.

use super::accounts::{self, Account, AccountKind};
use super::engine::{Columns, Value};
use super::permissions::Grantee;
use super::repositories::{self, read_repository};
use super::robots::{LOGIN_COLUMNS, LoginSecret, read_login_secret};
use super::teams::Team;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::decide::{Authority, Facts, NamespaceFacts, RepositoryFacts};
use crate::domain::name::{RepositoryName, RobotName};
use crate::domain::permission::{Role, TeamRole};
use std::sync::{Arc, LazyLock};

/// What is needed to check a robot's login.
#[derive(Clone, Debug)]
pub struct RobotLogin {
    /// The robot.
    pub id: AccountId,
    /// Whether it may log in at all.
    pub enabled: bool,
    /// Whom it belongs to. A robot of a disabled owner cannot log in.
    pub owner: Arc<Owner>,
    /// Its secret. `None` when no secret can be right, because the row was altered.
    pub secret: Option<LoginSecret>,
    /// Whether it sits in any team: most do not, and are spared the look.
    pub in_teams: bool,
}

/// A namespace: what of its account decides about the robots and repositories in it, and nothing else, so that this can be
/// kept while the rest changes ([`memo`](super::memo)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub id: AccountId,
    /// A user or an organization.
    pub kind: AccountKind,
    /// Its name.
    pub name: String,
    /// Whether anything in it is granted.
    pub enabled: bool,
}

impl From<&Account> for Owner {
    fn from(account: &Account) -> Self {
        Self { id: account.id, kind: account.kind, name: account.name.clone(), enabled: account.enabled }
    }
}

/// Robot and secret in one statement: this is the statement that every pull by a robot runs.
static ROBOT_LOGIN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT account.id, account.owner_id, account.enabled, account.mac, {LOGIN_COLUMNS}, \
         EXISTS (SELECT 1 FROM team_member WHERE team_member.account_id = account.id) \
         FROM account JOIN robot_secret ON robot_secret.robot_id = account.id \
         WHERE account.name = $1"
    )
});

/// A repository and what was granted on it to one account directly.
static REPOSITORY_ACCESS: LazyLock<String> = LazyLock::new(|| {
    let columns = repositories::COLUMNS;
    format!(
        "SELECT {columns}, repository_permission.role, repository_permission.mac FROM repository \
         LEFT JOIN repository_permission ON repository_permission.account_id = $1 \
         AND repository_permission.repository_id = repository.id \
         WHERE repository.namespace_id = $2 AND repository.name = $3"
    )
});

const OWNER: &str = "SELECT id, kind, name, enabled, mac FROM account WHERE owner_id IS NULL AND id = $1";

const NAMESPACE: &str =
    "SELECT id, kind, name, enabled, mac FROM account WHERE owner_id IS NULL AND name = $1";

impl Tx<'_> {
    /// Finds a robot together with its owner and its secret.
    pub fn robot_login(&mut self, name: &RobotName) -> Result<Option<Arc<RobotLogin>>, StoreError> {
        if let Some(login) = self.known.and_then(|known| known.robot(name.as_str())) {
            return Ok(Some(login));
        }
        let found = self.first(&ROBOT_LOGIN, &[name.as_str().into()], |columns| {
            let robot: (AccountId, Option<AccountId>, bool, Vec<u8>) =
                (columns.take()?, columns.take()?, columns.take()?, columns.take()?);
            Ok((robot, read_login_secret(columns)?, columns.take::<bool>()?))
        })?;
        let Some(((id, Some(owner), enabled, mac), (secret, secret_mac), in_teams)) = found else {
            return Ok(None);
        };
        let robot = accounts::deciding(id, AccountKind::Robot, name.as_str(), Some(owner), enabled);
        if !self.is_genuine("account", &robot, &mac) {
            return Ok(None);
        }
        // The owner's MAC ties its name to its id: a robot that was moved below another owner is not found.
        let Some(owner) = self.owner(owner)?.filter(|owner| name.is_in(&owner.name)) else { return Ok(None) };
        let secret_is_genuine = self.is_genuine("robot_secret", &secret.deciding(id), &secret_mac);
        let secret = secret_is_genuine.then_some(secret);
        let login = Arc::new(RobotLogin { id, enabled, owner, secret, in_teams });
        if let Some(known) = self.known {
            known.note_robot(name.as_str(), &login);
        }
        Ok(Some(login))
    }

    /// An account that robots belong to. There are far fewer of them than robots.
    fn owner(&mut self, id: AccountId) -> Result<Option<Arc<Owner>>, StoreError> {
        if let Some(owner) = self.known.and_then(|known| known.owner(id)) {
            return Ok(Some(owner));
        }
        let owner = self.owner_by(OWNER, id.into())?.map(Arc::new);
        if let (Some(owner), Some(known)) = (&owner, self.known) {
            known.note_owner(owner);
        }
        Ok(owner)
    }

    fn owner_by(&mut self, statement: &str, key: Value<'_>) -> Result<Option<Owner>, StoreError> {
        let found = self.first(statement, &[key], |columns: &mut Columns<'_>| {
            let (id, kind, name, enabled) =
                (columns.take()?, columns.take()?, columns.take()?, columns.take()?);
            Ok((Owner { id, kind, name, enabled }, columns.take::<Vec<u8>>()?))
        })?;
        let genuine = |(owner, mac): &(Owner, Vec<u8>)| {
            let deciding = accounts::deciding(owner.id, owner.kind, &owner.name, None, owner.enabled);
            self.is_genuine("account", &deciding, mac)
        };
        Ok(found.filter(genuine).map(|(owner, _)| owner))
    }

    /// What the decider needs to know about a repository for a caller (`None`: the anonymous). `teams` are the caller's
    /// ([`Self::teams_of`]), read once for all repositories; `known` is a namespace that this transaction has read already.
    pub fn facts(
        &mut self,
        caller: Option<AccountId>,
        teams: &[Team],
        known: Option<&Owner>,
        name: &RepositoryName,
    ) -> Result<Facts, StoreError> {
        let read;
        let namespace = if let Some(known) = known.filter(|known| known.name == name.namespace().as_str()) {
            known
        } else {
            let found = self.owner_by(NAMESPACE, name.namespace().as_str().into())?;
            let Some(namespace) = found else { return Ok(Facts::default()) };
            read = namespace;
            &read
        };
        let authority =
            caller.map_or(Authority::None, |caller| authority(caller, teams, namespace.kind, namespace.id));
        let repository = if teams.is_empty() {
            self.own_repository_facts(caller, namespace.id, name.name())?
        } else {
            self.repository_facts(caller, teams, namespace.id, name.name())?
        };
        let namespace = NamespaceFacts { id: namespace.id, enabled: namespace.enabled, authority };
        Ok(Facts { namespace: Some(namespace), repository })
    }

    /// As [`Self::repository_facts`] for whoever is in no team: nearly every robot. Read once.
    fn own_repository_facts(
        &mut self,
        caller: Option<AccountId>,
        namespace: AccountId,
        name: &str,
    ) -> Result<Option<RepositoryFacts>, StoreError> {
        let look = (caller, namespace);
        if let Some(facts) = self.known.and_then(|known| known.repository(look, name)) {
            return Ok(Some(facts));
        }
        let facts = self.repository_facts(caller, &[], namespace, name)?;
        if let (Some(facts), Some(known)) = (facts, self.known) {
            known.note_repository(look, name, facts);
        }
        Ok(facts)
    }

    fn repository_facts(
        &mut self,
        caller: Option<AccountId>,
        teams: &[Team],
        namespace: AccountId,
        name: &str,
    ) -> Result<Option<RepositoryFacts>, StoreError> {
        let parameters: [Value<'_>; 3] = [caller.into(), namespace.into(), name.into()];
        let found = self.first(&REPOSITORY_ACCESS, &parameters, |columns| {
            let repository = read_repository(columns)?;
            Ok((repository, columns.take::<Option<Role>>()?, columns.take::<Option<Vec<u8>>>()?))
        })?;
        let genuine = found.filter(|((repository, mac), ..)| self.repository_is_genuine(repository, mac));
        let Some(((repository, _), granted, mac)) = genuine else { return Ok(None) };
        let mut role = match (caller, granted, mac) {
            (Some(caller), Some(role), Some(mac)) => {
                self.genuine_role(Grantee::Account(caller), repository.id, role, &mac)
            }
            _ => None,
        };
        for team in teams.iter().filter(|team| team.organization == namespace) {
            role = role.max(self.granted_role(Grantee::Team(team.id), repository.id)?);
        }
        Ok(Some(RepositoryFacts {
            visibility: repository.visibility,
            state: repository.state,
            mirror_robot: repository.mirror_robot,
            role,
        }))
    }
}

/// What an account may do in a namespace: everything in its own, and what its teams' roles say in an organization.
pub fn authority(caller: AccountId, teams: &[Team], kind: AccountKind, namespace: AccountId) -> Authority {
    if kind == AccountKind::User {
        return if namespace == caller { Authority::Admin } else { Authority::None };
    }
    let by_role = |team: &Team| match team.role {
        TeamRole::Member => Authority::None,
        TeamRole::Creator => Authority::Creator,
        TeamRole::Admin => Authority::Admin,
    };
    teams.iter().filter(|team| team.organization == namespace).map(by_role).max().unwrap_or_default()
}
