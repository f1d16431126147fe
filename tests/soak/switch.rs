//! How long it takes until nothing is let in any more.

use super::client::now;
use super::prepare;
use crate::faults::site::Site;
use std::fs;
use std::time::Duration;

#[test]
#[ignore = "takes long; `make soak`"]
fn robots_disallow_takes_effect_and_back_without_a_restart() {
    let site = Site::with("LOG_LEVEL: warn\n");
    let secret = prepare(&site);
    let _server = site.serve(&[]);
    let text = fs::read_to_string(site.path("config.yaml")).unwrap();
    let until = |status: u16| {
        let started = now();
        while site.token("acme+ci", &secret, "repository:acme/app:pull").0 != status {
            assert!(started.elapsed() < Duration::from_secs(30), "{}", site.log());
        }
        started.elapsed()
    };
    let (mut off, mut on) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..10 {
        until(200);
        fs::write(site.path("config.yaml"), format!("{text}ROBOTS_DISALLOW: true\n")).unwrap();
        off = off.max(until(401));
        fs::write(site.path("config.yaml"), &text).unwrap();
        on = on.max(until(200));
    }
    println!("ROBOTS_DISALLOW on within {off:?}, off again within {on:?} (slowest of 10)");
}
