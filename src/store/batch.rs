//! Long lists, read a batch at a time: first the ids of all that is in them, in their order, and then, one transaction after the
//! other, what belongs to the next few.

use super::accounts::{Account, COLUMNS, read_account};
use super::engine::Value;
use super::permissions::Grantee;
use super::repositories::{COLUMNS as REPOSITORY, Repository, RepositoryId, read_repository};
use super::teams::{TEAM, Team, TeamId, read_team};
use super::{StoreError, Tx, is_genuine};
use crate::domain::caller::AccountId;
use crate::domain::permission::Role;
use std::collections::HashMap;

/// Entries of a list that are read at once where there may be a hundred thousand.
pub const BATCH: usize = 500;

/// `$2` to the last parameter of [`of`].
pub(super) fn placeholders() -> String {
    let names: Vec<String> = (2..BATCH + 2).map(|number| format!("${number}")).collect();
    names.join(", ")
}

/// What the list is of, and ids, always as many, so that there is one statement to prepare.
pub(super) fn of<T: Copy + Into<Value<'static>>>(whole: i64, ids: &[T]) -> Vec<Value<'static>> {
    let mut parameters = vec![Value::from(whole)];
    parameters.extend(ids.iter().take(BATCH).map(|id| (*id).into()));
    parameters.resize(BATCH + 1, Value::Null);
    parameters
}

