//! Lists of any length: read with a fixed number of statements, written in pieces, all of it told once and in order.

mod people;

use super::{ALL, Acme};
use bytes::Bytes;
use dockpass::domain::credential::RobotSecret;
use dockpass::domain::name::RepositoryName;
use dockpass::domain::permission::{Role, TeamRole, Visibility};
use dockpass::http::api::{Access, ApiRoute, Endpoint};
use dockpass::http::reply::{Body, BrokenOff};
use dockpass::service::actor::Actor;
use dockpass::service::oauth::applications;
use dockpass::service::{app_tokens, repositories, teams};
use dockpass::store::accounts::{Account, AccountKind, NewAccount};
use dockpass::store::audit::{Event, Origin};
use dockpass::store::default_permissions::DefaultPermission;
use dockpass::store::permissions::Grantee;
use dockpass::store::robots::SecretRecord;
use dockpass::store::{StoreError, Tx};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Body as _;
use serde_json::{Value, json};

/// Inserts an account as its use case would, but for the slow hash of its secret.
fn account(acme: &Acme, tx: &mut Tx<'_>, kind: AccountKind, name: &str, owner: Option<&Account>) -> Account {
    let (app, owner) = (&acme.installation.app, owner.map(|owner| owner.id));
    let account =
        tx.insert_account(&NewAccount { kind, name, owner, email: None, created_at: app.now() }).unwrap();
    if kind == AccountKind::Robot {
        let secret = RobotSecret::generate(app.random.as_ref());
        let record = SecretRecord {
            generation: 1,
            hash: app.hasher.dummy().to_owned(),
            verifier: None,
            sealed: app.keys.seal.seal(account.id, 1, secret.expose(), app.random.as_ref()),
            created_at: app.now(),
            expires_at: None,
        };
        tx.insert_robot(account.id, "", "{}").unwrap();
        tx.replace_secret(account.id, &record).unwrap();
    }
    account
}

/// [`Acme`] with `count` more of everything that a list can hold.
fn crowd(count: usize) -> Acme {
    let acme = Acme::new();
    let app = &acme.installation.app;
    let operator = Actor::operator("test");
    let name = RepositoryName::parse("acme/app").unwrap();
    let shared = repositories::get(app, &operator, &name).unwrap().1;
    let filled: Result<(), StoreError> = app.store.write("test", |tx| {
        let organization = tx.account_by_name("acme")?.unwrap();
        let alice = tx.account_by_name("alice")?.unwrap();
        let devs = tx.team(organization.id, "devs")?.unwrap();
        for number in 0..count {
            let user = account(&acme, tx, AccountKind::User, &format!("user{number:04}"), None);
            let guest = account(&acme, tx, AccountKind::User, &format!("guest{number:04}"), None);
            let robot =
                account(&acme, tx, AccountKind::Robot, &format!("acme+c{number:04}"), Some(&organization));
            let own = account(&acme, tx, AccountKind::Robot, &format!("alice+c{number:04}"), Some(&alice));
            let other = account(&acme, tx, AccountKind::Organization, &format!("org{number:04}"), None);
            let owners = tx.insert_team(other.id, "owners", TeamRole::Admin, "")?;
            tx.insert_member(owners.id, alice.id)?;
            let team = tx.insert_team(organization.id, &format!("cteam{number:04}"), TeamRole::Member, "")?;
            for (namespace, visibility) in
                [(&organization, Visibility::Private), (&organization, Visibility::Public)]
            {
                let name = format!("{}{number:04}", visibility.as_str());
                let made = tx.insert_repository(namespace.id, &name, visibility, "", app.now())?;
                tx.grant(Grantee::Account(robot.id), made.id, Role::Write)?;
                tx.grant(Grantee::Account(guest.id), made.id, Role::Read)?;
                tx.grant(Grantee::Team(devs.id), made.id, Role::Read)?;
            }
            tx.insert_repository(alice.id, &format!("own{number:04}"), Visibility::Private, "", app.now())?;
            for member in [&user, &robot] {
                tx.insert_member(devs.id, member.id)?;
                tx.insert_member(team.id, member.id)?;
                tx.grant(Grantee::Account(member.id), shared.id, Role::Read)?;
            }
            tx.grant(Grantee::Team(team.id), shared.id, Role::Read)?;
            tx.put_default_permission(&DefaultPermission {
                uuid: format!("{number:08}-0000-4000-8000-000000000000"),
                organization: organization.id,
                activating: Some(user.id),
                delegate: Grantee::Account(robot.id),
                role: Role::Read,
            })?;
            for namespace in [organization.id, alice.id] {
                let event = Event {
                    kind: "push_repo",
                    namespace: Some(namespace),
                    repository: Some(shared.id),
                    robot: Some(own.id),
                    metadata: json!({ "repo": "app" }),
                };
                tx.record(&Origin::default().performed_by(robot.id, &robot.name), &event, app.now())?;
            }
        }
        Ok(())
    });
    filled.unwrap();
    for number in 0..count {
        let texts = applications::Texts { name: format!("tool{number}"), ..applications::Texts::default() };
        applications::create(app, &operator, "acme", &texts).unwrap();
        let made = app_tokens::create(app, &acme.actor("alice"), &format!("laptop{number}"));
        acme.installation.kept(made.unwrap().token.unwrap().expose());
    }
    acme
}

