//! Browser sessions, found by a keyed digest of the cookie: the database alone signs nobody in.

use super::accounts::{Account, COLUMNS, read_account};
use super::engine::Value;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;

/// A session as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Keyed digest of the cookie.
    pub digest: [u8; 32],
    /// Who is signed in.
    pub account: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// When the password was last given.
    pub authenticated_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl SessionRecord {
    fn columns(&self) -> [Value<'_>; 5] {
        [
            (&self.digest).into(),
            self.account.into(),
            self.created_at.into(),
            self.authenticated_at.into(),
            self.expires_at.into(),
        ]
    }
}

impl Tx<'_> {
    /// Begins a session.
    pub fn insert_session(&mut self, session: &SessionRecord) -> Result<(), StoreError> {
        let mac = self.mac("session", &session.columns());
        let [digest, account, created_at, authenticated_at, expires_at] = session.columns();
        self.run(
            "INSERT INTO session (digest, account_id, created_at, authenticated_at, expires_at, mac) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[digest, account, created_at, authenticated_at, expires_at, (&mac).into()],
        )
        .map(drop)
    }

    /// The session with this digest and the account that it belongs to. Whether both still count is for the caller to say.
    pub fn session(&mut self, digest: &[u8; 32]) -> Result<Option<(SessionRecord, Account)>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS}, session.created_at, session.authenticated_at, session.expires_at, session.mac \
             FROM session JOIN account ON account.id = session.account_id WHERE session.digest = $1"
        );
        let found = self.first(&statement, &[digest.into()], |columns| {
            let (account, account_mac) = read_account(columns)?;
            let record = SessionRecord {
                digest: *digest,
                account: account.id,
                created_at: columns.take()?,
                authenticated_at: columns.take()?,
                expires_at: columns.take()?,
            };
            Ok((record, columns.take::<Vec<u8>>()?, account, account_mac))
        })?;
        Ok(found
            .filter(|(record, mac, account, account_mac)| {
                self.is_genuine("session", &record.columns(), mac)
                    && self.account_is_genuine(account, account_mac)
            })
            .map(|(record, _, account, _)| (record, account)))
    }

    /// Ends one session.
    pub fn delete_session(&mut self, digest: &[u8; 32]) -> Result<(), StoreError> {
        self.run("DELETE FROM session WHERE digest = $1", &[digest.into()]).map(drop)
    }

    /// Ends every session of an account.
    pub fn delete_sessions(&mut self, account: AccountId) -> Result<(), StoreError> {
        self.run("DELETE FROM session WHERE account_id = $1", &[account.into()]).map(drop)
    }

    /// Ends the sessions of an account beyond its `most` newest.
    pub fn limit_sessions(&mut self, account: AccountId, most: i64) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM session WHERE digest IN (SELECT digest FROM session WHERE account_id = $1 \
             ORDER BY created_at DESC, digest LIMIT 1000000 OFFSET $2)",
            &[account.into(), most.into()],
        )
        .map(drop)
    }

    /// Deletes up to `limit` sessions that ended at or before `now`, and tells how many.
    pub fn prune_sessions(&mut self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.prune("session", "digest", "expires_at", now, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::accounts::{AccountKind, NewAccount};
    use super::*;
    use crate::keys::VerifyKey;
    use crate::system::SystemRandom;

    fn session(account: AccountId, number: u8) -> SessionRecord {
        let time = Timestamp(i64::from(number));
        SessionRecord {
            digest: [number; 32],
            account,
            created_at: time,
            authenticated_at: time,
            expires_at: time.plus(100),
        }
    }

    /// A store with one user and its sessions 1 to 5.
    fn with_sessions(work: impl FnOnce(&Store, AccountId)) {
        let directory = tempfile::tempdir().unwrap();
        let key = VerifyKey::ephemeral(&SystemRandom::default());
        let store = Store::open_sqlite(&directory.path().join("db"), &key).unwrap();
        let user = store
            .write::<_, StoreError>("test", |tx| {
                let kind = AccountKind::User;
                let new =
                    NewAccount { kind, name: "ada", owner: None, email: None, created_at: Timestamp(0) };
                let user = tx.insert_account(&new)?.id;
                for number in 1..=5 {
                    tx.insert_session(&session(user, number))?;
                }
                Ok(user)
            })
            .unwrap();
        work(&store, user);
    }

    fn left(store: &Store) -> Vec<u8> {
        let found = |number: &u8| {
            store.read::<_, StoreError>("test", |tx| tx.session(&[*number; 32])).unwrap().is_some()
        };
        (1..=5).filter(found).collect()
    }

    fn change(store: &Store, work: impl Fn(&mut Tx<'_>) -> Result<(), StoreError>) {
        store.write::<_, StoreError>("test", work).unwrap();
    }

    #[test]
    fn a_session_is_read_as_it_was_written() {
        with_sessions(|store, user| {
            let read = store.read::<_, StoreError>("test", |tx| tx.session(&[3; 32])).unwrap().unwrap();
            assert_eq!((read.0, read.1.id), (session(user, 3), user));
        });
    }

    #[test]
    fn sessions_end_one_by_one_by_age_by_number_and_together() {
        with_sessions(|store, user| {
            change(store, |tx| tx.delete_session(&[3; 32]));
            assert_eq!(left(store), [1, 2, 4, 5]);
            change(store, |tx| tx.prune_sessions(Timestamp(101), 10).map(drop));
            assert_eq!(left(store), [2, 4, 5]);
            change(store, |tx| tx.limit_sessions(user, 2));
            assert_eq!(left(store), [4, 5]);
            change(store, |tx| tx.delete_sessions(user));
            assert!(left(store).is_empty());
        });
    }

    #[test]
    fn a_session_that_was_altered_in_the_database_is_none() {
        for column in ["account_id", "created_at", "authenticated_at", "expires_at"] {
            with_sessions(|store, user| {
                let kind = AccountKind::User;
                let other =
                    NewAccount { kind, name: "bob", owner: None, email: None, created_at: Timestamp(0) };
                change(store, |tx| {
                    tx.insert_account(&other)?;
                    tx.run(
                        &format!("UPDATE session SET {column} = {column} + 1 WHERE digest = $1"),
                        &[(&[1; 32]).into()],
                    )
                    .map(drop)
                });
                assert_eq!(left(store), [2, 3, 4, 5], "{column} of {user:?}");
            });
        }
    }
}
