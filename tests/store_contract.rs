//! What every engine of the store has to do. A second engine is one more entry of [`engines`].

mod administrators;
mod known;

use crate::support::{START, TestRandom};
use dockpass::domain::caller::AccountId;
use dockpass::domain::decide::Authority;
use dockpass::domain::name::{RepositoryName, RobotName};
use dockpass::domain::permission::{RepositoryState, Role, TeamRole, Visibility};
use dockpass::keys::VerifyKey;
use dockpass::store::access::Owner;
use dockpass::store::accounts::{Account, AccountKind, NewAccount};
use dockpass::store::audit::{Event, EventFilter, Origin};
use dockpass::store::default_permissions::DefaultPermission;
use dockpass::store::members::TeamCounts;
use dockpass::store::permissions::Grantee;
use dockpass::store::robots::SecretRecord;
use dockpass::store::sqlite::Sqlite;
use dockpass::store::{Store, StoreError, Tx};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;

/// One engine under test.
struct Engine {
    name: &'static str,
    open: fn(&Path, &VerifyKey) -> Store,
}

fn engines() -> Vec<Engine> {
    vec![Engine {
        name: "sqlite",
        open: |directory, key| {
            Store::new(Box::new(Sqlite::open(&directory.join("test.db")).unwrap()), key).unwrap()
        },
    }]
}

fn key() -> VerifyKey {
    VerifyKey::ephemeral(&TestRandom::new(1))
}

/// Runs a test against a fresh database of every engine.
fn each(test: impl Fn(&Store)) {
    for engine in engines() {
        println!("engine: {}", engine.name);
        let directory = tempfile::tempdir().unwrap();
        test(&(engine.open)(directory.path(), &key()));
    }
}

fn write<T>(store: &Store, work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
    store.write("test", work).unwrap()
}

fn account(tx: &mut Tx<'_>, kind: AccountKind, name: &str, owner: Option<AccountId>) -> Account {
    tx.insert_account(&NewAccount { kind, name, owner, email: None, created_at: START }).unwrap()
}

fn organization(tx: &mut Tx<'_>, name: &str) -> Account {
    account(tx, AccountKind::Organization, name, None)
}

fn secret(generation: i64) -> SecretRecord {
    SecretRecord {
        generation,
        hash: "$argon2id$...".to_owned(),
        verifier: Some(vec![1, 2, 3]),
        sealed: None,
        created_at: START,
        expires_at: None,
    }
}

fn robot(tx: &mut Tx<'_>, owner: &Account, short: &str) -> Account {
    let robot = account(tx, AccountKind::Robot, &format!("{}+{short}", owner.name), Some(owner.id));
    tx.insert_robot(robot.id, "a robot", "{}").unwrap();
    tx.replace_secret(robot.id, &secret(1)).unwrap();
    robot
}

#[test]
fn a_refused_transaction_leaves_nothing_behind() {
    each(|store| {
        let refused: Result<(), StoreError> = store.write("test", |tx| {
            organization(tx, "acme");
            Err(StoreError::Statement("changed my mind".to_owned()))
        });
        assert!(refused.is_err());
        assert_eq!(write(store, |tx| tx.account_by_name("acme")), None);
    });
}

