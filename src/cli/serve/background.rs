//! What goes on beside the requests: looking at files that change, writing down logins, forgetting what has had its time.

use crate::config::{self, ConfigError};
use crate::domain::time::Timestamp;
use crate::http::tls::{CertificateReloader, RELOAD_EVERY};
use crate::keys;
use crate::service::App;
use crate::service::ledger::Ledger;
use crate::service::prune::{self, Pruned};
use crate::telemetry::{KeyKind, Metrics};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

const KEYS_EVERY: Duration = Duration::from_secs(1);
/// How soon the store notices that another process writes.
const STORE_EVERY: Duration = Duration::from_secs(1);
const LEDGER_EVERY: Duration = Duration::from_secs(10);
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// The tasks, and what SIGHUP reads again.
pub(super) struct Background {
    app: Arc<App>,
    certificate: Option<Arc<CertificateReloader>>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts every task.
    pub(super) fn start(
        app: &Arc<App>,
        metrics: &Arc<Metrics>,
        certificate: Option<Arc<CertificateReloader>>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let [polled, rung, kept, flushed, pruned] = std::array::from_fn(|_| Arc::clone(app));
        tasks.spawn(every(config::POLL_INTERVAL, move || poll_configuration(&polled)));
        tasks.spawn(every(KEYS_EVERY, move || reload_keys(&rung)));
        tasks.spawn(every(STORE_EVERY, move || maintain(&kept)));
        tasks.spawn(every(LEDGER_EVERY, move || flush(&flushed)));
        tasks.spawn(every(PRUNE_EVERY, move || prune(&pruned)));
        let (counted, gauges) = (Arc::clone(app), Arc::clone(metrics));
        tasks.spawn(every(KEYS_EVERY, move || count_hashes(&counted, &gauges)));
        if let Some(certificate) = &certificate {
            tasks.spawn(Arc::clone(certificate).watch(RELOAD_EVERY));
        }
        let (aging, gauges, tls) = (Arc::clone(app), Arc::clone(metrics), certificate.clone());
        tasks.spawn(every(LEDGER_EVERY, move || {
            let (root, signing) = aging.ring.expires();
            let tls = tls.as_ref().map(|certificate| certificate.expires());
            for (kind, end) in [(KeyKind::Root, root), (KeyKind::Signing, signing), (KeyKind::Tls, tls)] {
                if let Some(end) = end {
                    gauges.set_days_left(kind, days_left(end, aging.now()));
                }
            }
        }));
        Self { app: Arc::clone(app), certificate, tasks }
    }

    /// Adds a task that ends with the others.
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Reads everything again that can change while running.
    pub(super) async fn reload(&self) {
        let (app, certificate) = (Arc::clone(&self.app), self.certificate.clone());
        let done = spawn_blocking(move || {
            tracing::info!("reading configuration, keys and certificate again, as SIGHUP asks");
            report(app.live.reload().map(Some));
            reload_keys(&app);
            if let Some(Err(error)) = certificate.map(|certificate| certificate.reload_if_changed()) {
                tracing::error!("keeping the old certificate: {error}");
            }
        });
        if done.await.is_err() {
            tracing::error!("reading again failed");
        }
    }

    /// Ends every task.
    pub(super) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Does `work` at once and then every `period`, on a thread that may block. A panic costs one round.
async fn every(period: Duration, work: impl Fn() + Send + Sync + 'static) {
    let work = Arc::new(work);
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let work = Arc::clone(&work);
        // The panic itself is in the log already.
        let _ = spawn_blocking(move || work()).await;
    }
}

/// Whole days; negative once it is over.
fn days_left(end: Timestamp, now: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the days of ten thousand years are few")]
    let days = end.seconds_since(now).div_euclid(24 * 60 * 60) as f64;
    days
}

fn poll_configuration(app: &App) {
    report(app.live.poll());
}

fn report(outcome: Result<Option<config::Reload>, ConfigError>) {
    match outcome {
        Ok(None) => {}
        Ok(Some(config::Reload { changed, needs_restart })) => {
            if !changed.is_empty() {
                tracing::info!(settings = changed.join(","), "settings changed");
            }
            if !needs_restart.is_empty() {
                let settings = needs_restart.join(",");
                tracing::warn!(settings, "these settings have changed in the file and need a restart");
            }
        }
        Err(error) => {
            for problem in error.problems() {
                tracing::error!("the settings stay as they are: {problem}");
            }
        }
    }
}

fn reload_keys(app: &App) {
    match app.ring.reload(app.now()) {
        keys::Reload::Unchanged | keys::Reload::StillFailing => {}
        keys::Reload::Replaced(id) => tracing::info!(key = id.as_str(), "signing keys were read again"),
        keys::Reload::Failed(error) => tracing::error!("keeping the signing keys in use: {error}"),
    }
}

fn count_hashes(app: &App, metrics: &Metrics) {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    metrics.argon2_waiting.set(count(app.hasher.waiting()));
    metrics.argon2_busy.set(count(app.hasher.busy()));
}

fn maintain(app: &App) {
    if let Err(error) = app.store.maintain() {
        tracing::debug!("the database is not kept ready for reading: {error}");
    }
}

fn flush(app: &App) {
    if let Err(error) = Ledger::flush(app) {
        tracing::error!("logins are not written down yet: {error}");
    }
}

/// Forgets what has had its time.
fn prune(app: &App) {
    match prune::prune(app) {
        Ok(pruned) => {
            for Pruned { kind, count } in pruned {
                tracing::info!(count, "removed {kind}");
            }
        }
        Err(error) => tracing::error!("what has had its time was not removed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_left_are_whole_and_below_zero_once_it_is_over() {
        let (end, day) = (Timestamp(1_795_500_000), 24 * 60 * 60);
        let left = |now: Timestamp| format!("{}", days_left(end, now));
        assert_eq!(left(end.plus(-10 * day)), "10");
        assert_eq!(left(end.plus(-10 * day + 1)), "9");
        assert_eq!(left(end.plus(1)), "-1");
    }
}
