//! A new robot: name, teams, repositories and default permission on one page, which the script turns into steps; made in
//! one transaction. The answer to the post shows the new secret.

use super::credentials::{self, Fresh};
use super::view::{Head, Problem, Tab, parse_role, role_value};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::permission::{Role, TeamRole};
use crate::service::error::ServiceError;
use crate::service::robots::{self, NewRobot};
use crate::service::{namespaces, teams};
use askama::Template;
use hyper::StatusCode;

/// Repositories that the wizard offers; others are granted on the robot's own page, which searches.
const OFFERED: usize = 200;

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
    /// Repositories that it can be granted.
    pub repositories: Vec<RepositoryChoice>,
    /// How many repositories there are.
    pub total: usize,
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
    repositories: Vec<(String, Role)>,
    default: Option<Role>,
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
    let (name, description) = (visit.given("name")?.to_owned(), visit.given("description")?.to_owned());
    Ok(Input { name, description, teams: chosen, repositories, default })
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
    if visit.form.is_some() {
        let new = NewRobot {
            description: input.description.clone(),
            teams: input.teams.clone(),
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
            Err(error) => problem = Some(Problem::of(error, "Error creating robot account", "name")?),
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
    let (found, total) = namespaces::repositories(&visit.app, &visit.actor, &head.name, "", 0, OFFERED)?;
    let role = |path: &str| {
        role_value(input.repositories.iter().find(|(chosen, _)| chosen == path).map(|(_, role)| *role))
    };
    let repositories = found
        .into_iter()
        .map(|repository| RepositoryChoice { role: role(&repository.name), name: repository.name });
    let repositories = repositories.collect();
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = WizardPage {
        shell: head.shell(visit, "Create robot account"),
        name: input.name.clone(),
        description: input.description.clone(),
        teams,
        repositories,
        total,
        default: role_value(input.default),
        problem,
        head,
    };
    visit.page_with(status, &page)
}
