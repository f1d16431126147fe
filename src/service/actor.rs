//! Who changes or reads something, and whether it may: the one place that answers for administration, as
//! `domain::decide` does for registry tokens.

use super::App;
use super::error::ServiceError;
use crate::domain::caller::{AccountId, Identity};
use crate::domain::decide::Authority;
use crate::domain::oauth::OAuthScope;
use crate::domain::permission::{Role, Visibility};
use crate::store::access::authority;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::{Event, Origin};
use crate::store::permissions::Grantee;
use crate::store::repositories::{Repository, RepositoryId};
use crate::store::{StoreError, Tx};
use std::collections::HashSet;

/// Whether something is only looked at. A read-only super-user passes every check for reading, none for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Looked at.
    Read,
    /// Changed, or a secret is shown.
    Write,
}

#[derive(Clone, Debug)]
enum Subject {
    /// The command line: whoever can read the key files and write the database has every right already.
    Operator,
    Account(Identity),
    Anonymous,
}

/// Which repositories of one namespace somebody may see beside the public ones.
#[derive(Clone, Debug)]
pub enum Readable {
    /// All of them.
    Everything,
    /// These.
    Granted(HashSet<RepositoryId>),
}

impl Readable {
    /// Whether a repository of the namespace is among them, or public.
    pub fn holds(&self, repository: &Repository) -> bool {
        repository.visibility == Visibility::Public
            || match self {
                Self::Everything => true,
                Self::Granted(granted) => granted.contains(&repository.id),
            }
    }
}

/// Who acts, from where.
#[derive(Clone, Debug)]
pub struct Actor {
    subject: Subject,
    /// What every event of this actor carries.
    pub origin: Origin,
}

impl Actor {
    /// The command line, run by the system user `name`.
    pub fn operator(name: &str) -> Self {
        let origin = Origin { performer_name: Some(format!("cli:{name}")), ..Origin::default() };
        Self { subject: Subject::Operator, origin }
    }

    /// An account whose credentials were right. `origin` gives address and request id.
    pub fn account(identity: Identity, origin: Origin) -> Self {
        let origin = origin.performed_by(identity.id, identity.name.as_str());
        Self { subject: Subject::Account(identity), origin }
    }

    /// Somebody without credentials.
    pub fn anonymous(origin: Origin) -> Self {
        Self { subject: Subject::Anonymous, origin }
    }

    /// The account that acts, if it is one.
    pub fn identity(&self) -> Option<&Identity> {
        if let Subject::Account(identity) = &self.subject { Some(identity) } else { None }
    }

    /// Whether this is the command line.
    pub fn is_operator(&self) -> bool {
        matches!(self.subject, Subject::Operator)
    }

    fn id(&self) -> Option<AccountId> {
        self.identity().map(|identity| identity.id)
    }

    /// The refusal that fits: who has not said who it is may try again with credentials.
    pub fn refusal(&self) -> ServiceError {
        match self.subject {
            Subject::Anonymous => ServiceError::Unauthenticated,
            Subject::Operator | Subject::Account(_) => ServiceError::Forbidden,
        }
    }

