//! Requests that are well-formed and otherwise random, one after the other: every route of the REST API with parameters and
//! bodies of the right types, the token endpoint, the pages and whatever form they show. Names are mostly such as are there, so
//! that what is asked for happens; texts are also such as nobody sends. Whatever the order, no answer is a failure of the
//! server and nothing panics.
//!
//! `cargo test` sends a fixed number from a fixed seed. A long run takes `DOCKPASS_REQUESTS`, and `DOCKPASS_FUZZ_SEED`
//! (otherwise a fresh one, which it prints).

mod forms;
mod values;

use crate::support::{Answer, Installation, TestRandom, number};
use dockpass::domain::caller::Identity;
use dockpass::domain::credential::Secret;
use dockpass::domain::name::AccountName;
use dockpass::domain::random::Random as _;
use dockpass::http::api::{ApiRoute, Endpoint, Payload};
use dockpass::service::actor::Actor;
use dockpass::service::oauth::{applications, tokens};
use dockpass::service::sessions::{csrf_token, sign_in};
use dockpass::service::users;
use dockpass::store::audit::Origin;
use std::collections::{BTreeMap, BTreeSet};
use values::Values;

/// Requests of a plain `cargo test`, and how many are sent to one installation before a fresh one takes its place: those that
/// delete the callers leave nothing for the others.
const SHORT: u64 = 2_400;
const PER_INSTALLATION: u64 = 150;
const SEED: u64 = 0x0d0c_4a56;

const CONFIG: &str = "SERVER_HOSTNAME: registry.example\nSUPER_USERS: [root1]\nFEATURE_SUPERUSERS_FULL_ACCESS: true\n\
     GLOBAL_READONLY_SUPER_USERS: [auditor]\nFEATURE_USER_CREATION: true\nFEATURE_USER_INITIALIZE: true\n\
     FEATURE_ANONYMOUS_ACCESS: true\nTOKEN_REFRESH: true\n";
const ALL: &str = "repo:read repo:write repo:admin repo:create user:read user:admin org:admin super:user";

/// Somebody who sends requests.
#[derive(Clone, Default)]
struct Caller {
    headers: Vec<(&'static str, String)>,
    /// What its forms carry.
    csrf: String,
}

/// An installation with something of everything, and what is known of it.
struct World {
    installation: Installation,
    values: Values,
    callers: Vec<Caller>,
    /// Names and secrets of who may ask for a token.
    logins: Vec<(String, String)>,
}

/// What a run has met, so that it can tell that it reached something.
#[derive(Default)]
struct Met {
    statuses: BTreeMap<u16, u64>,
    succeeded: BTreeSet<String>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let installation = Installation::new(CONFIG);
        for user in ["root1", "alice", "bob", "auditor"] {
            installation.user(user);
        }
        let mut logins = vec![("alice".to_owned(), "alice's-password".to_owned())];
        for organization in ["acme", "other"] {
            installation.organization(organization);
            installation.member(organization, "owners", "alice");
            installation.team(organization, "devs", "member");
            installation.member(organization, "devs", "bob");
            installation.repository(&format!("{organization}/app"), "private");
            installation.repository(&format!("{organization}/lib/base"), "public");
            for robot in [format!("{organization}+ci"), format!("{organization}+cd")] {
                logins.push((robot.clone(), installation.robot(&robot)));
            }
            installation.grant(&format!("{organization}/app"), &format!("{organization}+ci"), "write");
        }
        logins.push(("alice+ci".to_owned(), installation.robot("alice+ci")));
        let mut callers = vec![Caller::default()];
        for user in ["root1", "alice", "bob", "auditor"] {
            callers.push(bearer(&installation, user));
            callers.push(session(&installation, user).await);
        }
        Self { installation, values: Values::new(seed), callers, logins }
    }

    /// The next request and its answer.
    async fn step(&mut self) -> (String, Answer) {
        match self.values.below(8) {
            0 => self.token().await,
            1 => self.elsewhere().await,
            2 | 3 => self.page().await,
            _ => self.api().await,
        }
    }

