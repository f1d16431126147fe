//! Thousands of connections that do nothing, and thousands that do it slowly.

use super::client::{Client, request};
use super::{memory, percentile, prepare, runtime};
use crate::faults::site::Site;
use crate::support::number;
use std::time::Duration;

#[test]
#[ignore = "takes long; `make soak`"]
fn idle_and_slow_clients_leave_the_others_alone() {
    let site = Site::with("LOG_LEVEL: warn\n");
    let secret = prepare(&site);
    let server = site.serve(&[]);
    let before = memory(&server, "VmRSS");
    let idle = number("DOCKPASS_IDLE").unwrap_or(10_000);
    let slow = number("DOCKPASS_SLOW").unwrap_or(5_000);
    runtime().block_on(async {
        let source = |number: u64| u8::try_from(2 + number % 8).unwrap();
        // Each has asked once, as a client that keeps its connection for later.
        let mut kept = Vec::new();
        for number in 0..idle {
            let mut client = Client::connect(site.port, source(number)).await.unwrap();
            if number % 100 == 0 {
                assert_eq!(client.ask(&request("acme+ci", &secret)).await.unwrap().0, 200);
            }
            kept.push(client);
        }
        let with_idle = memory(&server, "VmRSS");
        let mut slowly = tokio::task::JoinSet::new();
        for number in 0..slow {
            let head = request("acme+ci", &secret);
            let (port, source) = (site.port, source(number));
            slowly.spawn(async move {
                // A byte now and then, until the server has had enough, and then again.
                for _ in 0..6 {
                    let Ok(mut client) = Client::connect(port, source).await else { continue };
                    for byte in &head {
                        if client.send(std::slice::from_ref(byte)).await.is_err() {
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(300)).await;
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut times = Vec::new();
        let mut client = Client::connect(site.port, 1).await.unwrap();
        let good = request("acme+ci", &secret);
        for _ in 0..2_000 {
            let (status, time) = client.ask(&good).await.unwrap();
            assert_eq!(status, 200);
            times.push(time);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut fresh = Vec::new();
        for _ in 0..200 {
            let started = super::client::now();
            let mut client = Client::connect(site.port, 1).await.unwrap();
            let (status, _) = client.ask(b"GET /health/instance HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            assert_eq!(status, 200, "health still answers");
            fresh.push(started.elapsed());
        }
        println!(
            "{idle} idle and {slow} slow connections: others p50 {:?} p99 {:?}; new connection and health p99 {:?}; \
             {} MiB before, {} MiB with the idle ones, {} MiB at most",
            percentile(&mut times, 50),
            percentile(&mut times, 99),
            percentile(&mut fresh, 99),
            before / 1024,
            with_idle / 1024,
            memory(&server, "VmHWM") / 1024,
        );
        slowly.abort_all();
        drop(kept);
    });
}
