//! How long it takes until nothing is let in any more.

use super::client::{Client, now, request};
use super::{milliseconds, prepare, row, runtime};
use crate::e2e::process::signal;
use crate::faults::site::Site;
use crate::support::number;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Connections that ask all the time.
const ASKING: usize = 20;
/// After this it is said to have no effect.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks all the time until told to stop: when each request was sent, and its status.
async fn ask(port: u16, request: Arc<Vec<u8>>, stop: Arc<AtomicBool>) -> Vec<(Instant, u16)> {
    let mut client = Client::connect(port, 1).await.unwrap();
    let mut answers = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let sent = now();
        let (status, _) = client.ask(&request).await.unwrap();
        answers.push((sent, status));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    answers
}

/// How long after `change` the last request was sent that got another status than `wanted`.
fn effect(site: &Site, secret: &str, wanted: u16, change: impl FnOnce()) -> Duration {
    let request = Arc::new(request("acme+ci", secret));
    let stop = Arc::new(AtomicBool::new(false));
    runtime().block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..ASKING {
            tasks.spawn(ask(site.port, Arc::clone(&request), Arc::clone(&stop)));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let changed = now();
        change();
        let mut client = Client::connect(site.port, 1).await.unwrap();
        while client.ask(&request).await.unwrap().0 != wanted {
            assert!(changed.elapsed() < PATIENCE, "{}", site.log());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Whoever is let in after this would be seen.
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::Relaxed);
        let answers = tasks.join_all().await.concat();
        let late = answers.iter().filter(|(_, status)| *status != wanted).map(|(sent, _)| *sent).max();
        late.map_or(Duration::ZERO, |late| late.saturating_duration_since(changed))
    })
}

/// The slowest effect of so many switches on, and back off; with SIGHUP, or by the file alone.
fn slowest(rounds: u64, hang_up: bool) -> (Duration, Duration) {
    let site = Site::empty();
    let secret = prepare(&site);
    let server = site.serve(&[]);
    let text = fs::read_to_string(site.path("config.yaml")).unwrap();
    let write = |text: &str| {
        fs::write(site.path("config.yaml"), text).unwrap();
        if hang_up {
            signal(server.0.id(), "HUP");
        }
    };
    let (mut on, mut off) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        on = on.max(effect(&site, &secret, 401, || write(&format!("{text}ROBOTS_DISALLOW: true\n"))));
        off = off.max(effect(&site, &secret, 200, || write(&text)));
    }
    (on, off)
}

#[test]
fn robots_disallow_takes_effect_and_back_without_a_restart() {
    slowest(1, false);
    slowest(1, true);
}

#[test]
#[ignore = "takes long; `make soak`"]
fn robots_disallow_takes_effect_within_a_second_under_load() {
    let rounds = number("DOCKPASS_SWITCHES").unwrap_or(10);
    for (how, hang_up) in [("by the file alone", false), ("by the file and SIGHUP", true)] {
        let (on, off) = slowest(rounds, hang_up);
        let told =
            format!("on after {}, off after {}, slowest of {rounds}", milliseconds(on), milliseconds(off));
        let what = format!("ROBOTS_DISALLOW changed {how} under load: last answer of the old kind");
        row(&what, "within 1 s", &told, on.max(off) <= Duration::from_secs(1));
    }
}
