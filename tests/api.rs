//! Whole requests to the REST API, laid out by address: what clients of Quay send, and what they get.

mod clients;
mod common;
mod lists;
mod matrix;
mod oauth;
mod organizations;
mod people;
mod prototypes;
mod repositories;
mod robots;
mod session;
mod teams;
mod texts;

use crate::support::{Answer, Installation};
use dockpass::domain::caller::Identity;
use dockpass::domain::name::AccountName;
use dockpass::service::actor::Actor;
use dockpass::service::oauth::{applications, tokens};
use dockpass::service::users;
use dockpass::store::audit::Origin;
use serde_json::Value;

/// Every scope.
const ALL: &str = "repo:read repo:write repo:admin repo:create user:read user:admin org:admin super:user";

const CONFIG: &str =
    "SERVER_HOSTNAME: registry.example\nSUPER_USERS: [root1]\nGLOBAL_READONLY_SUPER_USERS: [auditor]\n";

/// An installation with users `alice`, who owns organization `acme`, `bob`, who sits in its team `devs`, `eve`, who is
/// nobody in it, super-user `root1` and read-only super-user `auditor`; repositories `acme/app` and `acme/base`; robots `acme+ci`
/// and `other+ci`.
struct Acme {
    installation: Installation,
}

impl Acme {
    fn new() -> Self {
        Self::with("")
    }

    /// As [`Self::new`], with more configuration.
    fn with(config: &str) -> Self {
        let installation = Installation::new(&format!("{CONFIG}{config}"));
        for user in ["alice", "bob", "eve", "root1", "auditor"] {
            installation.user(user);
        }
        installation.organization("acme");
        installation.organization("other");
        installation.member("acme", "owners", "alice");
        installation.team("acme", "devs", "member");
        installation.member("acme", "devs", "bob");
        installation.repository("acme/app", "private");
        installation.repository("acme/base", "public");
        installation.robot("acme+ci");
        installation.robot("other+ci");
        Self { installation }
    }

    /// A user who signed in.
    fn actor(&self, user: &str) -> Actor {
        let app = &self.installation.app;
        let account = users::get(app, user).unwrap();
        let name = AccountName::parse(user).unwrap();
        let identity = Identity { id: account.id, name, privilege: app.privilege(user), oauth: None };
        Actor::account(identity, Origin::default())
    }

    /// An access token of a user with these scopes.
    fn token(&self, user: &str, scope: &str) -> String {
        let app = &self.installation.app;
        let operator = Actor::operator("test");
        let texts =
            applications::Texts { name: format!("{user}: {scope}"), ..applications::Texts::default() };
        let made = applications::create(app, &operator, "other", &texts).unwrap();
        let actor = self.actor(user);
        let handler = format!("{}{}", app.config.derived.origin, tokens::LOCAL_HANDLER);
        let minted = tokens::authorize(app, &actor, &made.application.client_id, &handler, scope);
        self.installation.kept(minted.unwrap().token.expose())
    }

    async fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let headers = if token.is_empty() { &headers[1..] } else { &headers[..] };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.installation.send(method, &format!("/api/v1{path}"), None, headers, &body).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(token, "GET", path, &Value::Null).await
    }

    async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send(token, "DELETE", path, &Value::Null).await
    }
}

/// Fails unless an answer is Quay's full error shape with this status, type and text.
fn assert_api_error(answer: &Answer, status: u16, kind: &str, text: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(body["error_type"], kind, "{body}");
    assert_eq!(body["error_message"], text, "{body}");
}

/// Fails unless an answer is Quay's short error shape with status 400 and this text.
fn assert_message(answer: &Answer, text: &str) {
    assert_eq!((answer.status, answer.text()), (400, serde_json::json!({ "message": text }).to_string()));
}
