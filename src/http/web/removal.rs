//! Deleting one robot or many: what is lost is shown first, and the word `confirm` has to be typed.

use super::notice::Notice;
use super::robots;
use super::view::{Head, Problem, Tab, counted, role_title};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::robot_pages;
use askama::Template;

/// Most robots that one form deletes.
const MOST: usize = 500;
/// Repositories that are named for each robot; the others are counted.
const NAMED: usize = 12;

/// What is lost, and the confirmation.
#[derive(Template)]
#[template(path = "delete_robots.html")]
pub struct DeleteRobotsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The robots.
    pub rows: Vec<LossRow>,
    /// Whether one of them cannot be deleted.
    pub blocked: bool,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// A robot and what goes with it.
pub struct LossRow {
    /// Its full name.
    pub full: String,
    /// Its name inside the namespace.
    pub short: String,
    /// Repositories that lose it, with the role that it had.
    pub repositories: Vec<(String, &'static str)>,
    /// Repositories that are not named.
    pub more: usize,
    /// Teams that lose it.
    pub teams: Vec<String>,
    /// Default permissions that name it, in words; empty when there is none.
    pub defaults: String,
    /// When it last logged in.
    pub accessed: Option<super::moment::Moment>,
    /// Whether it mirrors into a repository.
    pub mirrors: bool,
}

fn chosen(visit: &Visit, namespace: &str) -> Result<Vec<String>, Refusal> {
    let fields = visit.form.as_ref().unwrap_or(&visit.query);
    if fields.all("all").next().is_some() && visit.form.is_none() {
        return robots::found(visit, namespace, visit.asked("q")?, visit.asked("unused")?, MOST);
    }
    Ok(fields.all("name").take(MOST).map(ToOwned::to_owned).collect())
}

/// Shows what is lost, or deletes.
pub fn delete(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Robots, Some("Delete robot accounts".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let shorts = chosen(visit, namespace)?;
    let list = head.tab_href();
    if shorts.is_empty() {
        return visit.done(&list, &Notice::bad("Select the robot accounts to delete first"));
    }
    let mut problem = None;
    if visit.form.is_some() {
        if visit.given("confirm")? == "confirm" {
            match robot_pages::delete_many(&visit.app, &visit.actor, namespace, &shorts) {
                Ok(1) => return visit.done(&list, &Notice::good("Successfully deleted robot account")),
                Ok(count) => {
                    let said = format!("Successfully deleted {count} robot accounts");
                    return visit.done(&list, &Notice::good(said));
                }
                Err(error) => {
                    problem = Some(Problem::of(
                        error,
                        "Error deleting robot account",
                        "delete-confirmation-input",
                    )?);
                }
            }
        } else {
            let (title, text) = ("Nothing was deleted", "Type confirm into the field below.");
            problem = Some(Problem::new(title, text, "delete-confirmation-input"));
        }
    }
    let losses = robot_pages::losses(&visit.app, &visit.actor, namespace, &shorts)?;
    if losses.is_empty() {
        return visit.done(&list, &Notice::bad(crate::service::robots::NOT_FOUND));
    }
    let now = visit.app.now();
    let rows: Vec<LossRow> = losses
        .into_iter()
        .map(|loss| LossRow {
            short: loss.robot.account.name.split_once('+').map_or("", |(_, short)| short).to_owned(),
            full: loss.robot.account.name,
            more: loss.repositories.len().saturating_sub(NAMED),
            repositories: loss
                .repositories
                .into_iter()
                .take(NAMED)
                .map(|(path, role)| (path, role_title(Some(role))))
                .collect(),
            teams: loss.teams,
            defaults: if loss.defaults == 0 {
                String::new()
            } else {
                counted(loss.defaults, "default permission", "default permissions")
            },
            accessed: loss.robot.account.last_accessed_at.map(|at| super::moment::Moment::new(at, now)),
            mirrors: loss.mirrors,
        })
        .collect();
    let blocked = rows.iter().any(|row| row.mirrors);
    let status = Problem::status(problem.as_ref());
    let shell = head.shell(visit, "Delete robot accounts");
    visit.page_with(status, &DeleteRobotsPage { shell, head, rows, blocked, problem })
}
