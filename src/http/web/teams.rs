//! Teams of an organization, their members and what they were granted.

use super::activity::meaning;
use super::notice::Notice;
use super::pager::Pager;
use super::people::View;
use super::view::{Head, Problem, Tab, address, counted, parse_role, role_value, tab_href};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::permission::{Role, TeamRole};
use crate::service::error::ServiceError;
use crate::service::{robot_pages, team_pages, teams};
use crate::store::accounts::AccountKind;
use askama::Template;
use hyper::StatusCode;

/// Rows of a page of repositories.
const PAGE: usize = 50;

/// The tab.
#[derive(Template)]
#[template(path = "teams.html")]
pub struct TeamsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Always the teams.
    pub view: View,
    /// What is searched for.
    pub q: String,
    /// Its teams.
    pub rows: Vec<TeamRow>,
}

/// A team in the list.
pub struct TeamRow {
    /// Its name.
    pub name: String,
    /// What people wrote about it.
    pub description: String,
    /// Its role.
    pub role: TeamRole,
    /// What the role means.
    pub meaning: &'static str,
    /// Its members, counted.
    pub members: String,
    /// Its grants, counted.
    pub repositories: String,
}

/// The tab.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Teams, None)?;
    let q = visit.asked("q")?.to_owned();
    let wanted = q.to_lowercase();
    let found = team_pages::list(&visit.app, &visit.actor, name)?;
    let rows = found.into_iter().filter(|found| found.team.name.contains(&wanted)).map(|found| TeamRow {
        meaning: meaning(found.team.role),
        role: found.team.role,
        members: counted(found.members, "member", "members"),
        repositories: counted(found.repositories, "repository", "repositories"),
        name: found.team.name,
        description: found.team.description,
    });
    let rows = rows.collect();
    let shell = head.shell(visit, "Teams and membership");
    visit.page(&TeamsPage { shell, head, view: View::Teams, q, rows })
}

/// The form for a new team.
#[derive(Template)]
#[template(path = "new_team.html")]
pub struct NewTeamPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub description: String,
    /// The chosen role.
    pub role: &'static str,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

fn team_role(visit: &Visit) -> Result<TeamRole, Refusal> {
    Ok(TeamRole::parse(visit.given("role")?).unwrap_or(TeamRole::Member))
}

/// Shows the form, or makes the team.
pub fn create(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Create team".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let (name, description) = (visit.given("name")?.to_owned(), visit.given("description")?.to_owned());
    let role = team_role(visit)?;
    let mut problem = None;
    if visit.form.is_some() {
        let (app, actor) = (&visit.app, &visit.actor);
        match team_pages::create(app, actor, namespace, &name, role, &description) {
            Ok(_) => {
                let notice = Notice::good(format!("Successfully created new team: {name}"));
                return visit.done(&format!("/organization/{namespace}/team/{name}"), &notice);
            }
            Err(error) => problem = Some(Problem::of(error, "Failed to create new team", "new-team-name")?),
        }
    }
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let shell = head.shell(visit, "Create team");
    visit.page_with(status, &NewTeamPage { shell, head, name, description, role: role.as_str(), problem })
}

/// One team.
#[derive(Template)]
#[template(path = "team.html")]
pub struct TeamPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// The team's name.
    pub name: String,
    /// What people wrote about it.
    pub description: String,
    /// Its role.
    pub role: &'static str,
    /// Whether the person may change it.
    pub editable: bool,
    /// Which members are shown: `users`, `robots` or, when it is empty, all.
    pub show: String,
    /// How many members it has in all.
    pub total: usize,
    /// The members that are shown: name and whether it is a robot.
    pub members: Vec<(String, bool)>,
    /// Names to pick from.
    pub names: Vec<String>,
    /// Whether robots can be made.
    pub robots_allowed: bool,
}

