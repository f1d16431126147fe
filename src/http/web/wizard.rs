//! A new robot: name, teams, repositories and default permission on one page, which the script turns into steps; made in
//! one transaction. The answer to the post shows the new secret.

use super::credentials::{self, Fresh};
use super::pager::Pager;
use super::view::{Head, Problem, Tab, parse_role, role_value};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::permission::{Role, TeamRole};
use crate::service::error::ServiceError;
use crate::service::robots::{self, NewRobot};
use crate::service::{namespaces, teams};
use askama::Template;
use hyper::StatusCode;

/// Repositories of one page; the others are found by searching and turning pages, which keeps what was filled in.
const PAGE: usize = 50;

/// The wizard.
#[derive(Template)]
#[template(path = "wizard.html")]
pub struct WizardPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub description: String,
    /// Teams that it can join.
    pub teams: Vec<TeamChoice>,
    /// A team to make with it: its name.
    pub new_team: String,
    /// A team to make with it: its description.
    pub new_team_description: String,
    /// Repositories that it can be granted: those chosen so far, then one page of the others.
    pub repositories: Vec<RepositoryChoice>,
    /// What repositories are searched for.
    pub q: String,
    /// The page of repositories.
    pub pager: Pager,
    /// The step to open, by the id of its part of the page; empty for the first.
    pub at: &'static str,
    /// The chosen default permission.
    pub default: &'static str,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// A team to join.
pub struct TeamChoice {
    /// Its name.
    pub name: String,
    /// Its role in the organization.
    pub role: TeamRole,
    /// How many accounts sit in it, in words.
    pub members: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A repository to be granted.
pub struct RepositoryChoice {
    /// Its path below the namespace.
    pub name: String,
    /// The chosen role.
    pub role: &'static str,
}

struct Input {
    name: String,
    description: String,
    teams: Vec<String>,
    new_team: String,
    new_team_description: String,
    repositories: Vec<(String, Role)>,
    default: Option<Role>,
    q: String,
    page: usize,
    /// Whether other repositories are asked for, not the robot.
    looks: bool,
}

fn read(visit: &Visit) -> Result<Input, Refusal> {
    let mut repositories = Vec::new();
    let mut chosen = Vec::new();
    if let Some(form) = &visit.form {
        chosen = form.all("team").map(ToOwned::to_owned).collect();
        for (field, value) in form.iter() {
            let Some(path) = field.strip_prefix("role:") else { continue };
            if let Some(role) = parse_role(value)? {
                repositories.push((path.to_owned(), role));
            }
        }
    }
    let default = match visit.given("default")? {
        "" => None,
        word => parse_role(word)?,
    };
    let text = |field: &str| visit.given(field).map(ToOwned::to_owned);
    let (go, q) = (visit.given("go")?, text("q")?);
    let page = go.strip_prefix("page-").and_then(|number| number.parse().ok());
    // Enter in any field sends the form without a button's value: somebody who has just typed a search wants it done.
    let looks = go == "search" || page.is_some() || (go.is_empty() && q != visit.given("searched")?);
    Ok(Input {
        name: text("name")?,
        description: text("description")?,
        teams: chosen,
        new_team: text("new-team")?,
        new_team_description: text("new-team-description")?,
        repositories,
        default,
        q,
        page: page.filter(|number| (1..=1_000_000).contains(number)).unwrap_or(1),
        looks,
    })
}

/// Shows the wizard, or makes the robot.
pub fn create(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Robots, Some("Create robot account".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    if visit.app.live.robots().is_disallowed() {
        return Err(ServiceError::RobotsDisallowed.into());
    }
    let input = read(visit)?;
    let mut problem = None;
    if visit.form.is_some() && !input.looks {
        let team = (input.new_team.clone(), input.new_team_description.clone());
        let new = NewRobot {
            description: input.description.clone(),
            teams: input.teams.clone(),
            new_team: (!input.new_team.is_empty()).then_some(team),
            repositories: input.repositories.clone(),
            default_permission: input.default,
            ..NewRobot::default()
        };
        match robots::create(&visit.app, &visit.actor, namespace, &input.name, &new) {
            Ok((robot, secret)) => {
                let said =
                    format!("Successfully created robot account with robot name: {}", robot.account.name);
                return credentials::fresh(visit, namespace, &robot, &secret, &Fresh { said, created: true });
            }
            Err(error) => {
                let team = !input.new_team.is_empty() && error.to_string().to_lowercase().contains("team");
                let field = if team { "new-team" } else { "robot-wizard-form-name" };
                problem = Some(Problem::of(error, "Error creating robot account", field)?);
            }
        }
    }
    page(visit, head, &input, problem)
}

fn page(visit: &Visit, head: Head, input: &Input, problem: Option<Problem>) -> Reply {
    let teams = if head.user { Vec::new() } else { teams::list(&visit.app, &visit.actor, &head.name)? };
    let teams = teams.into_iter().map(|(team, count)| TeamChoice {
        chosen: input.teams.contains(&team.name),
        name: team.name,
        role: team.role,
        members: if count == 1 { "1 Member".to_owned() } else { format!("{count} Members") },
    });
    let teams = teams.collect();
    let mut pager = Pager { total: 0, size: PAGE, usual: PAGE, number: input.page, base: String::new() };
    let (app, actor) = (&visit.app, &visit.actor);
    let (found, total) = namespaces::repositories(app, actor, &head.name, &input.q, pager.offset(), PAGE)?;
    pager.total = total;
    let chosen = |path: &str| input.repositories.iter().any(|(chosen, _)| chosen == path);
    let others = found.into_iter().map(|repository| repository.name).filter(|name| !chosen(name));
    let others = others.map(|name| RepositoryChoice { name, role: role_value(None) });
    let repositories = input
        .repositories
        .iter()
        .map(|(name, role)| RepositoryChoice { name: name.clone(), role: role_value(Some(*role)) })
        .chain(others)
        .collect();
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = WizardPage {
        shell: head.shell(visit, "Create robot account"),
        name: input.name.clone(),
        description: input.description.clone(),
        teams,
        new_team: input.new_team.clone(),
        new_team_description: input.new_team_description.clone(),
        repositories,
        q: input.q.clone(),
        pager,
        at: match &problem {
            _ if input.looks => "step-repositories",
            Some(problem) if problem.is_about("new-team") => "step-teams",
            _ => "",
        },
        default: role_value(input.default),
        problem,
        head,
    };
    visit.page_with(status, &page)
}
