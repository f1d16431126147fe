//! What has had its time is forgotten: old audit events, sessions and tokens that have expired, names that are free again.

use super::App;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Tx};

/// Rows deleted in one transaction: others write in between.
pub const MOST_AT_ONCE: usize = 500;
/// Transactions in one run for one kind of row. What is left then is for the next run.
pub const MOST_STEPS: usize = 2000;

/// Rows of one kind that were deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// What they were, for the log.
    pub kind: &'static str,
    /// How many.
    pub count: usize,
}

/// Deletes up to `limit` rows that ended at or before a time, and tells how many.
type Step = fn(&mut Tx<'_>, Timestamp, usize) -> Result<usize, StoreError>;

/// Forgets what has had its time. The first failure ends the run; the next one begins anew.
pub fn prune(app: &App) -> Result<Vec<Pruned>, StoreError> {
    let now = app.now();
    let before = |kept: std::time::Duration| now.plus(-i64::try_from(kept.as_secs()).unwrap_or(i64::MAX));
    let kept = before(app.config.people.expired_tokens_kept);
    let mut kinds: Vec<(&'static str, Timestamp, Step)> = vec![
        ("expired sessions", now, |tx, at, most| tx.prune_sessions(at, most)),
        ("expired access tokens", kept, |tx, at, most| tx.prune_access_tokens(at, most)),
        ("expired application tokens", kept, |tx, at, most| tx.prune_app_tokens(at, most)),
        ("names that are free again", now, |tx, at, most| tx.prune_retired_names(at, most)),
    ];
    if let Some(retention) = app.config.audit.retention {
        kinds.push(("audit events older than ACTION_LOG_RETENTION", before(retention), |tx, at, most| {
            tx.prune_events(at, most)
        }));
    }
    let mut pruned = Vec::new();
    for (kind, ended, step) in kinds {
        let count = in_small_steps(|| app.store.write("prune", |tx| step(tx, ended, MOST_AT_ONCE)))?;
        if count > 0 {
            pruned.push(Pruned { kind, count });
        }
    }
    Ok(pruned)
}

fn in_small_steps(step: impl Fn() -> Result<usize, StoreError>) -> Result<usize, StoreError> {
    let mut total = 0;
    for _ in 0..MOST_STEPS {
        let count = step()?;
        total += count;
        if count < MOST_AT_ONCE {
            break;
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn run(rows: usize) -> (usize, usize) {
        let (left, steps) = (Cell::new(rows), Cell::new(0));
        let total = in_small_steps(|| {
            let count = left.get().min(MOST_AT_ONCE);
            left.set(left.get() - count);
            steps.set(steps.get() + 1);
            Ok(count)
        });
        (total.unwrap(), steps.get())
    }

    #[test]
    fn rows_go_in_small_steps_and_a_run_ends() {
        assert_eq!(run(0), (0, 1));
        assert_eq!(run(499), (499, 1));
        assert_eq!(run(1200), (1200, 3));
        assert_eq!(run(10_000_000), (MOST_AT_ONCE * MOST_STEPS, MOST_STEPS));
    }
}
