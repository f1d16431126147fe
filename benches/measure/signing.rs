//! What the processor can sign at all.

use super::{Context, Outcome};
use crate::report::{self, Section};
use crate::{process, reference};
use aws_lc_rs::rand::SystemRandom;
use std::time::{Duration, Instant};

pub(super) fn measure(context: &Context) -> Outcome {
    let text = "ES256 signatures over a message of a token's size, key parsed once, nothing else.";
    let mut section = Section::new("Bare signing rate", text, &["threads", "signatures/s", "µs each"]);
    let time = Duration::from_millis(if context.quick { 500 } else { 2000 });
    for threads in [1, process::processors()] {
        let rate = rate(threads, time);
        let micros = threads as f64 * 1e6 / rate;
        section.row([threads.to_string(), report::rate(rate), format!("{micros:.1}")]);
    }
    (section, Vec::new())
}

fn rate(threads: usize, time: Duration) -> f64 {
    let (key, random, message) = (reference::key(), SystemRandom::new(), vec![b'a'; 1200]);
    let count = || {
        let started = Instant::now();
        let mut count = 0.0;
        while started.elapsed() < time {
            for _ in 0..64 {
                reference::sign(&key, &random, &message);
            }
            count += 64.0;
        }
        count / started.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