#[test]
fn a_panic_in_a_transaction_leaves_nothing_behind_and_the_store_usable() {
    each(|store| {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            write::<()>(store, |tx| {
                organization(tx, "acme");
                panic!("on purpose")
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(write(store, |tx| tx.account_by_name("acme")), None);
        write(store, |tx| Ok(organization(tx, "acme")));
    });
}

#[test]
fn names_are_compared_exactly_and_never_as_patterns() {
    each(|store| {
        write(store, |tx| {
            let one = organization(tx, "my_org");
            let other = organization(tx, "myxorg");
            robot(tx, &one, "ci");
            robot(tx, &other, "ci");
            assert_eq!(tx.account_by_name("MY_ORG")?, None);
            assert_eq!(tx.account_by_name("my%")?, None);
            let mut names = Vec::new();
            names.extend(tx.robots(one.id, None)?.into_iter().map(|robot| robot.account.name));
            tx.delete_account(one.id)?;
            names.extend(tx.robots(other.id, None)?.into_iter().map(|robot| robot.account.name));
            assert_eq!(names, ["my_org+ci", "myxorg+ci"]);
            Ok(())
        });
    });
}

#[test]
fn two_accounts_cannot_have_one_name() {
    each(|store| {
        write(store, |tx| Ok(organization(tx, "acme")));
        let again = store.write("test", |tx| {
            tx.insert_account(&NewAccount {
                kind: AccountKind::User,
                name: "acme",
                owner: None,
                email: None,
                created_at: START,
            })
        });
        assert!(matches!(again, Err(StoreError::Statement(_))), "{again:?}");
    });
}

#[test]
fn a_deleted_name_that_is_made_again_is_somebody_else() {
    each(|store| {
        let first = write(store, |tx| Ok(organization(tx, "acme")));
        write(store, |tx| tx.delete_account(first.id));
        let second = write(store, |tx| Ok(organization(tx, "acme")));
        assert_ne!(first.id, second.id);
    });
}

#[test]
fn deleting_an_account_deletes_all_that_hangs_on_it() {
    each(|store| {
        write(store, |tx| {
            let acme = organization(tx, "acme");
            let ci = robot(tx, &acme, "ci");
            let app = tx.insert_repository(acme.id, "app", Visibility::Private, "", START)?;
            let team = tx.insert_team(acme.id, "builders", TeamRole::Creator, "")?;
            tx.insert_member(team.id, ci.id)?;
            tx.grant(Grantee::Account(ci.id), app.id, Role::Write)?;
            tx.grant(Grantee::Team(team.id), app.id, Role::Read)?;
            tx.put_default_permission(&DefaultPermission {
                uuid: "u".to_owned(),
                organization: acme.id,
                activating: None,
                delegate: Grantee::Account(ci.id),
                role: Role::Read,
            })?;
            tx.delete_account(ci.id)?;
            assert_eq!(tx.members(team.id)?, []);
            assert_eq!(tx.grantee_ids(app.id)?, []);
            assert_eq!(tx.default_permissions(acme.id)?, []);
            assert!(tx.robot_login(&RobotName::parse("acme+ci").unwrap())?.is_none());
            tx.delete_account(acme.id)?;
            assert_eq!(tx.repository(acme.id, "app")?, None);
            assert_eq!(tx.teams(acme.id)?, []);
            Ok(())
        });
    });
}

/// What the changes of a robot's rights look like to whoever reads them right afterwards, by a connection that has read them
/// before.
#[test]
fn a_change_by_another_process_is_seen_by_the_very_next_read() {
    for engine in engines() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs) =
            ((engine.open)(directory.path(), &key()), (engine.open)(directory.path(), &key()));
        let (acme, ci, app) = write(&theirs, |tx| {
            let acme = organization(tx, "acme");
            let ci = robot(tx, &acme, "ci");
            let app = tx.insert_repository(acme.id, "app", Visibility::Private, "", START)?;
            Ok((acme, ci, app))
        });
        let name = RepositoryName::parse("acme/app").unwrap();
        let seen = || {
            ours.recall("test", |tx| {
                let login = tx.robot_login(&RobotName::parse("acme+ci").unwrap())?.unwrap();
                let generation = login.secret.as_ref().map(|secret| secret.generation);
                let facts = tx.facts(Some(ci.id), &[], Some(&login.owner), &name)?;
                Ok::<_, StoreError>((login.enabled, generation, facts.repository.and_then(|app| app.role)))
            })
            .unwrap()
        };
        for round in 0..3 {
            ours.maintain().unwrap();
            let generation = 2 + round;
            assert!(seen().0, "{round}");
            write(&theirs, |tx| tx.grant(Grantee::Account(ci.id), app.id, Role::Write));
            assert_eq!(seen().2, Some(Role::Write));
            write(&theirs, |tx| tx.revoke(Grantee::Account(ci.id), app.id));
            assert_eq!(seen().2, None);
            write(&theirs, |tx| tx.replace_secret(ci.id, &secret(generation)));
            assert_eq!(seen().1, Some(generation));
            write(&theirs, |tx| tx.update_account(&Account { enabled: false, ..ci.clone() }));
            assert!(!seen().0);
            write(&ours, |tx| tx.update_account(&ci));
            assert!(seen().0);
        }
        write(&theirs, |tx| tx.delete_account(acme.id));
        let found = ours.recall("test", |tx| tx.robot_login(&RobotName::parse("acme+ci").unwrap())).unwrap();
        assert!(found.is_none());
    }
}

