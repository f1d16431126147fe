//! What is known of the state that the database is in, and over which commits.

use super::{account, engines, key, organization, robot, secret, write};
use crate::support::START;
use dockpass::domain::name::RobotName;
use dockpass::store::Store;
use dockpass::store::accounts::{Account, AccountKind};
use dockpass::telemetry::Metrics;
use std::sync::Arc;

/// A store that counts the reads in which [`is_enabled`] ends.
struct Counted {
    store: Store,
    metrics: Arc<Metrics>,
}

impl Counted {
    fn new(store: Store) -> Self {
        let metrics = Arc::new(Metrics::new());
        let store = store.observed(Arc::clone(&metrics));
        store.maintain().unwrap();
        Self { store, metrics }
    }

    /// Whether `acme+ci` is.
    fn is_enabled(&self) -> bool {
        let name = RobotName::parse("acme+ci").unwrap();
        self.store.recall("look", |tx| tx.robot_login(&name)).unwrap().unwrap().enabled
    }

    fn reads(&self) -> u64 {
        self.metrics.encode().lines().filter(|line| line.contains("look")).filter_map(count_of).sum()
    }
}

/// The number of observations in a line of metrics that tells it.
fn count_of(line: &str) -> Option<u64> {
    line.split_once("_count{")?.1.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn what_is_known_of_the_present_state_is_not_read_again() {
    for engine in engines() {
        let directory = tempfile::tempdir().unwrap();
        let ours = Counted::new((engine.open)(directory.path(), &key()));
        write(&ours.store, |tx| {
            let acme = organization(tx, "acme");
            let ci = account(tx, AccountKind::Robot, "acme+ci", Some(acme.id));
            tx.replace_secret(ci.id, &secret(1))
        });
        for reading in 1..=3 {
            for _ in 0..3 {
                assert!(ours.is_enabled());
                assert_eq!(ours.reads(), reading, "{}", engine.name);
            }
            write(&ours.store, |tx| Ok(organization(tx, &format!("other{reading}"))));
        }
    }
}

#[test]
fn notes_are_written_down_without_anything_being_read_again() {
    for engine in engines() {
        let directory = tempfile::tempdir().unwrap();
        let ours = Counted::new((engine.open)(directory.path(), &key()));
        let ci = write(&ours.store, |tx| {
            let acme = organization(tx, "acme");
            Ok(robot(tx, &acme, "ci"))
        });
        let note = |at| ours.store.note("note", |notes| notes.logins(&[(ci.id, START.plus(at))], 1)).unwrap();
        assert!(ours.is_enabled());
        // The last one has nothing to write.
        for at in (1..=50).chain([50]) {
            note(at);
            assert!(ours.is_enabled());
            assert_eq!(ours.reads(), 1, "{} after note {at}", engine.name);
        }
        let seen = ours.store.read("last login", |tx| tx.account_by_id(ci.id)).unwrap();
        assert_eq!(seen.unwrap().last_accessed_at, Some(START.plus(50)), "whoever asks is told");
        let theirs = (engine.open)(directory.path(), &key());
        for (round, enabled, first) in
            [(1, false, true), (2, true, true), (3, false, false), (4, true, false)]
        {
            let change = || write(&theirs, |tx| tx.update_account(&Account { enabled, ..ci.clone() }));
            if first {
                change();
            }
            note(100 * round);
            if !first {
                change();
            }
            assert_eq!(ours.is_enabled(), enabled, "{} in round {round}", engine.name);
        }
    }
}
