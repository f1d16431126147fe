//! Users, organizations and robots as accounts: names, passwords, and names that were given up.

use super::engine::{Columns, Value};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::permission::words;
use crate::domain::time::Timestamp;

words! {
    /// What an account is.
    AccountKind {
        /// A person; also a namespace.
        User = "user",
        /// A namespace that teams administer.
        Organization = "organization",
        /// A machine's credential inside a namespace.
        Robot = "robot",
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its row id.
    pub id: AccountId,
    /// What it is.
    pub kind: AccountKind,
    /// Its name; a robot's is `namespace+short`.
    pub name: String,
    /// A robot's namespace.
    pub owner: Option<AccountId>,
    /// Whether it may log in, and for a namespace whether anything in it is granted.
    pub enabled: bool,
    /// A user's or organization's address.
    pub email: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last logged in, to within a minute.
    pub last_accessed_at: Option<Timestamp>,
}

impl Account {
    /// Whether repositories can live under its name.
    pub fn is_namespace(&self) -> bool {
        self.kind != AccountKind::Robot
    }

    pub(super) fn deciding(&self) -> [Value<'_>; 5] {
        deciding(self.id, self.kind, &self.name, self.owner, self.enabled)
    }
}

/// The columns that the MAC of an account covers.
pub(super) fn deciding(
    id: AccountId,
    kind: AccountKind,
    name: &str,
    owner: Option<AccountId>,
    enabled: bool,
) -> [Value<'_>; 5] {
    [id.into(), kind.into(), name.into(), owner.into(), enabled.into()]
}

/// The columns that [`read_account`] reads, for queries of other files that join accounts.
pub(super) const COLUMNS: &str = "account.id, account.kind, account.name, account.owner_id, account.enabled, account.email, \
     account.created_at, (SELECT at FROM last_login WHERE account_id = account.id), account.mac";

/// An account that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// What it is.
    pub kind: AccountKind,
    /// Its name, already checked.
    pub name: &'a str,
    /// A robot's namespace.
    pub owner: Option<AccountId>,
    /// Its address, if any; two accounts cannot share one.
    pub email: Option<&'a str>,
    /// The time of its creation.
    pub created_at: Timestamp,
}

