//! Grants that a repository gets when it is created in an organization: Quay's default permissions, "prototypes".

use super::engine::{Columns, Value};
use super::permissions::Grantee;
use super::teams::TeamId;
use super::{StoreError, Tx, batch};
use crate::domain::caller::AccountId;
use crate::domain::permission::Role;

/// A default permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultPermission {
    /// How the API names it.
    pub uuid: String,
    /// Its organization.
    pub organization: AccountId,
    /// It applies to repositories that this account creates; `None`: to those that anybody creates.
    pub activating: Option<AccountId>,
    /// Who is granted.
    pub delegate: Grantee,
    /// What is granted.
    pub role: Role,
}

impl DefaultPermission {
    fn delegate_ids(&self) -> (Option<AccountId>, Option<i64>) {
        match self.delegate {
            Grantee::Account(account) => (Some(account), None),
            Grantee::Team(team) => (None, Some(team.0)),
        }
    }

    fn deciding(&self) -> [Value<'_>; 6] {
        let (account, team) = self.delegate_ids();
        [
            (&self.uuid).into(),
            self.organization.into(),
            self.activating.into(),
            account.into(),
            team.into(),
            self.role.into(),
        ]
    }
}

fn read(columns: &mut Columns<'_>) -> Result<(Option<DefaultPermission>, Vec<u8>), StoreError> {
    let (uuid, organization, activating) = (columns.take()?, columns.take()?, columns.take()?);
    let (account, team): (Option<AccountId>, Option<i64>) = (columns.take()?, columns.take()?);
    let role = columns.take()?;
    let delegate = match (account, team) {
        (Some(account), None) => Some(Grantee::Account(account)),
        (None, Some(team)) => Some(Grantee::Team(TeamId(team))),
        _ => None,
    };
    let permission =
        delegate.map(|delegate| DefaultPermission { uuid, organization, activating, delegate, role });
    Ok((permission, columns.take()?))
}

impl Tx<'_> {
    /// Every default permission of an organization, oldest first.
    pub fn default_permissions(
        &mut self,
        organization: AccountId,
    ) -> Result<Vec<DefaultPermission>, StoreError> {
        self.default_permissions_where("organization_id = $1 ORDER BY id", &[organization.into()])
    }

    /// The row ids of the default permissions of an organization, oldest first.
    pub fn default_permission_ids(&mut self, organization: AccountId) -> Result<Vec<i64>, StoreError> {
        let statement = "SELECT id FROM default_permission WHERE organization_id = $1 ORDER BY id";
        self.all(statement, &[organization.into()], |columns| columns.take())
    }

    /// Default permissions of an organization by their row ids, at most [`BATCH`](batch::BATCH), oldest first.
    pub fn default_permissions_by_id(
        &mut self,
        organization: AccountId,
        ids: &[i64],
    ) -> Result<Vec<DefaultPermission>, StoreError> {
        let condition = format!("organization_id = $1 AND id IN ({}) ORDER BY id", batch::placeholders());
        self.default_permissions_where(&condition, &batch::of(organization.0, ids))
    }

    /// The default permission of an organization with this uuid.
    pub fn default_permission(
        &mut self,
        organization: AccountId,
        uuid: &str,
    ) -> Result<Option<DefaultPermission>, StoreError> {
        let condition = "organization_id = $1 AND uuid = $2";
        Ok(self.default_permissions_where(condition, &[organization.into(), uuid.into()])?.pop())
    }

    fn default_permissions_where(
        &mut self,
        condition: &str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<DefaultPermission>, StoreError> {
        let statement = format!(
            "SELECT uuid, organization_id, activating_account_id, delegate_account_id, delegate_team_id, role, mac \
             FROM default_permission WHERE {condition}"
        );
        let rows = self.all(&statement, parameters, read)?;
        let genuine = |(permission, mac): (Option<DefaultPermission>, Vec<u8>)| {
            permission
                .filter(|permission| self.is_genuine("default_permission", &permission.deciding(), &mac))
        };
        Ok(rows.into_iter().filter_map(genuine).collect())
    }

    /// Adds a default permission, or replaces the role of the one with the same uuid.
    pub fn put_default_permission(&mut self, permission: &DefaultPermission) -> Result<(), StoreError> {
        let (account, team) = permission.delegate_ids();
        let mac = self.mac("default_permission", &permission.deciding());
        self.run(
            "INSERT INTO default_permission (uuid, organization_id, activating_account_id, delegate_account_id, \
             delegate_team_id, role, mac) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (uuid) DO UPDATE SET role = excluded.role, mac = excluded.mac",
            &[
                (&permission.uuid).into(),
                permission.organization.into(),
                permission.activating.into(),
                account.into(),
                team.into(),
                permission.role.into(),
                (&mac).into(),
            ],
        )
        .map(drop)
    }

    /// Deletes a default permission of an organization; `false` when it has none of this uuid.
    pub fn delete_default_permission(
        &mut self,
        organization: AccountId,
        uuid: &str,
    ) -> Result<bool, StoreError> {
        let changed = self.run(
            "DELETE FROM default_permission WHERE organization_id = $1 AND uuid = $2",
            &[organization.into(), uuid.into()],
        )?;
        Ok(changed != 0)
    }
}
