//! Authorizations of OAuth applications that were assigned to users and not taken up yet.

use super::accounts::Account;
use super::engine::{Columns, Value};
use super::oauth::Application;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;

/// An authorization that waits for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// How the API names it.
    pub uuid: String,
    /// The application that is to act for the user.
    pub application: i64,
    /// The user, who alone may take it up.
    pub account: AccountId,
    /// Where the token is to go.
    pub redirect_uri: String,
    /// Words of the token's scope, as they are written.
    pub scope: String,
    /// When it was assigned.
    pub created_at: Timestamp,
}

impl Assignment {
    fn deciding(&self) -> [Value<'_>; 5] {
        [
            (&self.uuid).into(),
            self.application.into(),
            self.account.into(),
            (&self.redirect_uri).into(),
            (&self.scope).into(),
        ]
    }
}

const ASSIGNMENT: &str = "uuid, application_id, account_id, redirect_uri, scope, created_at, mac";
/// What is shown of a user's, newest first. Who can make organizations can assign as many as it likes to anybody.
const NEWEST: &str = "FROM oauth_assignment WHERE account_id = $1 ORDER BY id DESC LIMIT 100";

fn read_assignment(columns: &mut Columns<'_>) -> Result<(Assignment, Vec<u8>), StoreError> {
    let assignment = Assignment {
        uuid: columns.take()?,
        application: columns.take()?,
        account: columns.take()?,
        redirect_uri: columns.take()?,
        scope: columns.take()?,
        created_at: columns.take()?,
    };
    Ok((assignment, columns.take()?))
}

impl Tx<'_> {
    /// The assignment of a row, unless the row was altered.
    fn genuine_assignment(&self, (assignment, mac): (Assignment, Vec<u8>)) -> Option<Assignment> {
        self.is_genuine("oauth_assignment", &assignment.deciding(), &mac).then_some(assignment)
    }

    /// Keeps a new assignment.
    pub fn insert_assignment(&mut self, assignment: &Assignment) -> Result<(), StoreError> {
        let mac = self.mac("oauth_assignment", &assignment.deciding());
        self.run(
            "INSERT INTO oauth_assignment (uuid, application_id, account_id, redirect_uri, scope, created_at, mac) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&assignment.uuid).into(),
                assignment.application.into(),
                assignment.account.into(),
                (&assignment.redirect_uri).into(),
                (&assignment.scope).into(),
                assignment.created_at.into(),
                (&mac).into(),
            ],
        )
        .map(drop)
    }

    /// The newest hundred assignments of a user, newest first.
    pub fn assignments(&mut self, account: AccountId) -> Result<Vec<Assignment>, StoreError> {
        let rows = self.all(&format!("SELECT {ASSIGNMENT} {NEWEST}"), &[account.into()], read_assignment)?;
        Ok(rows.into_iter().filter_map(|row| self.genuine_assignment(row)).collect())
    }

    /// The applications that [`Self::assignments`] are of.
    pub fn assigned_applications(&mut self, account: AccountId) -> Result<Vec<Application>, StoreError> {
        let condition = format!("id IN (SELECT application_id {NEWEST})");
        self.applications_where(&condition, account.into())
    }

    /// The organizations that own [`Self::assigned_applications`].
    pub fn assigning_organizations(&mut self, account: AccountId) -> Result<Vec<Account>, StoreError> {
        let condition = format!(
            "id IN (SELECT organization_id FROM oauth_application WHERE id IN (SELECT application_id {NEWEST}))"
        );
        self.accounts_where(&condition, account.into())
    }

    /// A user's assignment.
    pub fn assignment(&mut self, account: AccountId, uuid: &str) -> Result<Option<Assignment>, StoreError> {
        let statement =
            format!("SELECT {ASSIGNMENT} FROM oauth_assignment WHERE uuid = $1 AND account_id = $2");
        let found = self.first(&statement, &[uuid.into(), account.into()], read_assignment)?;
        Ok(found.and_then(|row| self.genuine_assignment(row)))
    }

    /// How many assignments of an application wait for their users.
    pub fn waiting_assignments(&mut self, application: i64) -> Result<i64, StoreError> {
        let count = self.first(
            "SELECT count(*) FROM oauth_assignment WHERE application_id = $1",
            &[application.into()],
            |columns| columns.take(),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Deletes an assignment.
    pub fn delete_assignment(&mut self, uuid: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM oauth_assignment WHERE uuid = $1", &[uuid.into()]).map(drop)
    }
}
