//! A new team: name, repositories and members on one page, which the script turns into steps; made in one transaction.

use super::notice::Notice;
use super::repository_step::{self, Asked, RepositoryStep};
use super::teams::team_role;
use super::view::{Head, Problem, Tab};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::pickers;
use crate::service::team_pages::{self, NewTeam};
use askama::Template;

/// The wizard.
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
    /// Repositories that it can be granted.
    pub repositories: RepositoryStep,
    /// Who can sit in it.
    pub members: MemberStep,
    /// Whether robots can be made.
    pub robots_allowed: bool,
    /// The step to open, by the id of its part of the page; empty for the first.
    pub at: &'static str,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Users and robots to choose from: those chosen so far, then some of the others.
pub struct MemberStep {
    /// The rows.
    pub rows: Vec<MemberChoice>,
    /// How many are chosen.
    pub chosen: usize,
    /// What is searched for.
    pub q: String,
    /// Whether a search finds more than these.
    pub more: bool,
}

/// Somebody who can sit in the team.
pub struct MemberChoice {
    /// Who.
    pub name: String,
    /// Whether that is a robot.
    pub robot: bool,
    /// Whether it is chosen.
    pub chosen: bool,
}

struct Input {
    name: String,
    description: String,
    repositories: Asked,
    members: Vec<String>,
    q: String,
    /// What other members are asked for: `search`, `all`, `none`, or empty when the team is.
    looks: &'static str,
}

fn read(visit: &Visit) -> Result<Input, Refusal> {
    let q = visit.given("member-q")?.to_owned();
    let looks = match visit.given("go")? {
        "members" => "search",
        "members-all" | "members-page" => "all",
        "members-none" => "none",
        "" if q != visit.given("member-searched")? => "search",
        _ => "",
    };
    Ok(Input {
        name: visit.given("name")?.to_owned(),
        description: visit.given("description")?.to_owned(),
        repositories: repository_step::read(visit)?,
        members: visit.form.iter().flat_map(|form| form.all("member")).map(ToOwned::to_owned).collect(),
        q,
        looks,
    })
}

fn members(visit: &Visit, namespace: &str, input: &Input) -> Result<MemberStep, Refusal> {
    let found = pickers::find(&visit.app, &visit.actor, namespace, &input.q)?;
    let mut names = if input.looks == "none" { Vec::new() } else { input.members.clone() };
    let chosen = names.len();
    let others = found.users.into_iter().chain(found.robots).filter(|name| !names.contains(name));
    let others: Vec<String> = others.collect();
    names.extend(others);
    let all = input.looks == "all";
    let chosen = if all { names.len() } else { chosen };
    let rows = names.into_iter().enumerate().map(|(index, name)| MemberChoice {
        robot: name.contains('+'),
        chosen: index < chosen,
        name,
    });
    Ok(MemberStep { rows: rows.collect(), chosen, q: input.q.clone(), more: found.more })
}

/// Shows the wizard, or makes the team.
pub fn create(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Teams, Some("Create team".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let (input, role) = (read(visit)?, team_role(visit)?);
    let mut problem = None;
    if visit.form.is_some() && !input.repositories.looks && input.looks.is_empty() {
        let new = NewTeam {
            role,
            description: input.description.clone(),
            repositories: input.repositories.chosen.clone(),
            members: input.members.clone(),
        };
        match team_pages::create(&visit.app, &visit.actor, namespace, &input.name, &new) {
            Ok(()) => {
                let notice = Notice::good(format!("Successfully created new team: {}", input.name));
                return visit.done(&format!("/organization/{namespace}/team/{}", input.name), &notice);
            }
            Err(error) => problem = Some(Problem::of(error, "Failed to create new team", "new-team-name")?),
        }
    }
    let status = Problem::status(problem.as_ref());
    let page = NewTeamPage {
        shell: head.shell(visit, "Create team"),
        repositories: repository_step::step(visit, namespace, &input.repositories)?,
        members: members(visit, namespace, &input)?,
        name: input.name,
        description: input.description,
        role: role.as_str(),
        robots_allowed: !visit.app.live.robots().is_disallowed(),
        at: match input.looks {
            _ if input.repositories.looks => "step-repositories",
            "" => "",
            _ => "step-members",
        },
        problem,
        head,
    };
    visit.page_with(status, &page)
}