#[test]
fn replacing_a_secret_leaves_only_the_new_one() {
    each(|store| {
        write(store, |tx| {
            let acme = organization(tx, "acme");
            let ci = robot(tx, &acme, "ci");
            tx.replace_secret(ci.id, &secret(2))?;
            assert_eq!(tx.secret(ci.id)?, Some(secret(2)));
            tx.set_verifier(ci.id, 1, b"late")?;
            assert_eq!(
                tx.secret(ci.id)?,
                Some(secret(2)),
                "the verifier of an old generation changes nothing"
            );
            tx.set_verifier(ci.id, 2, b"new")?;
            let login = tx.robot_login(&RobotName::parse("acme+ci").unwrap())?.unwrap();
            assert_eq!(login.secret.as_ref().unwrap().verifier.as_deref(), Some(b"new".as_slice()));
            assert_eq!((login.id, login.enabled, &*login.owner), (ci.id, true, &Owner::from(&acme)));
            Ok(())
        });
    });
}

#[test]
fn facts_tell_visibility_state_authority_and_the_highest_role() {
    each(|store| {
        write(store, |tx| {
            let acme = organization(tx, "acme");
            let ci = robot(tx, &acme, "ci");
            let mut app = tx.insert_repository(acme.id, "app", Visibility::Private, "", START)?;
            let name = RepositoryName::parse("acme/app").unwrap();
            let team = tx.insert_team(acme.id, "builders", TeamRole::Creator, "")?;
            tx.insert_member(team.id, ci.id)?;
            tx.grant(Grantee::Account(ci.id), app.id, Role::Read)?;
            tx.grant(Grantee::Team(team.id), app.id, Role::Write)?;
            app.visibility = Visibility::Public;
            app.state = RepositoryState::Mirror;
            app.mirror_robot = Some(ci.id);
            tx.update_repository(&app)?;
            let teams = tx.teams_of(ci.id)?;
            let facts = tx.facts(Some(ci.id), &teams, None, &name)?;
            let namespace = facts.namespace.unwrap();
            assert_eq!(
                (namespace.id, namespace.enabled, namespace.authority),
                (acme.id, true, Authority::Creator)
            );
            let repository = facts.repository.unwrap();
            assert_eq!(repository.role, Some(Role::Write));
            assert_eq!(repository.visibility, Visibility::Public);
            assert_eq!((repository.state, repository.mirror_robot), (RepositoryState::Mirror, Some(ci.id)));
            let anonymous = tx.facts(None, &[], None, &name)?;
            assert_eq!(anonymous.namespace.unwrap().authority, Authority::None);
            assert_eq!(anonymous.repository.unwrap().role, None);
            assert!(tx.is_mirroring(ci.id)?);
            Ok(())
        });
        write(store, |tx| {
            let unknown = tx.facts(None, &[], None, &RepositoryName::parse("other/app").unwrap())?;
            assert_eq!(unknown.namespace, None);
            let robot = tx.facts(None, &[], None, &RepositoryName::parse("acme/missing").unwrap())?;
            assert!(robot.namespace.is_some() && robot.repository.is_none());
            Ok(())
        });
    });
}