/// Shows one team, or changes it.
pub fn members(visit: &Visit, namespace: &str, team: &str) -> Reply {
    let (app, actor) = (&visit.app, &visit.actor);
    let mut here = format!("/organization/{namespace}/team/{team}");
    if visit.form.is_some() {
        let member = visit.given("member")?;
        let done = match visit.given("action")? {
            "add" => teams::add_member(app, actor, namespace, team, member)
                .map(|_| format!("Successfully added \"{member}\" to team"))
                .map_err(|error| (format!("Unable to add \"{member}\" to team"), error)),
            "remove" => teams::remove_member(app, actor, namespace, team, member)
                .map(|()| format!("Successfully deleted team member: {member}"))
                .map_err(|error| (format!("Unable to delete team member: {member}"), error)),
            "save" => {
                teams::members(app, actor, namespace, team)?;
                let (role, description) = (team_role(visit)?, visit.given("description")?);
                teams::put(app, actor, namespace, team, role, Some(description))
                    .map(|_| format!("Team role updated successfully for: {team}"))
                    .map_err(|error| ("Unable to update the team".to_owned(), error))
            }
            // The drop-down in the list of teams, which shows no description to be saved with it.
            "role" => {
                here = tab_href(namespace, Tab::Teams);
                teams::members(app, actor, namespace, team)?;
                teams::put(app, actor, namespace, team, team_role(visit)?, None)
                    .map(|_| format!("Team role updated successfully for: {team}"))
                    .map_err(|error| (format!("Unable to update team role for: {team}"), error))
            }
            _ => return Err(Refusal::Fields("there is no such action".to_owned())),
        };
        return match done {
            Ok(said) => visit.done(&here, &Notice::good(said)),
            Err((
                said,
                ServiceError::Invalid(text) | ServiceError::Refused(text) | ServiceError::NotFound(text),
            )) => visit.done(&here, &Notice::bad(format!("{said}: {text}"))),
            Err((_, other)) => Err(other.into()),
        };
    }
    let (found, accounts, editable) = teams::members(app, actor, namespace, team)?;
    let head = Head::read(visit, namespace, Tab::Teams, Some(team.to_owned()))?;
    let names = if editable { robot_pages::pickable(app, actor, namespace, 500)?.0 } else { Vec::new() };
    let show = visit.asked("show")?.to_owned();
    let total = accounts.len();
    let shown = |robot: bool| match show.as_str() {
        "users" => !robot,
        "robots" => robot,
        _ => true,
    };
    let members = accounts.into_iter().map(|account| (account.name, account.kind == AccountKind::Robot));
    let members = members.filter(|(_, robot)| shown(*robot)).collect();
    let page = TeamPage {
        shell: head.shell(visit, &format!("Team {team}")),
        head,
        name: found.name,
        description: found.description,
        role: found.role.as_str(),
        editable,
        show,
        total,
        members,
        names,
        robots_allowed: !visit.app.live.robots().is_disallowed(),
    };
    visit.page(&page)
}

/// A team's grants.
#[derive(Template)]
#[template(path = "team_permissions.html")]
pub struct TeamPermissionsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// The team's name.
    pub name: String,
    /// What was searched for.
    pub q: String,
    /// Which rows.
    pub pager: Pager,
    /// Repositories and the role's value in forms.
    pub rows: Vec<(String, &'static str)>,
}

/// Shows a team's grants, or saves them.
pub fn permissions(visit: &Visit, namespace: &str, team: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Set repository permissions".to_owned()))?;
    let q = visit.asked("q")?.to_owned();
    let base = address(&format!("/organization/{namespace}/team/{team}/permissions"), &[("q", &q)]);
    let mut pager = Pager::read(visit, PAGE, base)?;
    let (app, actor) = (&visit.app, &visit.actor);
    if let Some(form) = &visit.form {
        let rows = form.iter().filter_map(|(field, value)| Some((field.strip_prefix("role:")?, value)));
        let changes: Result<Vec<(String, Option<Role>)>, Refusal> =
            rows.map(|(path, value)| Ok((path.to_owned(), parse_role(value)?))).collect();
        team_pages::set_many(app, actor, namespace, team, &changes?)?;
        let notice = Notice::good(format!("Updated repo perm for team: {team} successfully"));
        return visit.done(&pager.here(), &notice);
    }
    let (found, total) = team_pages::grants(app, actor, namespace, team, &q, pager.offset(), pager.size)?;
    pager.total = total;
    let rows = found.into_iter().map(|(repository, role)| (repository.name, role_value(role))).collect();
    let shell = head.shell(visit, &format!("Repository permissions of team {team}"));
    visit.page(&TeamPermissionsPage { shell, head, name: team.to_owned(), q, pager, rows })
}

/// Asks whether the team is to go.
#[derive(Template)]
#[template(path = "delete_team.html")]
pub struct DeleteTeamPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// The team's name.
    pub name: String,
    /// Its members, who lose what it was granted.
    pub members: Vec<String>,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Asks, or deletes the team.
pub fn delete(visit: &Visit, namespace: &str, team: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Delete team".to_owned()))?;
    let (_, members, editable) = teams::members(&visit.app, &visit.actor, namespace, team)?;
    if !editable {
        return Err(ServiceError::Forbidden.into());
    }
    let mut problem = None;
    if visit.form.is_some() {
        match teams::delete(&visit.app, &visit.actor, namespace, team) {
            Ok(()) => {
                let notice = Notice::good(format!("Successfully deleted team: {team}"));
                return visit.done(&tab_href(namespace, Tab::Teams), &notice);
            }
            Err(error) => {
                let mut refused = Problem::of(error, "The team was not deleted", "")?;
                refused.field = None;
                problem = Some(refused);
            }
        }
    }
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let members = members.into_iter().map(|account| account.name).collect();
    let shell = head.shell(visit, &format!("Delete team {team}"));
    visit.page_with(status, &DeleteTeamPage { shell, head, name: team.to_owned(), members, problem })
}
