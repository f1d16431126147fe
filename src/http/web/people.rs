//! The people of an organization: members, who sit in its teams, and collaborators, who do not but were granted
//! repositories; and taking some of them out of it.

use super::notice::Notice;
use super::pager::Pager;
use super::view::{Head, Problem, Tab, address, aria_sort, counted, tab_href};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::listing;
use crate::service::members::{self, Member, People};
use askama::Template;

/// Rows of a page, as in Quay.
const PAGE: usize = 20;

/// What the tab shows. The last two are for those who may see everything in the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Teams.
    Teams,
    /// People in teams.
    Members,
    /// People in no team who were granted repositories.
    Collaborators,
}

impl View {
    /// All of them, in Quay's order.
    pub const EVERY: [Self; 3] = [Self::Teams, Self::Members, Self::Collaborators];

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Teams => "Team View",
            Self::Members => "Members View",
            Self::Collaborators => "Collaborators View",
        }
    }

    /// The id of its button, as in Quay.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Teams => "Teams",
            Self::Members => "Members",
            Self::Collaborators => "Collaborators",
        }
    }

    /// The word in addresses; empty for what is shown at first.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Teams => "",
            Self::Members => "members",
            Self::Collaborators => "collaborators",
        }
    }

    /// Reads the word; the members where there is none.
    fn parse(word: &str) -> Self {
        if word == Self::Collaborators.word() { Self::Collaborators } else { Self::Members }
    }

    /// Its address.
    pub fn href(self, namespace: &str) -> String {
        let mut href = address(&tab_href(namespace, Tab::Teams), &[("view", self.word())]);
        href.pop();
        href
    }
}

/// One of the two lists.
#[derive(Template)]
#[template(path = "people.html")]
pub struct PeoplePage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Which list.
    pub view: View,
    /// What is searched for.
    pub q: String,
    /// `name`, `teams` or `repositories`: what it is sorted by.
    pub sort: &'static str,
    /// Whether the order is turned round.
    pub descending: bool,
    /// `page`, `all` or empty: which rows are ticked.
    pub select: String,
    /// Which rows.
    pub pager: Pager,
    /// The rows of this page.
    pub rows: Vec<PersonRow>,
}

impl PeoplePage {
    /// The columns that sort.
    pub fn columns(&self) -> Vec<(&'static str, &'static str)> {
        let columns =
            [("name", "User name"), ("teams", "Teams"), ("repositories", "Direct repository permissions")];
        columns.into_iter().filter(|(key, _)| *key != "teams" || self.view == View::Members).collect()
    }

    fn href(&self, sort: &str, descending: bool, select: &str) -> String {
        let direction = if descending { "desc" } else { "" };
        let parameters = [("q", self.q.as_str()), ("sort", sort), ("dir", direction), ("select", select)];
        address(&self.view.href(&self.head.name), &parameters)
    }

    /// The address that sorts by a column: turned round when it is sorted by it already.
    pub fn sorted(&self, sort: &str) -> String {
        let turned = if self.sort == sort { !self.descending } else { sort != "name" };
        Pager { base: self.href(sort, turned, ""), number: 1, ..self.pager.clone() }.here()
    }

    /// What `aria-sort` says of a column.
    pub fn aria(&self, sort: &str) -> &'static str {
        aria_sort(self.sort == sort, self.descending)
    }

    /// The address with a selection.
    pub fn selecting(&self, select: &str) -> String {
        let base = self.href(self.sort, self.descending, select);
        Pager { base, ..self.pager.clone() }.here()
    }
}

/// A person in the list.
pub struct PersonRow {
    /// Who.
    pub name: String,
    /// Their teams.
    pub teams: Vec<String>,
    /// Repositories granted directly.
    pub repositories: Vec<String>,
    /// These, counted.
    pub count: String,
}

impl PersonRow {
    fn new(member: Member) -> Self {
        Self {
            name: member.account.name,
            teams: member.teams.into_iter().map(|team| team.name).collect(),
            count: counted(member.repositories.len(), "repository", "repositories"),
            repositories: member.repositories,
        }
    }
}

