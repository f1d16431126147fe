//! What is wrong with a configuration, said so that it can be mended in one go.

use std::fmt;
use std::path::PathBuf;

/// Everything that is wrong with a configuration. Displayed as one line per problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One problem: where, which key, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(super) place: Place,
    pub(super) key: String,
    pub(super) what: String,
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a file; the line is 1-based, 0 when it is not known.
    File(PathBuf, u64),
    /// In an environment variable, named in full.
    Variable(String),
    /// Nowhere: the default is in the way.
    Default,
}

impl ConfigError {
    /// Problems are shown once each, in the order of the file.
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match &problem.place {
            Place::File(_, line) => (0, *line),
            Place::Variable(_) => (1, 0),
            Place::Default => (2, 0),
        });
        problems.dedup();
        Self { problems }
    }

    /// The problems, at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// `config.yaml:12: TOKEN_LIFETIME: 5 is not allowed: ...`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key.escape_debug())?;
        }
        f.write_str(&self.what)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, 0) => write!(f, "{}: ", path.display()),
            Self::File(path, line) => write!(f, "{}:{line}: ", path.display()),
            Self::Variable(name) => write!(f, "environment variable {}: ", name.escape_debug()),
            Self::Default => Ok(()),
        }
    }
}
