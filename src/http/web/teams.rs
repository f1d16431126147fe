//! Teams of an organization, their members and what they were granted.

use super::activity::meaning;
use super::notice::Notice;
use super::pager::Pager;
use super::people::View;
use super::picker::Picker;
use super::view::{Head, Problem, Tab, address, counted, parse_role, role_value, tab_href};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::permission::{Role, TeamRole};
use crate::service::error::ServiceError;
use crate::service::{team_pages, teams};
use crate::store::accounts::AccountKind;
use askama::Template;

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
    /// What was wrong with the last try to change one.
    pub problem: Option<Problem>,
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
    list(visit, name, None)
}

/// The list, where `failed` names the team whose role was not changed, and why.
fn list(visit: &Visit, name: &str, failed: Option<(&str, Problem)>) -> Reply {
    let head = Head::read(visit, name, Tab::Teams, None)?;
    let kept = failed.as_ref().map(|(team, _)| Ok::<_, Refusal>((*team, team_role(visit)?))).transpose()?;
    let q = visit.asked("q")?.to_owned();
    let wanted = q.to_lowercase();
    let found = team_pages::list(&visit.app, &visit.actor, name)?;
    let rows = found.into_iter().filter(|found| found.team.name.contains(&wanted)).map(|found| TeamRow {
        meaning: meaning(found.team.role),
        role: kept.filter(|(team, _)| *team == found.team.name).map_or(found.team.role, |(_, role)| role),
        members: counted(found.members, "member", "members"),
        repositories: counted(found.repositories, "repository", "repositories"),
        name: found.team.name,
        description: found.team.description,
    });
    let rows = rows.collect();
    let shell = head.shell(visit, "Teams and membership");
    let problem = failed.map(|(_, problem)| problem);
    let status = Problem::status(problem.as_ref());
    visit.page_with(status, &TeamsPage { shell, head, view: View::Teams, q, rows, problem })
}

