//! A new robot: name, teams, repositories and default permission on one page, which the script turns into steps; made in
//! one transaction. The answer to the post shows the new secret.

use super::credentials::{self, Fresh};
use super::repository_step::{self, Asked, RepositoryStep};
use super::view::{Head, Problem, Tab, parse_role, role_value};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::permission::{Role, TeamRole};
use crate::service::error::ServiceError;
use crate::service::robots::{self, NewRobot};
use crate::service::teams;
use askama::Template;

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
    /// How many of them are chosen.
    pub joined: usize,
    /// A team to make with it: its name.
    pub new_team: String,
    /// A team to make with it: its description.
    pub new_team_description: String,
    /// Repositories that it can be granted.
    pub repositories: RepositoryStep,
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

struct Input {
    name: String,
    description: String,
    teams: Vec<String>,
    /// `teams-all`, `teams-page` or `teams-none` when teams are to be ticked in bulk.
    ticks: &'static str,
    new_team: String,
    new_team_description: String,
    repositories: Asked,
    default: Option<Role>,
}

fn read(visit: &Visit) -> Result<Input, Refusal> {
    let default = match visit.given("default")? {
        "" => None,
        word => parse_role(word)?,
    };
    let text = |field: &str| visit.given(field).map(ToOwned::to_owned);
    let go = visit.given("go")?;
    Ok(Input {
        name: text("name")?,
        description: text("description")?,
        teams: visit.form.iter().flat_map(|form| form.all("team")).map(ToOwned::to_owned).collect(),
        // All teams stand on one page.
        ticks: match go {
            "teams-all" | "teams-page" => "all",
            "teams-none" => "none",
            _ => "",
        },
        new_team: text("new-team")?,
        new_team_description: text("new-team-description")?,
        repositories: repository_step::read(visit)?,
        default,
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
    if visit.form.is_some() && !input.repositories.looks && input.ticks.is_empty() {
        let team = (input.new_team.clone(), input.new_team_description.clone());
        let new = NewRobot {
            description: input.description.clone(),
            teams: input.teams.clone(),
            new_team: (!input.new_team.is_empty()).then_some(team),
            repositories: input.repositories.chosen.clone(),
            default_permission: input.default,
            ..NewRobot::default()
        };
        match robots::create(&visit.app, &visit.actor, namespace, &input.name, &new) {
            Ok((robot, secret)) => {
                let mut said =
                    format!("Successfully created robot account with robot name: {}", robot.account.name);
                if !input.new_team.is_empty() {
                    said = format!("{said}. Successfully created new team: {}", input.new_team);
                }
                return credentials::fresh(visit, namespace, &robot, &secret, &Fresh { said, created: true });
            }
            Err(error) => {
                let team = !input.new_team.is_empty() && error.to_string().to_lowercase().contains("team");
                problem = Some(if team {
                    Problem::of(error, "Failed to create new team", "new-team")?
                } else {
                    Problem::of(error, "Error creating robot account", "robot-wizard-form-name")?
                });
            }
        }
    }
    page(visit, head, input, problem)
}

fn page(visit: &Visit, head: Head, input: Input, problem: Option<Problem>) -> Reply {
    let teams = if head.user { Vec::new() } else { teams::list(&visit.app, &visit.actor, &head.name)? };
    let teams = teams.into_iter().map(|(team, count)| TeamChoice {
        chosen: match input.ticks {
            "all" => true,
            "none" => false,
            _ => input.teams.contains(&team.name),
        },
        name: team.name,
        role: team.role,
        members: if count == 1 { "1 Member".to_owned() } else { format!("{count} Members") },
    });
    let teams: Vec<TeamChoice> = teams.collect();
    let status = Problem::status(problem.as_ref());
    let page = WizardPage {
        shell: head.shell(visit, "Create robot account"),
        repositories: repository_step::step(visit, &head.name, &input.repositories)?,
        name: input.name,
        description: input.description,
        joined: teams.iter().filter(|team| team.chosen).count(),
        teams,
        new_team: input.new_team,
        new_team_description: input.new_team_description,
        at: match &problem {
            _ if input.repositories.looks => "step-repositories",
            _ if !input.ticks.is_empty() => "step-teams",
            Some(problem) if problem.is_about("new-team") => "step-teams",
            _ => "",
        },
        default: role_value(input.default),
        problem,
        head,
    };
    visit.page_with(status, &page)
}
