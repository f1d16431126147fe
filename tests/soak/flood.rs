//! Floods of wrong logins beside good ones.

use super::client::{Client, now, request, request_from};
use super::{memory, milliseconds, percentile, prepare, processor_time, row, runtime};
use crate::faults::site::{Server, Site};
use crate::support::number;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that send wrong logins, and those that send good ones.
const BAD: u64 = 200;
const GOOD: u64 = 20;

/// How fast, and for how long.
#[derive(Clone, Copy)]
struct Rates {
    bad: u64,
    good: u64,
    time: Duration,
}

/// What is guessed, and from where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guesses {
    /// Secrets of a robot that exists and of robots that do not, from 200 addresses.
    Spread,
    /// Secrets of the very robot that logs in beside it, from the very address that it logs in from.
    SameAddressAndAccount,
    /// Passwords, each guess from an address of its own, so that none is refused before it is checked.
    Passwords,
}

impl Guesses {
    fn source(self, connection: u64) -> u8 {
        if self == Self::Spread { u8::try_from(2 + connection % 200).unwrap() } else { 1 }
    }

    fn request(self, connection: u64, guess: u64) -> Vec<u8> {
        let secret = format!("{:0>64}", connection * 1_000_000 + guess);
        match self {
            Self::Spread if guess.is_multiple_of(2) => request(&format!("acme+no{guess}"), &secret),
            Self::Spread | Self::SameAddressAndAccount => request("acme+ci", &secret),
            Self::Passwords => {
                let [_, one, two, three] =
                    u32::try_from((connection << 16) | (guess % (1 << 16))).unwrap().to_be_bytes();
                let user =
                    if guess.is_multiple_of(2) { "alice".to_owned() } else { format!("nobody{guess}") };
                request_from(&user, &secret, &format!("X-Forwarded-For: 10.{one}.{two}.{three}\r\n"))
            }
        }
    }
}

/// Asks at a steady rate until told to stop; the times of all answers.
fn good(port: u16, request: Vec<u8>, rate: u64, stop: &Arc<AtomicBool>) -> Vec<Duration> {
    // A runtime of their own on a thread of its own: the work of sending the flood is not to be part of these times.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let pause = pace(GOOD, rate);
    let request = Arc::new(request);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..GOOD {
            let (request, stop) = (Arc::clone(&request), Arc::clone(stop));
            tasks.spawn(async move {
                let mut times = Vec::new();
                let mut client = Client::connect(port, 1).await.unwrap();
                let mut next = tokio::time::interval(pause);
                while !stop.load(Ordering::Relaxed) {
                    next.tick().await;
                    let (status, time) = client.ask(&request).await.unwrap();
                    assert_eq!(status, 200, "a good login is never refused for others' sake");
                    times.push(time);
                }
                times
            });
        }
        tasks.join_all().await.concat()
    })
}

/// How often each of so many connections sends for all of them to reach a rate.
fn pace(connections: u64, rate: u64) -> Duration {
    Duration::from_secs(connections) / u32::try_from(rate).unwrap()
}

/// Guesses at a steady rate until told to stop; how often each status came.
async fn bad(port: u16, guesses: Guesses, rate: u64, stop: Arc<AtomicBool>) -> BTreeMap<u16, u64> {
    let mut tasks = JoinSet::new();
    for connection in 0..BAD {
        let stop = Arc::clone(&stop);
        tasks.spawn(async move {
            let mut statuses = BTreeMap::<u16, u64>::new();
            let mut client = Client::connect(port, guesses.source(connection)).await.unwrap();
            let mut next = tokio::time::interval(pace(BAD, rate));
            for guess in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                next.tick().await;
                let (status, _) = client.ask(&guesses.request(connection, guess)).await.unwrap();
                assert!([401, 429, 503].contains(&status), "{status}");
                *statuses.entry(status).or_default() += 1;
            }
            statuses
        });
    }
    let mut all = BTreeMap::<u16, u64>::new();
    for (status, count) in tasks.join_all().await.into_iter().flatten() {
        *all.entry(status).or_default() += count;
    }
    all
}

/// What a flood came to.
struct Outcome {
    times: Vec<Duration>,
    statuses: BTreeMap<u16, u64>,
    seconds: f64,
    used: Duration,
}

