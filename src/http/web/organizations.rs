//! Organizations: listed, made, deleted.

use super::moment::Moment;
use super::notice::Notice;
use super::view::{Head, Problem, Tab, counted, tab_href};
use super::visit::{Reply, Section, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::{namespaces, organizations};
use crate::store::StoreError;
use askama::Template;

/// The list.
#[derive(Template)]
#[template(path = "organizations.html")]
pub struct OrganizationsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What was searched for.
    pub q: String,
    /// Whether the person may make organizations.
    pub may_create: bool,
    /// The organizations.
    pub rows: Vec<OrganizationRow>,
}

/// An organization in the list.
pub struct OrganizationRow {
    /// Its name.
    pub name: String,
    /// Whether anything in it is granted at all.
    pub enabled: bool,
    /// Whether the person administers it.
    pub administers: bool,
    /// The person's teams in it, joined.
    pub teams: String,
    /// How many robots it has.
    pub robots: i64,
    /// How many repositories it has.
    pub repositories: i64,
    /// When it was made.
    pub created: Moment,
}

/// The form for a new one.
#[derive(Template)]
#[template(path = "new_organization.html")]
pub struct NewOrganizationPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub email: String,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// What is lost with an organization, and the confirmation.
#[derive(Template)]
#[template(path = "delete_organization.html")]
pub struct DeleteOrganizationPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// What is deleted with it.
    pub lost: Vec<String>,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// The person's organizations.
pub fn list(visit: &Visit) -> Reply {
    let q = visit.asked("q")?.to_lowercase();
    let now = visit.app.now();
    let found = namespaces::organizations(&visit.app, &visit.actor)?;
    let rows =
        found.into_iter().filter(|found| found.account.name.contains(&q)).map(|found| OrganizationRow {
            enabled: found.account.enabled,
            administers: found.administers,
            teams: found.teams.join(", "),
            robots: found.robots,
            repositories: found.repositories,
            created: Moment::new(found.account.created_at, now),
            name: found.account.name,
        });
    let rows = rows.collect();
    let identity = visit.actor.require_account()?;
    let may_create = !identity.privilege.read_only && !identity.privilege.makes_no_organizations;
    let shell = visit.shell("Organizations", Section::Organizations);
    visit.page(&OrganizationsPage { shell, q, may_create, rows })
}

/// Shows the form, or makes the organization.
pub fn create(visit: &Visit) -> Reply {
    visit.person()?;
    let (name, email) = (visit.given("name")?.to_owned(), visit.given("email")?.to_owned());
    let mut problem = None;
    if visit.form.is_some() {
        let given = Some(email.as_str()).filter(|email| !email.is_empty());
        match organizations::create(&visit.app, &visit.actor, &name, given) {
            Ok(_) => {
                let notice = Notice::good(format!("Successfully created organization: {name}"));
                return visit.done(&tab_href(&name, Tab::Robots), &notice);
            }
            Err(error) => {
                let field = if error.to_string().contains("email") { "email" } else { "name" };
                problem = Some(Problem::of(error, "The organization was not created", field)?);
            }
        }
    }
    let status = Problem::status(problem.as_ref());
    let shell = visit.shell("Create organization", Section::Organizations);
    visit.page_with(status, &NewOrganizationPage { shell, name, email, problem })
}

/// Shows what is lost, or deletes the organization.
pub fn delete(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Settings, Some("Delete organization".to_owned()))?;
    if head.user {
        return Err(ServiceError::Forbidden.into());
    }
    visit.require_fresh()?;
    let mut problem = None;
    if visit.form.is_some() {
        if visit.given("confirm")? == name {
            organizations::delete(&visit.app, &visit.actor, name)?;
            let notice = Notice::good(format!("Successfully deleted organization: {name}"));
            return visit.done("/organization", &notice);
        }
        let text = format!("Type {name} to confirm the deletion.");
        problem = Some(Problem::new("Nothing was deleted", text, "confirm"));
    }
    let lost = visit.app.store.read::<_, StoreError>("what is lost", |tx| {
        let Some(account) = tx.account_by_name(name)? else { return Ok(Vec::new()) };
        let (robots, repositories) = tx.namespace_counts(account.id)?;
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        Ok(vec![
            counted(count(robots), "robot account", "robot accounts"),
            counted(count(repositories), "repository", "repositories"),
            counted(tx.teams(account.id)?.len(), "team", "teams"),
        ])
    })?;
    let status = Problem::status(problem.as_ref());
    let shell = head.shell(visit, "Delete organization");
    visit.page_with(status, &DeleteOrganizationPage { shell, head, lost, problem })
}
