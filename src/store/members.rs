//! Who belongs to an organization: read for all of it at once, because an organization may have thousands of people.

use super::accounts::{self, Account, read_account};
use super::permissions::Grantee;
use super::repositories::{self, Repository, read_repository};
use super::teams::TeamId;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::permission::Role;

/// How much belongs to a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TeamCounts {
    /// Accounts that sit in it.
    pub members: i64,
    /// Repositories granted to it.
    pub repositories: i64,
}

impl Tx<'_> {
    /// Which users (robots left out) sit in which teams of an organization, by name.
    pub fn memberships(&mut self, organization: AccountId) -> Result<Vec<(Account, TeamId)>, StoreError> {
        let columns = accounts::COLUMNS;
        let statement = format!(
            "SELECT {columns}, team_member.team_id, team_member.mac FROM team \
             JOIN team_member ON team_member.team_id = team.id \
             JOIN account ON account.id = team_member.account_id \
             WHERE team.organization_id = $1 AND account.kind = 'user' ORDER BY account.name, team.name"
        );
        let rows = self.all(&statement, &[organization.into()], |columns| {
            let (account, mac) = read_account(columns)?;
            Ok((account, mac, columns.take::<i64>()?, columns.take::<Vec<u8>>()?))
        })?;
        let genuine = |(account, mac, team, member): &(Account, Vec<u8>, i64, Vec<u8>)| {
            self.account_is_genuine(account, mac)
                && self.is_genuine("team_member", &[account.id.into(), (*team).into()], member)
        };
        Ok(rows.into_iter().filter(genuine).map(|(account, _, team, _)| (account, TeamId(team))).collect())
    }

    /// Which repositories of a namespace were granted to which users (robots left out) directly, by the user's name and the
    /// repository's.
    pub fn user_grants(&mut self, namespace: AccountId) -> Result<Vec<(Account, Repository)>, StoreError> {
        let (account, repository) = (accounts::COLUMNS, repositories::COLUMNS);
        let statement = format!(
            "SELECT {account}, {repository}, repository_permission.role, repository_permission.mac FROM repository \
             JOIN repository_permission ON repository_permission.repository_id = repository.id \
             JOIN account ON account.id = repository_permission.account_id \
             WHERE repository.namespace_id = $1 AND account.kind = 'user' ORDER BY account.name, repository.name"
        );
        let rows = self.all(&statement, &[namespace.into()], |columns| {
            let (account, repository) = (read_account(columns)?, read_repository(columns)?);
            Ok((account, repository, columns.take::<Role>()?, columns.take::<Vec<u8>>()?))
        })?;
        let mut found = Vec::with_capacity(rows.len());
        for ((account, account_mac), (repository, repository_mac), role, mac) in rows {
            let deciding = Grantee::Account(account.id).deciding(repository.id, role);
            if self.account_is_genuine(&account, &account_mac)
                && self.repository_is_genuine(&repository, &repository_mac)
                && self.is_genuine("repository_permission", &deciding, &mac)
            {
                found.push((account, repository));
            }
        }
        Ok(found)
    }

    /// How much belongs to each team of an organization, by the team's id. For show: nothing is decided by it.
    pub fn team_counts(&mut self, organization: AccountId) -> Result<Vec<(TeamId, TeamCounts)>, StoreError> {
        self.all(
            "SELECT team.id, \
             (SELECT count(*) FROM team_member WHERE team_member.team_id = team.id), \
             (SELECT count(*) FROM team_permission WHERE team_permission.team_id = team.id) \
             FROM team WHERE team.organization_id = $1 ORDER BY team.id",
            &[organization.into()],
            |columns| {
                let (id, members, repositories) = (columns.take()?, columns.take()?, columns.take()?);
                Ok((TeamId(id), TeamCounts { members, repositories }))
            },
        )
    }
}
