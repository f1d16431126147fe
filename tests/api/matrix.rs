//! Who may do what: every route of the REST API and beside it, for every kind of caller, on objects of its own and of others. The answers' statuses stand in
//! `matrix.txt`, which is compared; `REGENERATE=1` writes it anew, to be read line by line before it is committed. A route
//! that is not in it fails the test. What no regeneration may let through stands here as rules.

mod carriers;
mod outside;

use super::{ALL, CONFIG};
use crate::support::{Answer, Installation};
use dockpass::domain::caller::Identity;
use dockpass::domain::credential::Secret;
use dockpass::domain::name::AccountName;
use dockpass::domain::oauth::OAuthScope;
use dockpass::domain::permission::Role;
use dockpass::http::api::{Access, ApiRoute, Endpoint, Payload, Schema};
use dockpass::service::actor::Actor;
use dockpass::service::app_tokens;
use dockpass::service::default_permissions::{self, DelegateName};
use dockpass::service::oauth::{applications, assignments, tokens};
use dockpass::service::sessions::{csrf_token, sign_in};
use dockpass::service::users;
use dockpass::store::audit::Origin;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/matrix.txt");

const LEGEND: &str = "\
# Status of every route for every kind of caller. Written by a test, and compared by it:
# REGENERATE=1 cargo test --test all api::matrix
#
# Objects: those of organization acme (acme), of an organization that the callers have no part in (other),
# of the namespace of user dave (dave), and such as are not there (missing). `-` is a route without an object.
# Callers: anon without credentials; eve, who is nobody in acme; bob, in a team with role member of acme; carol, in one
# with role creator; alice, in its team owners; dave; root, a super-user; full, one with FEATURE_SUPERUSERS_FULL_ACCESS;
# auditor, a read-only super-user; all by access tokens with every scope. cookie is alice by session, nocsrf the same
# without CSRF token, basic alice by password, robot a robot of acme with role admin by its secret, expired an access
# token of alice that is too old. Then alice by access tokens with a single scope.
";

/// How somebody sends a request.
struct Caller {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    /// Uses the installation where super-users have full access.
    full: bool,
}

const OBJECTS: [&str; 4] = ["acme", "other", "dave", "missing"];

/// An installation that can be set back.
struct World {
    installation: Installation,
    /// Ids of the objects that have one, by owner.
    prototypes: Map<String, Value>,
    clients: Map<String, Value>,
    grants: Map<String, Value>,
    /// Of the user who owns the objects.
    app_tokens: Map<String, Value>,
    assigned: Map<String, Value>,
    snapshot: std::path::PathBuf,
}

impl World {
    fn new(config: &str) -> Self {
        let installation = Installation::new(&format!("{CONFIG}{config}"));
        for user in ["alice", "bob", "carol", "dave", "eve", "frank", "root1", "auditor"] {
            installation.user(user);
        }
        let operator = Actor::operator("test");
        let (mut prototypes, mut clients, mut grants) = (Map::new(), Map::new(), Map::new());
        for organization in ["acme", "other"] {
            installation.organization(organization);
            installation.team(organization, "devs", "member");
            installation.team(organization, "makers", "creator");
            let delegate = DelegateName::Team("devs");
            let app = &installation.app;
            let made = default_permissions::create(app, &operator, organization, None, delegate, Role::Read)
                .unwrap();
            prototypes.insert(organization.to_owned(), made.rule.uuid.into());
            let texts = applications::Texts { name: "tool".to_owned(), ..applications::Texts::default() };
            let made = applications::create(app, &operator, organization, &texts).unwrap();
            clients.insert(organization.to_owned(), made.application.client_id.into());
        }
        installation.member("acme", "owners", "alice");
        installation.member("acme", "devs", "bob");
        installation.member("acme", "makers", "carol");
        installation.member("other", "owners", "frank");
        installation.member("other", "devs", "frank");
        for namespace in OBJECTS.iter().take(3) {
            let repository = format!("{namespace}/app");
            installation.repository(&repository, "private");
            installation.robot(&format!("{namespace}+ci"));
            installation.grant(&repository, &format!("{namespace}+ci"), "admin");
            if *namespace != "dave" {
                installation.grant_team(&repository, "devs", "read");
            }
        }
        installation.member("acme", "owners", "acme+ci");
        installation.robot("alice+ci");
        installation.robot("frank+only");
        let directory = tempfile::tempdir().unwrap().keep();
        let snapshot = directory.join("snapshot.db");
        let (app_tokens, assigned) = (Map::new(), Map::new());
        let mut world =
            Self { installation, prototypes, clients, grants: Map::new(), app_tokens, assigned, snapshot };
        for organization in ["acme", "other"] {
            let client = world.clients[organization].as_str().unwrap().to_owned();
            let user = if organization == "acme" { "alice" } else { "frank" };
            let minted = world.mint(user, &client, "repo:read");
            grants.insert(organization.to_owned(), minted.record.uuid.into());
        }
        world.grants = grants;
        for (owner, user) in [("acme", "alice"), ("other", "frank"), ("dave", "dave")] {
            let made = app_tokens::create(&world.installation.app, &world.actor(user), "tool").unwrap();
            world.installation.kept(made.token.unwrap().expose());
            world.app_tokens.insert(owner.to_owned(), made.record.uuid.into());
            world.assigned.insert(owner.to_owned(), world.assign(user).into());
        }
        world
    }

