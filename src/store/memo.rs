//! What has been read already from the very same state of the database. Not a cache that may be out of date: it is asked only
//! together with the [`State`] that the database is in at that moment, and knows nothing of any other. It spares a robot that
//! comes again the statements, and the MACs over the rows that these found.
//!
//! Every commit makes another state, the one that writes down logins included. Nothing that is kept here rests on those, so
//! what is known is carried over that commit ([`Memo::carry`]); only [`Store::note`](super::Store::note) does so.

use super::access::{Owner, RobotLogin};
use crate::domain::caller::AccountId;
use crate::domain::decide::RepositoryFacts;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts with a lock each, so that threads rarely meet at one.
const SHARDS: u64 = 64;

/// Robots, owners and repositories that a part keeps, each: 65,536 in all, some 30 MiB. Beyond, nothing is lost but the gain.
const MOST_OF_SHARD: usize = 1024;

/// Repositories kept for one robot.
const MOST_OF_ONE: usize = 64;

/// Tells one state of the database from every other that it has been in since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State(pub [u64; 6]);

/// A commit that was alone: nothing else was written between these two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Right before.
    pub before: State,
    /// Right after.
    pub after: State,
}

/// A robot or the anonymous, and the namespace that it looks into.
type Look = (Option<AccountId>, AccountId);

/// What one process knows. Cheap to share: it has interior locks.
#[derive(Debug)]
pub struct Memo {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

impl Default for Memo {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

#[derive(Debug, Default)]
struct Shard {
    state: State,
    /// A state before it that nothing kept here differs in: who reads at this one is neither slower nor wrong.
    carried: Option<State>,
    /// How many states there were before this one. Entries carry the number of theirs: to empty the tables whenever somebody
    /// writes would take longer than any request should.
    epoch: u64,
    robots: Table<String, Arc<RobotLogin>>,
    owners: Table<AccountId, Arc<Owner>>,
    repositories: Table<Look, Vec<(String, RepositoryFacts)>>,
}

impl Memo {
    /// What is known of `state`, which the database is in now.
    pub fn of(&self, state: State) -> Known<'_> {
        Known { memo: self, state }
    }

    /// Keeps what is known, over a commit that changed nothing of it.
    pub(super) fn carry(&self, step: Step) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if shard.state == step.before {
                shard.state = step.after;
                shard.carried = Some(step.before);
            }
        }
    }
}

/// What is known of one state.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    memo: &'a Memo,
    state: State,
}

impl Known<'_> {
    /// The part for `key`, at this state.
    fn shard<K: Hash + ?Sized>(&self, key: &K) -> Option<MutexGuard<'_, Shard>> {
        let number = self.memo.hasher.hash_one(key) % SHARDS;
        let shard = self.memo.shards.get(usize::try_from(number).ok()?)?;
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.state != self.state && shard.carried != Some(self.state) {
            shard.state = self.state;
            shard.carried = None;
            shard.epoch += 1;
        }
        Some(shard)
    }

    /// A robot by its full name.
    pub(super) fn robot(&self, name: &str) -> Option<Arc<RobotLogin>> {
        let shard = self.shard(name)?;
        shard.robots.get(name, shard.epoch).cloned()
    }

    pub(super) fn note_robot(&self, name: &str, robot: &Arc<RobotLogin>) {
        let Some(mut shard) = self.shard(name) else { return };
        let epoch = shard.epoch;
        shard.robots.put(name.to_owned(), epoch, Arc::clone(robot));
    }

    /// The owner of a robot.
    pub(super) fn owner(&self, id: AccountId) -> Option<Arc<Owner>> {
        let shard = self.shard(&id)?;
        shard.owners.get(&id, shard.epoch).cloned()
    }

    pub(super) fn note_owner(&self, owner: &Arc<Owner>) {
        let Some(mut shard) = self.shard(&owner.id) else { return };
        let epoch = shard.epoch;
        shard.owners.put(owner.id, epoch, Arc::clone(owner));
    }

    /// What is known of a repository for whoever is in no team.
    pub(super) fn repository(&self, look: Look, name: &str) -> Option<RepositoryFacts> {
        let shard = self.shard(&look)?;
        let of_one = shard.repositories.get(&look, shard.epoch)?;
        of_one.iter().find(|(known, _)| known == name).map(|(_, facts)| *facts)
    }

    pub(super) fn note_repository(&self, look: Look, name: &str, facts: RepositoryFacts) {
        let Some(mut shard) = self.shard(&look) else { return };
        let epoch = shard.epoch;
        let entry = (name.to_owned(), facts);
        match shard.repositories.get_mut(&look, epoch) {
            Some(of_one) if of_one.len() < MOST_OF_ONE => of_one.push(entry),
            _ => shard.repositories.put(look, epoch, vec![entry]),
        }
    }
}

