//! A flood of wrong logins beside good ones.

use super::client::{Client, now, request};
use super::{memory, percentile, prepare, processor_time, runtime};
use crate::faults::site::Site;
use crate::support::number;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Connections that send wrong logins, and those that send good ones.
const BAD: u64 = 200;
const GOOD: u64 = 20;

/// Asks with the secret of a robot that exists every `pause` until told to stop.
async fn good(
    port: u16,
    request: Arc<Vec<u8>>,
    pause: Duration,
    stop: Arc<AtomicBool>,
    times: Arc<Mutex<Vec<Duration>>>,
) {
    let mut client = Client::connect(port, 1).await.unwrap();
    let mut next = tokio::time::interval(pause);
    while !stop.load(Ordering::Relaxed) {
        next.tick().await;
        let (status, time) = client.ask(&request).await.unwrap();
        assert_eq!(status, 200, "a good login is never refused for others' sake");
        times.lock().unwrap().push(time);
    }
}

/// Guesses, each another secret, from many addresses.
async fn bad(port: u16, number: u64, pause: Duration, stop: Arc<AtomicBool>, count: Arc<AtomicU64>) {
    let source = u8::try_from(2 + number % 200).unwrap();
    let mut client = Client::connect(port, source).await.unwrap();
    let mut next = tokio::time::interval(pause);
    for guess in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        next.tick().await;
        let user = if guess.is_multiple_of(2) { "acme+ci".to_owned() } else { format!("acme+no{guess}") };
        let secret = format!("{:0>64}", number * 1_000_000 + guess);
        let (status, _) = client.ask(&request(&user, &secret)).await.unwrap();
        assert!([401, 429].contains(&status), "{status}");
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn run(label: &str, bad_rate: u64, good_rate: u64) {
    let site = Site::with("LOG_LEVEL: warn\n");
    let secret = prepare(&site);
    let server = site.serve(&[]);
    let seconds = number("DOCKPASS_SOAK_SECONDS").unwrap_or(10);
    let (times, count) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let (used, started) = (processor_time(&server), now());
    runtime().block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        let request = Arc::new(request("acme+ci", &secret));
        let pace = |connections: u64, rate: u64| {
            Duration::from_secs(connections) / u32::try_from(rate.max(1)).unwrap()
        };
        for _ in 0..if good_rate == 0 { 0 } else { GOOD } {
            tasks.spawn(good(site.port, request.clone(), pace(GOOD, good_rate), stop.clone(), times.clone()));
        }
        for number in 0..if bad_rate == 0 { 0 } else { BAD } {
            tasks.spawn(bad(site.port, number, pace(BAD, bad_rate), stop.clone(), count.clone()));
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        stop.store(true, Ordering::Relaxed);
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    let elapsed = started.elapsed().as_secs_f64();
    let used = processor_time(&server).saturating_sub(used);
    let mut times = times.lock().unwrap();
    let count = count.load(Ordering::Relaxed);
    let answered = u32::try_from(count + times.len() as u64).unwrap().max(1);
    println!(
        "{label}: {:.0} wrong and {:.0} good logins/s; good p50 {:?} p99 {:?}; {:?} of processor time for a login; \
         {} MiB at most",
        f64::from(u32::try_from(count).unwrap()) / elapsed,
        f64::from(u32::try_from(times.len()).unwrap()) / elapsed,
        percentile(&mut times, 50),
        percentile(&mut times, 99),
        used / answered,
        memory(&server, "VmHWM") / 1024,
    );
}

#[test]
#[ignore = "takes long; `make soak`"]
fn wrong_logins_at_ten_thousand_a_second_leave_good_ones_alone() {
    run("good alone", 0, 1_000);
    run("wrong alone", 10_000, 0);
    run("both", 10_000, 1_000);
}