#[test]
fn a_user_administers_its_own_namespace_only() {
    each(|store| {
        write(store, |tx| {
            let alice = account(tx, AccountKind::User, "alice", None);
            let bob = account(tx, AccountKind::User, "bob", None);
            let name = RepositoryName::parse("alice/app").unwrap();
            let own = tx.facts(Some(alice.id), &[], None, &name)?.namespace.unwrap().authority;
            let foreign = tx.facts(Some(bob.id), &[], None, &name)?.namespace.unwrap().authority;
            assert_eq!((own, foreign), (Authority::Admin, Authority::None));
            Ok(())
        });
    });
}

#[test]
fn retired_names_become_free_when_their_time_is_over() {
    each(|store| {
        write(store, |tx| {
            tx.retire_name("acme", START.plus(360))?;
            assert_eq!(tx.retired_until("acme", START)?, Some(START.plus(360)));
            assert_eq!(tx.retired_until("acme", START.plus(360))?, None);
            assert_eq!(tx.retired_until("other", START)?, None);
            Ok(())
        });
    });
}

#[test]
fn logins_move_the_time_forward_only() {
    each(|store| {
        write(store, |tx| {
            let alice = account(tx, AccountKind::User, "alice", None);
            let mut note = |seconds, gap| {
                tx.note_logins(&[(alice.id, START.plus(seconds))], gap).unwrap();
                tx.account_by_name("alice").unwrap().unwrap().last_accessed_at.unwrap().seconds_since(START)
            };
            assert_eq!(note(60, 1), 60);
            assert_eq!(note(0, 1), 60);
            assert_eq!(note(119, 60), 60, "too soon to be worth a write");
            assert_eq!(note(120, 60), 120);
            assert_eq!(note(120, 0), 120);
            Ok(())
        });
    });
}

#[test]
fn events_are_filtered_paged_counted_and_pruned() {
    each(|store| {
        write(store, |tx| {
            let acme = organization(tx, "acme");
            for number in 0..5_i64 {
                let event = Event {
                    kind: if number == 0 { "create_robot" } else { "create_repo" },
                    namespace: Some(acme.id),
                    repository: None,
                    robot: None,
                    metadata: json!({ "number": number }),
                };
                let origin = Origin { performer_name: Some("alice".to_owned()), ..Origin::default() };
                tx.record(&origin, &event, START.plus(number))?;
            }
            let filter =
                EventFilter { namespace: Some(acme.id), performer: Some("alice"), ..EventFilter::default() };
            let page = tx.events(&filter, 2)?;
            assert_eq!(page.iter().map(|event| event.metadata["number"].clone()).collect::<Vec<_>>(), [4, 3]);
            let next = tx.events(&EventFilter { below: Some(page[1].id), ..filter }, 2)?;
            assert_eq!(next[0].metadata["number"], 2);
            let late = EventFilter { from: Some(START.plus(3)), until: Some(START.plus(4)), ..filter };
            assert_eq!(tx.events(&late, 10)?.len(), 1);
            let counts = tx.event_counts(&filter)?;
            assert_eq!(
                counts.iter().map(|(kind, _, count)| (kind.as_str(), *count)).collect::<Vec<_>>(),
                [("create_repo", 4), ("create_robot", 1),]
            );
            assert_eq!(tx.prune_events(START.plus(2), 100)?, 2);
            assert_eq!(tx.events(&filter, 10)?.len(), 3);
            Ok(())
        });
    });
}

#[test]
fn readers_see_one_moment_while_others_write() {
    each(|store| {
        write(store, |tx| Ok(organization(tx, "acme")));
        let counted: Result<_, StoreError> = store.read("test", |tx| {
            let before = tx.namespace_count()?;
            std::thread::scope(|scope| {
                scope.spawn(|| write(store, |tx| Ok(organization(tx, "other"))));
            });
            Ok((before, tx.namespace_count()?))
        });
        assert_eq!(counted.unwrap(), (1, 1));
        assert_eq!(write(store, |tx| tx.namespace_count()), 2);
    });
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    for engine in engines() {
        let directory = tempfile::tempdir().unwrap();
        write(&(engine.open)(directory.path(), &key()), |tx| Ok(organization(tx, "acme")));
        let again = (engine.open)(directory.path(), &key());
        assert!(write(&again, |tx| tx.account_by_name("acme")).is_some());
    }
}