/// Paths of a route whose answer is a list in a crowd, or may be.
fn paths(endpoint: &Endpoint, client: &str) -> Vec<String> {
    let value = |segment: &str| {
        match segment {
            "{orgname}" | "{namespace}" => "acme",
            "{robot_shortname}" => "c0001",
            "{teamname}" => "devs",
            "{membername}" | "{username}" if endpoint.template.starts_with("/repository") => "acme+c0001",
            "{membername}" => "user0001",
            "{username}" => "alice",
            "{repository}" => "acme/app",
            "{prototypeid}" => "00000001-0000-4000-8000-000000000000",
            "{client_id}" => client,
            "{token_uuid}" => "00000001-0000-4000-8000-000000000000",
            "{name}" => "acme",
            "{error_type}" => "not_found",
            "{prefix}" => "c",
            parameter => panic!("say in tests/api/lists.rs what {parameter} is"),
        }
        .to_owned()
    };
    let segment = |segment: &str| {
        if segment.starts_with('{') { value(segment) } else { segment.to_owned() }
    };
    let path = endpoint.template.split('/').map(segment).collect::<Vec<_>>().join("/");
    let queries: &[&str] = match endpoint.id {
        "getOrgRobots" | "getUserRobots" => &[
            "?permissions=false&token=false",
            "?permissions=true&token=false",
            "?permissions=false&token=true",
            "?permissions=true&token=true",
            "?permissions=true&token=true&limit=20",
        ],
        "listRepos" => &["?namespace=acme", "?namespace=alice", "?public=true"],
        "getMatchingEntities" => &["", "?namespace=acme&includeTeams=true&includeOrgs=true"],
        _ => &[""],
    };
    queries.iter().map(|query| format!("{path}{query}")).collect()
}

