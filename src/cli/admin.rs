//! What the administration commands share.

use super::error::CliError;
use super::output::{Output, note};
use super::prompt::Consent;
use crate::domain::time::Timestamp;
use crate::service::App;
use crate::service::actor::Actor;
use crate::store::accounts::Account;
use serde_json::{Value, json};
use std::fmt::Display;

/// Rows that lists read at a time.
pub(super) const PAGE: usize = 1000;

/// An opened installation, and who changes it.
pub(super) struct Session {
    /// The installation.
    pub(super) app: App,
    /// The command line, as the system user who runs it.
    pub(super) actor: Actor,
    /// Where results go.
    pub(super) out: Output,
}

impl Session {
    /// Deletes what is named, after asking. `what` is the kind of thing, `lost` what goes with it.
    pub(super) fn delete<N: Display>(
        &self,
        consent: Consent,
        what: &str,
        lost: &str,
        names: &[N],
        mut delete: impl FnMut(&N) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let shown = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        consent.require(&format!("Delete {what} {shown}{lost}?"))?;
        each(names, |name| {
            delete(name)?;
            self.out.done(&format!("Deleted {what} {name}."), &json!({ "deleted": name.to_string() }))
        })
    }
}

/// Does `work` for each name, also after one has failed. Every failure is told at once; the first decides how the
/// command ends.
pub(super) fn each<N: Display>(
    names: &[N],
    mut work: impl FnMut(&N) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut first = None;
    for name in names {
        match work(name) {
            Ok(()) => {}
            // A single failure needs no name in front: its message has it.
            Err(error) if names.len() == 1 => return Err(error),
            Err(error) => {
                note(&format!("error: {name}: {error}"));
                first.get_or_insert(error.code());
            }
        }
    }
    first.map_or(Ok(()), |code| Err(CliError::Told(code)))
}

/// Everything that `page` gives, which takes the last name of the page before.
pub(super) fn all<T, E>(
    mut page: impl FnMut(&str) -> Result<Vec<T>, E>,
    name: impl Fn(&T) -> &str,
) -> Result<Vec<T>, E> {
    let mut all: Vec<T> = Vec::new();
    loop {
        let next = page(all.last().map_or("", &name))?;
        if next.is_empty() {
            return Ok(all);
        }
        all.extend(next);
    }
}

/// A time, or nothing.
pub(super) fn time(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| time.rfc3339().into())
}

/// A user or an organization as commands print it.
pub(super) fn account(account: &Account) -> Value {
    json!({
        "name": account.name,
        "email": account.email,
        "enabled": account.enabled,
        "created_at": account.created_at.rfc3339(),
        "last_accessed_at": time(account.last_accessed_at),
    })
}
