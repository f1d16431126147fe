//! How a robot's secret reaches whoever is to use it: printed, or in a file that nobody else can read.

use super::super::admin::Session;
use super::super::error::CliError;
use super::super::output::{self, note};
use super::super::parse;
use crate::domain::credential::Secret;
use crate::domain::name::RobotName;
use crate::service::credentials::{Format, KeyScope, Login};
use clap::Args;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// `robot credentials`: the form is chosen.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Form {
    /// The form.
    #[arg(long, short, value_parser = parse::format(), value_name = "FORM")]
    format: Format,
    #[command(flatten)]
    target: Target,
}

/// `robot create` and `robot rotate`: the bare secret unless a form is chosen.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Delivery {
    /// Print credentials in this form instead of the secret alone.
    #[arg(long, short, value_parser = parse::format(), value_name = "FORM")]
    format: Option<Format>,
    #[command(flatten)]
    target: Target,
}

#[derive(Args, Clone, Debug)]
struct Target {
    /// What a client uses the credentials for: every image of the registry, or those of the robot's organization
    /// (Docker does not know that one). Default: organization for kubernetes-secret, else registry.
    #[arg(long, value_parser = parse::key_scope(), value_name = "SCOPE")]
    scope: Option<KeyScope>,
    /// Write to this file, with mode 0600, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Replace FILE if it is there.
    #[arg(long, requires = "output_file")]
    force: bool,
}

impl Form {
    /// Prints the credentials of a robot whose secret can be shown again.
    pub(super) fn print(&self, session: &Session, name: &RobotName) -> Result<(), CliError> {
        let (_, secret) = super::find(session, name)?;
        let secret = secret.ok_or_else(|| {
            CliError::Failed(format!(
                "the secret of {name} was shown when it was made and is not kept (ROBOT_TOKEN_DISPLAY); `dockpass robot \
                 rotate {name} --format {}` makes a new one, which ends the old one",
                self.format
            ))
        })?;
        let text = self.target.render(session, self.format, name, &secret);
        self.target.put(session, &text)
    }
}

impl Delivery {
    /// Fails before anything is made when the secret could then not be delivered.
    pub(super) fn check(&self) -> Result<(), CliError> {
        match &self.target.output_file {
            Some(path) if path.exists() && !self.target.force => Err(exists(path)),
            _ => Ok(()),
        }
    }

    /// Tells the new secret of a robot, which `view` describes.
    pub(super) fn deliver(
        &self,
        session: &Session,
        message: &str,
        name: &RobotName,
        view: Value,
        secret: &Secret,
    ) -> Result<(), CliError> {
        match (self.format, &self.target.output_file) {
            (None, None) => session.out.secret(message, view, "token", secret.expose()),
            (Some(format), _) => {
                note(message);
                self.target.put(session, &self.target.render(session, format, name, secret))
            }
            (None, Some(_)) => {
                note(message);
                self.target.put(session, secret)
            }
        }
    }
}

impl Target {
    fn render(&self, session: &Session, format: Format, robot: &RobotName, secret: &Secret) -> Secret {
        let login = Login { registry: &session.app.config.server.hostname, robot, secret };
        login.render(format, self.scope.unwrap_or(format.usual_scope()))
    }

    fn put(&self, session: &Session, text: &Secret) -> Result<(), CliError> {
        let Some(path) = &self.output_file else { return output::line(text.expose()) };
        write(path, text.expose(), self.force)?;
        session
            .out
            .done(&format!("Wrote {}.", path.display()), &json!({ "file": path.display().to_string() }))
    }
}

fn exists(path: &Path) -> CliError {
    CliError::Failed(format!("{} is there already; add --force to replace it", path.display()))
}

/// Writes a file for its owner alone. It is never there with other rights, not even empty.
fn write(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let written = options.open(path).and_then(|mut file| {
        // A file that is replaced keeps its mode when it is opened.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => CliError::Failed(format!("cannot write {}: {error}", path.display())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_secret_is_for_its_owner_alone_and_replaced_only_when_meant() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write(&path, "one", false).unwrap();
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        assert!(write(&path, "two", false).unwrap_err().to_string().contains("--force"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, "three", true).unwrap();
        assert_eq!((mode(), std::fs::read_to_string(&path).unwrap()), (0o600, "three\n".to_owned()));
    }
}