impl Tx<'_> {
    fn account_where(&mut self, condition: &str, value: Value<'_>) -> Result<Option<Account>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM account WHERE {condition}");
        let found = self.first(&statement, &[value], read_account)?;
        Ok(found.filter(|(account, mac)| self.account_is_genuine(account, mac)).map(|(account, _)| account))
    }

    /// Accounts that a condition with one parameter finds, in an order.
    pub(super) fn accounts_where(
        &mut self,
        condition: &str,
        value: Value<'_>,
    ) -> Result<Vec<Account>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM account WHERE {condition}");
        let found = self.all(&statement, &[value], read_account)?;
        let genuine = |(account, mac): &(Account, Vec<u8>)| self.account_is_genuine(account, mac);
        Ok(found.into_iter().filter(genuine).map(|(account, _)| account).collect())
    }

    /// The organizations that have a team which an account sits in, by name.
    pub fn organizations_of(&mut self, account: AccountId) -> Result<Vec<Account>, StoreError> {
        let condition = "id IN (SELECT team.organization_id FROM team_member \
                         JOIN team ON team.id = team_member.team_id WHERE team_member.account_id = $1) ORDER BY name";
        self.accounts_where(condition, account.into())
    }

    /// The account with exactly this name.
    pub fn account_by_name(&mut self, name: &str) -> Result<Option<Account>, StoreError> {
        self.account_where("name = $1", name.into())
    }

    /// The account with this id.
    pub fn account_by_id(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.account_where("id = $1", id.into())
    }

    /// The account with this address.
    pub fn account_by_email(&mut self, email: &str) -> Result<Option<Account>, StoreError> {
        self.account_where("email = $1", email.into())
    }

    /// Makes an account. The name and the address must be free.
    pub fn insert_account(&mut self, new: &NewAccount<'_>) -> Result<Account, StoreError> {
        let id = self.insert(
            "INSERT INTO account (kind, name, owner_id, enabled, email, created_at, mac) VALUES ($1, $2, $3, 1, $4, $5, x'') \
             RETURNING id",
            &[new.kind.into(), new.name.into(), new.owner.into(), new.email.into(), new.created_at.into()],
        )?;
        let account = Account {
            id: AccountId(id),
            kind: new.kind,
            name: new.name.to_owned(),
            owner: new.owner,
            enabled: true,
            email: new.email.map(ToOwned::to_owned),
            created_at: new.created_at,
            last_accessed_at: None,
        };
        self.update_account(&account)?;
        Ok(account)
    }

    /// Writes every column of an account that can change: name, enabled, address.
    pub fn update_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let mac = self.mac("account", &account.deciding());
        self.run(
            "UPDATE account SET name = $1, enabled = $2, email = $3, mac = $4 WHERE id = $5",
            &[
                (&account.name).into(),
                account.enabled.into(),
                account.email.as_deref().into(),
                (&mac).into(),
                account.id.into(),
            ],
        )
        .map(drop)
    }

    /// Makes a user's namespace an organization: what let the user log in, and what it held elsewhere, goes.
    pub fn convert_to_organization(&mut self, user: &Account) -> Result<(), StoreError> {
        for table in [
            "password",
            "session",
            "app_token",
            "oauth_token",
            "oauth_assignment",
            "team_member",
            "repository_permission",
        ] {
            self.run(&format!("DELETE FROM {table} WHERE account_id = $1"), &[user.id.into()])?;
        }
        let converted = Account { kind: AccountKind::Organization, ..user.clone() };
        self.run("UPDATE account SET kind = $1 WHERE id = $2", &[converted.kind.into(), user.id.into()])?;
        self.update_account(&converted)
    }

    /// Deletes an account and all that hangs on it: robots, teams, repositories, grants, tokens, sessions.
    pub fn delete_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        self.run("DELETE FROM account WHERE id = $1", &[id.into()]).map(drop)
    }

    /// Accounts of one kind whose names start with `prefix`, by name, after the name `after`, at most `limit`.
    pub fn accounts(
        &mut self,
        kind: AccountKind,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM account WHERE kind = $1 AND name > $2 AND name >= $3 AND name < $4 ORDER BY name LIMIT $5"
        );
        let (end, limit) = (end_of_prefix(prefix), i64::try_from(limit).unwrap_or(i64::MAX));
        let parameters = [kind.into(), after.into(), prefix.into(), (&end).into(), limit.into()];
        let rows = self.all(&statement, &parameters, read_account)?;
        Ok(self.genuine_accounts(rows))
    }

    /// The robots of a namespace whose full names start with `prefix`, by name, at most `limit`.
    pub fn robots_named(
        &mut self,
        owner: AccountId,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM account WHERE owner_id = $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4"
        );
        let (end, limit) = (end_of_prefix(prefix), i64::try_from(limit).unwrap_or(i64::MAX));
        let parameters = [owner.into(), prefix.into(), (&end).into(), limit.into()];
        let rows = self.all(&statement, &parameters, read_account)?;
        Ok(self.genuine_accounts(rows))
    }

    pub(super) fn account_is_genuine(&self, account: &Account, mac: &[u8]) -> bool {
        self.is_genuine("account", &account.deciding(), mac)
    }

    /// Keeps the accounts whose MAC is right.
    pub(super) fn genuine_accounts(&self, rows: Vec<(Account, Vec<u8>)>) -> Vec<Account> {
        let genuine = |(account, mac): &(Account, Vec<u8>)| self.account_is_genuine(account, mac);
        rows.into_iter().filter(genuine).map(|(account, _)| account).collect()
    }

    /// How many users and organizations there are.
    pub fn namespace_count(&mut self) -> Result<i64, StoreError> {
        let counted =
            self.first("SELECT count(*) FROM account WHERE kind <> 'robot'", &[], |columns| columns.take())?;
        Ok(counted.unwrap_or_default())
    }

    /// Whether there is no account at all. Reads one row at most, however many there are; a robot is never without its
    /// namespace, so any account will do.
    pub fn is_empty(&mut self) -> Result<bool, StoreError> {
        let found = self.first("SELECT 1 FROM account LIMIT 1", &[], |columns| columns.take::<i64>())?;
        Ok(found.is_none())
    }

    /// Whether there is any user.
    pub fn has_users(&mut self) -> Result<bool, StoreError> {
        let found = self.first("SELECT id FROM account WHERE kind = 'user' LIMIT 1", &[], |columns| {
            columns.take::<i64>()
        })?;
        Ok(found.is_some())
    }

    /// A user's password hash (PHC string). `None` without one, or when its row was altered.
    pub fn password(&mut self, account: AccountId) -> Result<Option<String>, StoreError> {
        let found = self.first(
            "SELECT hash, mac FROM password WHERE account_id = $1",
            &[account.into()],
            |columns| Ok((columns.take::<String>()?, columns.take::<Vec<u8>>()?)),
        )?;
        let genuine = |(hash, mac): &(String, Vec<u8>)| {
            self.is_genuine("password", &[account.into(), hash.into()], mac)
        };
        Ok(found.filter(genuine).map(|(hash, _)| hash))
    }

    /// Sets a user's password hash (PHC string).
    pub fn set_password(&mut self, account: AccountId, hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let mac = self.mac("password", &[account.into(), hash.into()]);
        self.run(
            "INSERT INTO password (account_id, hash, changed_at, mac) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO \
             UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at, mac = excluded.mac",
            &[account.into(), hash.into(), now.into(), (&mac).into()],
        )
        .map(drop)
    }

    /// Notes logins: each account's time moves forward only, by `gap` seconds or more.
    pub fn note_logins(&mut self, logins: &[(AccountId, Timestamp)], gap: i64) -> Result<(), StoreError> {
        for (account, at) in logins {
            let earlier = [(*at).into(), (*account).into(), at.plus(-gap.max(1)).into()];
            if self.run("UPDATE last_login SET at = $1 WHERE account_id = $2 AND at <= $3", &earlier)? == 0 {
                // The first one, if the account is still there; else there is nothing to note.
                self.run(
                    "INSERT INTO last_login (account_id, at) SELECT id, $1 FROM account WHERE id = $2 \
                     ON CONFLICT (account_id) DO NOTHING",
                    &[(*at).into(), (*account).into()],
                )?;
            }
        }
        Ok(())
    }

    /// Keeps `name` (a namespace, or `namespace/repository`) from being taken again until `until`: a token issued before the name
    /// was given up may be valid so long, and would open what somebody else puts there.
    pub fn retire_name(&mut self, name: &str, until: Timestamp) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO retired_name (name, until) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET until = excluded.until",
            &[name.into(), until.into()],
        )
        .map(drop)
    }

    /// Forgets up to `limit` names that can be taken again since `now` or before, and tells how many.
    pub fn prune_retired_names(&mut self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.prune("retired_name", "name", "until", now, limit)
    }

    /// Until when `name` cannot be taken, if that is after `now`.
    pub fn retired_until(&mut self, name: &str, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.first(
            "SELECT until FROM retired_name WHERE name = $1 AND until > $2",
            &[name.into(), now.into()],
            |columns| columns.take(),
        )
    }
}

/// A text behind every name that starts with `prefix`. A range, unlike a test of the prefix, is found in the index.
pub(super) fn end_of_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// Reads [`COLUMNS`] into an account and its MAC, which the caller must check.
pub(super) fn read_account(columns: &mut Columns<'_>) -> Result<(Account, Vec<u8>), StoreError> {
    let account = Account {
        id: columns.take()?,
        kind: columns.take()?,
        name: columns.take()?,
        owner: columns.take()?,
        enabled: columns.take()?,
        email: columns.take()?,
        created_at: columns.take()?,
        last_accessed_at: columns.take()?,
    };
    Ok((account, columns.take()?))
}