/// The role that a form chooses.
pub(super) fn team_role(visit: &Visit) -> Result<TeamRole, Refusal> {
    Ok(TeamRole::parse(visit.given("role")?).unwrap_or(TeamRole::Member))
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
    /// Who is to be added, for those who may change it.
    pub picker: Option<Picker>,
    /// Whether robots can be made.
    pub robots_allowed: bool,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Does what a form of the team's page, or of its row in the list, asks for: what is said of it, or what went wrong.
fn act(visit: &Visit, namespace: &str, team: &str) -> Result<Result<String, Problem>, Refusal> {
    let (app, actor, member) = (&visit.app, &visit.actor, visit.given("member")?);
    let (done, title, field) = match visit.given("action")? {
        "add" => (
            teams::add_member(app, actor, namespace, team, member)
                .map(|_| format!("Successfully added \"{member}\" to team")),
            format!("Unable to add \"{member}\" to team"),
            "member",
        ),
        "remove" => (
            teams::remove_member(app, actor, namespace, team, member)
                .map(|()| format!("Successfully deleted team member: {member}")),
            format!("Unable to delete team member: {member}"),
            "",
        ),
        // The drop-down in the list of teams shows no description to be saved with the role.
        action @ ("save" | "role") => {
            teams::members(app, actor, namespace, team)?;
            let description = if action == "save" { Some(visit.given("description")?) } else { None };
            let put = teams::put(app, actor, namespace, team, team_role(visit)?, description);
            (
                put.map(|_| format!("Team role updated successfully for: {team}")),
                format!("Unable to update team role for: {team}"),
                "",
            )
        }
        _ => return Err(Refusal::Fields("there is no such action".to_owned())),
    };
    Ok(match done {
        Ok(said) => Ok(said),
        Err(error) => Err(Problem::of(error, title, field)?),
    })
}

/// Shows one team, or changes it.
pub fn members(visit: &Visit, namespace: &str, team: &str) -> Reply {
    let (app, actor) = (&visit.app, &visit.actor);
    let (found, accounts, editable) = teams::members(app, actor, namespace, team)?;
    let picker = editable.then(|| Picker::read(visit, namespace, "member", false)).transpose()?;
    let picks = picker.as_ref().map(|picker| picker.asks(visit)).transpose()?.unwrap_or_default();
    let mut problem = None;
    if visit.form.is_some() && !picks {
        let listed = visit.given("action")? == "role";
        match act(visit, namespace, team)? {
            Ok(said) if listed => {
                return visit.done(&tab_href(namespace, Tab::Teams), &Notice::good(said));
            }
            Ok(said) => {
                let here = format!("/organization/{namespace}/team/{team}");
                return visit.done(&here, &Notice::good(said));
            }
            Err(wrong) if listed => return list(visit, namespace, Some((team, wrong))),
            Err(wrong) => problem = Some(wrong),
        }
    }
    let head = Head::read(visit, namespace, Tab::Teams, Some(team.to_owned()))?;
    let typed = problem.is_some() && visit.given("action")? == "save";
    let show = visit.asked("show")?.to_owned();
    let total = accounts.len();
    let shown = |robot: bool| match show.as_str() {
        "users" => !robot,
        "robots" => robot,
        _ => true,
    };
    let members = accounts.into_iter().map(|account| (account.name, account.kind == AccountKind::Robot));
    let members = members.filter(|(_, robot)| shown(*robot)).collect();
    let status = Problem::status(problem.as_ref());
    let page = TeamPage {
        shell: head.shell(visit, &format!("Team {team}")),
        head,
        name: found.name,
        description: if typed { visit.given("description")?.to_owned() } else { found.description },
        role: if typed { team_role(visit)? } else { found.role }.as_str(),
        editable,
        show,
        total,
        members,
        picker,
        robots_allowed: !visit.app.live.robots().is_disallowed(),
        problem,
    };
    visit.page_with(status, &page)
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
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Shows a team's grants, or saves them.
pub fn permissions(visit: &Visit, namespace: &str, team: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Set repository permissions".to_owned()))?;
    let q = visit.asked("q")?.to_owned();
    let base = address(&format!("/organization/{namespace}/team/{team}/permissions"), &[("q", &q)]);
    let mut pager = Pager::read(visit, PAGE, base)?;
    let (mut problem, mut kept) = (None, Vec::new());
    let (app, actor) = (&visit.app, &visit.actor);
    if let Some(form) = &visit.form {
        let rows = form.iter().filter_map(|(field, value)| Some((field.strip_prefix("role:")?, value)));
        let changes: Result<Vec<(String, Option<Role>)>, Refusal> =
            rows.map(|(path, value)| Ok((path.to_owned(), parse_role(value)?))).collect();
        let changes = changes?;
        match team_pages::set_many(app, actor, namespace, team, &changes) {
            Ok(_) => {
                let notice = Notice::good(format!("Updated repo perm for team: {team} successfully"));
                return visit.done(&pager.here(), &notice);
            }
            Err(error) => {
                let title = format!("Failed to update repo perm for team: {team}");
                problem = Some(Problem::of(error, title, "")?);
                kept = changes;
            }
        }
    }
    let (found, total) = team_pages::grants(app, actor, namespace, team, &q, pager.offset(), pager.size)?;
    pager.total = total;
    let typed = |name: &str| kept.iter().find(|(path, _)| path == name).map(|(_, role)| *role);
    let rows = found.into_iter().map(|(repository, role)| {
        let role = role_value(typed(&repository.name).unwrap_or(role));
        (repository.name, role)
    });
    let rows = rows.collect();
    let shell = head.shell(visit, &format!("Repository permissions of team {team}"));
    let status = Problem::status(problem.as_ref());
    let name = team.to_owned();
    visit.page_with(status, &TeamPermissionsPage { shell, head, name, q, pager, rows, problem })
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
                problem = Some(Problem::of(error, format!("Unable to delete team: {team}"), "")?);
            }
        }
    }
    let status = Problem::status(problem.as_ref());
    let members = members.into_iter().map(|account| account.name).collect();
    let shell = head.shell(visit, &format!("Delete team {team}"));
    visit.page_with(status, &DeleteTeamPage { shell, head, name: team.to_owned(), members, problem })
}
