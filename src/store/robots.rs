//! Robots: their texts and the secrets that they log in with.

use super::accounts::{Account, COLUMNS, read_account};
use super::engine::{Columns, Value};
use super::{StoreError, Tx, batch, is_genuine};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;
use std::collections::HashMap;

/// What is stored of a robot's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Counts up with each regeneration, so an old secret is never right again.
    pub generation: i64,
    /// Argon2id PHC string: the durable truth.
    pub hash: String,
    /// The keyed verifier, which names the verify key that it was made with; absent for imported hashes.
    pub verifier: Option<Vec<u8>>,
    /// The encrypted copy that lets people see the secret again.
    pub sealed: Option<Vec<u8>>,
    /// When this generation was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for SecretRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretRecord").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// What of a secret a login is checked with.
#[derive(Clone)]
pub struct LoginSecret {
    /// As in [`SecretRecord`].
    pub generation: i64,
    /// As in [`SecretRecord`].
    pub hash: String,
    /// As in [`SecretRecord`].
    pub verifier: Option<Vec<u8>>,
    /// As in [`SecretRecord`].
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for LoginSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginSecret").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// The columns of a secret that [`read_login_secret`] reads.
pub(super) const LOGIN_COLUMNS: &str = "robot_secret.generation, robot_secret.hash, robot_secret.verifier, \
     robot_secret.expires_at, robot_secret.mac";

/// Reads [`LOGIN_COLUMNS`] into a secret and its MAC, which the caller must check.
pub(super) fn read_login_secret(columns: &mut Columns<'_>) -> Result<(LoginSecret, Vec<u8>), StoreError> {
    let secret = LoginSecret {
        generation: columns.take()?,
        hash: columns.take()?,
        verifier: columns.take()?,
        expires_at: columns.take()?,
    };
    Ok((secret, columns.take()?))
}

/// A robot with its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Robot {
    /// Its account.
    pub account: Account,
    /// What people wrote about it.
    pub description: String,
    /// A JSON object that clients keep with it.
    pub metadata: String,
}

/// The columns of a secret that [`read_secret`] reads.
pub(super) const SECRET_COLUMNS: &str = "robot_secret.generation, robot_secret.hash, robot_secret.verifier, \
     robot_secret.sealed, robot_secret.created_at, robot_secret.expires_at, robot_secret.mac";

/// Reads [`SECRET_COLUMNS`] into a record and its MAC, which the caller must check.
pub(super) fn read_secret(columns: &mut Columns<'_>) -> Result<(SecretRecord, Vec<u8>), StoreError> {
    let record = SecretRecord {
        generation: columns.take()?,
        hash: columns.take()?,
        verifier: columns.take()?,
        sealed: columns.take()?,
        created_at: columns.take()?,
        expires_at: columns.take()?,
    };
    Ok((record, columns.take()?))
}

/// As [`read_secret`], where there may be none.
fn read_joined_secret(columns: &mut Columns<'_>) -> Result<Option<(SecretRecord, Vec<u8>)>, StoreError> {
    let Some(generation) = columns.take()? else { return Ok(None) };
    let record = SecretRecord {
        generation,
        hash: columns.take()?,
        verifier: columns.take()?,
        sealed: columns.take()?,
        created_at: columns.take()?,
        expires_at: columns.take()?,
    };
    Ok(Some((record, columns.take()?)))
}

fn most(limit: Option<usize>) -> i64 {
    limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(i64::MAX)
}

impl SecretRecord {
    pub(super) fn deciding(&self, robot: AccountId) -> [Value<'_>; 4] {
        deciding(robot, self.generation, &self.hash, self.expires_at)
    }
}

impl LoginSecret {
    pub(super) fn deciding(&self, robot: AccountId) -> [Value<'_>; 4] {
        deciding(robot, self.generation, &self.hash, self.expires_at)
    }
}

/// The columns that the MAC of a secret covers.
fn deciding(robot: AccountId, generation: i64, hash: &str, expires_at: Option<Timestamp>) -> [Value<'_>; 4] {
    [robot.into(), generation.into(), hash.into(), expires_at.into()]
}

