//! `dockpass user`: people.

use super::admin::{PAGE, Session, account, all};
use super::error::CliError;
use super::prompt::{Consent, PasswordSource};
use super::{Global, open, parse};
use crate::domain::credential::Secret;
use crate::domain::name::Namespace;
use crate::service::{organizations, users};
use crate::store::accounts::Account;
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make a user. The password is asked for, read from standard input or made.
    Create {
        /// The name: lower-case letters, digits and single . _ - between them.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
        /// The address.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List users.
    #[command(visible_alias = "ls")]
    List,
    /// Show one user.
    Show {
        /// The name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
    },
    /// Delete users with their own robots, repositories and grants. Images stay in the registry.
    #[command(visible_alias = "rm")]
    Delete {
        /// Their names.
        #[arg(required = true, value_parser = parse::namespace)]
        names: Vec<Namespace>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Let a user log in again.
    Enable {
        /// The name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
    },
    /// Refuse a user and the user's robots, without deleting anything.
    Disable {
        /// The name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
    },
    /// Give a user a new password.
    SetPassword {
        /// The name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
        #[command(flatten)]
        password: PasswordSource,
    },
}

impl User {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let begins = matches!(self, Self::Create { .. });
        let session = &if begins { open::first_session(global) } else { open::session(global) }?;
        let Session { app, actor, out } = session;
        match self {
            Self::Create { name, email, password } => {
                let secret = password.read(app.random.as_ref())?;
                let made = users::create(app, actor, name.as_str(), email.as_deref(), &secret)?;
                tell(session, &format!("Created user {name}."), &made, password, &secret)
            }
            Self::List => {
                let list = |after: &str| users::list(app, actor, after, PAGE);
                let all = all(list, |found| &found.name)?;
                let columns = [
                    ("NAME", "name"),
                    ("ENABLED", "enabled"),
                    ("SUPER-USER", "super_user"),
                    ("EMAIL", "email"),
                    ("CREATED", "created_at"),
                    ("LAST ACCESSED", "last_accessed_at"),
                ];
                out.list(&columns, all.iter().map(|user| view(session, user)).collect())
            }
            Self::Show { name } => out.object(&view(session, &users::get(app, name.as_str())?)),
            Self::Delete { names, consent } => {
                let lost = " with all robots, repositories and grants";
                session.delete(consent, "user", lost, &names, |name| {
                    Ok(users::delete(app, actor, name.as_str())?)
                })
            }
            Self::Enable { name } => set_enabled(session, &name, true),
            Self::Disable { name } => set_enabled(session, &name, false),
            Self::SetPassword { name, password } => {
                let user = users::get(app, name.as_str())?;
                let secret = password.read(app.random.as_ref())?;
                users::set_password(app, actor, name.as_str(), &secret)?;
                tell(session, &format!("User {name} has a new password."), &user, password, &secret)
            }
        }
    }
}

fn view(session: &Session, user: &Account) -> Value {
    let mut shown = account(user);
    if let Some(members) = shown.as_object_mut() {
        let super_user = session.app.privilege(&user.name).super_user;
        members.insert("super_user".to_owned(), super_user.into());
    }
    shown
}

fn tell(
    session: &Session,
    message: &str,
    user: &Account,
    source: PasswordSource,
    secret: &Secret,
) -> Result<(), CliError> {
    if source.is_generated() {
        session.out.secret(message, view(session, user), "password", secret.expose())
    } else {
        session.out.done(message, &view(session, user))
    }
}

fn set_enabled(session: &Session, name: &Namespace, enabled: bool) -> Result<(), CliError> {
    users::get(&session.app, name.as_str())?;
    let changed = organizations::set_enabled(&session.app, &session.actor, name.as_str(), enabled)?;
    let state = if enabled { "enabled" } else { "disabled" };
    session.out.done(&format!("User {name} is {state}."), &view(session, &changed))
}
