//! Use cases. They know no HTTP: the token endpoint, the REST API, the pages and the command line all call these.
//!
//! - [`issue`]: a token request from credentials to signed token
//! - [`login`]: credentials to caller
//! - [`sessions`]: people signed in with a browser
//! - [`oauth`], [`app_tokens`]: tokens that act for users
//! - [`logs`]: the audit trail as people read it
//! - [`superusers`]: what super-users do to other people's users and organizations
//! - [`refresh`]: refresh tokens of the token endpoint
//! - [`exchange`], [`robot_tokens`]: tokens of outside issuers, exchanged for what a keyless robot logs in with
//! - [`throttle`]: wrong guesses, slowed down
//! - [`prune`]: what has had its time, forgotten
//! - [`ledger`]: logins noted outside the path of a request
//! - [`actor`]: who changes something, and what they may change
//! - [`audit`]: the audit trail, read
//! - [`credentials`]: a robot's credentials in the forms that clients take
//! - [`initialize`]: the first user
//! - [`entities`]: finding anybody by the beginning of a name
//! - [`organizations`], [`users`], [`repositories`], [`robots`], [`federation`], [`teams`], [`members`], [`permissions`], [`default_permissions`]:
//!   administration

pub mod actor;
pub mod app_tokens;
pub mod audit;
pub mod credentials;
pub mod default_permissions;
pub mod entities;
pub mod error;
pub mod exchange;
pub mod federation;
pub mod grants;
pub mod initialize;
pub mod issue;
pub mod ledger;
pub mod listing;
pub mod login;
pub mod logs;
pub mod members;
pub mod namespaces;
pub mod oauth;
pub mod organizations;
pub mod permissions;
pub mod pickers;
pub mod prune;
pub mod refresh;
pub mod repositories;
pub mod robot_lists;
pub mod robot_pages;
pub mod robot_tokens;
pub mod robots;
pub mod sessions;
pub mod settings;
pub mod superusers;
pub mod team_members;
pub mod team_pages;
pub mod teams;
pub mod throttle;
pub mod users;

use crate::config::{Config, LiveSettings};
use crate::domain::caller::Privilege;
use crate::domain::decide::Policy;
use crate::domain::random::Random;
use crate::domain::time::{Clock, Timestamp};
use crate::issuers::Issuers;
use crate::keys::{KeyRing, SymmetricKeys};
use crate::password::Hasher;
use crate::store::Store;
use ledger::Ledger;
use std::sync::Arc;
use throttle::Throttle;

/// Everything that the use cases work with.
pub struct App {
    /// The settings that stay as they were at start.
    pub config: Config,
    /// The settings that change while running.
    pub live: LiveSettings,
    /// What is kept.
    pub store: Store,
    /// Verify, seal and session keys.
    pub keys: SymmetricKeys,
    /// The keys that registry tokens are signed with.
    pub ring: KeyRing,
    /// Argon2 on its own threads: for what people choose, passwords.
    pub hasher: Hasher,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Logins that are still to be written down.
    pub ledger: Ledger,
    /// What is remembered of wrong logins.
    pub throttle: Throttle,
    /// Outside issuers of identities, and their keys.
    pub issuers: Issuers,
}

impl App {
    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What configuration adds to a user's grants. Robots are never privileged: a robot's name holds a `+`, which no
    /// entry of the lists may.
    pub fn privilege(&self, name: &str) -> Privilege {
        let listed = |list: &[String]| list.iter().any(|entry| entry == name);
        let people = &self.config.people;
        let super_user = people.super_users_enabled && listed(&people.super_users);
        let restricted =
            people.restricted_users && !super_user && !listed(&people.restricted_users_whitelist);
        Privilege {
            super_user,
            full_access: super_user && people.super_users_full_access,
            read_only: listed(&people.readonly_super_users),
            restricted,
            makes_no_organizations: restricted || (people.super_users_make_organizations && !super_user),
        }
    }

    /// How long a token lives, in seconds.
    pub fn token_lifetime(&self) -> i64 {
        i64::try_from(self.config.tokens.lifetime.as_secs()).unwrap_or(i64::MAX)
    }

    /// What pushes to unknown names may bring into being.
    pub fn policy(&self) -> Policy {
        Policy { create_namespace_on_push: self.config.repositories.create_namespace_on_push }
    }

    /// The registries that tokens are signed for; the first is the usual one.
    pub fn services(&self) -> &[String] {
        &self.config.derived.services
    }

    /// Until when a name given up now must not be taken: no token issued under it is accepted any longer then. Registries
    /// add 60 s of leeway to a token's life.
    pub fn retirement(&self) -> Timestamp {
        self.now().plus(self.token_lifetime() + 60)
    }
}
