//! `dockpass init`: an installation from nothing, or what it lacks.

use super::admin::account;
use super::error::CliError;
use super::output::{Output, note, write_public};
use super::prompt::PasswordSource;
use super::{Global, open, parse};
use crate::config::DEFAULT_PATH;
use crate::domain::name::Namespace;
use crate::service::error::ServiceError;
use crate::service::users;
use clap::Args;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Makes what is missing; what is there stays as it is, so that it can be run again.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// Make this user the first super-user.
    #[arg(long, value_parser = parse::namespace, value_name = "NAME")]
    admin: Option<Namespace>,
    /// The super-user's address.
    #[arg(long, requires = "admin", value_name = "ADDRESS")]
    email: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
    /// Write the root certificate, which a registry has to trust, to this file, readable by everybody.
    #[arg(long, value_name = "FILE")]
    root_certificate: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(&self, global: &Global, out: Output) -> Result<(), CliError> {
        let (config, live) = open::configuration(global)?;
        let (database, keys) = (open::database(&config).to_owned(), config.storage.keys_dir.clone());
        let fresh = !database.exists();
        let hasher = open::hasher(&config)?;
        let app = open::app(config, live, hasher)?;
        let there = if fresh { "made" } else { "there" };
        note(&format!("keys      {}\ndatabase  {} ({there})", keys.display(), database.display()));
        let mut result = json!({
            "database": database.display().to_string(),
            "keys": keys.display().to_string(),
        });
        if let Some(file) = &self.root_certificate {
            write_public(file, &app.ring.root_certificate())?;
            note(&format!("root certificate  {}", file.display()));
        }
        let Some(name) = &self.admin else {
            next_steps();
            return if out.is_json() { out.object(&result) } else { Ok(()) };
        };
        let (user, secret) = match users::get(&app, name.as_str()) {
            Ok(user) => {
                note(&format!("user      {name} (there; its password stays as it is)"));
                (user, None)
            }
            Err(ServiceError::NotFound(_)) => {
                let secret = self.password.read(app.random.as_ref())?;
                let user =
                    users::create(&app, &open::actor(), name.as_str(), self.email.as_deref(), &secret)?;
                note(&format!("user      {name} (made)"));
                (user, Some(secret).filter(|_| self.password.is_generated()))
            }
            Err(error) => return Err(error.into()),
        };
        if !app.privilege(name.as_str()).super_user {
            make_super_user(global, name);
        }
        next_steps();
        if let Some(members) = result.as_object_mut() {
            members.insert("user".to_owned(), account(&user));
        }
        match secret {
            Some(secret) => out.secret("Its password:", result, "password", secret.expose()),
            None if out.is_json() => out.object(&result),
            None => Ok(()),
        }
    }
}

/// Names the user in SUPER_USERS, in a new file only: one that is there is its owner's to change.
fn make_super_user(global: &Global, name: &Namespace) {
    let advice = format!("add to the configuration and restart `dockpass serve`:  SUPER_USERS: [{name}]");
    if global.config.is_some() {
        note(&format!("\n{name} is not a super-user yet; {advice}"));
        return;
    }
    let text = format!(
        "# Configuration of dockpass; `dockpass config sample` prints every setting.\nSUPER_USERS:\n  - {name}\n"
    );
    let made = OpenOptions::new().write(true).create_new(true).open(DEFAULT_PATH);
    // It may be there, or the directory cannot be written, as in a container.
    if made.and_then(|mut file| file.write_all(text.as_bytes())).is_ok() {
        note(&format!(
            "config    {DEFAULT_PATH} (made: {name} is a super-user; restart `dockpass serve` if it runs)"
        ));
    } else {
        note(&format!("\n{name} is not a super-user yet; {advice}"));
    }
}

fn next_steps() {
    note(
        "\nNext:\n  dockpass serve               run the service\n  dockpass registry-config     what your registry needs to trust it\n  \
         dockpass doctor --registry http://localhost:5000    check that it does\n  \
         dockpass org create acme && dockpass robot create acme+ci",
    );
}
