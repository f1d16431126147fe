//! Whether the time of a refusal tells why it was refused.

use super::client::{Client, request};
use super::{percentile, prepare, runtime};
use crate::faults::site::Site;
use crate::support::number;
use std::time::Duration;

/// Names that are refused for different reasons, each asked with a secret of the right form.
/// Fifty of each.
const CLASSES: [(&str, &str); 5] = [
    ("wrong secret", "acme+known"),
    ("wrong secret again", "acme+known"),
    ("unknown robot", "acme+nobody"),
    ("unknown organization", "nowhere+known"),
    ("disabled owner", "off+known"),
];

fn make(site: &Site) {
    site.ok(&["org", "create", "off"]);
    for number in 0..50 {
        site.ok(&["robot", "create", &format!("acme+known{number}")]);
        site.ok(&["robot", "create", &format!("off+known{number}")]);
    }
    site.ok(&["org", "disable", "off"]);
}

/// How well one number tells two classes apart: 0.5 is by chance, 1 always.
fn area_under_curve(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = one.iter().map(|time| (*time, false)).collect();
    all.extend(other.iter().map(|time| (*time, true)));
    all.sort_unstable();
    let (mut below, mut wins) = (0.0, 0.0);
    for (_, is_other) in all {
        if is_other { wins += below } else { below += 1.0 }
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let area = wins / (one.len() as f64 * other.len() as f64);
    area.max(1.0 - area)
}

#[test]
#[ignore = "takes long; `make soak`"]
fn refusals_take_one_time_whatever_was_wrong() {
    let site = Site::with("LOG_LEVEL: warn\n");
    prepare(&site);
    make(&site);
    let _server = site.serve(&[]);
    let samples = number("DOCKPASS_SAMPLES").unwrap_or(20_000);
    // In turns, over connections of many addresses: what the machine does meanwhile meets every class alike.
    let connections: u64 = 40;
    let times = runtime().block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for connection in 0..connections {
            let requests: Vec<Vec<Vec<u8>>> = (0..samples / connections)
                .map(|round| {
                    let guess = connection * samples + round;
                    let secret = format!("{guess:0>64}");
                    CLASSES
                        .iter()
                        .map(|(_, name)| request(&format!("{name}{}", guess % 50), &secret))
                        .collect()
                })
                .collect();
            let port = site.port;
            tasks.spawn(async move {
                let mut client = Client::connect(port, u8::try_from(2 + connection).unwrap()).await.unwrap();
                let mut times: [Vec<Duration>; 5] = std::array::from_fn(|_| Vec::new());
                for (round, requests) in requests.iter().enumerate() {
                    for place in 0..5 {
                        let class = (place + round) % 5;
                        let (status, time) = client.ask(&requests[class]).await.unwrap();
                        assert!([401, 429].contains(&status), "{status}");
                        times[class].push(time);
                    }
                }
                times
            });
        }
        let mut times: [Vec<Duration>; 5] = std::array::from_fn(|_| Vec::new());
        while let Some(done) = tasks.join_next().await {
            for (all, some) in times.iter_mut().zip(done.unwrap()) {
                all.extend(some);
            }
        }
        times
    });
    let reference = times[0].clone();
    for ((name, _), mut times) in CLASSES.iter().zip(times) {
        let area = area_under_curve(&reference, &times);
        println!(
            "{name}: {} samples, p50 {:?}, AUC against wrong secret {area:.4}",
            times.len(),
            percentile(&mut times, 50)
        );
    }
}
