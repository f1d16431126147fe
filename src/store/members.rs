//! What belongs to the teams of an organization, taken together.

use super::accounts::{COLUMNS, read_account};
use super::teams::{TEAM, TeamId, read_team};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;

/// How many members are looked at with one statement.
const AT_A_TIME: usize = 10;

/// How much belongs to a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TeamCounts {
    /// Accounts that sit in it.
    pub members: i64,
    /// Repositories granted to it.
    pub repositories: i64,
}

impl Tx<'_> {
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

    /// Whether any person sits in a team of an organization with the role `admin`.
    pub fn has_administrator(&mut self, organization: AccountId) -> Result<bool, StoreError> {
        self.any_administrator(organization, AccountId(0), false)
    }

    /// Whether any person but this one does who could also sign in.
    pub fn has_other_administrator(
        &mut self,
        organization: AccountId,
        but: AccountId,
    ) -> Result<bool, StoreError> {
        self.any_administrator(organization, but, true)
    }

    /// The first person that is looked at settles it, unless its rows were altered; and no more than [`AT_A_TIME`] are held.
    fn any_administrator(
        &mut self,
        organization: AccountId,
        but: AccountId,
        enabled: bool,
    ) -> Result<bool, StoreError> {
        let statement = format!(
            "SELECT {TEAM}, team_member.mac, {COLUMNS} FROM team \
             JOIN team_member ON team_member.team_id = team.id JOIN account ON account.id = team_member.account_id \
             WHERE team.organization_id = $1 AND team.role = 'admin' \
             AND account.kind = 'user' AND account.id <> $2 AND account.enabled >= $3 \
             AND (team.name > $4 OR (team.name = $4 AND team_member.account_id > $5)) \
             ORDER BY team.name, team_member.account_id LIMIT {AT_A_TIME}"
        );
        let mut after = (String::new(), AccountId(0));
        loop {
            let values = [organization.into(), but.into(), enabled.into(), (&after.0).into(), after.1.into()];
            let rows = self.all(&statement, &values, |columns| {
                let (team, team_mac) = read_team(columns)?;
                let member_mac: Vec<u8> = columns.take()?;
                let (account, account_mac) = read_account(columns)?;
                Ok((team, team_mac, member_mac, account, account_mac))
            })?;
            let found = rows.iter().any(|(team, team_mac, member_mac, account, account_mac)| {
                self.is_genuine("team", &team.deciding(), team_mac)
                    && self.is_genuine("team_member", &[account.id.into(), team.id.0.into()], member_mac)
                    && self.account_is_genuine(account, account_mac)
            });
            let full = rows.len() >= AT_A_TIME;
            match rows.into_iter().next_back() {
                Some((team, _, _, account, _)) if full && !found => after = (team.name, account.id),
                _ => return Ok(found),
            }
        }
    }
}