impl Tx<'_> {
    /// Adds the texts of a robot whose account has just been made.
    pub fn insert_robot(
        &mut self,
        robot: AccountId,
        description: &str,
        metadata: &str,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO robot (account_id, description, metadata) VALUES ($1, $2, $3)",
            &[robot.into(), description.into(), metadata.into()],
        )
        .map(drop)
    }

    /// Replaces every secret of a robot by this one: from the commit on, no other is right.
    pub fn replace_secret(&mut self, robot: AccountId, secret: &SecretRecord) -> Result<(), StoreError> {
        self.run("DELETE FROM robot_secret WHERE robot_id = $1", &[robot.into()])?;
        let mac = self.mac("robot_secret", &secret.deciding(robot));
        self.run(
            "INSERT INTO robot_secret (robot_id, generation, hash, verifier, sealed, created_at, expires_at, mac) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                robot.into(),
                secret.generation.into(),
                (&secret.hash).into(),
                secret.verifier.as_deref().into(),
                secret.sealed.as_deref().into(),
                secret.created_at.into(),
                secret.expires_at.into(),
                (&mac).into(),
            ],
        )
        .map(drop)
    }

    /// Adds the verifier to a secret that has just been checked by its slow hash.
    pub fn set_verifier(
        &mut self,
        robot: AccountId,
        generation: i64,
        verifier: &[u8],
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE robot_secret SET verifier = $1 WHERE robot_id = $2 AND generation = $3",
            &[verifier.into(), robot.into(), generation.into()],
        )
        .map(drop)
    }

    /// The secret of a robot.
    pub fn secret(&mut self, robot: AccountId) -> Result<Option<SecretRecord>, StoreError> {
        let statement = format!("SELECT {SECRET_COLUMNS} FROM robot_secret WHERE robot_id = $1");
        let found = self.first(&statement, &[robot.into()], read_secret)?;
        let genuine = |(secret, mac): &(SecretRecord, Vec<u8>)| {
            self.is_genuine("robot_secret", &secret.deciding(robot), mac)
        };
        Ok(found.filter(genuine).map(|(secret, _)| secret))
    }

    /// The robot with this full name.
    pub fn robot(&mut self, full_name: &str) -> Result<Option<Robot>, StoreError> {
        let condition = "account.name = $1";
        Ok(self.robots_where(condition, &[full_name.into()])?.pop())
    }

    /// The ids of a namespace's robots, those that logged in last first, then by name; at most `limit` if given.
    pub fn robot_ids(
        &mut self,
        owner: AccountId,
        limit: Option<usize>,
    ) -> Result<Vec<AccountId>, StoreError> {
        self.all(
            "SELECT id FROM account LEFT JOIN last_login ON last_login.account_id = account.id WHERE owner_id = $1 \
             ORDER BY coalesce(at, 0) DESC, name LIMIT $2",
            &[owner.into(), most(limit).into()],
            |columns| columns.take(),
        )
    }

    /// Every robot of a namespace, in the order of [`Self::robot_ids`].
    pub fn robots(&mut self, owner: AccountId, limit: Option<usize>) -> Result<Vec<Robot>, StoreError> {
        let condition =
            "account.owner_id = $1 ORDER BY coalesce(last_login.at, 0) DESC, account.name LIMIT $2";
        self.robots_where(condition, &[owner.into(), most(limit).into()])
    }

    /// Robots of a namespace by their ids, at most [`BATCH`](batch::BATCH), each with its secret; those that are gone are left out.
    pub fn robots_by_id(
        &mut self,
        owner: AccountId,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, (Robot, Option<SecretRecord>)>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS}, robot.description, robot.metadata, {SECRET_COLUMNS} FROM account \
             JOIN robot ON robot.account_id = account.id \
             LEFT JOIN robot_secret ON robot_secret.robot_id = account.id \
             WHERE account.owner_id = $1 AND account.id IN ({})",
            batch::placeholders()
        );
        let (rows, mut found) = (self.rows, HashMap::with_capacity(ids.len()));
        self.sql.query(&statement, &batch::of(owner.0, ids), &mut |columns| {
            let (account, mac) = read_account(columns)?;
            let robot = Robot { account, description: columns.take()?, metadata: columns.take()? };
            let id = robot.account.id;
            if is_genuine(rows, "account", &robot.account.deciding(), &mac) {
                let secret = read_joined_secret(columns)?
                    .filter(|(secret, mac)| is_genuine(rows, "robot_secret", &secret.deciding(id), mac));
                found.insert(id, (robot, secret.map(|(secret, _)| secret)));
            }
            Ok(true)
        })?;
        Ok(found)
    }

    fn robots_where(&mut self, condition: &str, parameters: &[Value<'_>]) -> Result<Vec<Robot>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS}, robot.description, robot.metadata FROM account JOIN robot ON robot.account_id = account.id \
             LEFT JOIN last_login ON last_login.account_id = account.id WHERE {condition}"
        );
        let rows = self.all(&statement, parameters, |columns| {
            let (account, mac) = read_account(columns)?;
            Ok((Robot { account, description: columns.take()?, metadata: columns.take()? }, mac))
        })?;
        Ok(rows
            .into_iter()
            .filter(|(robot, mac)| self.account_is_genuine(&robot.account, mac))
            .map(|(robot, _)| robot)
            .collect())
    }
}
