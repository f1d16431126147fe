//! External identities that may act as a robot.

use super::engine::{Columns, Value};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;

/// One external identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// Who vouches for it: the `iss` of its tokens, compared exactly.
    pub issuer: String,
    /// Whom it vouches for: the `sub` of its tokens, compared exactly.
    pub subject: String,
    /// Whom its tokens must be made for (`aud`).
    pub audience: String,
}

/// An external identity as it was given to a robot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationEntry {
    /// Its row id: another one when it is taken away and given again.
    pub id: i64,
    /// What it says.
    pub identity: FederatedIdentity,
}

impl FederationEntry {
    fn deciding(&self, robot: AccountId) -> [Value<'_>; 5] {
        let FederatedIdentity { issuer, subject, audience } = &self.identity;
        [self.id.into(), robot.into(), issuer.into(), subject.into(), audience.into()]
    }
}

fn read_entry(columns: &mut Columns<'_>) -> Result<(FederationEntry, Vec<u8>), StoreError> {
    let id = columns.take()?;
    let (issuer, subject, audience) = (columns.take()?, columns.take()?, columns.take()?);
    let identity = FederatedIdentity { issuer, subject, audience };
    Ok((FederationEntry { id, identity }, columns.take()?))
}

impl Tx<'_> {
    /// The external identities of a robot, in the order that they were given in.
    pub fn federation(&mut self, robot: AccountId) -> Result<Vec<FederationEntry>, StoreError> {
        let rows = self.all(
            "SELECT id, issuer, subject, audience, mac FROM robot_federation WHERE robot_id = $1 ORDER BY position",
            &[robot.into()],
            read_entry,
        )?;
        let genuine = |(entry, mac): &(FederationEntry, Vec<u8>)| {
            self.is_genuine("robot_federation", &entry.deciding(robot), mac)
        };
        Ok(rows.into_iter().filter(genuine).map(|(entry, _)| entry).collect())
    }

    /// Replaces the external identities of a robot; those that it has already stay the entries that they are. No two may share
    /// issuer and subject.
    pub fn replace_federation(
        &mut self,
        robot: AccountId,
        identities: &[FederatedIdentity],
    ) -> Result<(), StoreError> {
        let mut kept = self.federation(robot)?;
        kept.retain(|entry| identities.contains(&entry.identity));
        // Not by the ids of those that go: rows that were altered go as well.
        self.run("UPDATE robot_federation SET position = -1 WHERE robot_id = $1", &[robot.into()])?;
        for (position, identity) in (0_i64..).zip(identities) {
            if let Some(entry) = kept.iter().find(|entry| entry.identity == *identity) {
                let values = [position.into(), entry.id.into()];
                self.run("UPDATE robot_federation SET position = $1 WHERE id = $2", &values)?;
            }
        }
        self.run("DELETE FROM robot_federation WHERE robot_id = $1 AND position = -1", &[robot.into()])?;
        for (position, identity) in (0_i64..).zip(identities) {
            if !kept.iter().any(|entry| entry.identity == *identity) {
                self.insert_federation(robot, position, identity)?;
            }
        }
        Ok(())
    }

    fn insert_federation(
        &mut self,
        robot: AccountId,
        position: i64,
        identity: &FederatedIdentity,
    ) -> Result<(), StoreError> {
        let id = self.insert(
            "INSERT INTO robot_federation (robot_id, issuer, subject, audience, position, mac) \
             VALUES ($1, $2, $3, $4, $5, x'') RETURNING id",
            &[
                robot.into(),
                (&identity.issuer).into(),
                (&identity.subject).into(),
                (&identity.audience).into(),
                position.into(),
            ],
        )?;
        let entry = FederationEntry { id, identity: identity.clone() };
        let mac = self.mac("robot_federation", &entry.deciding(robot));
        self.run("UPDATE robot_federation SET mac = $1 WHERE id = $2", &[(&mac).into(), id.into()]).map(drop)
    }
}
