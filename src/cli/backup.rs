//! `dockpass backup`: a copy of the database.

use super::error::CliError;
use super::output::Output;
use super::{Global, open};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Writes a consistent copy of the database, for its owner alone. The keys are not in it: keep a copy of KEYS_DIR elsewhere,
/// for without it the copy is useless, and together the two are everything that has to be protected.
#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The file to write; it must not be there.
    file: PathBuf,
}

impl Backup {
    pub(super) fn run(&self, global: &Global, out: Output) -> Result<(), CliError> {
        let session = open::session(global)?;
        let shown = self.file.display().to_string();
        if self.file.exists() {
            return Err(CliError::Failed(format!("{shown} is there already and is not overwritten")));
        }
        session.app.store.backup(&self.file)?;
        let keys = session.app.config.storage.keys_dir.display().to_string();
        let message = format!(
            "Wrote {shown}. Keep a copy of {keys} too, in another place: the backup cannot be used without it."
        );
        out.done(&message, &json!({ "file": shown, "keys": keys }))
    }
}
