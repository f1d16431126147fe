//! How much belongs to the teams of an organization.

use super::teams::TeamId;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;

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
}
