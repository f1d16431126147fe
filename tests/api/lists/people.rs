//! Lists of people and of what they were granted, which may be as long as lists of robots.

use super::{account, begin_path, piece};
use crate::api::{ALL, Acme};
use dockpass::domain::name::RepositoryName;
use dockpass::domain::permission::{Role, Visibility};
use dockpass::service::actor::Actor;
use dockpass::service::{repositories, teams};
use dockpass::store::StoreError;
use dockpass::store::accounts::AccountKind;
use dockpass::store::default_permissions::DefaultPermission;
use dockpass::store::permissions::Grantee;
use serde_json::{Value, json};

const COUNT: usize = 1_200;

/// [`Acme`] with [`COUNT`] users in its team `devs`, and as many guests outside; all were granted `acme/app`, and each member has a
/// default permission.
fn crowd() -> Acme {
    let acme = Acme::new();
    let app = &acme.installation.app;
    let name = RepositoryName::parse("acme/app").unwrap();
    let shared = repositories::get(app, &Actor::operator("test"), &name).unwrap().1;
    let filled: Result<(), StoreError> = app.store.write("test", |tx| {
        let organization = tx.account_by_name("acme")?.unwrap();
        let devs = tx.team(organization.id, "devs")?.unwrap();
        for number in 0..COUNT {
            let user = account(&acme, tx, AccountKind::User, &format!("user{number:04}"), None);
            let guest = account(&acme, tx, AccountKind::User, &format!("guest{number:04}"), None);
            tx.insert_member(devs.id, user.id)?;
            for grantee in [user.id, guest.id] {
                tx.grant(Grantee::Account(grantee), shared.id, Role::Read)?;
            }
            tx.put_default_permission(&DefaultPermission {
                uuid: format!("{number:08}-0000-4000-8000-000000000000"),
                organization: organization.id,
                activating: Some(guest.id),
                delegate: Grantee::Account(user.id),
                role: Role::Read,
            })?;
        }
        Ok(())
    });
    filled.unwrap();
    acme
}

/// What a list shows of each entry: by which name, and whether it belongs to the organization.
type Shown = (String, Option<bool>);

fn entries(list: &Value, key: &str) -> Vec<Shown> {
    let shown =
        |name: &Value, entry: &Value| (name.as_str().unwrap().to_owned(), entry["is_org_member"].as_bool());
    match &list[key] {
        Value::Object(entries) => {
            entries.iter().map(|(name, entry)| shown(&name.as_str().into(), entry)).collect()
        }
        Value::Array(entries) if key == "prototypes" => {
            entries.iter().map(|entry| shown(&entry["delegate"]["name"], &entry["delegate"])).collect()
        }
        Value::Array(entries) => entries.iter().map(|entry| shown(&entry["name"], entry)).collect(),
        other => panic!("{other} is no list"),
    }
}