impl Tx<'_> {
    /// Every user (robots left out) who sits in a team of an organization, by name. Whether it really does is told by
    /// [`Self::teams_of_accounts`].
    pub fn member_ids(&mut self, organization: AccountId) -> Result<Vec<AccountId>, StoreError> {
        self.all(
            "SELECT id FROM account WHERE kind = 'user' AND id IN (SELECT team_member.account_id FROM team \
             JOIN team_member ON team_member.team_id = team.id WHERE team.organization_id = $1) ORDER BY name",
            &[organization.into()],
            |columns| columns.take(),
        )
    }

    /// Every user (robots left out) who was granted a repository of a namespace directly, by name.
    pub fn granted_user_ids(&mut self, namespace: AccountId) -> Result<Vec<AccountId>, StoreError> {
        self.all(
            "SELECT id FROM account WHERE kind = 'user' AND id IN (SELECT repository_permission.account_id FROM repository \
             JOIN repository_permission ON repository_permission.repository_id = repository.id \
             WHERE repository.namespace_id = $1) ORDER BY name",
            &[namespace.into()],
            |columns| columns.take(),
        )
    }

    /// Who sits in a team, by name.
    pub fn team_member_ids(&mut self, team: TeamId) -> Result<Vec<AccountId>, StoreError> {
        self.all(
            "SELECT account.id FROM team_member JOIN account ON account.id = team_member.account_id \
             WHERE team_member.team_id = $1 ORDER BY account.name",
            &[team.0.into()],
            |columns| columns.take(),
        )
    }

    /// Whom a repository was granted to directly, by name. What was granted is told by [`Self::grants_by_id`].
    pub fn grantee_ids(&mut self, repository: RepositoryId) -> Result<Vec<AccountId>, StoreError> {
        self.all(
            "SELECT account.id FROM repository_permission \
             JOIN account ON account.id = repository_permission.account_id \
             WHERE repository_permission.repository_id = $1 ORDER BY account.name",
            &[repository.0.into()],
            |columns| columns.take(),
        )
    }

    /// What somebody was granted directly, by the repositories' names. What was granted is told by [`Self::grants_on`].
    pub fn granted_repository_ids(&mut self, grantee: Grantee) -> Result<Vec<RepositoryId>, StoreError> {
        let (table, column) = grantee.table();
        let statement = format!(
            "SELECT repository.id FROM {table} JOIN repository ON repository.id = {table}.repository_id \
             WHERE {table}.{column} = $1 ORDER BY repository.name"
        );
        self.all(&statement, &[grantee.id().into()], |columns| columns.take().map(RepositoryId))
    }

    /// Repositories that somebody was granted directly, with the role, at most [`BATCH`].
    pub fn grants_on(
        &mut self,
        grantee: Grantee,
        ids: &[RepositoryId],
    ) -> Result<HashMap<RepositoryId, (Repository, Role)>, StoreError> {
        let (table, column) = grantee.table();
        let statement = format!(
            "SELECT {REPOSITORY}, {table}.role, {table}.mac FROM {table} \
             JOIN repository ON repository.id = {table}.repository_id \
             WHERE {table}.{column} = $1 AND {table}.repository_id IN ({})",
            placeholders()
        );
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let (rows, mut found) = (self.rows, HashMap::with_capacity(ids.len()));
        self.sql.query(&statement, &of(grantee.id(), &ids), &mut |columns| {
            let (repository, mac) = read_repository(columns)?;
            let role = columns.take()?;
            let grant: Vec<u8> = columns.take()?;
            if is_genuine(rows, "repository", &repository.deciding(), &mac)
                && is_genuine(rows, table, &grantee.deciding(repository.id, role), &grant)
            {
                found.insert(repository.id, (repository, role));
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Accounts by their ids, at most [`BATCH`].
    pub fn accounts_by_id(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, Account>, StoreError> {
        // Nothing narrows them further, so the first parameter is one more id.
        let statement = format!("SELECT {COLUMNS} FROM account WHERE id IN ($1, {})", placeholders());
        let rows = self.all(&statement, &of(0, ids), read_account)?;
        let genuine = self.genuine_accounts(rows).into_iter();
        Ok(genuine.map(|account| (account.id, account)).collect())
    }

    /// What a repository was granted as to accounts directly, at most [`BATCH`] accounts.
    pub fn grants_by_id(
        &mut self,
        repository: RepositoryId,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, Role>, StoreError> {
        let statement = format!(
            "SELECT account_id, role, mac FROM repository_permission WHERE repository_id = $1 AND account_id IN ({})",
            placeholders()
        );
        let (rows, mut found) = (self.rows, HashMap::with_capacity(ids.len()));
        self.sql.query(&statement, &of(repository.0, ids), &mut |columns| {
            let (account, role) = (columns.take()?, columns.take()?);
            let deciding = Grantee::Account(account).deciding(repository, role);
            if is_genuine(rows, "repository_permission", &deciding, columns.take()?) {
                found.insert(account, role);
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// The teams of an organization that accounts sit in, at most [`BATCH`] accounts, for each by name.
    pub fn teams_of_accounts(
        &mut self,
        owner: AccountId,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, Vec<Team>>, StoreError> {
        let statement = format!(
            "SELECT {TEAM}, team_member.account_id, team_member.mac FROM team_member \
             JOIN team ON team.id = team_member.team_id \
             WHERE team.organization_id = $1 AND team_member.account_id IN ({}) ORDER BY team.name",
            placeholders()
        );
        let (rows, mut found) = (self.rows, HashMap::<_, Vec<_>>::new());
        self.sql.query(&statement, &of(owner.0, ids), &mut |columns| {
            let (team, mac) = read_team(columns)?;
            let account: AccountId = columns.take()?;
            if is_genuine(rows, "team", &team.deciding(), &mac)
                && is_genuine(rows, "team_member", &[account.into(), team.id.0.into()], columns.take()?)
            {
                found.entry(account).or_default().push(team);
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// The names of the repositories of a namespace that were granted to accounts directly, at most [`BATCH`] accounts, for each
    /// in the order of their making.
    pub fn repositories_of_accounts(
        &mut self,
        owner: AccountId,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, Vec<String>>, StoreError> {
        let statement = format!(
            "SELECT repository_permission.account_id, repository_permission.repository_id, repository_permission.role, \
             repository_permission.mac, repository.name FROM repository_permission \
             JOIN repository ON repository.id = repository_permission.repository_id \
             WHERE repository.namespace_id = $1 AND repository_permission.account_id IN ({}) \
             ORDER BY repository_permission.account_id, repository_permission.repository_id",
            placeholders()
        );
        let (rows, mut found) = (self.rows, HashMap::<_, Vec<_>>::new());
        self.sql.query(&statement, &of(owner.0, ids), &mut |columns| {
            let (account, repository) = (columns.take()?, RepositoryId(columns.take()?));
            let deciding = Grantee::Account(account).deciding(repository, columns.take()?);
            if is_genuine(rows, "repository_permission", &deciding, columns.take()?) {
                found.entry(account).or_default().push(columns.take()?);
            }
            Ok(true)
        })?;
        Ok(found)
    }
}
