//! `dockpass robot`: robot accounts.

mod bulk;
mod credentials;
mod federation;

use super::admin::{Session, time};
use super::error::CliError;
use super::parse;
use super::prompt::Consent;
use crate::domain::credential::Secret;
use crate::domain::name::{Namespace, RobotName, TeamName};
use crate::domain::permission::Role;
use crate::service::error::ServiceError;
use crate::service::robot_lists;
use crate::service::robots::{self, NewRobot};
use crate::store::robots::Robot as StoredRobot;
use clap::{Args, Subcommand};
use credentials::{Delivery, Form};
use federation::Federation;
use serde_json::{Map, Value, json};

const CREATE_EXAMPLES: &str = "\
Examples:
  dockpass robot create acme+ci > ci.secret
  dockpass robot create acme+ci --repository app:write --repository base:read --team builders
  dockpass robot create acme+cluster --format kubernetes-secret | kubectl apply -f -";

const CREDENTIALS_EXAMPLES: &str = "\
Examples:
  dockpass robot credentials acme+ci --format podman | sh
  dockpass robot credentials acme+ci --format docker-config --output-file ~/.docker/config.json
  dockpass robot credentials acme+cluster --format kubernetes-secret | kubectl apply -f -";

#[derive(Debug, Subcommand)]
pub(super) enum Robot {
    /// Make a robot and print its secret, alone, on standard output.
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
        #[command(flatten)]
        equipment: Equipment,
        #[command(flatten)]
        delivery: Delivery,
    },
    /// Make many robots: full names on standard input, one a line; prints a name, a tab and a secret for each.
    BulkCreate {
        #[command(flatten)]
        equipment: Equipment,
    },
    /// List the robots of an organization or user.
    #[command(visible_alias = "ls")]
    List {
        /// The organization or user.
        #[arg(value_parser = parse::namespace)]
        namespace: Namespace,
    },
    /// Show one robot with its teams and grants.
    Show {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
    },
    /// Give a robot a new secret and print it. The old one is refused from then on.
    #[command(visible_alias = "regenerate")]
    Rotate {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
        #[command(flatten)]
        delivery: Delivery,
    },
    /// Delete robots with their grants and memberships.
    #[command(visible_alias = "rm")]
    Delete {
        /// ORGANIZATION+NAME, one or several.
        #[arg(required = true, value_parser = parse::robot)]
        names: Vec<RobotName>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Print a robot's credentials in the form that a client takes.
    #[command(after_help = CREDENTIALS_EXAMPLES)]
    Credentials {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
        #[command(flatten)]
        form: Form,
    },
    /// External identities that may act as a robot without its secret.
    #[command(subcommand)]
    Federation(Federation),
}

/// What a new robot starts with.
#[derive(Args, Clone, Debug)]
pub(super) struct Equipment {
    /// What people are told about it; at most 255 characters.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
    /// A JSON object to keep with it; at most 1024 bytes.
    #[arg(long, value_parser = parse::object, value_name = "JSON")]
    metadata: Option<Map<String, Value>>,
    /// A team of its organization to join. Can be repeated.
    #[arg(long = "team", value_parser = team_name, value_name = "TEAM")]
    teams: Vec<TeamName>,
    /// A repository of its organization and a role on it: app:write. Can be repeated.
    #[arg(long = "repository", value_parser = parse::repository_role, value_name = "NAME:ROLE")]
    repositories: Vec<(String, Role)>,
    /// The role on every repository that is created in the organization from now on.
    #[arg(long, value_parser = parse::role(), value_name = "ROLE")]
    default_permission: Option<Role>,
}

fn team_name(text: &str) -> Result<TeamName, String> {
    TeamName::parse(text).map_err(|error| format!("a team's name {error}"))
}

impl Equipment {
    fn new_robot(&self) -> NewRobot {
        NewRobot {
            description: self.description.clone(),
            metadata: self.metadata.clone().unwrap_or_default(),
            teams: self.teams.iter().map(ToString::to_string).collect(),
            new_team: None,
            repositories: self.repositories.clone(),
            default_permission: self.default_permission,
        }
    }
}

