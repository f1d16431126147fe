//! OAuth applications of organizations, and the access tokens that act for users.

use super::accounts::{Account, COLUMNS, read_account};
use super::engine::{Columns, Value};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its row id.
    pub id: i64,
    /// Its organization.
    pub organization: AccountId,
    /// How the API names it: 20 characters.
    pub client_id: String,
    /// The sealed secret.
    pub client_secret: Vec<u8>,
    /// What people call it.
    pub name: String,
    /// Where a browser is sent with a new token; empty: nowhere.
    pub redirect_uri: String,
    /// Its home page.
    pub application_uri: String,
    /// What people wrote about it.
    pub description: String,
    /// Its picture is found by this address.
    pub avatar_email: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Application {
    fn deciding(&self) -> [Value<'_>; 5] {
        [
            self.id.into(),
            self.organization.into(),
            (&self.client_id).into(),
            self.client_secret.as_slice().into(),
            (&self.redirect_uri).into(),
        ]
    }
}

const APPLICATION: &str = "id, organization_id, client_id, client_secret, name, redirect_uri, application_uri, description, \
     avatar_email, created_at, mac";

fn read_application(columns: &mut Columns<'_>) -> Result<(Application, Vec<u8>), StoreError> {
    let application = Application {
        id: columns.take()?,
        organization: columns.take()?,
        client_id: columns.take()?,
        client_secret: columns.take()?,
        name: columns.take()?,
        redirect_uri: columns.take()?,
        application_uri: columns.take()?,
        description: columns.take()?,
        avatar_email: columns.take()?,
        created_at: columns.take()?,
    };
    Ok((application, columns.take()?))
}

/// An access token as it is kept: without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenRecord {
    /// How the API names it.
    pub uuid: String,
    /// The application it was made for; `None`: the first user's.
    pub application: Option<i64>,
    /// Whom it acts for.
    pub account: AccountId,
    /// Who made it.
    pub created_by: String,
    /// What people call it.
    pub name: String,
    /// The token's first half.
    pub lookup: String,
    /// Keyed digest of the whole.
    pub digest: Vec<u8>,
    /// Words of its scope, as they are written.
    pub scope: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_accessed_at: Option<Timestamp>,
}

impl AccessTokenRecord {
    fn deciding(&self) -> [Value<'_>; 7] {
        [
            (&self.uuid).into(),
            self.application.into(),
            self.account.into(),
            (&self.lookup).into(),
            self.digest.as_slice().into(),
            (&self.scope).into(),
            self.expires_at.into(),
        ]
    }
}

const TOKEN: &str = "oauth_token.uuid, oauth_token.application_id, oauth_token.account_id, oauth_token.created_by, oauth_token.name, \
     oauth_token.lookup, oauth_token.digest, oauth_token.scope, oauth_token.created_at, oauth_token.expires_at, \
     oauth_token.last_accessed_at, oauth_token.mac";

fn read_token(columns: &mut Columns<'_>) -> Result<(AccessTokenRecord, Vec<u8>), StoreError> {
    let record = AccessTokenRecord {
        uuid: columns.take()?,
        application: columns.take()?,
        account: columns.take()?,
        created_by: columns.take()?,
        name: columns.take()?,
        lookup: columns.take()?,
        digest: columns.take()?,
        scope: columns.take()?,
        created_at: columns.take()?,
        expires_at: columns.take()?,
        last_accessed_at: columns.take()?,
    };
    Ok((record, columns.take()?))
}