#[test]
fn a_new_database_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&directory.path().join("test.db"), &key()).unwrap();
    write(&store, |tx| Ok(organization(tx, "acme")));
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn a_backup_is_a_whole_database() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&directory.path().join("test.db"), &key()).unwrap();
    write(&store, |tx| Ok(organization(tx, "acme")));
    let copy = directory.path().join("copy.db");
    store.backup(&copy).unwrap();
    assert!(store.backup(&copy).is_err(), "an existing file is not overwritten");
    let restored = Store::open_sqlite(&copy, &key()).unwrap();
    assert!(write(&restored, |tx| tx.account_by_name("acme")).is_some());
}

#[test]
fn a_database_written_with_another_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    drop(Store::open_sqlite(&path, &key()).unwrap());
    let other = Store::open_sqlite(&path, &VerifyKey::ephemeral(&TestRandom::new(2)));
    assert!(matches!(other.map(drop), Err(StoreError::Incompatible(_))));
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    drop(Store::open_sqlite(&path, &key()).unwrap());
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'", []).unwrap();
    let opened = Store::open_sqlite(&path, &key());
    assert!(matches!(opened.map(drop), Err(StoreError::Incompatible(text)) if text.contains("99")));
}

#[test]
fn the_people_of_an_organization_are_those_of_its_own_teams_and_repositories() {
    each(|store| {
        write(store, |tx| {
            let (acme, other) = (organization(tx, "acme"), organization(tx, "other"));
            let [ada, bob] = ["ada", "bob"].map(|name| account(tx, AccountKind::User, name, None));
            let ci = robot(tx, &acme, "ci");
            let devs = tx.insert_team(acme.id, "devs", TeamRole::Member, "")?;
            let owners = tx.insert_team(acme.id, "admins", TeamRole::Admin, "")?;
            let foreign = tx.insert_team(other.id, "devs", TeamRole::Member, "")?;
            for (team, member) in
                [(&devs, &bob), (&devs, &ada), (&owners, &ada), (&devs, &ci), (&foreign, &bob)]
            {
                assert!(tx.insert_member(team.id, member.id)?);
            }
            let app = tx.insert_repository(acme.id, "app", Visibility::Private, "", START)?;
            let theirs = tx.insert_repository(other.id, "app", Visibility::Private, "", START)?;
            for (repository, grantee) in [(app.id, ada.id), (app.id, ci.id), (theirs.id, ada.id)] {
                tx.grant(Grantee::Account(grantee), repository, Role::Read)?;
            }
            tx.grant(Grantee::Team(devs.id), app.id, Role::Read)?;

            let people = [ada.id, bob.id];
            assert_eq!(tx.member_ids(acme.id)?, people, "no robots");
            let teams = tx.teams_of_accounts(acme.id, &people)?;
            let of = |who: &Account| teams[&who.id].iter().map(|team| team.id).collect::<Vec<_>>();
            assert_eq!((of(&ada), of(&bob)), (vec![owners.id, devs.id], vec![devs.id]));
            assert_eq!(
                tx.granted_user_ids(acme.id)?,
                [ada.id],
                "no robots, and nothing of another namespace"
            );
            let granted = tx.repositories_of_accounts(acme.id, &people)?;
            assert_eq!(granted, HashMap::from([(ada.id, vec!["app".to_owned()])]));
            assert_eq!(tx.team_member_ids(devs.id)?, [ci.id, ada.id, bob.id]);
            assert_eq!(tx.grantee_ids(app.id)?, [ci.id, ada.id]);
            let roles = tx.grants_by_id(app.id, &[ada.id, bob.id, ci.id])?;
            assert_eq!(roles, HashMap::from([(ada.id, Role::Read), (ci.id, Role::Read)]));
            assert_eq!(tx.accounts_by_id(&people)?, HashMap::from([(ada.id, ada), (bob.id, bob)]));
            let counts = |members, repositories| TeamCounts { members, repositories };
            assert_eq!(tx.team_counts(acme.id)?, [(devs.id, counts(3, 1)), (owners.id, counts(1, 0))]);
            Ok(())
        });
    });
}

