//! `dockpass repo`: repositories, as far as permissions know them. Images are the registry's.

use super::admin::{PAGE, Session, all};
use super::error::CliError;
use super::parse;
use super::prompt::Consent;
use crate::domain::name::{Namespace, RepositoryName, RobotName};
use crate::domain::permission::{RepositoryState, Visibility};
use crate::service::error::ServiceError;
use crate::service::{organizations, repositories, users};
use crate::store::repositories::Repository;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum Repo {
    /// Register a repository. (A push by somebody who may create it registers it, too.)
    Create {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        name: RepositoryName,
        /// Who may pull without a grant.
        #[arg(long, value_parser = parse::visibility(), default_value = "private")]
        visibility: Visibility,
        /// What people are told about it.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        description: String,
    },
    /// List the repositories of a namespace.
    #[command(visible_alias = "ls")]
    List {
        /// The organization or user.
        #[arg(value_parser = parse::namespace)]
        namespace: Namespace,
    },
    /// Show one repository.
    Show {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        name: RepositoryName,
    },
    /// Forget repositories and their grants. Images stay in the registry, closed to everybody.
    #[command(visible_alias = "rm")]
    Delete {
        /// NAMESPACE/NAME, one or several.
        #[arg(required = true, value_parser = parse::repository)]
        names: Vec<RepositoryName>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Set who may pull without a grant.
    SetVisibility {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        name: RepositoryName,
        /// Everybody, or nobody.
        #[arg(value_parser = parse::visibility())]
        visibility: Visibility,
    },
    /// Set what may be written at all.
    SetState {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        name: RepositoryName,
        /// What the roles allow; nothing; nothing but by the mirroring robot.
        #[arg(value_parser = parse::state())]
        state: RepositoryState,
        /// The one robot that may push to a repository in the state MIRROR.
        #[arg(long, value_parser = parse::robot, value_name = "ROBOT", required_if_eq("state", "MIRROR"))]
        mirror_robot: Option<RobotName>,
    },
    /// Set what people are told about a repository.
    SetDescription {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        name: RepositoryName,
        /// The text.
        text: String,
    },
}

impl Repo {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Session { app, actor, out } = session;
        match self {
            Self::Create { name, visibility, description } => {
                // The service does not tell whether a namespace exists; here it is said.
                check_namespace(session, name.namespace())?;
                let made = repositories::create(app, actor, &name, visibility, &description)?;
                out.done(&format!("Created {visibility} repository {name}."), &view(&name, &made))
            }
            Self::List { namespace } => {
                check_namespace(session, &namespace)?;
                let list = |after: &str| repositories::list(app, actor, namespace.as_str(), after, PAGE);
                let all = all(list, |found| &found.name)?;
                let columns = [
                    ("NAME", "name"),
                    ("VISIBILITY", "visibility"),
                    ("STATE", "state"),
                    ("CREATED", "created_at"),
                    ("DESCRIPTION", "description"),
                ];
                let named = |found: &Repository| {
                    RepositoryName::new(namespace.clone(), &found.name).map(|name| view(&name, found))
                };
                out.list(&columns, all.iter().filter_map(named).collect())
            }
            Self::Show { name } => {
                let (_, found) = repositories::get(app, actor, &name)?;
                out.object(&view(&name, &found))
            }
            Self::Delete { names, consent } => {
                let lost = " with all grants on it";
                session.delete(consent, "repository", lost, &names, |name| {
                    Ok(repositories::delete(app, actor, name)?)
                })
            }
            Self::SetVisibility { name, visibility } => {
                let changed = repositories::set_visibility(app, actor, &name, visibility)?;
                out.done(&format!("Repository {name} is {visibility}."), &view(&name, &changed))
            }
            Self::SetState { name, state, mirror_robot } => {
                if state != RepositoryState::Mirror && mirror_robot.is_some() {
                    let refusal = "--mirror-robot goes with the state MIRROR only";
                    return Err(CliError::Usage(refusal.to_owned()));
                }
                let robot = mirror_robot.as_ref().map(RobotName::as_str);
                let changed = repositories::set_state(app, actor, &name, state, robot)?;
                out.done(&format!("Repository {name} has the state {state}."), &view(&name, &changed))
            }
            Self::SetDescription { name, text } => {
                let changed = repositories::set_description(app, actor, &name, &text)?;
                out.done(&format!("Repository {name} has a new description."), &view(&name, &changed))
            }
        }
    }
}

fn view(name: &RepositoryName, repository: &Repository) -> Value {
    json!({
        "name": name.to_string(),
        "visibility": repository.visibility.as_str(),
        "state": repository.state.as_str(),
        "description": repository.description,
        "created_at": repository.created_at.rfc3339(),
    })
}

/// Fails with a text that says what is missing unless a user or an organization has this name.
pub(super) fn check_namespace(session: &Session, name: &Namespace) -> Result<(), CliError> {
    let (name, app) = (name.as_str(), &session.app);
    match organizations::get(app, name).or_else(|_| users::get(app, name)) {
        Ok(_) => Ok(()),
        Err(ServiceError::NotFound(_)) => Err(CliError::NotFound(format!(
            "No organization or user is named {name}; `dockpass org create {name}` makes an organization"
        ))),
        Err(error) => Err(error.into()),
    }
}
