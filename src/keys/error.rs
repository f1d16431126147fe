//! Why a key file cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// A file of the key directory that cannot be used. Names the file and the reason, never what is in it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct KeyError {
    path: PathBuf,
    reason: Reason,
}

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The operating system refuses.
    #[error("cannot be {action}: {error}")]
    Io {
        /// What was tried, as a participle: `read`, `written`.
        action: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// Users other than its owner can reach it.
    #[error("its mode is {mode:04o}, other users must not {verb} it; run: chmod {right} {path}")]
    Mode {
        /// The permission bits it has.
        mode: u32,
        /// What others could do.
        verb: &'static str,
        /// The permission bits it should have, octal.
        right: &'static str,
        /// The file again, so that the command can be pasted.
        path: String,
    },
    /// It is not there although the directory is complete otherwise.
    #[error(
        "is missing; restore it from a backup, because a new one would not fit what was made with the old one"
    )]
    Missing,
    /// It does not hold what it should.
    #[error("{0}")]
    Content(String),
}

impl KeyError {
    pub(super) fn new(path: &Path, reason: Reason) -> Self {
        Self { path: path.to_owned(), reason }
    }

    pub(super) fn content(path: &Path, reason: impl Into<String>) -> Self {
        Self::new(path, Reason::Content(reason.into()))
    }

    /// For `map_err` on the system's errors.
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::new(path, Reason::Io { action, error })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether the file is simply not there.
    pub(super) fn is_absent(&self) -> bool {
        matches!(&self.reason, Reason::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}
