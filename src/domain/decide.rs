//! The one place that decides what a registry token grants.

use super::caller::{AccountId, Caller, Identity};
use super::name::{AccountName, Namespace, RepositoryName};
use super::oauth::OAuthScope;
use super::permission::{RepositoryState, Role, Visibility};
use super::scope::{Actions, Requested, Resource};
use serde::Serialize;

/// What the caller may do in a namespace beside its grants on single repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// Nothing.
    #[default]
    None,
    /// May create repositories (team role creator).
    Creator,
    /// Administers it: a user its own namespace, a member of an admin team its organization.
    Admin,
}

/// What is stored about the namespace of a requested repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its row id.
    pub id: AccountId,
    /// `false` once an administrator has disabled it: nothing in it is granted to anybody.
    pub enabled: bool,
    /// What the caller may do in it.
    pub authority: Authority,
}

/// What is stored about a requested repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Who may pull without a grant.
    pub visibility: Visibility,
    /// What may be written at all.
    pub state: RepositoryState,
    /// The robot that mirrors into the repository.
    pub mirror_robot: Option<AccountId>,
    /// The caller's highest role, by direct grant or by team.
    pub role: Option<Role>,
}

/// All that is stored about one requested repository, read in the same transaction as the caller's credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `None` when no user or organization has the name.
    pub namespace: Option<NamespaceFacts>,
    /// `None` when the namespace has no such repository.
    pub repository: Option<RepositoryFacts>,
}

/// What configuration says about pushes to names that do not exist yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// CREATE_NAMESPACE_ON_PUSH: a user's push to an unknown namespace makes an organization of that name.
    pub create_namespace_on_push: bool,
}

/// One entry of a token's `access` claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// `repository` or `registry`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The name exactly as it was asked for.
    pub name: String,
    /// The granted actions; empty when nothing is granted.
    pub actions: Actions,
}

/// What a token may say. Only [`decide`] makes one, so a token without a decision cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    access: Vec<Access>,
    create: Vec<Creation>,
}

/// A repository that this request brings into being, because its caller may create it and asked to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// The repository.
    pub repository: RepositoryName,
    /// Whether its organization has to be made first.
    pub with_namespace: bool,
}

impl Granted {
    /// The `access` claim: one entry for each requested resource, in the order asked for.
    pub fn access(&self) -> &[Access] {
        &self.access
    }

    /// The repositories to register before the token is handed out.
    pub fn creations(&self) -> &[Creation] {
        &self.create
    }
}

/// Decides what `caller` gets of what it `requested`: never more than asked for, never an error.
///
/// `facts` gives what is stored about a repository; it is asked once for each requested repository.
pub fn decide(
    caller: &Caller,
    requested: &[Requested],
    policy: Policy,
    facts: impl Fn(&RepositoryName) -> Facts,
) -> Granted {
    let mut granted = Granted { access: Vec::with_capacity(requested.len()), create: Vec::new() };
    for request in requested {
        let allowed = match &request.resource {
            Resource::Catalog => catalog(caller),
            Resource::Repository(name) => {
                let push = request.actions.contains(Actions::PUSH);
                let verdict = repository(caller, name, push, policy, &facts(name));
                if let Some(creation) = verdict.creation
                    && !granted.create.contains(&creation)
                {
                    granted.create.push(creation);
                }
                verdict.allowed
            }
        };
        granted.access.push(Access {
            kind: request.resource.kind(),
            name: request.name.clone(),
            actions: request.actions.intersection(allowed),
        });
    }
    granted
}

/// The catalog lists every repository of the registry, so only super-users get it, and a robot is never one.
fn catalog(caller: &Caller) -> Actions {
    let listed = caller.identity().is_some_and(|identity| {
        let privilege = identity.privilege;
        let scoped = identity.oauth.is_none_or(|scopes| scopes.has(OAuthScope::SuperUser));
        !identity.name.is_robot() && scoped && (privilege.super_user || privilege.read_only)
    });
    if listed { Actions::ALL } else { Actions::NONE }
}