/// A crowd, and what every request that reads costs each caller in it.
async fn costs(count: usize) -> Vec<(String, u16, u64)> {
    let acme = crowd(count);
    let app = &acme.installation.app;
    let listed = applications::list(app, &Actor::operator("test"), "acme").unwrap();
    let client = &listed[0].application.client_id;
    let callers = ["alice", "bob", "root1", "auditor"].map(|user| (user, acme.token(user, ALL)));
    let mut costs = Vec::new();
    for endpoint in ApiRoute::endpoints().filter(|endpoint| endpoint.method == "GET") {
        if endpoint.spec.access == Access::Open {
            continue;
        }
        for path in paths(endpoint, client) {
            for (caller, token) in &callers {
                let before = acme.installation.statements();
                let status = acme.send(token, "GET", &path, &Value::Null).await.status;
                let path = path.replace(client.as_str(), "CLIENT");
                costs.push((format!("{caller} {path}"), status, acme.installation.statements() - before));
            }
        }
    }
    costs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_that_reads_costs_more_statements_where_there_is_more() {
    // Both are longer than the pages of those lists that have pages.
    let (few, many) = (costs(30).await, costs(90).await);
    let mut grown = Vec::new();
    for ((request, status, one), (_, _, other)) in few.iter().zip(&many) {
        if other > one {
            grown.push(format!("{request} ({status}): {one} statements, then {other}"));
        }
    }
    assert!(few.iter().filter(|(_, status, _)| *status == 200).count() > 100, "{few:#?}");
    assert!(grown.is_empty(), "{}", grown.join("\n"));
}

/// [`Acme`] with `count` more robots in `acme`, each with a grant and a team.
fn robots(count: usize) -> Acme {
    let acme = Acme::new();
    let app = &acme.installation.app;
    let name = RepositoryName::parse("acme/app").unwrap();
    let shared = repositories::get(app, &Actor::operator("test"), &name).unwrap().1;
    let filled: Result<(), StoreError> = app.store.write("test", |tx| {
        let organization = tx.account_by_name("acme")?.unwrap();
        let devs = tx.team(organization.id, "devs")?.unwrap();
        for number in 0..count {
            let robot =
                account(&acme, tx, AccountKind::Robot, &format!("acme+r{number:06}"), Some(&organization));
            tx.insert_member(devs.id, robot.id)?;
            tx.grant(Grantee::Account(robot.id), shared.id, Role::Read)?;
        }
        Ok(())
    });
    filled.unwrap();
    acme
}

const PATH: &str = "/api/v1/organization/acme/robots?permissions=true&token=true";

async fn begin(acme: &Acme, token: &str) -> Response<Body> {
    begin_path(acme, token, PATH).await
}

async fn begin_path(acme: &Acme, token: &str, path: &str) -> Response<Body> {
    let bearer = format!("Bearer {token}");
    acme.installation.begin("GET", path, None, &[("authorization", bearer.as_str())], "").await
}

async fn piece(body: &mut Body) -> Option<Result<Bytes, BrokenOff>> {
    body.frame().await.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_of_robots_comes_in_pieces_whole_and_in_order() {
    let acme = robots(1_700);
    let token = acme.token("alice", ALL);
    let before = acme.installation.statements();
    let mut response = begin(&acme, &token).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.body().size_hint().exact(), None);
    let mut pieces = Vec::new();
    while let Some(next) = piece(response.body_mut()).await {
        pieces.push(next.unwrap());
    }
    assert_eq!(pieces.len(), 4, "each holds 500 robots");
    assert!(pieces.iter().all(|piece| piece.len() < 256 * 1024), "no piece is large");
    assert!(acme.installation.statements() - before < 4 * 10, "a few statements for each piece");
    let whole: Value = serde_json::from_slice(&pieces.concat()).unwrap();
    let listed = whole["robots"].as_array().unwrap();
    let names: Vec<_> = listed.iter().map(|robot| robot["name"].as_str().unwrap()).collect();
    let expected: Vec<_> = (0..1_700).map(|number| format!("acme+r{number:06}")).collect();
    assert_eq!(names[0], "acme+ci");
    assert_eq!(names[1..], expected);
    for robot in &listed[1..] {
        assert_eq!(robot["token"].as_str().unwrap().len(), 64);
        assert_eq!(robot["teams"][0]["name"], "devs");
        assert_eq!(robot["repositories"], json!(["app"]));
    }
    for (limit, count) in [(1, 1), (500, 500), (501, 501), (100_000, 1_701)] {
        let path = format!("/organization/acme/robots?limit={limit}");
        let answer = acme.send(&token, "GET", &path, &Value::Null).await.json();
        assert_eq!(answer["robots"].as_array().unwrap().len(), count);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_is_read_slowly_holds_nothing_up_and_ends_with_the_right_to_it() {
    let acme = robots(1_700);
    let token = acme.token("alice", ALL);
    let mut response = begin(&acme, &token).await;
    let first = piece(response.body_mut()).await.unwrap().unwrap();
    assert!(first.starts_with(b"{\"robots\":[{"));
    // Others write meanwhile, and what they write shows from the next piece on.
    acme.installation.delete_robot("acme+r000700");
    let second = piece(response.body_mut()).await.unwrap().unwrap();
    let second = String::from_utf8(second.to_vec()).unwrap();
    assert!(second.contains("acme+r000699") && !second.contains("acme+r000700"));
    acme.installation.member("acme", "owners", "root1");
    let operator = Actor::operator("test");
    teams::remove_member(&acme.installation.app, &operator, "acme", "owners", "alice").unwrap();
    assert!(piece(response.body_mut()).await.unwrap().is_err(), "nothing is shown any more");
    assert!(piece(response.body_mut()).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_long_lists_are_written_at_a_time_and_short_ones_always() {
    let acme = robots(600);
    let token = acme.token("alice", ALL);
    let mut kept = Vec::new();
    for _ in 0..64 {
        let response = begin(&acme, &token).await;
        assert_eq!(response.status(), 200);
        kept.push(response);
    }
    let refused = begin(&acme, &token).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let short = acme.send(&token, "GET", "/organization/acme/robots?limit=500", &Value::Null).await;
    assert_eq!(short.status, 200);
    assert!(short.json()["robots"].as_array().unwrap().len() == 500);
    drop(kept.pop());
    assert_eq!(begin(&acme, &token).await.status(), 200, "there is room again");
}