/// The people of one list whose names hold `q`, by name.
fn search(visit: &Visit, name: &str, view: View, q: &str) -> Result<Vec<Member>, Refusal> {
    let (app, actor) = (&visit.app, &visit.actor);
    let found = match view {
        View::Collaborators => People::collaborators(app, actor, name)?,
        _ => People::members(app, actor, name)?,
    };
    let wanted = q.to_lowercase();
    let mut found = listing::all(app, actor, found)?;
    found.retain(|person| person.account.name.contains(&wanted));
    Ok(found)
}

/// One of the two lists, for those who may see everything in the organization.
pub fn list(visit: &Visit, name: &str, view: View) -> Reply {
    let head = Head::read(visit, name, Tab::Teams, None)?;
    let (q, select) = (visit.asked("q")?.to_owned(), visit.asked("select")?.to_owned());
    let mut found = search(visit, name, view, &q)?;
    let descending = visit.asked("dir")? == "desc";
    // Ties stay in the order of the names.
    let sort = match visit.asked("sort")? {
        "teams" => {
            found.sort_by_key(|person| person.teams.len());
            "teams"
        }
        "repositories" => {
            found.sort_by_key(|person| person.repositories.len());
            "repositories"
        }
        _ => "name",
    };
    if descending {
        found.reverse();
    }
    let shell = head.shell(visit, view.title());
    let pager = Pager::read(visit, PAGE, String::new())?;
    let mut page = PeoplePage { shell, head, view, q, sort, descending, select, pager, rows: Vec::new() };
    page.pager.base = page.href(sort, descending, &page.select);
    page.pager.total = found.len();
    let shown = found.into_iter().skip(page.pager.offset()).take(page.pager.size);
    page.rows = shown.map(PersonRow::new).collect();
    visit.page(&page)
}

/// Asks whether people are to be taken out of the organization.
#[derive(Template)]
#[template(path = "remove_members.html")]
pub struct RemoveMembersPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Who, and what they lose.
    pub rows: Vec<PersonRow>,
    /// The list that they stand in.
    pub view: View,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Most people that one form takes out.
const MOST: usize = 500;

/// Asks, or takes people out of all teams and repositories: the ticked ones, or all that a search finds.
pub fn remove(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Remove users".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let (app, actor) = (&visit.app, &visit.actor);
    let fields = visit.form.as_ref().unwrap_or(&visit.query);
    let found = if visit.form.is_none() && !visit.asked("all")?.is_empty() {
        let view = View::parse(visit.asked("view")?);
        search(visit, namespace, view, visit.asked("q")?)?.into_iter().take(MOST).collect()
    } else {
        let named = fields.all("name").take(MOST);
        named.map(|name| members::person(app, actor, namespace, name)).collect::<Result<Vec<_>, _>>()?
    };
    let rows: Vec<PersonRow> = found.into_iter().map(PersonRow::new).collect();
    if rows.is_empty() {
        let notice = Notice::bad("Select the users to remove first");
        return visit.done(&View::parse(visit.asked("view")?).href(namespace), &notice);
    }
    let outside = rows.iter().all(|row| row.teams.is_empty());
    let view = if outside { View::Collaborators } else { View::Members };
    let mut problem = None;
    if visit.form.is_some() {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        match members::remove_many(app, actor, namespace, &names) {
            Ok(()) => {
                let said = match (outside, names.as_slice()) {
                    (true, [name]) => format!("Successfully deleted collaborator: {name}"),
                    (false, [name]) => format!("Successfully removed user from organization: {name}"),
                    (true, names) => format!("Successfully deleted {} collaborators", names.len()),
                    (false, names) => format!("Successfully removed {} users from organization", names.len()),
                };
                // Whoever takes themselves out may not see the list any more.
                let own = names.contains(&visit.person()?);
                let back = if own { "/organization".to_owned() } else { view.href(namespace) };
                return visit.done(&back, &Notice::good(said));
            }
            Err(error) => problem = Some(Problem::of(error, "Nobody was removed", "")?),
        }
    }
    let status = Problem::status(problem.as_ref());
    let shell = head.shell(visit, "Remove users");
    visit.page_with(status, &RemoveMembersPage { shell, head, rows, view, problem })
}
