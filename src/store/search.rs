//! Robots and repositories of one namespace by page: what lists on screen ask for. Only the rows of the page are read
//! whole, so that a namespace with ten thousand robots answers like one with ten.

use super::accounts::{COLUMNS, read_account};
use super::engine::Value;
use super::repositories::Repository;
use super::robots::Robot;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::permission::words;
use crate::domain::time::Timestamp;

words! {
    /// What a list of robots is sorted by. Ties go by creation.
    RobotOrder {
        /// The name.
        Name = "name",
        /// The number of teams.
        Teams = "teams",
        /// The number of direct grants.
        Repositories = "repositories",
        /// The last login; those that never logged in are the oldest.
        LastAccessed = "accessed",
        /// The creation.
        Created = "created",
    }
}

/// Which robots of a namespace a page shows.
#[derive(Clone, Debug)]
pub struct RobotSearch<'a> {
    /// Part of the full name; case does not count. Empty: every robot.
    pub text: &'a str,
    /// Only robots that have not logged in since. `Timestamp(i64::MIN)`: only those that never did.
    pub unused_since: Option<Timestamp>,
    /// The order.
    pub order: RobotOrder,
    /// Whether the order is turned round.
    pub descending: bool,
    /// Rows before the page.
    pub offset: usize,
    /// Most rows of the page.
    pub limit: usize,
}

/// A robot in a list, with what is counted of it.
#[derive(Clone, Debug)]
pub struct FoundRobot {
    /// The robot.
    pub robot: Robot,
    /// Repositories granted to it directly.
    pub repositories: i64,
}

const REPOSITORIES: &str =
    "(SELECT count(*) FROM repository_permission WHERE repository_permission.account_id = account.id)";
const TEAMS: &str = "(SELECT count(*) FROM team_member WHERE team_member.account_id = account.id)";

const LAST_LOGIN: &str = "LEFT JOIN last_login ON last_login.account_id = account.id";

/// A `LIKE` pattern for text that holds `text`, taken literally. Names are lower case, so the text is made so.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.trim().to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn count_of(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Tx<'_> {
    /// One page of a namespace's robots, and how many there are over all pages.
    pub fn search_robots(
        &mut self,
        owner: AccountId,
        search: &RobotSearch<'_>,
    ) -> Result<(Vec<FoundRobot>, i64), StoreError> {
        let pattern = pattern(search.text);
        let mut parameters: Vec<Value<'_>> = vec![owner.into(), pattern.as_str().into()];
        // A count goes over all robots: it joins only what it needs.
        let joined = search.unused_since.map_or("", |_| LAST_LOGIN);
        let unused = match search.unused_since {
            None => "",
            Some(Timestamp(i64::MIN)) => " AND last_login.at IS NULL",
            Some(since) => {
                parameters.push(since.into());
                " AND coalesce(last_login.at, account.created_at) < $3"
            }
        };
        let condition = format!("account.owner_id = $1 AND account.name LIKE $2 ESCAPE '\\'{unused}");
        let statement = format!("SELECT count(*) FROM account {joined} WHERE {condition}");
        let total = self.first(&statement, &parameters, |columns| columns.take())?.unwrap_or_default();
        let key = match search.order {
            RobotOrder::Name => "account.name",
            RobotOrder::Teams => TEAMS,
            RobotOrder::Repositories => REPOSITORIES,
            RobotOrder::LastAccessed => "coalesce(last_login.at, 0)",
            RobotOrder::Created => "account.created_at",
        };
        let direction = if search.descending { "DESC" } else { "ASC" };
        let statement = format!(
            "SELECT {COLUMNS}, robot.description, robot.metadata, {REPOSITORIES} FROM account \
             JOIN robot ON robot.account_id = account.id {LAST_LOGIN} WHERE {condition} \
             ORDER BY {key} {direction}, account.id {direction} LIMIT ${} OFFSET ${}",
            parameters.len() + 1,
            parameters.len() + 2
        );
        parameters.extend([Value::from(count_of(search.limit)), Value::from(count_of(search.offset))]);
        let rows = self.all(&statement, &parameters, |columns| {
            let (account, mac) = read_account(columns)?;
            let robot = Robot { account, description: columns.take()?, metadata: columns.take()? };
            Ok((FoundRobot { robot, repositories: columns.take()? }, mac))
        })?;
        let genuine =
            |(found, mac): &(FoundRobot, Vec<u8>)| self.account_is_genuine(&found.robot.account, mac);
        Ok((rows.into_iter().filter(genuine).map(|(found, _)| found).collect(), total))
    }

    /// One page of a namespace's repositories whose path holds `text`, by name, and how many there are over all pages.
    pub fn search_repositories(
        &mut self,
        namespace: AccountId,
        text: &str,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Repository>, i64), StoreError> {
        let pattern = pattern(text);
        let total = self.first(
            "SELECT count(*) FROM repository WHERE namespace_id = $1 AND name LIKE $2 ESCAPE '\\'",
            &[namespace.into(), pattern.as_str().into()],
            |columns| columns.take(),
        )?;
        let found = self.repositories_where(
            "WHERE namespace_id = $1 AND name LIKE $2 ESCAPE '\\' ORDER BY name LIMIT $3 OFFSET $4",
            &[namespace.into(), pattern.as_str().into(), count_of(limit).into(), count_of(offset).into()],
        )?;
        Ok((found, total.unwrap_or_default()))
    }

    /// How many robots and repositories a namespace has.
    pub fn namespace_counts(&mut self, namespace: AccountId) -> Result<(i64, i64), StoreError> {
        let statement = "SELECT (SELECT count(*) FROM account WHERE owner_id = $1), \
                         (SELECT count(*) FROM repository WHERE namespace_id = $1)";
        let counted =
            self.first(statement, &[namespace.into()], |columns| Ok((columns.take()?, columns.take()?)))?;
        Ok(counted.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_its_text_literally_and_ignores_case() {
        assert_eq!(pattern(" My_Bot% "), "%my\\_bot\\%%");
        assert_eq!(pattern(""), "%%");
    }
}