    fn mint(&self, user: &str, client: &str, scope: &str) -> tokens::Minted {
        let app = &self.installation.app;
        let handler = format!("{}{}", app.config.derived.origin, tokens::LOCAL_HANDLER);
        tokens::authorize(app, &self.actor(user), client, &handler, scope).unwrap()
    }

    /// What alice lets wait for a user: its id.
    fn assign(&self, user: &str) -> String {
        let app = &self.installation.app;
        let client = self.clients["acme"].as_str().unwrap();
        let handler = format!("{}{}", app.config.derived.origin, tokens::LOCAL_HANDLER);
        assignments::assign(app, &self.actor("alice"), user, client, &handler, "repo:read").unwrap();
        assignments::list(app, &self.actor(user)).unwrap().remove(0).assignment.uuid
    }

    fn actor(&self, user: &str) -> Actor {
        let app = &self.installation.app;
        let account = users::get(app, user).unwrap();
        let name = AccountName::parse(user).unwrap();
        let identity = Identity { id: account.id, name, privilege: app.privilege(user), oauth: None };
        Actor::account(identity, Origin::default())
    }

    fn bearer(&self, user: &str, scope: &str) -> Vec<(&'static str, String)> {
        let client = self.clients["other"].as_str().unwrap();
        let token = self.mint(user, client, scope).token.expose().to_owned();
        vec![("authorization", format!("Bearer {token}"))]
    }

    /// Remembers everything that is stored. Taken when all callers are made.
    fn remember(&self) {
        let database = rusqlite::Connection::open(self.installation.database()).unwrap();
        database.execute("VACUUM INTO ?1", [self.snapshot.to_str().unwrap()]).unwrap();
    }

    /// Sets everything back that is stored.
    fn reset(&self) {
        let database = rusqlite::Connection::open(self.installation.database()).unwrap();
        database.pragma_update(None, "synchronous", "OFF").unwrap();
        database.pragma_update(None, "foreign_keys", "OFF").unwrap();
        database.execute("ATTACH ?1 AS was", [self.snapshot.to_str().unwrap()]).unwrap();
        let names = "SELECT name FROM was.sqlite_master WHERE type = 'table'";
        let mut tables = database.prepare(names).unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut script = "BEGIN IMMEDIATE;".to_owned();
        for table in tables {
            write!(script, "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM was.{table};")
                .unwrap();
        }
        database.execute_batch(&(script + "COMMIT;")).unwrap();
    }

