//! Why a command ended early, and with which exit code.

use crate::config::ConfigError;
use crate::keys::KeyError;
use crate::service::error::{ROBOTS_DISALLOWED, ServiceError};
use crate::service::robots;
use crate::store::StoreError;
use std::io;
use std::process::ExitCode;

/// What exit codes mean; never changed once released, because scripts rely on them.
pub(super) const EXIT_CODES: &str = "\
What exit codes mean:
  0  done
  1  refused, failed or cancelled; `doctor`: a check failed
  2  the command line or the configuration is wrong
  3  what was named does not exist
  4  the database, the key files or the hashing of passwords is not available
When several names were given, the code is that of the first failure; the others are still tried.";

const FAILED: u8 = 1;
/// The exit code for a wrong command line or configuration.
pub(super) const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const UNAVAILABLE: u8 = 4;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// Arguments that make no sense together, or here.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be used.
    #[error("the configuration cannot be used:\n{0}")]
    Config(#[from] ConfigError),
    /// A setting names something that cannot be used: a file, an address.
    #[error("{0}")]
    Setting(String),
    /// What was named is not there.
    #[error("{0}")]
    NotFound(String),
    /// The key directory cannot be used.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// The database cannot be used.
    #[error("{0}")]
    Unavailable(String),
    /// The service refused.
    #[error("{0}")]
    Service(#[from] ServiceError),
    /// Robots are switched off.
    #[error("Cannot create robot account. {ROBOTS_DISALLOWED}")]
    RobotsDisallowed,
    /// Something failed.
    #[error("{0}")]
    Failed(String),
    /// A person said no.
    #[error("cancelled, nothing was changed")]
    Cancelled,
    /// Everything was told already, for each of several names; the first failure's exit code counts.
    #[error("")]
    Told(u8),
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl CliError {
    /// Says what happened on standard error; the exit code for `main`.
    pub(super) fn report(&self) -> ExitCode {
        match self {
            Self::Told(_) => {}
            // Whoever reads our output has read enough (`| head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            error => super::output::note(&format!("error: {error}")),
        }
        ExitCode::from(self.code())
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) | Self::Setting(_) => USAGE,
            Self::NotFound(_) => NOT_FOUND,
            Self::Key(_) | Self::Unavailable(_) => UNAVAILABLE,
            Self::Service(error) => service_code(error),
            Self::Told(code) => *code,
            Self::RobotsDisallowed | Self::Failed(_) | Self::Cancelled | Self::Output(_) => FAILED,
        }
    }
}

fn service_code(error: &ServiceError) -> u8 {
    match error {
        ServiceError::NotFound(_) => NOT_FOUND,
        // Quay answers 400 for some things that are not there, and clients rely on these texts.
        ServiceError::Invalid(text) | ServiceError::Refused(text) if tells_of_absence(text) => NOT_FOUND,
        ServiceError::Store(_) | ServiceError::Busy => UNAVAILABLE,
        _ => FAILED,
    }
}

fn tells_of_absence(text: &str) -> bool {
    [robots::NOT_FOUND, "Missing delegate user or team", "Unknown activating user", "Unknown user"]
        .contains(&text)
        || ["Organization does not exist", "Repository does not exist", "Invalid username: ", "No team "]
            .iter()
            .any(|start| text.starts_with(start))
        || text.contains("' is not a team in org '")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_has_its_own_exit_code_however_quay_words_it() {
        for text in [
            robots::NOT_FOUND,
            "Organization does not exist: acme",
            "Invalid username: acme+ci",
            "Team 'x' is not a team in org 'acme'",
        ] {
            assert_eq!(CliError::from(ServiceError::Refused(text.to_owned())).code(), 3, "{text}");
        }
        assert_eq!(CliError::from(ServiceError::Refused("Existing robot with name: x".to_owned())).code(), 1);
        assert_eq!(CliError::from(ServiceError::Busy).code(), 4);
    }

    #[test]
    fn creation_of_robots_is_refused_with_the_documented_sentence() {
        assert_eq!(
            CliError::RobotsDisallowed.to_string(),
            "Cannot create robot account. Robot accounts have been disabled. Please contact your administrator."
        );
    }
}
