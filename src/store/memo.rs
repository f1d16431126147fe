//! What has been read already from the very same state of the database. Not a cache that may be out of date: an engine hands
//! it out only inside a transaction on a state that has not changed since, and empties it otherwise. It spares a robot that
//! comes again the statements, and the MACs over the rows that these found.

use super::access::RobotLogin;
use crate::domain::caller::AccountId;
use crate::domain::decide::RepositoryFacts;
use std::collections::HashMap;
use std::sync::Arc;

/// Entries of each kind. Beyond, it starts anew: with more robots than that at the same time nothing is lost but the gain.
const MOST: usize = 1024;

/// A robot or anonymous, and the namespace that it looks into.
type Look = (Option<AccountId>, AccountId);

/// What one connection knows.
#[derive(Debug, Default)]
pub struct Memo {
    robots: HashMap<String, Arc<RobotLogin>>,
    repositories: HashMap<Look, HashMap<String, RepositoryFacts>>,
    repository_count: usize,
}

impl Memo {
    /// To be called as soon as the database may have changed.
    pub fn forget(&mut self) {
        self.robots.clear();
        self.repositories.clear();
        self.repository_count = 0;
    }

    /// A robot by its full name.
    pub(super) fn robot(&self, name: &str) -> Option<Arc<RobotLogin>> {
        self.robots.get(name).cloned()
    }

    pub(super) fn note_robot(&mut self, robot: &Arc<RobotLogin>) {
        if self.robots.len() >= MOST {
            self.robots.clear();
        }
        self.robots.insert(robot.robot.name.clone(), Arc::clone(robot));
    }

    /// What is known of a repository for whoever is in no team.
    pub(super) fn repository(&self, look: Look, name: &str) -> Option<RepositoryFacts> {
        self.repositories.get(&look)?.get(name).copied()
    }

    pub(super) fn note_repository(&mut self, look: Look, name: &str, facts: RepositoryFacts) {
        if self.repository_count >= MOST {
            self.repositories.clear();
            self.repository_count = 0;
        }
        self.repository_count += 1;
        self.repositories.entry(look).or_default().insert(name.to_owned(), facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::permission::{RepositoryState, Visibility};
    use crate::domain::time::Timestamp;
    use crate::store::accounts::{Account, AccountKind};

    fn robot(number: usize) -> Arc<RobotLogin> {
        let account = |name: String, kind| Account {
            id: AccountId(1),
            kind,
            name,
            owner: None,
            enabled: true,
            email: None,
            created_at: Timestamp(0),
            last_accessed_at: None,
        };
        let owner = account("acme".to_owned(), AccountKind::Organization);
        let robot = account(format!("acme+{number}"), AccountKind::Robot);
        Arc::new(RobotLogin { robot, owner, secret: None, in_teams: false })
    }

    #[test]
    fn robots_are_known_by_name_until_there_are_too_many() {
        let mut memo = Memo::default();
        for number in 0..MOST {
            memo.note_robot(&robot(number));
        }
        assert_eq!(memo.robot("acme+0").unwrap().robot.name, "acme+0");
        assert!(memo.robot("acme").is_none());
        memo.note_robot(&robot(MOST));
        assert_eq!(memo.robots.len(), 1, "it starts anew");
        assert_eq!(memo.robot(&format!("acme+{MOST}")).unwrap().robot.name, format!("acme+{MOST}"));
        memo.forget();
        assert!(memo.robots.is_empty());
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let mut memo = Memo::default();
        let look = (None, AccountId(1));
        let facts = RepositoryFacts {
            visibility: Visibility::Private,
            state: RepositoryState::Normal,
            mirror_robot: None,
            role: None,
        };
        for number in 0..MOST {
            memo.note_repository(look, &number.to_string(), facts);
        }
        assert_eq!(memo.repository(look, "0"), Some(facts), "as many as that are kept");
        for number in MOST..5 * MOST {
            memo.note_repository(look, &number.to_string(), facts);
        }
        assert!(memo.repositories.values().map(HashMap::len).sum::<usize>() <= MOST);
        assert_eq!(memo.repository(look, &(5 * MOST - 1).to_string()), Some(facts), "the newest is kept");
        assert_eq!(memo.repository((Some(AccountId(2)), AccountId(1)), "0"), None, "others know nothing");
        memo.forget();
        assert_eq!(memo.repository(look, &(5 * MOST - 1).to_string()), None);
    }
}
