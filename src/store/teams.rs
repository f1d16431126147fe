//! Teams of an organization and who sits in them.

use super::accounts::{Account, COLUMNS, end_of_prefix, read_account};
use super::engine::{Columns, Value};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::permission::TeamRole;

/// A team's row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamId(pub i64);

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its row id.
    pub id: TeamId,
    /// Its organization.
    pub organization: AccountId,
    /// Its name inside the organization.
    pub name: String,
    /// What its members may do in the organization.
    pub role: TeamRole,
    /// What people wrote about it.
    pub description: String,
}

impl Team {
    pub(super) fn deciding(&self) -> [Value<'_>; 3] {
        [self.id.0.into(), self.organization.into(), self.role.into()]
    }
}

pub(super) const TEAM: &str =
    "team.id, team.organization_id, team.name, team.role, team.description, team.mac";

pub(super) fn read_team(columns: &mut Columns<'_>) -> Result<(Team, Vec<u8>), StoreError> {
    let team = Team {
        id: TeamId(columns.take()?),
        organization: columns.take()?,
        name: columns.take()?,
        role: columns.take()?,
        description: columns.take()?,
    };
    Ok((team, columns.take()?))
}

impl Tx<'_> {
    fn teams_where(&mut self, condition: &str, parameters: &[Value<'_>]) -> Result<Vec<Team>, StoreError> {
        let statement = format!("SELECT {TEAM} FROM team {condition}");
        let rows = self.all(&statement, parameters, read_team)?;
        let genuine = |(team, mac): &(Team, Vec<u8>)| self.is_genuine("team", &team.deciding(), mac);
        Ok(rows.into_iter().filter(genuine).map(|(team, _)| team).collect())
    }

    /// The team of an organization with this name.
    pub fn team(&mut self, organization: AccountId, name: &str) -> Result<Option<Team>, StoreError> {
        let condition = "WHERE organization_id = $1 AND name = $2";
        Ok(self.teams_where(condition, &[organization.into(), name.into()])?.pop())
    }

    /// Every team of an organization, by name.
    pub fn teams(&mut self, organization: AccountId) -> Result<Vec<Team>, StoreError> {
        self.teams_where("WHERE organization_id = $1 ORDER BY name", &[organization.into()])
    }

    /// The teams of an organization whose names start with `prefix`, by name, at most `limit`.
    pub fn teams_named(
        &mut self,
        organization: AccountId,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<Team>, StoreError> {
        let condition = "WHERE organization_id = $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4";
        let (end, limit) = (end_of_prefix(prefix), i64::try_from(limit).unwrap_or(i64::MAX));
        self.teams_where(condition, &[organization.into(), prefix.into(), (&end).into(), limit.into()])
    }

    /// The teams that an account sits in, by name. A membership whose row was altered does not count.
    pub fn teams_of(&mut self, account: AccountId) -> Result<Vec<Team>, StoreError> {
        let statement = format!(
            "SELECT {TEAM}, team_member.mac FROM team_member JOIN team ON team.id = team_member.team_id \
             WHERE team_member.account_id = $1 ORDER BY team.name"
        );
        let rows = self.all(&statement, &[account.into()], |columns| {
            let (team, mac) = read_team(columns)?;
            Ok((team, mac, columns.take::<Vec<u8>>()?))
        })?;
        let genuine = |(team, mac, member): &(Team, Vec<u8>, Vec<u8>)| {
            self.is_genuine("team", &team.deciding(), mac)
                && self.is_genuine("team_member", &[account.into(), team.id.0.into()], member)
        };
        Ok(rows.into_iter().filter(genuine).map(|(team, ..)| team).collect())
    }

    /// Makes a team. The name must be free in the organization.
    pub fn insert_team(
        &mut self,
        organization: AccountId,
        name: &str,
        role: TeamRole,
        description: &str,
    ) -> Result<Team, StoreError> {
        let id = self.insert(
            "INSERT INTO team (organization_id, name, role, description, mac) VALUES ($1, $2, $3, $4, x'') RETURNING id",
            &[organization.into(), name.into(), role.into(), description.into()],
        )?;
        let team = Team {
            id: TeamId(id),
            organization,
            name: name.to_owned(),
            role,
            description: description.to_owned(),
        };
        self.update_team(&team)?;
        Ok(team)
    }

    /// Writes a team's role and description.
    pub fn update_team(&mut self, team: &Team) -> Result<(), StoreError> {
        let mac = self.mac("team", &team.deciding());
        self.run(
            "UPDATE team SET role = $1, description = $2, mac = $3 WHERE id = $4",
            &[team.role.into(), (&team.description).into(), (&mac).into(), team.id.0.into()],
        )
        .map(drop)
    }

    /// Deletes a team with its memberships and grants.
    pub fn delete_team(&mut self, team: TeamId) -> Result<(), StoreError> {
        self.run("DELETE FROM team WHERE id = $1", &[team.0.into()]).map(drop)
    }

    /// Puts an account into a team; `false` when it was there already.
    pub fn insert_member(&mut self, team: TeamId, account: AccountId) -> Result<bool, StoreError> {
        let mac = self.mac("team_member", &[account.into(), team.0.into()]);
        let changed = self.run(
            "INSERT INTO team_member (account_id, team_id, mac) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[account.into(), team.0.into(), (&mac).into()],
        )?;
        Ok(changed != 0)
    }

    /// Takes an account out of a team; `false` when it was not in it.
    pub fn delete_member(&mut self, team: TeamId, account: AccountId) -> Result<bool, StoreError> {
        let changed = self.run(
            "DELETE FROM team_member WHERE account_id = $1 AND team_id = $2",
            &[account.into(), team.0.into()],
        )?;
        Ok(changed != 0)
    }

    /// Who sits in a team, by name.
    pub fn members(&mut self, team: TeamId) -> Result<Vec<Account>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM team_member JOIN account ON account.id = team_member.account_id \
             WHERE team_member.team_id = $1 ORDER BY account.name"
        );
        let rows = self.all(&statement, &[team.0.into()], read_account)?;
        Ok(self.genuine_accounts(rows))
    }

    /// How many accounts sit in a team.
    pub fn member_count(&mut self, team: TeamId) -> Result<i64, StoreError> {
        let counted =
            self.first("SELECT count(*) FROM team_member WHERE team_id = $1", &[team.0.into()], |columns| {
                columns.take()
            })?;
        Ok(counted.unwrap_or_default())
    }
}
