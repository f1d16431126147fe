//! Names to pick from in the forms of a namespace. There may be a hundred thousand of them, so a few are found by what was typed.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::robots::administered;
use crate::store::accounts::{Account, AccountKind};
use crate::store::search::{RobotOrder, RobotSearch};
use crate::store::{StoreError, Tx};

/// Most users, most robots and most teams that are found.
pub const MOST: usize = 50;

/// What was found, each kind by name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Users whose names begin so; where nothing was typed, those who sit in the namespace's teams.
    pub users: Vec<String>,
    /// Robots of the namespace with the text in their names.
    pub robots: Vec<String>,
    /// Teams of the namespace with the text in their names.
    pub teams: Vec<String>,
    /// Whether there are more.
    pub more: bool,
    /// Whether the actor may not be told any.
    pub is_closed: bool,
}

/// Finds names by `text`: part of a name, also as `namespace+robot` or `team:name`. Only for those who may see everything in
/// the namespace.
pub fn find(app: &App, actor: &Actor, namespace: &str, text: &str) -> Result<Names, ServiceError> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("team:").unwrap_or(&text);
    app.store.read("names", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let search = RobotSearch {
            text,
            unused_since: None,
            order: RobotOrder::Name,
            descending: false,
            offset: 0,
            limit: MOST,
        };
        let (robots, all) = tx.search_robots(owner.id, &search)?;
        let mut users = users(tx, &owner, text)?;
        let mut teams: Vec<String> = tx.teams(owner.id)?.into_iter().map(|team| team.name).collect();
        teams.retain(|name| name.contains(text));
        let robots: Vec<String> = robots.into_iter().map(|found| found.robot.account.name).collect();
        let more = usize::try_from(all).unwrap_or_default() > robots.len()
            || users.len() > MOST
            || teams.len() > MOST;
        users.truncate(MOST);
        teams.truncate(MOST);
        Ok(Names { users, robots, teams, more, is_closed: false })
    })
}

fn users(tx: &mut Tx<'_>, owner: &Account, text: &str) -> Result<Vec<String>, StoreError> {
    let mut names: Vec<String> = if text.is_empty() {
        let ids: Vec<_> = tx.member_ids(owner.id)?.into_iter().take(MOST + 1).collect();
        tx.accounts_by_id(&ids)?.into_values().map(|account| account.name).collect()
    } else {
        let found = tx.accounts(AccountKind::User, text, "", MOST + 1)?;
        found.into_iter().map(|account| account.name).collect()
    };
    names.sort_unstable();
    Ok(names)
}