fn named(kind: &str, belongs: Option<bool>) -> Vec<Shown> {
    (0..COUNT).map(|number| (format!("{kind}{number:04}"), belongs)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_of_people_come_in_pieces_whole_and_in_order() {
    let acme = crowd();
    let token = acme.token("alice", ALL);
    let users = |belongs| named("user", belongs);
    let guests = |belongs| named("guest", belongs);
    let and = |names: &[&str], rest: Vec<Shown>| {
        names.iter().map(|name| ((*name).to_owned(), None)).chain(rest).collect::<Vec<Shown>>()
    };
    let granted = [guests(Some(false)), users(Some(true))].concat();
    let lists = [
        ("/organization/acme/members", "members", and(&["alice", "bob"], users(None))),
        ("/organization/acme/collaborators", "collaborators", guests(None)),
        ("/organization/acme/team/devs/members", "members", and(&["bob"], users(None))),
        ("/organization/acme/prototypes", "prototypes", users(Some(true))),
        ("/repository/acme/app/permissions/user/", "permissions", granted),
    ];
    for (path, key, expected) in lists {
        let before = acme.installation.statements();
        let mut response = begin_path(&acme, &token, &format!("/api/v1{path}")).await;
        assert_eq!(response.status(), 200, "{path}");
        let mut pieces = Vec::new();
        while let Some(next) = piece(response.body_mut()).await {
            pieces.push(next.unwrap());
        }
        // Those outside are found among all who were granted something.
        assert!(pieces.len() >= 3 && pieces.iter().all(|piece| piece.len() < 512 * 1024), "{path}");
        assert!(acme.installation.statements() - before < 60, "{path}: a few statements for each piece");
        let whole: Value = serde_json::from_slice(&pieces.concat()).unwrap();
        assert_eq!(entries(&whole, key), expected, "{path}");
        // The same in one piece for whoever cannot read on, held against the document.
        assert_eq!(acme.get(&token, path).await.json(), whole, "{path}");
    }
    let team = acme.get(&token, "/organization/acme/team/devs/members").await.json();
    assert_eq!((&team["name"], &team["can_edit"]), (&"devs".into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_of_people_ends_with_the_right_to_it() {
    let acme = crowd();
    let token = acme.token("alice", ALL);
    acme.installation.member("acme", "owners", "root1");
    let paths = [
        "/organization/acme/members",
        "/organization/acme/collaborators",
        "/organization/acme/team/devs/members",
        "/organization/acme/prototypes",
        "/repository/acme/app/permissions/user/",
    ];
    let mut begun = Vec::new();
    for path in paths {
        let mut response = begin_path(&acme, &token, &format!("/api/v1{path}")).await;
        piece(response.body_mut()).await.unwrap().unwrap();
        begun.push(response);
    }
    let operator = Actor::operator("test");
    teams::remove_member(&acme.installation.app, &operator, "acme", "owners", "alice").unwrap();
    for (path, mut response) in paths.into_iter().zip(begun) {
        assert!(piece(response.body_mut()).await.unwrap().is_err(), "{path}: nothing is shown any more");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_of_grants_come_in_pieces_and_end_with_the_right_to_them() {
    let acme = Acme::new();
    let filled: Result<(), StoreError> = acme.installation.app.store.write("test", |tx| {
        let organization = tx.account_by_name("acme")?.unwrap();
        let devs = tx.team(organization.id, "devs")?.unwrap();
        let robot = tx.account_by_name("acme+ci")?.unwrap();
        for number in (0..COUNT).rev() {
            let (name, now) = (format!("r{number:04}"), acme.installation.app.now());
            let made = tx.insert_repository(organization.id, &name, Visibility::Private, "", now)?;
            tx.grant(Grantee::Account(robot.id), made.id, Role::Write)?;
            tx.grant(Grantee::Team(devs.id), made.id, Role::Read)?;
        }
        Ok(())
    });
    filled.unwrap();
    let token = acme.token("alice", ALL);
    acme.installation.member("acme", "owners", "root1");
    let mut begun = Vec::new();
    for (path, role) in [
        ("/organization/acme/robots/ci/permissions", "write"),
        ("/organization/acme/team/devs/permissions", "read"),
    ] {
        let whole = acme.get(&token, path).await.json();
        let expected = (0..COUNT).map(|number| {
            json!({ "repository": { "name": format!("r{number:04}"), "is_public": false }, "role": role })
        });
        assert_eq!(whole["permissions"].as_array().unwrap(), &expected.collect::<Vec<_>>(), "{path}");
        let mut response = begin_path(&acme, &token, &format!("/api/v1{path}")).await;
        let first = piece(response.body_mut()).await.unwrap().unwrap();
        assert!(first.len() < whole.to_string().len() / 2, "{path}");
        begun.push((path, response));
    }
    let operator = Actor::operator("test");
    teams::remove_member(&acme.installation.app, &operator, "acme", "owners", "alice").unwrap();
    for (path, mut response) in begun {
        assert!(piece(response.body_mut()).await.unwrap().is_err(), "{path}: nothing is shown any more");
    }
}

#[tokio::test]
async fn leaving_reads_no_more_where_more_people_administer() {
    let mut costs = Vec::new();
    for others in [20, 400] {
        let acme = Acme::new();
        let installation = &acme.installation;
        let filled: Result<(), StoreError> = installation.app.store.write("test", |tx| {
            let organization = tx.account_by_name("acme")?.unwrap();
            let owners = tx.team(organization.id, "owners")?.unwrap();
            for number in 0..others {
                let user = account(&acme, tx, AccountKind::User, &format!("user{number:04}"), None);
                tx.insert_member(owners.id, user.id)?;
            }
            Ok(())
        });
        filled.unwrap();
        installation.member("acme", "owners", "bob");
        let (alice, bob) = (acme.token("alice", ALL), acme.token("bob", ALL));
        let before = (installation.statements(), installation.rows());
        assert_eq!(acme.delete(&alice, "/organization/acme/members/alice").await.status, 204);
        assert_eq!(acme.delete(&bob, "/user/").await.status, 204);
        costs.push((installation.statements() - before.0, installation.rows() - before.1));
    }
    assert_eq!(costs[0], costs[1]);
}
