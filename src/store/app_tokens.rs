//! Application-specific tokens, which act as their user at the token endpoint (user name `$app`).

use super::accounts::{Account, COLUMNS, read_account};
use super::engine::{Columns, Value};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;

/// An application-specific token as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct AppTokenRecord {
    /// How the API names it.
    pub uuid: String,
    /// Whom it acts as.
    pub account: AccountId,
    /// What its owner calls it.
    pub title: String,
    /// The token's first half.
    pub lookup: String,
    /// Keyed digest of the whole.
    pub digest: Vec<u8>,
    /// The encrypted copy that lets its owner see it again.
    pub sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    pub last_accessed_at: Option<Timestamp>,
}

impl std::fmt::Debug for AppTokenRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppTokenRecord").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}

impl AppTokenRecord {
    fn deciding(&self) -> [Value<'_>; 5] {
        [
            (&self.uuid).into(),
            self.account.into(),
            (&self.lookup).into(),
            self.digest.as_slice().into(),
            self.expires_at.into(),
        ]
    }
}

const TOKEN: &str = "app_token.uuid, app_token.account_id, app_token.title, app_token.lookup, app_token.digest, app_token.sealed, \
     app_token.created_at, app_token.expires_at, app_token.last_accessed_at, app_token.mac";

fn read_token(columns: &mut Columns<'_>) -> Result<(AppTokenRecord, Vec<u8>), StoreError> {
    let record = AppTokenRecord {
        uuid: columns.take()?,
        account: columns.take()?,
        title: columns.take()?,
        lookup: columns.take()?,
        digest: columns.take()?,
        sealed: columns.take()?,
        created_at: columns.take()?,
        expires_at: columns.take()?,
        last_accessed_at: columns.take()?,
    };
    Ok((record, columns.take()?))
}

impl Tx<'_> {
    /// Keeps a new token.
    pub fn insert_app_token(&mut self, token: &AppTokenRecord) -> Result<(), StoreError> {
        let mac = self.mac("app_token", &token.deciding());
        self.run(
            "INSERT INTO app_token (uuid, account_id, title, lookup, digest, sealed, created_at, expires_at, mac) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                (&token.uuid).into(),
                token.account.into(),
                (&token.title).into(),
                (&token.lookup).into(),
                token.digest.as_slice().into(),
                token.sealed.as_deref().into(),
                token.created_at.into(),
                token.expires_at.into(),
                (&mac).into(),
            ],
        )
        .map(drop)
    }

    /// The token with this first half, and its user. The caller compares the digest.
    pub fn app_token_by_lookup(
        &mut self,
        lookup: &str,
    ) -> Result<Option<(AppTokenRecord, Account)>, StoreError> {
        let statement = format!(
            "SELECT {TOKEN}, {COLUMNS} FROM app_token JOIN account ON account.id = app_token.account_id \
             WHERE app_token.lookup = $1"
        );
        let found = self.first(&statement, &[lookup.into()], |columns| {
            let (token, token_mac) = read_token(columns)?;
            let (account, account_mac) = read_account(columns)?;
            Ok((token, token_mac, account, account_mac))
        })?;
        Ok(found
            .filter(|(token, token_mac, account, account_mac)| {
                self.is_genuine("app_token", &token.deciding(), token_mac)
                    && self.account_is_genuine(account, account_mac)
            })
            .map(|(token, _, account, _)| (token, account)))
    }

    /// A user's tokens, newest first, at most `limit`.
    pub fn app_tokens(&mut self, account: AccountId, limit: i64) -> Result<Vec<AppTokenRecord>, StoreError> {
        let statement =
            format!("SELECT {TOKEN} FROM app_token WHERE account_id = $1 ORDER BY id DESC LIMIT $2");
        let rows = self.all(&statement, &[account.into(), limit.into()], read_token)?;
        let genuine =
            |(token, mac): &(AppTokenRecord, Vec<u8>)| self.is_genuine("app_token", &token.deciding(), mac);
        Ok(rows.into_iter().filter(genuine).map(|(token, _)| token).collect())
    }

    /// One of a user's tokens.
    pub fn app_token(
        &mut self,
        account: AccountId,
        uuid: &str,
    ) -> Result<Option<AppTokenRecord>, StoreError> {
        let statement = format!("SELECT {TOKEN} FROM app_token WHERE account_id = $1 AND uuid = $2");
        let found = self.first(&statement, &[account.into(), uuid.into()], read_token)?;
        Ok(found
            .filter(|(token, mac)| self.is_genuine("app_token", &token.deciding(), mac))
            .map(|(token, _)| token))
    }

    /// Deletes one of a user's tokens.
    pub fn delete_app_token(&mut self, account: AccountId, uuid: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM app_token WHERE account_id = $1 AND uuid = $2", &[account.into(), uuid.into()])
            .map(drop)
    }

    /// Deletes up to `limit` tokens that expired at or before `before`, and tells how many.
    pub fn prune_app_tokens(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.prune("app_token", "id", "expires_at", before, limit)
    }

    /// Notes when tokens were last used; each time moves forward only, by `gap` seconds or more.
    pub fn note_app_tokens(&mut self, used: &[(String, Timestamp)], gap: i64) -> Result<(), StoreError> {
        self.note_used("app_token", "uuid", used.iter().map(|(uuid, at)| (uuid.into(), *at)), gap)
    }
}
