//! Every row sealed with another key, as after the old one was lost to others.

use super::{access_token, acme, actor, app_token, signed_in};
use crate::support::Installation;
use dockpass::domain::permission::Role;
use dockpass::keys::VerifyKey;
use dockpass::service::actor::Actor;
use dockpass::service::default_permissions::{self, DelegateName};
use dockpass::service::oauth::{applications, assignments, tokens};
use dockpass::service::{app_tokens, federation};
use dockpass::store::federation::FederatedIdentity;
use dockpass::store::reseal::{Reseal, ResealError, Resealed};
use dockpass::store::{Store, StoreError};
use dockpass::system::SystemRandom;
use std::collections::BTreeMap;

fn reseal(
    installation: &Installation,
    old: &VerifyKey,
    new: &VerifyKey,
    skip_altered: bool,
) -> Result<Resealed, ResealError> {
    let app = &installation.app;
    let origin = Actor::operator("test").origin;
    let redigest =
        |key: &VerifyKey, uuid: &str, sealed: &[u8]| app_tokens::redigest(&app.keys.seal, key, uuid, sealed);
    let reseal = Reseal { old, new, skip_altered, redigest: &redigest, origin: &origin, now: app.now() };
    reseal.sqlite(&installation.database())
}

/// Lets an authorization wait for a user who assigned it to itself.
async fn assigned(installation: &Installation, name: &str) {
    let (app, actor) = (&installation.app, actor(installation, name).await);
    let application = applications::list(app, &actor, "acme").unwrap().remove(0).application;
    let handler = format!("{}{}", app.config.derived.origin, tokens::LOCAL_HANDLER);
    assignments::assign(app, &actor, name, &application.client_id, &handler, "repo:read").unwrap();
}

#[tokio::test]
async fn every_kind_of_row_is_sealed_with_the_new_key_and_the_old_process_writes_no_more() {
    let (installation, _) = acme("");
    let (app, operator) = (&installation.app, Actor::operator("test"));
    installation.team("acme", "devs", "member");
    installation.grant_team("acme/app", "devs", "read");
    default_permissions::create(app, &operator, "acme", None, DelegateName::Team("devs"), Role::Read)
        .unwrap();
    let identity = FederatedIdentity {
        issuer: "https://idp.example".to_owned(),
        subject: "x".to_owned(),
        audience: "y".to_owned(),
    };
    federation::set(app, &operator, "acme", "ci", &[identity]).unwrap();
    signed_in(&installation, "alice").await;
    access_token(&installation, "alice", "repo:read").await;
    assigned(&installation, "alice").await;
    let token = app_token(&installation, "alice").await;
    let rows: BTreeMap<_, _> = installation.row_counts().into_iter().collect();
    let (old, new) = (&app.keys.verify, VerifyKey::ephemeral(&SystemRandom::default()));

    let done = reseal(&installation, old, &new, false).unwrap();
    let tables = [
        "account",
        "password",
        "robot_secret",
        "robot_federation",
        "team",
        "team_member",
        "repository",
        "repository_permission",
        "team_permission",
        "default_permission",
        "oauth_application",
        "oauth_assignment",
        "app_token",
        "session",
    ];
    for table in tables {
        assert!(rows[table] > 0, "{table} has no row that could be sealed");
    }
    let sealed: i64 = tables.iter().map(|table| rows[*table]).sum();
    let expected =
        Resealed { rows: usize::try_from(sealed).unwrap(), access_tokens: 1, ..Resealed::default() };
    assert_eq!(done, expected);

    let stale = app.store.write::<_, StoreError>("test", |tx| tx.has_users());
    assert!(matches!(stale, Err(StoreError::Incompatible(_))), "{stale:?}");
    let store = Store::open_sqlite(&installation.database(), &new).unwrap();
    store
        .read::<_, StoreError>("test", |tx| {
            let (kept, user) = tx.app_token_by_lookup(&token[..60])?.unwrap();
            assert_eq!(
                (kept.digest, user.name),
                (new.token_digest("app token", &token).to_vec(), "alice".to_owned())
            );
            let acme = tx.account_by_name("acme")?.unwrap();
            let members = tx.member_ids(acme.id)?;
            assert_eq!(tx.teams_of_accounts(acme.id, &members)?.len(), 1);
            Ok(())
        })
        .unwrap();
    assert!(matches!(reseal(&installation, old, &new, false), Err(ResealError::Already(_))));
    let other = VerifyKey::ephemeral(&SystemRandom::default());
    assert!(matches!(reseal(&installation, &other, old, false), Err(ResealError::OtherKey { .. })));
    let back = reseal(&installation, &new, old, false).unwrap();
    assert_eq!((back.rows, back.altered.len()), (done.rows, 0), "what was sealed is as the store seals it");
    assert_eq!(installation.events("reseal_rows").len(), 2);
}

#[tokio::test]
async fn a_row_that_was_altered_is_named_and_never_sealed() {
    let (installation, _) = acme("");
    let (old, new) = (&installation.app.keys.verify, VerifyKey::ephemeral(&SystemRandom::default()));
    let database = rusqlite::Connection::open(installation.database()).unwrap();
    database.execute("UPDATE repository_permission SET role = 'admin'", []).unwrap();
    let macs = || -> Vec<Vec<u8>> {
        let mut statement = database.prepare("SELECT mac FROM account ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let before = macs();
    let Err(ResealError::Altered(rows)) = reseal(&installation, old, &new, false) else { panic!() };
    assert!(rows.len() == 1 && rows[0].starts_with("repository_permission "), "{rows:?}");
    assert_eq!(macs(), before, "all or nothing");
    let done = reseal(&installation, old, &new, true).unwrap();
    assert_eq!(done.altered, rows);
    let store = Store::open_sqlite(&installation.database(), &new).unwrap();
    let granted = store.read::<_, StoreError>("test", |tx| {
        let acme = tx.account_by_name("acme")?.unwrap();
        let app = tx.repository(acme.id, "app")?.unwrap();
        let grantees = tx.grantee_ids(app.id)?;
        assert!(!grantees.is_empty());
        tx.grants_by_id(app.id, &grantees)
    });
    assert!(granted.unwrap().is_empty(), "still ignored");
}
