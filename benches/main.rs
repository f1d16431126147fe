//! Benchmarks: how close dockpass comes to the limit of the machine, and what changes with size.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a benchmark that cannot go on should stop, and measures real time"
)]

mod installation;

use std::time::Instant;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let app = installation::open(directory.path());
    let secret = installation::small(&app);
    let count: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(200_000);
    for scopes in [0, 1, 10] {
        let started = Instant::now();
        runtime.block_on(async {
            for _ in 0..count {
                let issued =
                    dockpass::service::issue::issue(&app, installation::request(&app, &secret, scopes)).await;
                assert!(issued.is_ok());
            }
        });
        let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(count);
        println!("{scopes} scopes: {micros:.2} us/token");
    }
}
