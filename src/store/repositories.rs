//! Repositories: what the registry stores under a namespace, as far as permissions need to know it.

use super::accounts::{Account, read_account};
use super::engine::{Columns, Value};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::permission::{RepositoryState, Visibility};
use crate::domain::time::Timestamp;

/// A repository's row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryId(pub i64);

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its row id.
    pub id: RepositoryId,
    /// The namespace that owns it.
    pub namespace: AccountId,
    /// Its path below the namespace.
    pub name: String,
    /// Who may pull without a grant.
    pub visibility: Visibility,
    /// What may be written at all.
    pub state: RepositoryState,
    /// The robot that mirrors into it.
    pub mirror_robot: Option<AccountId>,
    /// What people wrote about it.
    pub description: String,
    /// When it was registered here.
    pub created_at: Timestamp,
}

impl Repository {
    pub(super) fn deciding(&self) -> [Value<'_>; 6] {
        [
            self.id.0.into(),
            self.namespace.into(),
            (&self.name).into(),
            self.visibility.into(),
            self.state.into(),
            self.mirror_robot.into(),
        ]
    }
}

/// The columns that [`read_repository`] reads.
pub(super) const COLUMNS: &str = "repository.id, repository.namespace_id, repository.name, repository.visibility, \
     repository.state, repository.mirror_robot_id, repository.description, repository.created_at, repository.mac";

/// Reads [`COLUMNS`] into a repository and its MAC, which the caller must check.
pub(super) fn read_repository(columns: &mut Columns<'_>) -> Result<(Repository, Vec<u8>), StoreError> {
    let repository = Repository {
        id: RepositoryId(columns.take()?),
        namespace: columns.take()?,
        name: columns.take()?,
        visibility: columns.take()?,
        state: columns.take()?,
        mirror_robot: columns.take()?,
        description: columns.take()?,
        created_at: columns.take()?,
    };
    Ok((repository, columns.take()?))
}

impl Tx<'_> {
    pub(super) fn repository_is_genuine(&self, repository: &Repository, mac: &[u8]) -> bool {
        self.is_genuine("repository", &repository.deciding(), mac)
    }

    pub(super) fn repositories_where(
        &mut self,
        condition: &str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<Repository>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM repository {condition}");
        let rows = self.all(&statement, parameters, read_repository)?;
        let genuine = |(repository, mac): &(Repository, Vec<u8>)| self.repository_is_genuine(repository, mac);
        Ok(rows.into_iter().filter(genuine).map(|(repository, _)| repository).collect())
    }

    /// The repository with this path below a namespace.
    pub fn repository(&mut self, namespace: AccountId, name: &str) -> Result<Option<Repository>, StoreError> {
        let condition = "WHERE namespace_id = $1 AND name = $2";
        Ok(self.repositories_where(condition, &[namespace.into(), name.into()])?.pop())
    }

    /// The repositories of a namespace, by name, after the name `after`, at most `limit`.
    pub fn repositories(
        &mut self,
        namespace: AccountId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Repository>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.repositories_where(
            "WHERE namespace_id = $1 AND name > $2 ORDER BY name LIMIT $3",
            &[namespace.into(), after.into(), limit.into()],
        )
    }

    /// Public repositories of every namespace that is switched on, each with its namespace, in the order of their making, after the one with id
    /// `after`, at most `limit`.
    pub fn public_repositories(
        &mut self,
        after: RepositoryId,
        limit: usize,
    ) -> Result<Vec<(Account, Repository)>, StoreError> {
        let namespace = super::accounts::COLUMNS;
        let statement = format!(
            "SELECT {COLUMNS}, {namespace} FROM repository JOIN account ON account.id = repository.namespace_id \
             WHERE repository.visibility = 'public' AND repository.id > $1 AND account.enabled = 1 \
             ORDER BY repository.id LIMIT $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.all(&statement, &[after.0.into(), limit.into()], |columns| {
            let (repository, mac) = read_repository(columns)?;
            let (namespace, namespace_mac) = read_account(columns)?;
            Ok((repository, mac, namespace, namespace_mac))
        })?;
        let genuine =
            |(repository, mac, namespace, namespace_mac): &(Repository, Vec<u8>, Account, Vec<u8>)| {
                self.repository_is_genuine(repository, mac)
                    && self.account_is_genuine(namespace, namespace_mac)
            };
        Ok(rows
            .into_iter()
            .filter(genuine)
            .map(|(repository, _, namespace, _)| (namespace, repository))
            .collect())
    }

    /// Registers a repository. The name must be free in the namespace.
    pub fn insert_repository(
        &mut self,
        namespace: AccountId,
        name: &str,
        visibility: Visibility,
        description: &str,
        now: Timestamp,
    ) -> Result<Repository, StoreError> {
        let state = RepositoryState::Normal;
        let id = self.insert(
            "INSERT INTO repository (namespace_id, name, visibility, state, description, created_at, mac) \
             VALUES ($1, $2, $3, $4, $5, $6, x'') RETURNING id",
            &[namespace.into(), name.into(), visibility.into(), state.into(), description.into(), now.into()],
        )?;
        let repository = Repository {
            id: RepositoryId(id),
            namespace,
            name: name.to_owned(),
            visibility,
            state,
            mirror_robot: None,
            description: description.to_owned(),
            created_at: now,
        };
        self.update_repository(&repository)?;
        Ok(repository)
    }

    /// Writes what can change of a repository: visibility, state, mirroring robot, description.
    pub fn update_repository(&mut self, repository: &Repository) -> Result<(), StoreError> {
        let mac = self.mac("repository", &repository.deciding());
        self.run(
            "UPDATE repository SET visibility = $1, state = $2, mirror_robot_id = $3, description = $4, mac = $5 WHERE id = $6",
            &[
                repository.visibility.into(),
                repository.state.into(),
                repository.mirror_robot.into(),
                (&repository.description).into(),
                (&mac).into(),
                repository.id.0.into(),
            ],
        )
        .map(drop)
    }

    /// Deletes a repository's record and its grants; what the registry stores under the name stays there.
    pub fn delete_repository(&mut self, id: RepositoryId) -> Result<(), StoreError> {
        self.run("DELETE FROM repository WHERE id = $1", &[id.0.into()]).map(drop)
    }

    /// Whether a robot mirrors into some repository: it cannot be deleted then.
    pub fn is_mirroring(&mut self, robot: AccountId) -> Result<bool, StoreError> {
        let found = self.first(
            "SELECT 1 FROM repository WHERE mirror_robot_id = $1 LIMIT 1",
            &[robot.into()],
            |columns| columns.take::<i64>(),
        )?;
        Ok(found.is_some())
    }

    /// Lets go of the robots that mirror into a namespace's repositories, before the namespace is deleted: the reference
    /// would hold the deletion up.
    pub fn release_mirror_robots(&mut self, namespace: AccountId) -> Result<(), StoreError> {
        let condition = "WHERE namespace_id = $1 AND mirror_robot_id IS NOT NULL";
        for mut repository in self.repositories_where(condition, &[namespace.into()])? {
            repository.mirror_robot = None;
            self.update_repository(&repository)?;
        }
        Ok(())
    }
}