    /// Fails unless the actor's access token (if it came with one) was given `scope`.
    pub fn require_scope(&self, scope: OAuthScope) -> Result<(), ServiceError> {
        let scoped =
            self.identity().and_then(|identity| identity.oauth).is_none_or(|scopes| scopes.has(scope));
        if scoped { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    /// The signed-in account; a refusal for everybody else.
    pub fn require_account(&self) -> Result<&Identity, ServiceError> {
        self.identity().ok_or(ServiceError::Unauthenticated)
    }

    /// Whether the actor may use the super-user routes.
    pub fn is_super_user(&self, mode: Mode) -> bool {
        match &self.subject {
            Subject::Operator => true,
            Subject::Anonymous => false,
            Subject::Account(identity) => {
                let scoped = identity.oauth.is_none_or(|scopes| scopes.has(OAuthScope::SuperUser));
                let privilege = identity.privilege;
                scoped && if privilege.read_only { mode == Mode::Read } else { privilege.super_user }
            }
        }
    }

    /// Fails unless [`Self::is_super_user`].
    pub fn require_super_user(&self, mode: Mode) -> Result<(), ServiceError> {
        if self.is_super_user(mode) { Ok(()) } else { Err(self.refusal()) }
    }

    /// What the actor may do in a namespace, scopes of access tokens left aside.
    pub fn authority(
        &self,
        tx: &mut Tx<'_>,
        namespace: &Account,
        mode: Mode,
    ) -> Result<Authority, StoreError> {
        let identity = match &self.subject {
            Subject::Operator => return Ok(Authority::Admin),
            Subject::Anonymous => return Ok(Authority::None),
            Subject::Account(identity) => identity,
        };
        if identity.privilege.read_only {
            return Ok(if mode == Mode::Read { Authority::Admin } else { Authority::None });
        }
        if identity.privilege.full_access {
            return Ok(Authority::Admin);
        }
        let teams = tx.teams_of(identity.id)?;
        Ok(authority(identity.id, &teams, namespace.kind, namespace.id))
    }

    /// Whether the actor administers a namespace. An access token needs `org:admin` for an organization, `user:admin`
    /// for the user's own namespace.
    pub fn administers(&self, tx: &mut Tx<'_>, namespace: &Account, mode: Mode) -> Result<bool, StoreError> {
        let scope = match namespace.kind {
            AccountKind::Organization => OAuthScope::OrgAdmin,
            AccountKind::User | AccountKind::Robot => OAuthScope::UserAdmin,
        };
        Ok(self.require_scope(scope).is_ok() && self.authority(tx, namespace, mode)? == Authority::Admin)
    }

    /// Fails unless [`Self::administers`].
    pub fn require_admin(
        &self,
        tx: &mut Tx<'_>,
        namespace: &Account,
        mode: Mode,
    ) -> Result<(), ServiceError> {
        if self.administers(tx, namespace, mode)? { Ok(()) } else { Err(self.refusal()) }
    }

    /// Whether the actor sits in any team of an organization, or administers the namespace.
    pub fn is_member(&self, tx: &mut Tx<'_>, namespace: &Account) -> Result<bool, StoreError> {
        if self.authority(tx, namespace, Mode::Read)? == Authority::Admin {
            return Ok(true);
        }
        let Some(id) = self.id() else { return Ok(false) };
        Ok(tx.teams_of(id)?.iter().any(|team| team.organization == namespace.id))
    }

    /// The actor's highest role on a repository: by administering its namespace, by grant or by team. Being public is not
    /// a role; see [`Self::may_read`].
    pub fn role(
        &self,
        tx: &mut Tx<'_>,
        namespace: &Account,
        repository: &Repository,
        mode: Mode,
    ) -> Result<Option<Role>, StoreError> {
        if self.authority(tx, namespace, mode)? == Authority::Admin {
            return Ok(Some(Role::Admin));
        }
        let Some(id) = self.id() else { return Ok(None) };
        if mode == Mode::Write && self.identity().is_some_and(|identity| identity.privilege.read_only) {
            return Ok(None);
        }
        let mut role = tx.granted_role(Grantee::Account(id), repository.id)?;
        for team in tx.teams_of(id)?.iter().filter(|team| team.organization == namespace.id) {
            role = role.max(tx.granted_role(Grantee::Team(team.id), repository.id)?);
        }
        Ok(role)
    }

    /// Whether the actor may see a repository: it is public, or the actor has a role (and the scope `repo:read`).
    pub fn may_read(
        &self,
        tx: &mut Tx<'_>,
        namespace: &Account,
        repository: &Repository,
    ) -> Result<bool, StoreError> {
        if repository.visibility == Visibility::Public {
            return Ok(true);
        }
        Ok(self.may_see_private() && self.role(tx, namespace, repository, Mode::Read)?.is_some())
    }

    /// Which repositories of a namespace the actor may see beside the public ones: what [`Self::may_read`] tells of each, in a
    /// fixed number of queries for all of them.
    pub fn readable(&self, tx: &mut Tx<'_>, namespace: &Account) -> Result<Readable, StoreError> {
        let mut granted = HashSet::new();
        if !self.may_see_private() {
            return Ok(Readable::Granted(granted));
        }
        if self.authority(tx, namespace, Mode::Read)? == Authority::Admin {
            return Ok(Readable::Everything);
        }
        if let Some(id) = self.id() {
            granted.extend(tx.granted_ids(Grantee::Account(id))?);
            for team in tx.teams_of(id)?.iter().filter(|team| team.organization == namespace.id) {
                granted.extend(tx.granted_ids(Grantee::Team(team.id))?);
            }
        }
        Ok(Readable::Granted(granted))
    }

    fn may_see_private(&self) -> bool {
        [OAuthScope::RepoRead, OAuthScope::RepoWrite, OAuthScope::RepoAdmin]
            .into_iter()
            .any(|scope| self.require_scope(scope).is_ok())
    }

    /// As [`Self::is_member`], with an access token that may show it: one that can act in the organization.
    pub fn shows_membership(&self, tx: &mut Tx<'_>, namespace: &Account) -> Result<bool, StoreError> {
        let scoped = [OAuthScope::OrgAdmin, OAuthScope::RepoCreate]
            .into_iter()
            .any(|scope| self.require_scope(scope).is_ok());
        Ok(scoped && self.is_member(tx, namespace)?)
    }

    /// Fails unless the actor administers a repository (and its access token has `repo:admin`).
    pub fn require_repository_admin(
        &self,
        tx: &mut Tx<'_>,
        namespace: &Account,
        repository: &Repository,
        mode: Mode,
    ) -> Result<(), ServiceError> {
        self.require_scope(OAuthScope::RepoAdmin)?;
        if self.role(tx, namespace, repository, mode)? == Some(Role::Admin) {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    /// Fails unless the actor may push to a repository (and its access token has `repo:write` or `repo:admin`).
    pub fn require_repository_write(
        &self,
        tx: &mut Tx<'_>,
        namespace: &Account,
        repository: &Repository,
    ) -> Result<(), ServiceError> {
        self.require_scope(OAuthScope::RepoWrite).or_else(|_| self.require_scope(OAuthScope::RepoAdmin))?;
        if self.role(tx, namespace, repository, Mode::Write)? >= Some(Role::Write) {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    /// Writes an event by this actor.
    pub fn record(&self, app: &App, tx: &mut Tx<'_>, event: &Event<'_>) -> Result<(), StoreError> {
        tx.record(&self.origin, event, app.now())
    }
}
