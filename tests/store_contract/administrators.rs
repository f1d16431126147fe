//! Whether an organization has anybody left who administers it.

use super::{account, each, key, organization, robot, write};
use dockpass::domain::caller::AccountId;
use dockpass::domain::permission::TeamRole;
use dockpass::store::accounts::{Account, AccountKind};
use dockpass::store::{Store, StoreError, Tx};

#[test]
fn people_in_teams_that_administer_count_and_nobody_else_does() {
    each(|store| {
        write(store, |tx| {
            let (acme, other) = (organization(tx, "acme"), organization(tx, "other"));
            let [ada, bob] = ["ada", "bob"].map(|name| account(tx, AccountKind::User, name, None));
            let ci = robot(tx, &acme, "ci");
            let [devs, owners] = [("devs", TeamRole::Creator), ("owners", TeamRole::Admin)]
                .map(|(name, role)| tx.insert_team(acme.id, name, role, "").unwrap());
            let theirs = tx.insert_team(other.id, "owners", TeamRole::Admin, "")?;
            for (team, member) in [(&devs, &ada), (&owners, &ci), (&theirs, &ada)] {
                tx.insert_member(team.id, member.id)?;
            }
            let has = |tx: &mut Tx<'_>| tx.has_administrator(acme.id);
            let has_beside = |tx: &mut Tx<'_>, who: &Account| tx.has_other_administrator(acme.id, who.id);
            assert!(!has(tx)?, "a robot, a creator, an owner of another organization");
            tx.insert_member(owners.id, ada.id)?;
            assert!(has(tx)? && has_beside(tx, &bob)? && !has_beside(tx, &ada)?);
            tx.insert_member(owners.id, bob.id)?;
            assert!(has_beside(tx, &ada)?);
            tx.update_account(&Account { enabled: false, ..bob })?;
            assert!(!has_beside(tx, &ada)?, "who is disabled cannot take over");
            tx.delete_member(owners.id, ada.id)?;
            assert!(has(tx)?, "but can be enabled again");
            Ok(())
        });
    });
}

#[test]
fn however_many_rows_were_altered_the_genuine_one_behind_them_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Store::open_sqlite(&path, &key()).unwrap();
    let acme = write(&store, |tx| {
        let acme = organization(tx, "acme");
        let owners = tx.insert_team(acme.id, "owners", TeamRole::Admin, "")?;
        for number in 0..30 {
            let user = account(tx, AccountKind::User, &format!("user{number}"), None);
            tx.insert_member(owners.id, user.id)?;
        }
        Ok(acme.id)
    });
    let has = |organization: AccountId| {
        store.read::<_, StoreError>("test", |tx| tx.has_administrator(organization)).unwrap()
    };
    assert!(has(acme));
    let raw = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(raw.execute("UPDATE team_member SET mac = x'00'", []).unwrap(), 30);
    assert!(!has(acme));
    write(&store, |tx| {
        let zoe = account(tx, AccountKind::User, "zoe", None);
        let owners = tx.team(acme, "owners")?.unwrap();
        tx.insert_member(owners.id, zoe.id)
    });
    assert!(has(acme));
    raw.execute("UPDATE team SET role = 'member'", []).unwrap();
    raw.execute("UPDATE team SET role = 'admin', name = 'x'", []).unwrap();
    assert!(has(acme), "the name decides nothing");
    raw.execute("UPDATE account SET enabled = 0 WHERE name = 'zoe'", []).unwrap();
    assert!(!has(acme), "an altered account is none");
}
