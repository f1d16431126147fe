//! Every fuzz target of `fuzz/`, on stable Rust: the corpus as it stands, then mutations of it.
//!
//! `cargo test` does a fixed number of mutations from a fixed seed, so that it finds the same on every machine. A long run
//! takes `DOCKPASS_FUZZ_SECONDS` for each target and `DOCKPASS_FUZZ_SEED` (otherwise a fresh one, which it prints).

mod mutator;
#[path = "../fuzz/targets.rs"]
mod targets;

use crate::support::number;
use mutator::Mutator;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

/// Mutations of each target in a plain `cargo test`.
const SHORT: u64 = 4_000;
const SEED: u64 = 0x0d0c_4a55;

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} is empty", directory.display());
    corpus
}

/// Runs one input; a panic ends the test with the input as a byte string that can be pasted into a corpus file.
fn run(target: &Target, seed: u64, input: &[u8]) {
    let panicked = catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err();
    assert!(!panicked, "target {} with seed {seed} panics on b\"{}\"", target.name, input.escape_ascii());
}

#[expect(clippy::disallowed_methods, reason = "a long run is bounded by the time of the machine it runs on")]
fn fuzz(target: &Target) {
    let corpus = corpus(target);
    let seconds = number("DOCKPASS_FUZZ_SECONDS");
    let seed = number("DOCKPASS_FUZZ_SEED").unwrap_or_else(|| seconds.map_or(SEED, |_| rand_seed()));
    for input in &corpus {
        run(target, seed, input);
    }
    let mut mutator = Mutator::new(seed, target.words);
    let started = Instant::now();
    let (mut runs, mut slowest) = (0_u64, Duration::ZERO);
    loop {
        let enough = match seconds {
            Some(seconds) => started.elapsed() >= Duration::from_secs(seconds),
            None => runs >= SHORT / target.cost,
        };
        if enough {
            break;
        }
        let input = mutator.input(&corpus);
        let before = Instant::now();
        run(target, seed, &input);
        slowest = slowest.max(before.elapsed());
        runs += 1;
    }
    println!("{}: {runs} inputs, seed {seed}, slowest {slowest:?}", target.name);
}

fn rand_seed() -> u64 {
    use dockpass::domain::random::Random;
    let mut bytes = [0; 8];
    dockpass::system::SystemRandom::default().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[test]
fn no_mutation_of_a_corpus_breaks_what_must_hold() {
    let only = std::env::var_os("DOCKPASS_FUZZ_TARGET");
    for target in TARGETS.iter().filter(|target| only.as_ref().is_none_or(|only| only == target.name)) {
        fuzz(target);
    }
}

#[test]
fn every_target_has_a_corpus_and_nothing_else_has() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let names: Vec<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let mut directories: Vec<_> = fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    directories.sort();
    assert_eq!(directories, names);
}