    async fn send(&self, caller: &Caller, request: &Wanted) -> Answer {
        let mut headers: Vec<(&str, &str)> =
            caller.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.push(("content-type", "application/json"));
        let path = format!("/api/v1{}", request.path);
        self.installation.send(request.method, &path, None, &headers, &request.body).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(directory) = self.snapshot.parent() {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// A request on one object.
#[derive(PartialEq)]
struct Wanted {
    method: &'static str,
    path: String,
    body: String,
}

/// The request of a route on one object, with the smallest body that is right.
fn wanted(world: &World, endpoint: &Endpoint, object: &str) -> Wanted {
    let path: Vec<String> = endpoint
        .template
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => parameter(world, endpoint, name, object),
            None => segment.to_owned(),
        })
        .collect();
    let namespace = if object == "missing" { "nowhere" } else { object };
    let query = match endpoint.id {
        "listRepos" | "getMatchingEntities" => {
            format!("?namespace={namespace}&includeTeams=true&includeOrgs=true")
        }
        _ => String::new(),
    };
    let body = match endpoint.spec.payload {
        Payload::None => String::new(),
        Payload::Optional(schema) | Payload::Required(schema) => match endpoint.id {
            // It may be empty, but the namespace is what matters.
            "createRepo" => json!({
                "namespace": namespace, "repository": "fresh", "visibility": "private", "description": "",
            })
            .to_string(),
            _ => minimal(endpoint, "", schema).to_string(),
        },
    };
    Wanted { method: endpoint.method, path: path.join("/") + &query, body }
}

fn parameter(world: &World, endpoint: &Endpoint, name: &str, object: &str) -> String {
    let there = |value: &str, missing: &str| if object == "missing" { missing } else { value }.to_owned();
    let id = |ids: &Map<String, Value>| {
        let id = ids.get(object).and_then(Value::as_str);
        id.unwrap_or("00000000-0000-0000-0000-000000000000").to_owned()
    };
    let in_organization = endpoint.template.matches('{').count() > 1;
    match name {
        // Where there is more in the path, that is what is missing.
        "orgname" if in_organization => there(object, "acme"),
        "orgname" | "namespace" => there(object, "nowhere"),
        "robot_shortname" if endpoint.template.starts_with("/user/") => match object {
            "other" => "only".to_owned(),
            _ => there("ci", "none"),
        },
        "robot_shortname" => there("ci", "none"),
        "teamname" if endpoint.template.ends_with("/members/{membername}") => {
            // Somebody who is not in the team is put into it, somebody who is, taken out.
            there(if endpoint.method == "PUT" { "makers" } else { "devs" }, "none")
        }
        "teamname" if endpoint.id == "updateOrganizationTeam" => there("devs", "newteam"),
        "teamname" => there("devs", "none"),
        "membername" => match object {
            "acme" => "bob",
            "other" => "frank",
            "dave" => "dave",
            _ => "nobody",
        }
        .to_owned(),
        "username" if endpoint.template.starts_with("/repository/") && object != "missing" => {
            format!("{object}+ci")
        }
        "username" => match object {
            "acme" => "bob",
            "other" => "frank",
            "dave" => "dave",
            _ => "nobody",
        }
        .to_owned(),
        "repository" if in_organization && object == "missing" => "acme/app".to_owned(),
        "repository" => there(&format!("{object}/app"), "acme/none"),
        "prototypeid" => id(&world.prototypes),
        "client_id" => id(&world.clients),
        "assigned_authorization_uuid" => id(&world.assigned),
        "token_uuid" if endpoint.template.starts_with("/user/") => id(&world.app_tokens),
        "token_uuid" => id(&world.grants),
        "name" => there(object, "nowhere"),
        "error_type" => there("not_found", "none"),
        "prefix" => there("c", "none"),
        unknown => panic!("say in tests/api/matrix.rs which values the path parameter {unknown} takes"),
    }
}

/// The smallest value that fits a schema; names are such as are not taken yet.
fn minimal(endpoint: &Endpoint, field: &str, schema: &Schema) -> Value {
    match schema {
        Schema::OptionalText(_)
        | Schema::OptionalInteger
        | Schema::OptionalObject
        | Schema::OptionalRecord(_) => Value::Null,
        Schema::Text(_) => json!(match field {
            "name" if endpoint.id.contains("Prototype") => "devs",
            "scope" => "repo:read",
            "password" => "a-long-password",
            "email" => "fresh@example.com",
            _ => "fresh",
        }),
        Schema::Word(words) if field == "kind" => json!(words[1]),
        Schema::Word(words) => json!(words[0]),
        Schema::Boolean => json!(true),
        Schema::Integer => json!(1),
        Schema::Object | Schema::Anything => json!({}),
        Schema::Array(_) => json!([]),
        Schema::Record(fields) => fields
            .iter()
            .filter(|field| field.required)
            .map(|field| (field.name.to_owned(), minimal(endpoint, field.name, &field.schema)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

async fn callers(plain: &World, full: &World) -> Vec<Caller> {
    let mut callers = Vec::new();
    let mut add = |name, headers| callers.push(Caller { name, headers, full: name == "full" });
    // Made first, and then everything else later: it is the only one that is too old.
    let expired = plain.bearer("alice", ALL);
    let life = plain.mint("alice", plain.clients["other"].as_str().unwrap(), ALL).record.expires_at;
    plain.installation.advance(life.0 - plain.installation.app.now().0 + 1);
    add("anon", Vec::new());
    for user in ["eve", "bob", "carol", "alice", "dave"] {
        add(user, plain.bearer(user, ALL));
    }
    add("root", plain.bearer("root1", ALL));
    add("full", full.bearer("root1", ALL));
    add("auditor", plain.bearer("auditor", ALL));
    let app = &plain.installation.app;
    let password = Secret::new("alice's-password".to_owned());
    let session = sign_in(app, "alice", &password, &Origin::default(), None).await.unwrap().id;
    let cookie = ("cookie", format!("dockpass={}", session.expose()));
    add("cookie", vec![cookie.clone(), ("x-csrf-token", csrf_token(app, &session))]);
    add("nocsrf", vec![cookie]);
    add("basic", vec![basic("alice", "alice's-password")]);
    add("robot", vec![basic("acme+ci", &plain.installation.regenerate("acme+ci"))]);
    add("expired", expired);
    for scope in OAuthScope::EVERY {
        add(scope.as_str(), plain.bearer("alice", scope.as_str()));
    }
    callers
}

fn basic(username: &str, password: &str) -> (&'static str, String) {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    ("authorization", format!("Basic {text}"))
}

/// One line of the table.
struct Row {
    endpoint: &'static Endpoint,
    object: &'static str,
    statuses: Vec<u16>,
}

async fn rows(worlds: [&World; 2], callers: &[Caller]) -> Vec<Row> {
    let mut rows = Vec::new();
    for endpoint in ApiRoute::endpoints() {
        let requests = worlds.map(|world| OBJECTS.map(|object| wanted(world, endpoint, object)));
        for (at, object) in OBJECTS.into_iter().enumerate() {
            if at > 0 && requests[0][..at].contains(&requests[0][at]) {
                continue;
            }
            let alone = requests[0].iter().all(|request| *request == requests[0][0]);
            let mut statuses = Vec::new();
            for caller in callers {
                let world = worlds[usize::from(caller.full)];
                let status = world.send(caller, &requests[usize::from(caller.full)][at]).await.status;
                if endpoint.method != "GET" && status < 400 {
                    world.reset();
                }
                statuses.push(status);
            }
            rows.push(Row { endpoint, object: if alone { "-" } else { object }, statuses });
        }
    }
    rows
}

fn written(rows: &[Row], callers: &[Caller]) -> String {
    let mut text = LEGEND.to_owned();
    let width = |name: &str| name.len().max(3);
    let mut heading = format!("\n{:<45}", "");
    for caller in callers {
        write!(heading, " {:<1$}", caller.name, width(caller.name)).unwrap();
    }
    let mut before = "";
    for Row { endpoint, object, statuses } in rows {
        if endpoint.spec.tag != before {
            before = endpoint.spec.tag;
            writeln!(text, "{}", heading.trim_end()).unwrap();
        }
        let mut line = format!("{:<37} {object:<7}", endpoint.id);
        for (caller, status) in callers.iter().zip(statuses) {
            write!(line, " {:<1$}", status, width(caller.name)).unwrap();
        }
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

/// What holds whatever the table says.
fn broken_rules(rows: &[Row], callers: &[Caller]) -> Vec<String> {
    let mut broken = Vec::new();
    let at = |name: &str| callers.iter().position(|caller| caller.name == name).unwrap();
    for Row { endpoint, object, statuses } in rows {
        let access = endpoint.spec.access;
        let closed = matches!(access, Access::Required | Access::Fresh);
        let changes = endpoint.method != "GET";
        let mut must = |name: &str, rule: bool, text: &str| {
            if !rule {
                broken.push(format!("{} {object} {name}: {} {text}", endpoint.id, statuses[at(name)]));
            }
        };
        for (caller, status) in callers.iter().zip(statuses) {
            must(caller.name, *status < 500, "is a failure");
            let single = caller.name.contains(':');
            let passes = *status < 300;
            if single {
                must(caller.name, !passes || statuses[at("alice")] < 300, "reaches further than all scopes");
            }
            let outside = single || ["eve", "bob", "carol", "alice", "cookie", "dave"].contains(&caller.name);
            if outside && closed && *object == "other" && endpoint.template.starts_with("/organization/") {
                must(caller.name, !passes, "lets a stranger in");
            }
        }
        for name in ["anon", "robot", "basic", "expired", "nocsrf"] {
            let lets_in = statuses[at(name)] < 300;
            must(name, !(lets_in && closed && (changes || name != "nocsrf")), "lets in who showed nothing");
        }
        for name in ["robot", "basic", "expired"] {
            let lets_in = statuses[at(name)] < 300;
            must(name, access == Access::Open || !lets_in, "takes a credential for none");
        }
        if endpoint.template.starts_with("/repository/") && *object == "missing" {
            let there =
                rows.iter().find(|row| row.endpoint.id == endpoint.id && row.object == "acme").unwrap();
            for ((caller, known), status) in callers.iter().zip(&there.statuses).zip(statuses) {
                must(caller.name, *known != 403 || *status == 403, "tells a stranger that nothing is there");
            }
        }
        if closed && changes {
            must("auditor", statuses[at("auditor")] >= 400, "lets a read-only super-user change something");
        }
        if closed {
            must(
                "cookie",
                statuses[at("cookie")] == statuses[at("alice")],
                "differs between session and token",
            );
        }
    }
    for endpoint in ApiRoute::endpoints() {
        let mut of_route = rows.iter().filter(|row| row.endpoint.id == endpoint.id);
        if !of_route.any(|row| row.statuses.contains(&endpoint.spec.success)) && !NEVER.contains(&endpoint.id)
        {
            broken.push(format!("{}: nobody gets {}", endpoint.id, endpoint.spec.success));
        }
    }
    broken
}

/// Routes that nobody gets to the end of here: only an empty database has a first user, nobody's password is tried, and
/// nobody makes an account without an address.
const NEVER: &[&str] = &["createInitialUser", "signinUser", "verifyUser", "createNewUser"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_every_caller_as_the_committed_table_says() {
    let plain = World::new("");
    let full = World::new("FEATURE_SUPERUSERS_FULL_ACCESS: true\n");
    let callers = callers(&plain, &full).await;
    let visitors = outside::visitors(&plain, &full, &callers).await;
    plain.remember();
    full.remember();
    let rows = rows([&plain, &full], &callers).await;
    let beside = outside::rows([&plain, &full], &visitors).await;
    let found = written(&rows, &callers) + &outside::written(&beside, &visitors);
    let regenerate = std::env::var_os("REGENERATE").is_some();
    if regenerate {
        std::fs::write(FILE, &found).unwrap();
    }
    let mut broken = broken_rules(&rows, &callers);
    broken.extend(outside::broken_rules(&beside, &visitors));
    assert!(broken.is_empty(), "cells that no table may hold:\n{}", broken.join("\n"));
    let expected = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    let differing: Vec<_> =
        found.lines().filter(|line| !expected.lines().any(|known| known == *line)).collect();
    assert!(
        found == expected,
        "these lines are not in tests/api/matrix.txt, or others are there that are gone; if they are as they should be, \
         REGENERATE=1 writes the file anew:\n{}",
        differing.join("\n")
    );
}