    async fn send(
        &mut self,
        caller: &Caller,
        method: &str,
        path: &str,
        kind: &'static str,
        body: &str,
    ) -> Answer {
        let mut headers: Vec<(&str, &str)> =
            caller.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend([
            ("host", "localhost:8480"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", kind),
        ]);
        let answer = self.installation.send(method, path, None, &headers, body).await;
        if kind == "application/json" {
            self.values.learn(&answer.body);
        }
        answer
    }

    fn caller(&mut self) -> Caller {
        let which = self.values.index(self.callers.len());
        self.callers[which].clone()
    }

    async fn api(&mut self) -> (String, Answer) {
        let endpoints: Vec<&Endpoint> = ApiRoute::endpoints().collect();
        let endpoint = endpoints[self.values.index(endpoints.len())];
        let (path, body) = (self.values.path(endpoint), self.body(endpoint));
        let caller = self.caller();
        let path = format!("/api/v1{path}");
        let answer = self.send(&caller, endpoint.method, &path, "application/json", &body).await;
        let name = if answer.status < 300 { endpoint.id } else { "" };
        (format!("{name} {} {path} {body}", endpoint.method), answer)
    }

    fn body(&mut self, endpoint: &Endpoint) -> String {
        match endpoint.spec.payload {
            Payload::None => String::new(),
            Payload::Optional(_) if self.values.below(3) == 0 => String::new(),
            Payload::Optional(schema) | Payload::Required(schema) => {
                self.values.json("", schema, endpoint.id).to_string()
            }
        }
    }

    async fn token(&mut self) -> (String, Answer) {
        let which = self.values.index(self.logins.len());
        let (name, secret) = self.logins[which].clone();
        let mut fields: Vec<(&str, String)> = Vec::new();
        for _ in 0..self.values.below(4) {
            fields.push(("scope", self.values.scope()));
        }
        if self.values.below(2) == 0 {
            fields.push(("service", "registry.example".to_owned()));
        }
        for name in ["account", "client_id", "offline_token", "access_type", "refresh_token"] {
            if self.values.below(6) == 0 {
                fields.push((name, self.values.text(name)));
            }
        }
        let caller = Caller::default();
        if self.values.below(2) == 0 {
            let grant = ["password", "refresh_token", "authorization_code"][self.values.index(3)];
            fields.extend([
                ("grant_type", grant.to_owned()),
                ("username", name.clone()),
                ("password", secret),
            ]);
            let body = values::form(&fields);
            let kind = "application/x-www-form-urlencoded";
            let answer = self.send(&caller, "POST", "/v2/auth", kind, &body).await;
            return (format!("POST /v2/auth {body}"), answer);
        }
        let path = format!("/token?{}", values::form(&fields));
        let headers = [("host", "localhost:8480")];
        let basic = (self.values.below(5) > 0).then_some((name.as_str(), secret.as_str()));
        let answer = self.installation.send("GET", &path, basic, &headers, "").await;
        (format!("GET {path} as {name}"), answer)
    }

    /// What is neither API nor page.
    async fn elsewhere(&mut self) -> (String, Answer) {
        let path = [
            "/v2/",
            "/health",
            "/health/instance",
            "/metrics",
            "/config",
            "/csrf_token",
            "/oauth/authorizeapp",
            "/oauth/authorize/assignuser",
            "/oauth/localapp",
            "/.well-known/jwks.json",
            "/registry/capabilities",
            "/keys/services/dockpass/root.pem",
        ][self.values.index(12)];
        let method = ["GET", "HEAD", "POST", "OPTIONS"][self.values.index(4)];
        let names =
            ["client_id", "redirect_uri", "scope", "response_type", "state", "username", "assignment_uuid"];
        let fields: Vec<(&str, String)> =
            names.into_iter().map(|name| (name, self.values.text(name))).collect();
        let caller = self.caller();
        let body = if method == "POST" { values::form(&fields) } else { String::new() };
        let answer = self.send(&caller, method, path, "application/x-www-form-urlencoded", &body).await;
        (format!("{method} {path} {body}"), answer)
    }

    /// Looks at a page and, often, sends one of its forms, some fields as they stand and some filled in anew.
    async fn page(&mut self) -> (String, Answer) {
        // Only people with a browser; the others would be sent to sign in.
        let which = 2 + 2 * self.values.index(self.callers.len() / 2);
        let caller = self.callers[which].clone();
        let path = self.values.page();
        let html = "application/x-www-form-urlencoded";
        let answer = self.send(&caller, "GET", &path, html, "").await;
        let found = forms::of(&answer.body, &path);
        if found.is_empty() || answer.status != 200 || self.values.below(5) == 0 {
            return (format!("GET {path}"), answer);
        }
        let form = &found[self.values.index(found.len())];
        let mut fields: Vec<(&str, String)> = Vec::new();
        for (name, options) in &form.fields {
            let kept = options.get(self.values.index(options.len().max(1))).cloned();
            let value = match kept {
                _ if name == "_csrf_token" => caller.csrf.clone(),
                Some(value) if self.values.below(4) > 0 => value,
                _ => self.values.text(name),
            };
            if self.values.below(12) > 0 {
                fields.push((name, value));
            }
        }
        let body = values::form(&fields);
        let (method, target, body) = match form.method {
            "get" => {
                ("GET", format!("{}?{body}", form.action.split('?').next().unwrap_or("/")), String::new())
            }
            _ => ("POST", form.action.clone(), body),
        };
        let answer = self.send(&caller, method, &target, html, &body).await;
        let name = if answer.status < 400 && method == "POST" {
            format!("form {}", form.name())
        } else {
            String::new()
        };
        (format!("{name} {method} {target} {body}"), answer)
    }
}

fn bearer(installation: &Installation, user: &str) -> Caller {
    let app = &installation.app;
    let texts = applications::Texts { name: format!("of {user}"), ..applications::Texts::default() };
    let made = applications::create(app, &Actor::operator("test"), "other", &texts).unwrap();
    let account = users::get(app, user).unwrap();
    let name = AccountName::parse(user).unwrap();
    let identity = Identity { id: account.id, name, privilege: app.privilege(user), oauth: None };
    let handler = format!("{}{}", app.config.derived.origin, tokens::LOCAL_HANDLER);
    let actor = Actor::account(identity, Origin::default());
    let minted = tokens::authorize(app, &actor, &made.application.client_id, &handler, ALL).unwrap();
    let header = format!("Bearer {}", minted.token.expose());
    Caller { headers: vec![("authorization", header)], csrf: String::new() }
}

async fn session(installation: &Installation, user: &str) -> Caller {
    let app = &installation.app;
    let password = Secret::new(format!("{user}'s-password"));
    let signed_in = sign_in(app, user, &password, &Origin::default(), None).await.unwrap();
    let csrf = csrf_token(app, &signed_in.id);
    let cookie = format!("dockpass={}", signed_in.id.expose());
    Caller { headers: vec![("cookie", cookie), ("x-csrf-token", csrf.clone())], csrf }
}

fn seed() -> u64 {
    let fresh = || {
        let mut bytes = [0; 8];
        dockpass::system::SystemRandom::default().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    };
    number("DOCKPASS_FUZZ_SEED")
        .unwrap_or_else(|| if number("DOCKPASS_REQUESTS").is_some() { fresh() } else { SEED })
}

#[tokio::test]
async fn no_sequence_of_well_formed_requests_makes_the_server_fail() {
    let (seed, requests) = (seed(), number("DOCKPASS_REQUESTS").unwrap_or(SHORT));
    println!("seed {seed}");
    let seeds = TestRandom::new(seed);
    let mut met = Met::default();
    let mut sent = 0;
    while sent < requests {
        let mut bytes = [0; 8];
        seeds.fill(&mut bytes);
        let mut world = World::new(u64::from_le_bytes(bytes)).await;
        let mut before = Vec::new();
        for _ in 0..PER_INSTALLATION.min(requests - sent) {
            let (request, answer) = world.step().await;
            let text = String::from_utf8_lossy(&answer.body);
            before.push(format!("{} {request}", answer.status));
            let tail = &before[before.len().saturating_sub(12)..];
            assert!(answer.status < 500, "seed {seed}, request {sent}: {text}\n{}", tail.join("\n"));
            assert!(answer.header("x-request-id").is_some(), "{request}");
            // Guesses of this test must not be taken for an attack.
            world.installation.advance(1);
            *met.statuses.entry(answer.status).or_default() += 1;
            let name = request.split(" GET ").next().unwrap_or_default();
            let name = name.split([' ']).next().unwrap_or_default();
            if name == "form" {
                met.succeeded.insert(request.split(' ').take(2).collect::<Vec<_>>().join(" "));
            } else if answer.status < 300 && !name.is_empty() {
                met.succeeded.insert(name.to_owned());
            }
            sent += 1;
        }
        let verdict = world.installation.app.store.check().unwrap();
        assert!(verdict.is_empty(), "seed {seed}: {verdict:?}");
    }
    println!("{sent} requests, 0 failures; statuses {:?}; reached {}", met.statuses, met.succeeded.len());
    // What only refuses proves little.
    assert!(met.statuses.get(&200).is_some_and(|count| *count > sent / 8), "{:?}", met.statuses);
    assert!(met.succeeded.len() > 50, "{:?}", met.succeeded);
}
