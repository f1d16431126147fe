//! Keyless robots: what an outside issuer's token is exchanged for, and what becomes of those who have no such token.

mod exchange;
mod issuers;
mod login;

use crate::support::{Answer, Installation, Issuer, IssuerKey};
use dockpass::domain::name::RobotName;
use dockpass::service::actor::Actor;
use dockpass::service::federation;
use dockpass::store::federation::FederatedIdentity;
use serde_json::{Value, json};

const PATH: &str = "/oauth2/federation/robot/token";
const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// An organization `acme` whose robot `acme+ci` may be used by one job of an issuer, and push to `acme/app`.
struct Site {
    installation: Installation,
    issuer: Issuer,
    key: IssuerKey,
}

impl Site {
    fn new(config: &str) -> Self {
        Self::with(Issuer::start(), config)
    }

    fn with(issuer: Issuer, config: &str) -> Self {
        let key = IssuerKey::ec("first");
        issuer.publish(&[&key]);
        let config = format!("SERVER_HOSTNAME: registry.example\n{}{config}", issuer.config());
        let installation = Installation::new(&config);
        installation.organization("acme");
        installation.repository("acme/app", "private");
        installation.robot("acme+ci");
        installation.grant("acme/app", "acme+ci", "write");
        let site = Self { installation, issuer, key };
        site.federate("acme+ci", &[(&site.issuer.url(), SUBJECT)]);
        site
    }

    /// Sets who may act as a robot, by issuer and subject, with tokens for this registry.
    fn federate(&self, robot: &str, entries: &[(&str, &str)]) {
        let entries: Vec<_> = entries.iter().map(|(issuer, subject)| entry(issuer, subject)).collect();
        let name = RobotName::parse(robot).unwrap();
        let actor = Actor::operator("test");
        let app = &self.installation.app;
        federation::set(app, &actor, name.namespace().as_str(), name.short(), &entries).unwrap();
    }

    /// As [`Self::federate`], unchecked: what a configuration before this one allowed.
    fn federate_unchecked(&self, issuer: &str) {
        let entry = entry(issuer, SUBJECT);
        let store = &self.installation.app.store;
        let written = store.write::<_, dockpass::store::StoreError>("test", |tx| {
            let robot = tx.robot("acme+ci")?.unwrap().account.id;
            tx.replace_federation(robot, std::slice::from_ref(&entry))
        });
        written.unwrap();
    }

    /// The claims of a good token.
    fn claims(&self) -> Value {
        let now = self.installation.app.now().0;
        json!({
            "iss": self.issuer.url(), "sub": SUBJECT, "aud": "registry.example",
            "iat": now, "nbf": now, "exp": now + 300, "jti": "1", "repository": "acme/app",
        })
    }

    /// A good token.
    fn token(&self) -> String {
        self.key.token(&self.claims())
    }

    /// A token that is good but for one claim.
    fn token_with(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[claim] = value;
        self.key.token(&claims)
    }

    async fn exchange(&self, robot: &str, token: &str) -> Answer {
        self.installation.get(PATH, Some((robot, token))).await
    }

    /// The robot token that a good token is exchanged for.
    async fn robot_token(&self) -> String {
        let answer = self.exchange("acme+ci", &self.token()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Logs in at the token endpoint and asks to push.
    async fn log_in(&self, name: &str, password: &str) -> Answer {
        let path = "/v2/auth?service=registry.example&scope=repository:acme/app:pull,push";
        self.installation.get(path, Some((name, password))).await
    }
}

fn entry(issuer: &str, subject: &str) -> FederatedIdentity {
    FederatedIdentity {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience: "registry.example".to_owned(),
    }
}