struct Verdict {
    allowed: Actions,
    creation: Option<Creation>,
}

impl Verdict {
    const fn only(allowed: Actions) -> Self {
        Self { allowed, creation: None }
    }
}

fn repository(caller: &Caller, name: &RepositoryName, push: bool, policy: Policy, facts: &Facts) -> Verdict {
    let identity = caller.identity().filter(|identity| is_at_home(identity, name.namespace()));
    let creation = |with_namespace| Verdict {
        allowed: Actions::ADMIN,
        creation: Some(Creation { repository: name.clone(), with_namespace }),
    };
    let verdict = match (facts.namespace, facts.repository, identity) {
        (None, _, Some(identity))
            if push
                && policy.create_namespace_on_push
                && !identity.name.is_robot()
                && !identity.privilege.makes_no_organizations =>
        {
            creation(true)
        }
        (None, _, _) => Verdict::only(Actions::NONE),
        (Some(namespace), _, _) if !namespace.enabled => Verdict::only(Actions::NONE),
        (Some(namespace), Some(repository), identity) => {
            Verdict::only(existing(identity, namespace.authority, &repository))
        }
        (Some(_), None, None) => Verdict::only(Actions::NONE),
        (Some(namespace), None, Some(identity)) => match (authority(identity, namespace.authority), push) {
            (Authority::None, _) | (Authority::Creator, false) => Verdict::only(Actions::NONE),
            (Authority::Creator | Authority::Admin, true) => creation(false),
            // Nothing is made by a pull, but its administrator is told the truth by the registry, not by us.
            (Authority::Admin, false) => Verdict::only(Actions::PULL),
        },
    };
    identity.map_or(Verdict::only(verdict.allowed), |identity| limit(identity, verdict))
}

/// A robot acts in its own namespace only; elsewhere it is treated as the anonymous are.
fn is_at_home(identity: &Identity, namespace: &Namespace) -> bool {
    match &identity.name {
        AccountName::User(_) => true,
        AccountName::Robot(robot) => robot.is_in(namespace.as_str()),
    }
}

fn authority(identity: &Identity, stored: Authority) -> Authority {
    if identity.privilege.full_access { Authority::Admin } else { stored }
}

fn existing(identity: Option<&Identity>, stored: Authority, repository: &RepositoryFacts) -> Actions {
    let public = match repository.visibility {
        Visibility::Public => Actions::PULL,
        Visibility::Private => Actions::NONE,
    };
    let Some(identity) = identity else { return public };
    let reads_all = if identity.privilege.read_only { Actions::PULL } else { Actions::NONE };
    let role = match authority(identity, stored) {
        Authority::Admin => Some(Role::Admin),
        Authority::None | Authority::Creator => repository.role,
    };
    let by_role = role.map_or(Actions::NONE, Role::actions).union(public).union(reads_all);
    match repository.state {
        RepositoryState::Normal => by_role,
        RepositoryState::Mirror if repository.mirror_robot == Some(identity.id) => {
            Actions::PULL.union(Actions::PUSH)
        }
        RepositoryState::ReadOnly | RepositoryState::Mirror => by_role.intersection(Actions::PULL),
    }
}

/// Cuts a verdict down to what the caller's privilege and the scopes of its access token leave.
fn limit(identity: &Identity, verdict: Verdict) -> Verdict {
    let mut allowed = verdict.allowed;
    let mut may_create = true;
    if identity.privilege.read_only {
        allowed = allowed.intersection(Actions::PULL);
        may_create = false;
    }
    if let Some(scopes) = identity.oauth {
        may_create &= scopes.has(OAuthScope::RepoCreate);
        allowed = allowed.intersection(scopes.actions());
    }
    match verdict.creation {
        Some(_) if !may_create => Verdict::only(Actions::NONE),
        creation => Verdict { allowed, creation: creation.filter(|_| allowed.contains(Actions::PUSH)) },
    }
}

#[cfg(test)]
mod tests;