impl Tx<'_> {
    /// Makes an application; its `id` is filled in.
    pub fn insert_application(&mut self, new: Application) -> Result<Application, StoreError> {
        let id = self.insert(
            "INSERT INTO oauth_application (organization_id, client_id, client_secret, name, redirect_uri, application_uri, \
             description, avatar_email, created_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, x'') RETURNING id",
            &[
                new.organization.into(),
                (&new.client_id).into(),
                new.client_secret.as_slice().into(),
                (&new.name).into(),
                (&new.redirect_uri).into(),
                (&new.application_uri).into(),
                (&new.description).into(),
                new.avatar_email.as_deref().into(),
                new.created_at.into(),
            ],
        )?;
        let application = Application { id, ..new };
        self.update_application(&application)?;
        Ok(application)
    }

    /// Writes every column of an application that can change.
    pub fn update_application(&mut self, application: &Application) -> Result<(), StoreError> {
        let mac = self.mac("oauth_application", &application.deciding());
        self.run(
            "UPDATE oauth_application SET client_secret = $1, name = $2, redirect_uri = $3, application_uri = $4, \
             description = $5, avatar_email = $6, mac = $7 WHERE id = $8",
            &[
                application.client_secret.as_slice().into(),
                (&application.name).into(),
                (&application.redirect_uri).into(),
                (&application.application_uri).into(),
                (&application.description).into(),
                application.avatar_email.as_deref().into(),
                (&mac).into(),
                application.id.into(),
            ],
        )
        .map(drop)
    }

    /// Deletes an application with its access tokens and assigned authorizations.
    pub fn delete_application(&mut self, id: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM oauth_application WHERE id = $1", &[id.into()]).map(drop)
    }

    /// Every application of an organization, oldest first.
    pub fn applications(&mut self, organization: AccountId) -> Result<Vec<Application>, StoreError> {
        self.applications_where("organization_id = $1 ORDER BY id", organization.into())
    }

    /// The application with this client id.
    pub fn application(&mut self, client_id: &str) -> Result<Option<Application>, StoreError> {
        Ok(self.applications_where("client_id = $1", client_id.into())?.pop())
    }

    /// The application with this id.
    pub fn application_by_id(&mut self, id: i64) -> Result<Option<Application>, StoreError> {
        Ok(self.applications_where("id = $1", id.into())?.pop())
    }

    /// Applications that a condition with one parameter finds.
    pub(super) fn applications_where(
        &mut self,
        condition: &str,
        value: Value<'_>,
    ) -> Result<Vec<Application>, StoreError> {
        let statement = format!("SELECT {APPLICATION} FROM oauth_application WHERE {condition}");
        let rows = self.all(&statement, &[value], read_application)?;
        let genuine = |(application, mac): &(Application, Vec<u8>)| {
            self.is_genuine("oauth_application", &application.deciding(), mac)
        };
        Ok(rows.into_iter().filter(genuine).map(|(application, _)| application).collect())
    }

    /// Keeps a new access token.
    pub fn insert_access_token(&mut self, token: &AccessTokenRecord) -> Result<(), StoreError> {
        let mac = self.mac("oauth_token", &token.deciding());
        self.run(
            "INSERT INTO oauth_token (uuid, application_id, account_id, created_by, name, lookup, digest, scope, created_at, \
             expires_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                (&token.uuid).into(),
                token.application.into(),
                token.account.into(),
                (&token.created_by).into(),
                (&token.name).into(),
                (&token.lookup).into(),
                token.digest.as_slice().into(),
                (&token.scope).into(),
                token.created_at.into(),
                token.expires_at.into(),
                (&mac).into(),
            ],
        )
        .map(drop)
    }

    /// The access token with this first half, and the account that it acts for. The caller compares the digest.
    pub fn access_token(&mut self, lookup: &str) -> Result<Option<(AccessTokenRecord, Account)>, StoreError> {
        let statement = format!(
            "SELECT {TOKEN}, {COLUMNS} FROM oauth_token JOIN account ON account.id = oauth_token.account_id \
             WHERE oauth_token.lookup = $1"
        );
        let found = self.first(&statement, &[lookup.into()], |columns| {
            let (token, token_mac) = read_token(columns)?;
            let (account, account_mac) = read_account(columns)?;
            Ok((token, token_mac, account, account_mac))
        })?;
        Ok(found
            .filter(|(token, token_mac, account, account_mac)| {
                self.is_genuine("oauth_token", &token.deciding(), token_mac)
                    && self.account_is_genuine(account, account_mac)
            })
            .map(|(token, _, account, _)| (token, account)))
    }

    /// Every access token of an application, oldest first.
    pub fn access_tokens(&mut self, application: i64) -> Result<Vec<AccessTokenRecord>, StoreError> {
        let statement = format!("SELECT {TOKEN} FROM oauth_token WHERE application_id = $1 ORDER BY id");
        let rows = self.all(&statement, &[application.into()], read_token)?;
        let genuine = |(token, mac): &(AccessTokenRecord, Vec<u8>)| {
            self.is_genuine("oauth_token", &token.deciding(), mac)
        };
        Ok(rows.into_iter().filter(genuine).map(|(token, _)| token).collect())
    }

    /// The application's name and client id, for the audit trail.
    pub fn application_label(&mut self, id: i64) -> Result<Option<(String, String)>, StoreError> {
        self.first("SELECT name, client_id FROM oauth_application WHERE id = $1", &[id.into()], |columns| {
            Ok((columns.take()?, columns.take()?))
        })
    }

    /// How many access tokens of an application still work at `now`.
    pub fn live_access_tokens(&mut self, application: i64, now: Timestamp) -> Result<i64, StoreError> {
        let count = self.first(
            "SELECT count(*) FROM oauth_token WHERE application_id = $1 AND expires_at > $2",
            &[application.into(), now.into()],
            |columns| columns.take(),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Deletes an access token; the answer is whether there was one.
    pub fn delete_access_token(&mut self, uuid: &str) -> Result<bool, StoreError> {
        Ok(self.run("DELETE FROM oauth_token WHERE uuid = $1", &[uuid.into()])? > 0)
    }

    /// Deletes up to `limit` access tokens that expired at or before `before`, and tells how many.
    pub fn prune_access_tokens(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.prune("oauth_token", "id", "expires_at", before, limit)
    }

    /// Notes when access tokens were last used; each time moves forward only, by `gap` seconds or more.
    pub fn note_access_tokens(&mut self, used: &[(String, Timestamp)], gap: i64) -> Result<(), StoreError> {
        self.note_used("oauth_token", "uuid", used.iter().map(|(uuid, at)| (uuid.into(), *at)), gap)
    }
}
