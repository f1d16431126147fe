//! The tab "Robot accounts": search, sort, pages, selection.

use super::moment::Moment;
use super::pager::{self, Pager};
use super::view::{Head, Tab, address, aria_sort, counted, tab_href};
use super::visit::{Reply, Shell, Visit};
use crate::domain::time::Timestamp;
use crate::service::error::ROBOTS_DISALLOWED;
use crate::service::robot_pages;
use crate::store::search::{RobotOrder, RobotSearch};
use askama::Template;

/// Rows of a page, as in Quay.
pub const PAGE: usize = 20;
/// Days after which a robot counts as unused.
const UNUSED_DAYS: i64 = 90;

/// The list.
#[derive(Template)]
#[template(path = "robots.html")]
pub struct RobotsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// How the list is looked at.
    pub state: ListState,
    /// Which robots.
    pub pager: Pager,
    /// Whether the namespace has no robot at all.
    pub none: bool,
    /// Whether robots can be made.
    pub allowed: bool,
    /// What people are told while they cannot.
    pub disallowed: &'static str,
    /// The rows of this page.
    pub rows: Vec<RobotRow>,
}

/// A robot in the list.
pub struct RobotRow {
    /// Its full name.
    pub full: String,
    /// Its name inside the namespace.
    pub short: String,
    /// What people wrote about it.
    pub description: String,
    /// Its teams.
    pub teams: Vec<String>,
    /// Its teams, counted.
    pub team_count: String,
    /// Its direct grants, counted.
    pub repositories: String,
    /// When it last logged in.
    pub accessed: Option<Moment>,
    /// When it was made.
    pub created: Moment,
}

/// How the list is looked at: all of it stands in the address.
#[derive(Clone, Debug, Default)]
pub struct ListState {
    /// The namespace's tab.
    pub path: String,
    /// What is searched for.
    pub q: String,
    /// `never`, `90` or empty.
    pub unused: String,
    /// What it is sorted by.
    pub sort: String,
    /// `asc` or `desc`.
    pub direction: String,
    /// `all` when descriptions are open.
    pub expand: String,
    /// `page`, `all` or empty.
    pub select: String,
    /// How many rows are shown at once, where that is not [`PAGE`].
    pub rows: String,
}

impl ListState {
    fn read(visit: &Visit, name: &str) -> Result<Self, super::visit::Refusal> {
        let text = |parameter: &str| visit.asked(parameter).map(ToOwned::to_owned);
        Ok(Self {
            path: tab_href(name, Tab::Robots),
            q: text("q")?,
            unused: text("unused")?,
            sort: text("sort")?,
            direction: text("dir")?,
            expand: text("expand")?,
            select: text("select")?,
            rows: match pager::size(visit, PAGE)? {
                PAGE => String::new(),
                rows => rows.to_string(),
            },
        })
    }

    fn href(&self, sort: &str, direction: &str, expand: &str, select: &str, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let parameters = [
            ("q", self.q.as_str()),
            ("unused", &self.unused),
            ("sort", sort),
            ("dir", direction),
            ("expand", expand),
            ("select", select),
            ("rows", &self.rows),
            ("page", &page),
        ];
        let mut href = address(&self.path, &parameters);
        href.pop();
        href
    }

    /// The address that sorts by `sort`: turned round when it is sorted by it already.
    pub fn sorted(&self, sort: &str) -> String {
        let turned = if self.order() == sort && self.is_descending() { "asc" } else { "desc" };
        let turned =
            if self.order() == sort || sort == "created" || sort == "accessed" { turned } else { "asc" };
        self.href(sort, turned, &self.expand, "", 1)
    }

    /// What `aria-sort` says of a column.
    pub fn aria(&self, sort: &str) -> &'static str {
        aria_sort(self.order() == sort, self.is_descending())
    }

    /// The address with descriptions open or shut.
    pub fn expanded(&self, expand: &str, page: &usize) -> String {
        self.href(&self.sort, &self.direction, expand, &self.select, *page)
    }

    /// The address with a selection.
    pub fn selecting(&self, select: &str, page: &usize) -> String {
        self.href(&self.sort, &self.direction, &self.expand, select, *page)
    }

    /// The address with everything but the search.
    pub fn unsearched(&self) -> String {
        Self { q: String::new(), unused: String::new(), ..self.clone() }.href(
            &self.sort,
            &self.direction,
            "",
            "",
            1,
        )
    }

    fn order(&self) -> &str {
        if self.sort.is_empty() { "created" } else { &self.sort }
    }

    fn is_descending(&self) -> bool {
        if self.direction.is_empty() { self.order() == "created" } else { self.direction == "desc" }
    }

    /// The search for one page.
    pub fn search(&self, now: Timestamp, offset: usize, limit: usize) -> RobotSearch<'_> {
        let unused_since = match self.unused.as_str() {
            "never" => Some(Timestamp(i64::MIN)),
            "90" => Some(now.plus(-UNUSED_DAYS * 86_400)),
            _ => None,
        };
        RobotSearch {
            text: &self.q,
            unused_since,
            order: RobotOrder::parse(self.order()).unwrap_or(RobotOrder::Created),
            descending: self.is_descending(),
            offset,
            limit,
        }
    }
}

/// The page.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Robots, None)?;
    let state = ListState::read(visit, name)?;
    let now = visit.app.now();
    let usual = ListState { rows: String::new(), ..state.clone() };
    let mut base = usual.href(&state.sort, &state.direction, &state.expand, &state.select, 1);
    base.push('&');
    let mut pager = Pager::read(visit, PAGE, base)?;
    let search = state.search(now, pager.offset(), pager.size);
    let (found, total) = robot_pages::page(&visit.app, &visit.actor, name, &search)?;
    pager.total = total;
    let rows = found.into_iter().map(|row| {
        let account = row.found.robot.account;
        RobotRow {
            short: account.name.split_once('+').map_or("", |(_, short)| short).to_owned(),
            description: row.found.robot.description,
            team_count: counted(row.teams.len(), "team", "teams"),
            teams: row.teams,
            repositories: counted(
                usize::try_from(row.found.repositories).unwrap_or_default(),
                "repository",
                "repositories",
            ),
            accessed: account.last_accessed_at.map(|at| Moment::new(at, now)),
            created: Moment::new(account.created_at, now),
            full: account.name,
        }
    });
    let rows: Vec<_> = rows.collect();
    let none = total == 0 && state.q.is_empty() && state.unused.is_empty();
    let allowed = head.administers && !visit.app.live.robots().is_disallowed();
    let shell = head.shell(visit, "Robot accounts");
    let disallowed = ROBOTS_DISALLOWED;
    visit.page(&RobotsPage { shell, head, state, pager, none, allowed, disallowed, rows })
}

/// The names of all robots that a search finds, up to `limit`: for "Select all".
pub fn found(
    visit: &Visit,
    name: &str,
    q: &str,
    unused: &str,
    limit: usize,
) -> Result<Vec<String>, super::visit::Refusal> {
    let state = ListState { q: q.to_owned(), unused: unused.to_owned(), ..ListState::default() };
    let search = state.search(visit.app.now(), 0, limit);
    let (rows, _) = robot_pages::page(&visit.app, &visit.actor, name, &search)?;
    let short = |row: robot_pages::Row| {
        row.found.robot.account.name.split_once('+').map(|(_, short)| short.to_owned())
    };
    Ok(rows.into_iter().filter_map(short).collect())
}
