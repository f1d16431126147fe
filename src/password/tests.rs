use super::*;
use crate::system::SystemRandom;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use proptest::prelude::*;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use tokio::sync::oneshot;

fn hasher(settings: Settings) -> Hasher {
    Hasher::new(settings, Arc::new(SystemRandom::default())).unwrap()
}

fn quick() -> Settings {
    Settings { threads: 2, password: Cost::TEST, secret: Cost::TEST, ..Settings::default() }
}

#[test]
fn what_was_hashed_verifies_and_nothing_else_does() {
    let hasher = hasher(Settings::default());
    for hash in [hasher.hash_blocking("correct horse"), hasher.hash_secret_blocking("correct horse")] {
        let hash = hash.unwrap();
        assert_eq!(hasher.verify_blocking("correct horse", &hash), Ok(true));
        assert_eq!(hasher.verify_blocking("correct horsf", &hash), Ok(false));
        // As the argon2 crate itself sees it.
        let parsed = PasswordHash::new(&hash).unwrap();
        argon2::Argon2::default().verify_password(b"correct horse", &parsed).unwrap();
    }
    assert_eq!(hasher.verify_blocking("correct horse", hasher.dummy()), Ok(false));
}

#[test]
fn hashes_say_their_cost_and_have_a_salt_of_their_own() {
    let hasher = hasher(Settings::default());
    let (password, secret) = (hasher.hash_blocking("x").unwrap(), hasher.hash_secret_blocking("x").unwrap());
    assert!(password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{password}");
    assert!(secret.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{secret}");
    assert_ne!(secret, hasher.hash_secret_blocking("x").unwrap());
    let cost = |phc: &str| phc.rsplitn(3, '$').last().unwrap().to_owned();
    assert_eq!(cost(hasher.dummy()), cost(&password), "an unknown user costs what a known one does");
}

#[test]
fn hashes_of_other_programs_are_checked() {
    let hasher = hasher(quick());
    // Vectors of the reference implementation; the last one has the old form without a version.
    for phc in [
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
    ] {
        assert_eq!(hasher.verify_blocking("password", phc), Ok(true), "{phc}");
        assert_eq!(hasher.verify_blocking("passwore", phc), Ok(false), "{phc}");
    }
}

#[test]
fn stored_costs_beyond_the_bounds_are_refused_before_any_work() {
    let hasher = hasher(quick());
    let good = hasher.hash_blocking("x").unwrap();
    for (from, to) in [
        ("m=8", "m=65537"),
        ("m=8", "m=4294967295"),
        ("m=8", "m=7"),
        ("t=1", "t=11"),
        ("t=1", "t=0"),
        ("p=1", "p=5"),
        ("p=1", "p=1,keyid=AAAA"),
        ("argon2id", "scrypt"),
        ("v=19", "v=20"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(matches!(hasher.verify_blocking("x", &bad), Err(HashError::Malformed(_))), "{bad}");
    }
    let cut = good.rsplit_once('$').unwrap().0;
    for bad in ["", "$", "x", cut, &format!("{cut}$AAAAAAAA")] {
        assert!(matches!(hasher.verify_blocking("x", bad), Err(HashError::Malformed(_))), "{bad}");
    }
}

#[test]
fn a_larger_stored_hash_is_checked_and_its_memory_given_back() {
    let pool = Pool::new(1, 1, Duration::from_secs(5), 8).unwrap();
    let size = |count: usize| pool.run(move |memory| memory.blocks(count).len()).unwrap();
    assert_eq!(size(4), 4);
    assert_eq!(size(100), 100);
    assert_eq!(size(1), 8);
}

/// For what a thread does just after it has given its answer.
fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        std::thread::yield_now();
    }
}

/// A pool whose one thread is busy until the returned sender is dropped.
fn occupied(queue: usize) -> (Pool, mpsc::Sender<()>) {
    let pool = Pool::new(1, queue, Duration::from_mins(1), 8).unwrap();
    let (release, wait) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let occupy = move |_: &mut pool::Memory| {
        started.send(()).unwrap();
        let _ = wait.recv();
    };
    let answer = pool.submit(occupy, Turn::First);
    running.recv().unwrap();
    // The work runs already, so nobody has to wait for it.
    drop(answer);
    (pool, release)
}

#[test]
fn a_full_queue_answers_at_once() {
    let (pool, release) = occupied(2);
    let waiting = [pool.submit(|_| 1, Turn::First).unwrap(), pool.submit(|_| 2, Turn::First).unwrap()];
    assert!(pool.submit(|_| 3, Turn::First).is_err());
    assert_eq!(pool.run(|_| 3), None);
    assert_eq!((pool.waiting(), pool.busy()), (2, 1));
    drop(release);
    assert_eq!(waiting.map(|answer| answer.blocking_recv().unwrap()), [1, 2]);
    assert_eq!(pool.run(|_| 3), Some(3));
}

/// Queues a check from a network that notes its name when it runs.
fn queue(
    pool: &Pool,
    turn: Turn,
    name: &'static str,
    log: &mpsc::Sender<&'static str>,
) -> Option<oneshot::Receiver<()>> {
    let log = log.clone();
    pool.submit(move |_: &mut pool::Memory| log.send(name).unwrap(), turn).ok()
}

fn from(last: u8) -> Turn {
    Turn::InLine(Some(std::net::IpAddr::from([192, 0, 2, last]).into()))
}

#[test]
fn whoever_is_known_does_not_wait_for_guesses_and_guesses_get_their_turn_too() {
    let (pool, release) = occupied(8);
    let (log, done) = mpsc::channel();
    let mut answers = vec![queue(&pool, from(1), "guess", &log), queue(&pool, from(1), "guess", &log)];
    answers.extend((0..5).map(|_| queue(&pool, Turn::First, "known", &log)));
    assert_eq!(pool.waiting(), 7);
    drop(release);
    for answer in answers.into_iter().flatten() {
        answer.blocking_recv().unwrap();
    }
    drop(log);
    // The work that occupied the pool was the first of four.
    let order: Vec<_> = done.iter().collect();
    assert_eq!(order, ["known", "known", "guess", "known", "known", "known", "guess"]);
}

#[test]
fn a_line_full_of_one_networks_guesses_has_room_for_another_network() {
    let (pool, release) = occupied(4);
    let (log, done) = mpsc::channel();
    let flood: Vec<_> = (0..9).filter_map(|_| queue(&pool, from(1), "flood", &log)).collect();
    assert_eq!(flood.len(), 4);
    let others = [queue(&pool, from(2), "two", &log), queue(&pool, from(3), "three", &log)];
    let others = others.map(Option::unwrap);
    assert!(queue(&pool, from(1), "flood", &log).is_none());
    assert!(queue(&pool, from(2), "two", &log).is_none(), "its share of four places is used up");
    drop(release);
    for answer in others {
        answer.blocking_recv().unwrap();
    }
    let given_up = flood.into_iter().map(oneshot::Receiver::blocking_recv).filter(Result::is_err).count();
    assert_eq!(given_up, 2, "their clients are told to come back");
    drop(log);
    assert_eq!(done.iter().collect::<Vec<_>>(), ["flood", "flood", "two", "three"]);
}

#[test]
fn abandoned_work_is_not_done_and_frees_its_place() {
    let (pool, release) = occupied(1);
    let (done, results) = mpsc::channel();
    let first = done.clone();
    let answer = pool.submit(move |_| first.send("abandoned").unwrap(), Turn::First).unwrap();
    drop(answer);
    let answer = pool.submit(move |_| done.send("wanted").unwrap(), Turn::First).unwrap();
    drop(release);
    answer.blocking_recv().unwrap();
    assert_eq!(results.iter().collect::<Vec<_>>(), ["wanted"]);
}

#[test]
fn work_that_waited_past_the_deadline_is_given_up() {
    let pool = Pool::new(1, 1, Duration::ZERO, 8).unwrap();
    assert!(pool.submit(|_| 1, Turn::First).unwrap().blocking_recv().is_err());
    assert_eq!(pool.run(|_| 1), None);
}

#[test]
fn a_panic_ends_one_hash_and_no_thread() {
    let pool = Pool::new(1, 4, Duration::from_mins(1), 8).unwrap();
    for _ in 0..3 {
        assert_eq!(pool.run(|_| -> u8 { panic!("on purpose") }), None);
        assert_eq!(pool.run(|_| 1), Some(1));
    }
    until(|| pool.busy() == 0);
}

#[test]
fn dropping_the_pool_answers_everybody_who_waits() {
    let (pool, release) = occupied(4);
    let answer = pool.submit(|_| 1, Turn::First).unwrap();
    let dropping = std::thread::spawn(move || drop(pool));
    assert!(answer.blocking_recv().is_err());
    drop(release);
    dropping.join().unwrap();
}

#[test]
fn many_callers_of_both_kinds_are_all_answered() {
    let hasher = hasher(Settings { queue: 1_000, ..quick() });
    let hash = hasher.hash_blocking("right").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(hasher.verify_blocking("right", &hash), Ok(true));
                }
            });
        }
        runtime.block_on(async {
            for _ in 0..20 {
                let (right, wrong) = tokio::join!(
                    hasher.verify("right", &hash, Turn::First),
                    hasher.verify("wrong", &hash, Turn::First)
                );
                assert_eq!((right, wrong), (Ok(true), Ok(false)));
            }
            assert_eq!(
                hasher.verify("again", &hasher.hash("again").await.unwrap(), Turn::First).await,
                Ok(true)
            );
        });
    });
    until(|| (hasher.waiting(), hasher.busy()) == (0, 0));
}

