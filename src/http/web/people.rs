//! The people of an organization: members, who sit in its teams, and collaborators, who do not but were granted
//! repositories; and taking one of them out of it.

use super::notice::Notice;
use super::pager::Pager;
use super::view::{Head, Problem, Tab, address, counted, tab_href};
use super::visit::{Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::listing;
use crate::service::members::{self, Member, People};
use askama::Template;
use hyper::StatusCode;

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
    /// Which rows.
    pub pager: Pager,
    /// The rows of this page.
    pub rows: Vec<PersonRow>,
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

/// One of the two lists, for those who may see everything in the organization.
pub fn list(visit: &Visit, name: &str, view: View) -> Reply {
    let head = Head::read(visit, name, Tab::Teams, None)?;
    let (app, actor) = (&visit.app, &visit.actor);
    let found = match view {
        View::Collaborators => People::collaborators(app, actor, name)?,
        _ => People::members(app, actor, name)?,
    };
    let found = listing::all(app, actor, found)?;
    let q = visit.asked("q")?.to_owned();
    let wanted = q.to_lowercase();
    let found: Vec<Member> =
        found.into_iter().filter(|person| person.account.name.contains(&wanted)).collect();
    let base = address(&view.href(name), &[("q", &q)]);
    let mut pager = Pager::read(visit, PAGE, base)?;
    pager.total = found.len();
    let rows = found.into_iter().skip(pager.offset()).take(pager.size).map(PersonRow::new).collect();
    let shell = head.shell(visit, view.title());
    visit.page(&PeoplePage { shell, head, view, q, pager, rows })
}

/// Asks whether a person is to be taken out of the organization.
#[derive(Template)]
#[template(path = "remove_member.html")]
pub struct RemoveMemberPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Who, and what they lose.
    pub row: PersonRow,
    /// The list that the person stands in.
    pub view: View,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Asks, or takes a person out of all teams and repositories.
pub fn remove(visit: &Visit, namespace: &str, name: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Remove user".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let row = PersonRow::new(members::person(&visit.app, &visit.actor, namespace, name)?);
    let view = if row.teams.is_empty() { View::Collaborators } else { View::Members };
    let mut problem = None;
    if visit.form.is_some() {
        match members::remove(&visit.app, &visit.actor, namespace, name) {
            Ok(()) => {
                let said = match view {
                    View::Collaborators => "Successfully deleted collaborator",
                    _ => "Successfully removed user from organization",
                };
                // Whoever takes themselves out may not see the list any more.
                let own = visit.person()? == name;
                let back = if own { "/organization".to_owned() } else { view.href(namespace) };
                return visit.done(&back, &Notice::good(format!("{said}: {name}")));
            }
            Err(error) => {
                let refused = Problem::of(error, "The user was not removed", "")?;
                problem = Some(Problem { field: None, ..refused });
            }
        }
    }
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let shell = head.shell(visit, &format!("Remove {name}"));
    visit.page_with(status, &RemoveMemberPage { shell, head, row, view, problem })
}