/// A map of bounded size, whose entries hold for one epoch.
#[derive(Debug)]
struct Table<K, V>(HashMap<K, (u64, V)>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, epoch: u64) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).filter(|(of, _)| *of == epoch).map(|(_, value)| value)
    }

    fn get_mut(&mut self, key: &K, epoch: u64) -> Option<&mut V> {
        self.0.get_mut(key).filter(|(of, _)| *of == epoch).map(|(_, value)| value)
    }

    fn put(&mut self, key: K, epoch: u64, value: V) {
        if self.0.len() >= MOST_OF_SHARD && !self.0.contains_key(&key) {
            // Whichever comes first, and no more than that: to drop them all would take longer than any request should.
            self.0.extract_if(|_, _| true).next();
        }
        self.0.insert(key, (epoch, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::permission::{RepositoryState, Visibility};
    use crate::store::accounts::AccountKind;
    use proptest::prelude::*;

    const LOOK: Look = (None, AccountId(1));
    const FACTS: RepositoryFacts = RepositoryFacts {
        visibility: Visibility::Private,
        state: RepositoryState::Normal,
        mirror_robot: None,
        role: None,
    };

    fn state(number: u64) -> State {
        State([number, 0, 0, 0, 0, 0])
    }

    #[test]
    fn robots_are_known_by_name_and_owners_by_id_until_there_are_too_many() {
        let memo = Memo::default();
        let known = memo.of(state(1));
        let owner = Arc::new(Owner {
            id: AccountId(7),
            kind: AccountKind::Organization,
            name: "acme".to_owned(),
            enabled: true,
        });
        known.note_owner(&owner);
        assert_eq!(known.owner(AccountId(7)), Some(Arc::clone(&owner)));
        assert_eq!(known.owner(AccountId(8)), None);
        for number in 0..131_072 {
            let owner = Arc::clone(&owner);
            let login =
                RobotLogin { id: AccountId(number), enabled: true, owner, secret: None, in_teams: false };
            known.note_robot(&format!("acme+{number}"), &Arc::new(login));
        }
        assert_eq!(known.robot("acme+131071").unwrap().id, AccountId(131_071), "the newest is kept");
        assert!(known.robot("acme").is_none());
        let kept = memo.shards.iter().map(|shard| shard.lock().unwrap().robots.0.len());
        assert!(kept.max() <= Some(MOST_OF_SHARD));
    }

    #[test]
    fn it_knows_nothing_of_another_state() {
        let memo = Memo::default();
        memo.of(state(1)).note_repository(LOOK, "app", FACTS);
        assert_eq!(memo.of(state(1)).repository(LOOK, "app"), Some(FACTS));
        assert_eq!(
            memo.of(state(1)).repository((Some(AccountId(2)), AccountId(1)), "app"),
            None,
            "nor of others"
        );
        assert_eq!(memo.of(state(2)).repository(LOOK, "app"), None);
        assert_eq!(
            memo.of(state(1)).repository(LOOK, "app"),
            None,
            "a slow reader of the old state reads again"
        );
        memo.of(state(2)).note_repository(LOOK, "other", FACTS);
        assert_eq!(memo.of(state(2)).repository(LOOK, "app"), None, "what is old is replaced, not added to");
    }

    #[test]
    fn what_is_known_is_carried_over_a_commit_that_changes_nothing_of_it() {
        let memo = Memo::default();
        let step = |before, after| memo.carry(Step { before: state(before), after: state(after) });
        let app = |number, name| memo.of(state(number)).repository(LOOK, name);
        memo.of(state(1)).note_repository(LOOK, "app", FACTS);
        step(1, 2);
        assert_eq!(app(2, "app"), Some(FACTS));
        assert_eq!(app(1, "app"), Some(FACTS), "whoever read the state before is as right as before");
        memo.of(state(1)).note_repository(LOOK, "late", FACTS);
        assert_eq!(app(2, "late"), Some(FACTS), "and so is what it read");
        step(2, 3);
        assert_eq!((app(3, "app"), app(3, "late")), (Some(FACTS), Some(FACTS)));
        assert_eq!(app(4, "app"), None, "another commit");
        step(3, 4);
        assert_eq!(app(4, "app"), None, "what was dropped does not come back");
        assert_eq!(app(3, "app"), None);
    }

    /// What happens to a memo in [`it_never_tells_what_another_content_held`].
    #[derive(Clone, Debug)]
    enum Event {
        /// Somebody commits a change, or (`true`) a note that nothing known rests on.
        Commit { note: bool },
        /// The process is told of the note between the states `number` and `number + 1`, late perhaps.
        Carry(usize),
        /// Somebody who found the database in this state looks, and notes what it has read then.
        Look(usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            1 => any::<bool>().prop_map(|note| Event::Commit { note }),
            2 => (0..8_usize).prop_map(Event::Carry),
            4 => (0..8_usize).prop_map(Event::Look),
        ]
    }

    proptest! {
        /// In whatever order commits, steps and slow readers come.
        #[test]
        fn it_never_tells_what_another_content_held(events in prop::collection::vec(event(), 0..64)) {
            let memo = Memo::default();
            // The mirror robot of the repository in each state: another one after every change.
            let mut contents = vec![0_i64];
            let label = |number: usize| state(1 + number as u64);
            for event in events {
                match event {
                    Event::Commit { note } => {
                        let newest = contents[contents.len() - 1];
                        contents.push(if note { newest } else { newest + 1 });
                    }
                    Event::Carry(before) => {
                        if contents.get(before).is_some_and(|content| contents.get(before + 1) == Some(content)) {
                            memo.carry(Step { before: label(before), after: label(before + 1) });
                        }
                    }
                    Event::Look(number) => {
                        let Some(content) = contents.get(number) else { continue };
                        let facts = RepositoryFacts { mirror_robot: Some(AccountId(*content)), ..FACTS };
                        let known = memo.of(label(number));
                        match known.repository(LOOK, "app") {
                            Some(told) => prop_assert_eq!(told, facts),
                            None => known.note_repository(LOOK, "app", facts),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_table_drops_one_entry_when_something_new_would_be_too_much_and_not_before() {
        let mut table = Table::default();
        for key in 0..MOST_OF_SHARD {
            table.put(key, 1, key);
        }
        assert!((0..MOST_OF_SHARD).all(|key| table.get(&key, 1) == Some(&key)));
        table.put(7, 1, 8);
        assert_eq!((table.0.len(), table.get(&7, 1)), (MOST_OF_SHARD, Some(&8)), "it is known already");
        table.put(MOST_OF_SHARD, 1, 0);
        assert_eq!((table.0.len(), table.get_mut(&MOST_OF_SHARD, 1)), (MOST_OF_SHARD, Some(&mut 0)));
        assert_eq!((0..MOST_OF_SHARD).filter(|key| table.get(key, 1).is_none()).count(), 1, "one made room");
        assert_eq!(table.get(&MOST_OF_SHARD, 2), None);
        assert_eq!(table.get_mut(&MOST_OF_SHARD, 2), None);
    }

    #[test]
    fn as_many_repositories_of_one_look_are_known_as_there_is_room_for() {
        let memo = Memo::default();
        let known = memo.of(state(1));
        let name = |number: usize| number.to_string();
        for number in 0..MOST_OF_ONE {
            known.note_repository(LOOK, &name(number), FACTS);
        }
        assert!((0..MOST_OF_ONE).all(|number| known.repository(LOOK, &name(number)).is_some()));
        known.note_repository(LOOK, "another", FACTS);
        assert_eq!(known.repository(LOOK, "another"), Some(FACTS));
        assert_eq!(known.repository(LOOK, &name(0)), None);
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let memo = Memo::default();
        let known = memo.of(state(1));
        for number in 0..3 * MOST_OF_ONE {
            known.note_repository(LOOK, &number.to_string(), FACTS);
        }
        for number in 0..131_072 {
            known.note_repository((None, AccountId(number)), "app", FACTS);
        }
        let of_one = |looks: &Table<Look, Vec<_>>| looks.0.values().map(|(_, of_one)| of_one.len()).max();
        let shards: Vec<_> = memo.shards.iter().map(|shard| shard.lock().unwrap()).collect();
        assert!(shards.iter().all(|shard| shard.repositories.0.len() <= MOST_OF_SHARD));
        assert!(shards.iter().filter_map(|shard| of_one(&shard.repositories)).max() <= Some(MOST_OF_ONE));
    }
}