#[test]
fn a_future_that_is_dropped_leaves_no_work() {
    let hasher = hasher(Settings { threads: 1, queue: 1, ..quick() });
    let hash = hasher.hash_blocking("x").unwrap();
    for _ in 0..100 {
        let mut future = pin!(hasher.verify("x", &hash, Turn::First));
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    // Were a place lost each time, there would be none left.
    until(|| hasher.verify_blocking("x", &hash) == Ok(true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_text_can_be_a_password(password in ".{0,40}", other in ".{0,40}") {
        let hasher = hasher(quick());
        let hash = hasher.hash_blocking(&password).unwrap();
        prop_assert_eq!(hasher.verify_blocking(&password, &hash), Ok(true));
        prop_assert_eq!(hasher.verify_blocking(&other, &hash), Ok(password == other));
    }

    #[test]
    fn no_stored_text_makes_the_check_panic(phc in "\\$?argon2(id|i|d)?\\$v=19\\$m=[0-9]{1,11},t=[0-9]{1,2},p=[0-9]\\$[A-Za-z0-9+/]{0,30}\\$[A-Za-z0-9+/]{0,50}|.{0,60}") {
        if let Ok(parsed) = Phc::parse(&phc) {
            let pool = Pool::new(1, 1, Duration::from_mins(1), 8).unwrap();
            prop_assert!(pool.run(move |memory| parsed.matches("x", memory)).is_some());
        }
    }
}