/// Alters every deciding column of every row and checks that nothing is granted that was not before.
#[test]
fn an_altered_row_never_widens_what_is_granted() {
    let alterations = [
        "UPDATE account SET enabled = 1 WHERE name = 'acme'",
        "UPDATE account SET owner_id = (SELECT id FROM account WHERE name = 'other') WHERE name = 'acme+ci'",
        "UPDATE account SET name = 'acme+other' WHERE name = 'acme+ci'",
        "UPDATE repository SET visibility = 'public'",
        "UPDATE repository SET state = 'NORMAL'",
        "UPDATE repository SET name = 'secret'",
        "UPDATE repository_permission SET role = 'admin'",
        "UPDATE team SET role = 'admin'",
        "UPDATE team_permission SET role = 'admin'",
        "UPDATE team_member SET team_id = (SELECT max(id) FROM team)",
        "UPDATE robot_secret SET generation = 7",
        "UPDATE robot_secret SET expires_at = NULL",
    ];
    let name = RepositoryName::parse("acme/app").unwrap();
    for alteration in alterations {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let store = Store::open_sqlite(&path, &key()).unwrap();
        let ci = write(&store, |tx| {
            let mut acme = organization(tx, "acme");
            organization(tx, "other");
            let ci = robot(tx, &acme, "ci");
            tx.replace_secret(ci.id, &SecretRecord { expires_at: Some(START), ..secret(1) })?;
            let mut app = tx.insert_repository(acme.id, "app", Visibility::Private, "", START)?;
            app.state = RepositoryState::ReadOnly;
            tx.update_repository(&app)?;
            let team = tx.insert_team(acme.id, "builders", TeamRole::Member, "")?;
            let admins = tx.insert_team(acme.id, "zz", TeamRole::Admin, "")?;
            assert!(admins.id > team.id);
            tx.insert_member(team.id, ci.id)?;
            tx.grant(Grantee::Account(ci.id), app.id, Role::Read)?;
            tx.grant(Grantee::Team(team.id), app.id, Role::Read)?;
            acme.enabled = false;
            tx.update_account(&acme)?;
            Ok(ci)
        });
        let raw = rusqlite::Connection::open(&path).unwrap();
        assert_ne!(raw.execute(alteration, []).unwrap(), 0, "{alteration}");
        let (login, facts) = store
            .read("test", |tx| {
                let login = tx.robot_login(&RobotName::parse("acme+ci").unwrap())?;
                let teams = tx.teams_of(ci.id)?;
                Ok::<_, StoreError>((login, tx.facts(Some(ci.id), &teams, None, &name)?))
            })
            .unwrap();
        let live = login.and_then(|login| login.secret.clone().filter(|_| login.owner.enabled));
        assert!(live.is_none_or(|secret| secret.expires_at == Some(START)), "{alteration}");
        assert!(facts.namespace.is_none_or(|namespace| !namespace.enabled), "{alteration}");
        assert!(
            facts.namespace.is_none_or(|namespace| namespace.authority == Authority::None),
            "{alteration}"
        );
        if let Some(repository) = facts.repository {
            assert_eq!(repository.visibility, Visibility::Private, "{alteration}");
            assert_eq!(repository.state, RepositoryState::ReadOnly, "{alteration}");
            assert!(repository.role <= Some(Role::Read), "{alteration}");
        }
    }
}
