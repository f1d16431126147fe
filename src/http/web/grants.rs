//! "Set repository permissions": a robot's direct grants, many at once.

use super::moment::Moment;
use super::notice::Notice;
use super::pager::Pager;
use super::view::{Head, Problem, Tab, address, parse_role, role_value};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::permission::{Role, Visibility};
use crate::service::robot_pages;
use askama::Template;

/// Rows of a page.
const PAGE: usize = 50;
/// Most repositories that "all that match" changes at once.
const MOST: usize = 10_000;

/// The table.
#[derive(Template)]
#[template(path = "grants.html")]
pub struct GrantsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The robot's full name.
    pub full: String,
    /// The robot's name inside the namespace.
    pub short: String,
    /// What people wrote about it.
    pub description: String,
    /// What is searched for.
    pub q: String,
    /// Whether only granted repositories are shown.
    pub selected: bool,
    /// Repositories granted in all.
    pub granted: usize,
    /// Which rows.
    pub pager: Pager,
    /// The rows of this page.
    pub rows: Vec<GrantRow>,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// A repository with the robot's role on it.
pub struct GrantRow {
    /// Its path below the namespace.
    pub name: String,
    /// The role's value in forms.
    pub role: &'static str,
    /// Whether everybody may pull it.
    pub public: bool,
    /// When it last changed.
    pub updated: Moment,
}

/// Shows the table, or saves it.
pub fn page(visit: &Visit, namespace: &str, short: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Robots, Some("Set repository permissions".to_owned()))?;
    let q = visit.asked("q")?.to_owned();
    let selected = visit.asked("show")? == "selected";
    let path = format!("/organization/{namespace}/robot/{short}/permissions");
    let base = address(&path, &[("q", &q), ("show", if selected { "selected" } else { "" })]);
    let mut pager = Pager::read(visit, PAGE, base)?;
    let (mut problem, mut kept) = (None, Vec::new());
    if visit.form.is_some() {
        let changes = changes(visit, namespace, short, &q, selected)?;
        let said = match robot_pages::set_many(&visit.app, &visit.actor, namespace, short, &changes) {
            Ok(0) => "Nothing had to be changed",
            Ok(_) => "Successfully updated repository permission",
            Err(error) => {
                problem = Some(Problem::of(error, "Failed to update repository permission", "")?);
                kept = changes;
                ""
            }
        };
        if problem.is_none() {
            return visit.done(&pager.here(), &Notice::good(said));
        }
    }
    let (offset, size) = (pager.offset(), pager.size);
    let grants = robot_pages::grants(&visit.app, &visit.actor, namespace, short, &q, selected, offset, size)?;
    pager.total = grants.total;
    let now = visit.app.now();
    let typed = |name: &str| kept.iter().find(|(path, _)| path == name).map(|(_, role)| *role);
    let rows = grants.rows.into_iter().map(|(repository, role)| GrantRow {
        role: role_value(typed(&repository.name).unwrap_or(role)),
        updated: Moment::new(repository.created_at, now),
        name: repository.name,
        public: repository.visibility == Visibility::Public,
    });
    let rows = rows.collect();
    let full = grants.robot.account.name;
    let page = GrantsPage {
        shell: head.shell(visit, &format!("Repository permissions of {full}")),
        head,
        full,
        short: short.to_owned(),
        description: grants.robot.description,
        q,
        selected,
        granted: grants.granted,
        pager,
        rows,
        problem,
    };
    visit.page_with(Problem::status(page.problem.as_ref()), &page)
}

/// The changes that the form asks for: each row's own role, or one role for the ticked rows or for all that match.
fn changes(
    visit: &Visit,
    namespace: &str,
    short: &str,
    q: &str,
    selected: bool,
) -> Result<Vec<(String, Option<Role>)>, Refusal> {
    let Some(form) = &visit.form else { return Ok(Vec::new()) };
    match visit.given("apply")? {
        "ticked" => {
            let role = parse_role(visit.given("bulk")?)?;
            Ok(form.all("repository").map(|path| (path.to_owned(), role)).collect())
        }
        "matching" => {
            let role = parse_role(visit.given("bulk")?)?;
            let grants =
                robot_pages::grants(&visit.app, &visit.actor, namespace, short, q, selected, 0, MOST)?;
            Ok(grants.rows.into_iter().map(|(repository, _)| (repository.name, role)).collect())
        }
        _ => {
            let rows = form.iter().filter_map(|(field, value)| Some((field.strip_prefix("role:")?, value)));
            rows.map(|(path, value)| Ok((path.to_owned(), parse_role(value)?))).collect()
        }
    }
}