impl Robot {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Session { app, actor, out } = session;
        match self {
            Self::Create { name, equipment, delivery } => {
                delivery.check()?;
                let (robot, secret) = create(session, &name, &equipment.new_robot())?;
                delivery.deliver(session, &format!("Created robot {name}."), &name, view(&robot), &secret)
            }
            Self::BulkCreate { equipment } => bulk::create(session, &equipment.new_robot()),
            Self::List { namespace } => {
                super::repo::check_namespace(session, &namespace)?;
                let mut listed = robot_lists::list(app, actor, namespace.as_str(), None)?;
                listed.sort_by(|one, other| one.account.name.cmp(&other.account.name));
                let columns = [
                    ("NAME", "name"),
                    ("CREATED", "created_at"),
                    ("LAST ACCESSED", "last_accessed_at"),
                    ("DESCRIPTION", "description"),
                ];
                out.list(&columns, listed.iter().map(view).collect())
            }
            Self::Show { name } => show(session, &name),
            Self::Rotate { name, delivery } => {
                delivery.check()?;
                let (robot, secret) = robots::regenerate(app, actor, name.namespace().as_str(), name.short())
                    .map_err(|error| absent(error, &name))?;
                let message = format!("Robot {name} has a new secret.");
                delivery.deliver(session, &message, &name, view(&robot), &secret)
            }
            Self::Delete { names, consent } => {
                let lost = " with all grants";
                session.delete(consent, "robot", lost, &names, |name| {
                    robots::delete(app, actor, name.namespace().as_str(), name.short())
                        .map_err(|error| absent(error, name))
                })
            }
            Self::Credentials { name, form } => form.print(session, &name),
            Self::Federation(federation) => federation.run(session),
        }
    }
}

/// Makes a robot; the error texts are those for people.
fn create(session: &Session, name: &RobotName, new: &NewRobot) -> Result<(StoredRobot, Secret), CliError> {
    let namespace = name.namespace();
    super::repo::check_namespace(session, &namespace)?;
    robots::create(&session.app, &session.actor, namespace.as_str(), name.short(), new).map_err(|error| {
        match error {
            ServiceError::RobotsDisallowed => CliError::RobotsDisallowed,
            error => error.into(),
        }
    })
}

/// Says which robot is not there; Quay's sentence does not.
fn absent(error: ServiceError, name: &RobotName) -> CliError {
    super::org::missing(error, format!("No robot is named {name}"))
}

/// Finds a robot and, if it can be shown again, its secret.
fn find(session: &Session, name: &RobotName) -> Result<(StoredRobot, Option<Secret>), CliError> {
    robots::get(&session.app, &session.actor, name.namespace().as_str(), name.short())
        .map_err(|error| absent(error, name))
}

fn show(session: &Session, name: &RobotName) -> Result<(), CliError> {
    let (robot, _) = find(session, name)?;
    let (app, actor, namespace) = (&session.app, &session.actor, name.namespace());
    let grants = robots::permissions(app, actor, namespace.as_str(), name.short())?;
    let teams = robots::teams(app, actor, namespace.as_str(), name.short())?;
    let mut shown = view(&robot);
    if let Some(members) = shown.as_object_mut() {
        members
            .insert("teams".to_owned(), teams.iter().map(|team| Value::from(team.name.as_str())).collect());
        let grant = |(repository, role): &(crate::store::repositories::Repository, Role)| json!({ "name": format!("{namespace}/{}", repository.name), "role": role.as_str() });
        members.insert("repositories".to_owned(), grants.iter().map(grant).collect());
    }
    session.out.object(&shown)
}

/// A robot as commands print it: never with its secret.
fn view(robot: &StoredRobot) -> Value {
    let metadata: Value = serde_json::from_str(&robot.metadata).unwrap_or_else(|_| json!({}));
    json!({
        "name": robot.account.name,
        "description": robot.description,
        "enabled": robot.account.enabled,
        "created_at": robot.account.created_at.rfc3339(),
        "last_accessed_at": time(robot.account.last_accessed_at),
        "metadata": metadata,
    })
}
