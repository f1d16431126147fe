//! Grants on repositories: to users and robots, and to teams.

use super::engine::{Columns, Value};
use super::repositories::{self, Repository, RepositoryId, read_repository};
use super::teams::TeamId;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::permission::Role;

/// Who holds a grant: decides the table that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// A user or a robot.
    Account(AccountId),
    /// A team.
    Team(TeamId),
}

impl Grantee {
    pub(super) const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Account(_) => ("repository_permission", "account_id"),
            Self::Team(_) => ("team_permission", "team_id"),
        }
    }

    pub(super) const fn id(self) -> i64 {
        match self {
            Self::Account(id) => id.0,
            Self::Team(id) => id.0,
        }
    }

    pub(super) fn deciding<'a>(self, repository: RepositoryId, role: Role) -> [Value<'a>; 3] {
        [self.id().into(), repository.0.into(), role.into()]
    }
}

impl Tx<'_> {
    /// The role that was granted directly; inherited ones are not counted.
    pub fn granted_role(
        &mut self,
        grantee: Grantee,
        repository: RepositoryId,
    ) -> Result<Option<Role>, StoreError> {
        let (table, column) = grantee.table();
        let found = self.first(
            &format!("SELECT role, mac FROM {table} WHERE {column} = $1 AND repository_id = $2"),
            &[grantee.id().into(), repository.0.into()],
            |columns| Ok((columns.take::<Role>()?, columns.take::<Vec<u8>>()?)),
        )?;
        Ok(found.and_then(|(role, mac)| self.genuine_role(grantee, repository, role, &mac)))
    }

    /// The role of a grant whose MAC is right.
    pub(super) fn genuine_role(
        &self,
        grantee: Grantee,
        repository: RepositoryId,
        role: Role,
        mac: &[u8],
    ) -> Option<Role> {
        self.is_genuine(grantee.table().0, &grantee.deciding(repository, role), mac).then_some(role)
    }

    /// Grants exactly `role`, whatever was granted before.
    pub fn grant(
        &mut self,
        grantee: Grantee,
        repository: RepositoryId,
        role: Role,
    ) -> Result<(), StoreError> {
        let (table, column) = grantee.table();
        let mac = self.mac(table, &grantee.deciding(repository, role));
        self.run(
            &format!(
                "INSERT INTO {table} ({column}, repository_id, role, mac) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT ({column}, repository_id) DO UPDATE SET role = excluded.role, mac = excluded.mac"
            ),
            &[grantee.id().into(), repository.0.into(), role.into(), (&mac).into()],
        )
        .map(drop)
    }

    /// Takes a grant back; `false` when there was none.
    pub fn revoke(&mut self, grantee: Grantee, repository: RepositoryId) -> Result<bool, StoreError> {
        let (table, column) = grantee.table();
        let changed = self.run(
            &format!("DELETE FROM {table} WHERE {column} = $1 AND repository_id = $2"),
            &[grantee.id().into(), repository.0.into()],
        )?;
        Ok(changed != 0)
    }

    /// What was granted to somebody directly, by repository name.
    pub fn grants_of(&mut self, grantee: Grantee) -> Result<Vec<(Repository, Role)>, StoreError> {
        let (table, column) = grantee.table();
        let columns = repositories::COLUMNS;
        let statement = format!(
            "SELECT {columns}, {table}.role, {table}.mac FROM {table} JOIN repository ON repository.id = {table}.repository_id \
             WHERE {table}.{column} = $1 ORDER BY repository.name"
        );
        let rows = self.all(&statement, &[grantee.id().into()], |columns| {
            let (repository, mac) = read_repository(columns)?;
            Ok((repository, mac, columns.take::<Role>()?, columns.take::<Vec<u8>>()?))
        })?;
        let genuine = |(repository, mac, role, grant): &(Repository, Vec<u8>, Role, Vec<u8>)| {
            self.repository_is_genuine(repository, mac)
                && self.is_genuine(table, &grantee.deciding(repository.id, *role), grant)
        };
        Ok(rows.into_iter().filter(genuine).map(|(repository, _, role, _)| (repository, role)).collect())
    }

    /// The ids of what was granted to somebody directly.
    pub fn granted_ids(&mut self, grantee: Grantee) -> Result<Vec<RepositoryId>, StoreError> {
        let (table, column) = grantee.table();
        let rows = self.all(
            &format!("SELECT repository_id, role, mac FROM {table} WHERE {column} = $1"),
            &[grantee.id().into()],
            |columns| {
                Ok((RepositoryId(columns.take()?), columns.take::<Role>()?, columns.take::<Vec<u8>>()?))
            },
        )?;
        let genuine = |(repository, role, mac): &(RepositoryId, Role, Vec<u8>)| {
            self.is_genuine(table, &grantee.deciding(*repository, *role), mac)
        };
        Ok(rows.into_iter().filter(genuine).map(|(repository, ..)| repository).collect())
    }

    /// The teams that a repository was granted to, by name.
    pub fn team_grantees(&mut self, repository: RepositoryId) -> Result<Vec<(String, Role)>, StoreError> {
        let rows = self.all(
            "SELECT team.id, team.name, team_permission.role, team_permission.mac FROM team_permission \
             JOIN team ON team.id = team_permission.team_id WHERE team_permission.repository_id = $1 ORDER BY team.name",
            &[repository.0.into()],
            |columns: &mut Columns<'_>| {
                Ok((TeamId(columns.take()?), columns.take::<String>()?, columns.take::<Role>()?, columns.take::<Vec<u8>>()?))
            },
        )?;
        let genuine = |(team, _, role, mac): &(TeamId, String, Role, Vec<u8>)| {
            self.is_genuine("team_permission", &Grantee::Team(*team).deciding(repository, *role), mac)
        };
        Ok(rows.into_iter().filter(genuine).map(|(_, name, role, _)| (name, role)).collect())
    }
}
