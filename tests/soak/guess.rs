//! What a wrong guess costs the server.

use super::client::{Client, bare, request};
use super::{prepare, processor_time, row, runtime};
use crate::faults::site::{Server, Site};
use crate::support::number;
use std::time::Duration;
use tokio::task::JoinSet;

/// Wrong logins are answered late, so it takes many connections to keep the server at work.
const CONNECTIONS: u64 = 200;

/// Makes the request with a number.
type Make = fn(u64) -> Vec<u8>;

/// Processor time of one request of those that `make` makes, all different.
fn cost(site: &Site, server: &Server, status: u16, make: Make) -> Duration {
    let count = number("DOCKPASS_GUESSES").unwrap_or(200_000);
    let each = count / CONNECTIONS;
    let port = site.port;
    let before = processor_time(server);
    runtime().block_on(async {
        let mut tasks = JoinSet::new();
        for connection in 0..CONNECTIONS {
            tasks.spawn(async move {
                let mut client = Client::connect(port, u8::try_from(2 + connection).unwrap()).await.unwrap();
                for number in 0..each {
                    let answered = client.ask(&make(connection * each + number)).await.unwrap().0;
                    assert!(answered == status || (status == 401 && answered == 429), "{answered}");
                }
            });
        }
        tasks.join_all().await;
    });
    processor_time(server).saturating_sub(before) / u32::try_from(each * CONNECTIONS).unwrap()
}

#[test]
#[ignore = "takes long; `make soak`"]
fn a_wrong_guess_costs_microseconds() {
    let site = Site::with("");
    prepare(&site);
    let server = site.serve(&[]);
    let _ = cost(&site, &server, 200, |_| bare("/_internal_ping"));
    let bare_request = cost(&site, &server, 200, |_| bare("/_internal_ping"));
    let kinds: [(&str, Make); 3] = [
        ("wrong secret of a robot", |number| request("acme+ci", &format!("{number:0>64}"))),
        ("unknown robot", |number| request(&format!("acme+no{number}"), &format!("{number:0>64}"))),
        ("not a secret at all", |number| request("acme+ci", &format!("guess-{number}"))),
    ];
    for (what, make) in kinds {
        let guess = cost(&site, &server, 401, make);
        let beyond = guess.saturating_sub(bare_request);
        let told = format!(
            "{:.1} us: {:.1} us in all, {:.1} us for a request that does nothing",
            micros(beyond),
            micros(guess),
            micros(bare_request)
        );
        let met = beyond <= Duration::from_micros(50);
        row(&format!("processor time of a guess beyond HTTP: {what}"), "at most 50 us", &told, met);
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