impl Outcome {
    fn guesses(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// For people.
    fn told(&mut self) -> String {
        format!(
            "{:.0} wrong/s (answered {:?}), {:.0} good/s, none refused; good p50 {} p99 {}, slowest {}; server used {:.0} % of a \
             processor",
            per_second(self.guesses(), self.seconds),
            self.statuses,
            per_second(self.times.len() as u64, self.seconds),
            milliseconds(percentile(&mut self.times, 50)),
            milliseconds(percentile(&mut self.times, 99)),
            milliseconds(percentile(&mut self.times, 100)),
            100.0 * self.used.as_secs_f64() / self.seconds,
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// Runs both kinds of clients beside each other. `beside` runs meanwhile, until it ends or the time is over.
fn flood(
    site: &Site,
    server: &Server,
    secret: &str,
    guesses: Guesses,
    rates: Rates,
    beside: impl Future<Output = ()>,
) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    let (used, started) = (processor_time(server), now());
    let (port, request) = (site.port, request("acme+ci", secret));
    let asking = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || good(port, request, rates.good, &stop))
    };
    let statuses = runtime().block_on(async {
        let guessing = tokio::spawn(bad(port, guesses, rates.bad, Arc::clone(&stop)));
        let _ = tokio::time::timeout(rates.time, async {
            beside.await;
            std::future::pending::<()>().await;
        })
        .await;
        stop.store(true, Ordering::Relaxed);
        guessing.await.unwrap()
    });
    let times = asking.join().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    Outcome { times, statuses, seconds, used: processor_time(server).saturating_sub(used) }
}

/// Passwords of users who log in while others guess: each of some who have logged in before, each for the first time.
async fn users(
    port: u16,
    passwords: &[String],
    times: &Mutex<Vec<Duration>>,
    first: &Mutex<BTreeMap<u16, u64>>,
) {
    let mut client = Client::connect(port, 1).await.unwrap();
    // Has logged in before the flood.
    let known = request_from("user0", &passwords[0], "X-Forwarded-For: 192.0.2.1\r\n");
    for number in (1..passwords.len()).cycle() {
        let (status, time) = client.ask(&known).await.unwrap();
        assert_eq!(status, 200, "a known password is never refused for others' sake");
        times.lock().unwrap().push(time);
        if first.lock().unwrap().values().sum::<u64>() < passwords.len() as u64 - 1 {
            let from = format!("X-Forwarded-For: 192.0.2.{}\r\n", number + 1);
            let request = request_from(&format!("user{number}"), &passwords[number], &from);
            let (status, _) = client.ask(&request).await.unwrap();
            *first.lock().unwrap().entry(status).or_default() += 1;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What was sent, what came of it, and the 99th percentile of the good ones.
type Figures = Vec<(&'static str, String, Duration)>;

fn long() -> Rates {
    let seconds = number("DOCKPASS_SOAK_SECONDS").unwrap_or(15);
    Rates { bad: 10_000, good: 1_000, time: Duration::from_secs(seconds) }
}

fn short() -> Rates {
    Rates { bad: 500, good: 100, time: Duration::from_secs(2) }
}

fn with_passwords() -> (Site, String, Vec<String>) {
    let site = Site::with("TRUSTED_PROXIES: [127.0.0.0/8]\n");
    let secret = prepare(&site);
    site.ok(&["user", "create", "alice", "--generate-password"]);
    let create = |number: u64| site.ok(&["user", "create", &format!("user{number}"), "--generate-password"]);
    let passwords = (0..11).map(create).collect();
    (site, secret, passwords)
}

fn secrets(rates: Rates) -> Figures {
    let site = Site::with("");
    let secret = prepare(&site);
    let server = site.serve(&[]);
    let mut figures = Vec::new();
    for (what, guesses) in [
        ("wrong robot secrets from 200 addresses", Guesses::Spread),
        ("wrong secrets for the same robot from the same address", Guesses::SameAddressAndAccount),
    ] {
        let mut outcome = flood(&site, &server, &secret, guesses, rates, std::future::ready(()));
        let told = outcome.told();
        figures.push((what, told, percentile(&mut outcome.times, 99)));
        assert!(outcome.guesses() > 0);
    }
    figures
}

/// The figures, and the memory in KiB that the server took beyond that at rest.
fn passwords(rates: Rates) -> (Figures, u64) {
    let (site, secret, passwords) = with_passwords();
    let server = site.serve(&[]);
    let port = site.port;
    runtime().block_on(async {
        let mut client = Client::connect(port, 1).await.unwrap();
        let known = request_from("user0", &passwords[0], "X-Forwarded-For: 192.0.2.1\r\n");
        assert_eq!(client.ask(&known).await.unwrap().0, 200);
    });
    let before = memory(&server, "VmRSS");
    let (times, first) = (Mutex::default(), Mutex::default());
    let beside = users(port, &passwords, &times, &first);
    let mut outcome = flood(&site, &server, &secret, Guesses::Passwords, rates, beside);
    let mut times = times.into_inner().unwrap();
    let told = format!(
        "{}; {} logins with a known password, none refused, p99 {}; first logins: {:?}",
        outcome.told(),
        times.len(),
        milliseconds(percentile(&mut times, 99)),
        first.into_inner().unwrap()
    );
    let what = "wrong passwords, each from another address";
    let p99 = percentile(&mut outcome.times, 99);
    (vec![(what, told, p99)], memory(&server, "VmHWM").saturating_sub(before))
}

#[test]
fn no_good_login_is_refused_while_others_guess() {
    secrets(short());
    passwords(short());
}

#[test]
#[ignore = "takes long; `make soak`"]
fn wrong_logins_at_ten_thousand_a_second_leave_good_ones_alone() {
    let (passwords, memory) = passwords(long());
    for (what, told, p99) in secrets(long()).into_iter().chain(passwords) {
        let what = format!("10,000 {what} a second beside 1,000 right ones");
        row(&what, "good p99 below 100 ms, none refused", &told, p99 < Duration::from_millis(100));
    }
    let told = format!("{} MiB more than at rest, at most", memory / 1024);
    row(
        "memory during the flood of passwords",
        "at most 64 MiB more: 19 MiB for each argon2 thread",
        &told,
        memory <= 64 * 1024,
    );
}
