//! The first login of a robot after a restart against the second.

use super::{Context, Outcome, SERVICE, shared};
use crate::dataset::Shape;
use crate::load::{self, Bound, Measured, Plan};
use crate::report::{self, Section, count, median, time};
use crate::request;
use crate::server::Server;
use bytes::Bytes;
use std::path::Path;
use std::time::Duration;

const SHAPE: Shape = Shape { robots: 10_000, repositories: 1000, grants: 100_000, wide: 0 };

pub(super) fn measure(context: &Context) -> Outcome {
    let text = "Right after a restart each of 10,000 robots logs in once, over TLS, each on a new connection without a \
         session to resume, 32 at a time; then all of them again. Then, after further restarts, one robot alone, twice, and \
         another one after it (medians of several restarts). A login is a token request without a scope, which is also \
         written to the audit trail.";
    let mut section =
        Section::new("No cold start", text, &["", "logins", "failed", "seconds", "p50", "p99", "longest"]);
    let directory = context.installation("logins", SHAPE);
    let server = Server::dockpass(&directory, Some(&context.certificate));
    for what in ["10,000 robots, first", "10,000 robots, second"] {
        let measured = load::run(&plan(&server, 0..SHAPE.robots, 32));
        section.row(row(what, &measured));
    }
    drop(server);
    let restarts = if context.quick { 3 } else { 9 };
    let alone = alone(context, &directory, restarts);
    for (name, latency) in
        ["one robot, first", "one robot, second", "another robot, first"].into_iter().zip(alone)
    {
        let middle = Duration::from_secs_f64(median(latency));
        let blank = String::new;
        section.row([
            name.to_owned(),
            count(restarts),
            "0".to_owned(),
            blank(),
            time(middle),
            blank(),
            blank(),
        ]);
    }
    (section, Vec::new())
}

fn row(what: &str, measured: &Measured) -> [String; 7] {
    let latencies = &measured.latencies;
    [
        what.to_owned(),
        count(latencies.count()),
        count(measured.errors),
        format!("{:.2}", measured.elapsed.as_secs_f64()),
        time(latencies.quantile(0.5)),
        time(latencies.quantile(0.99)),
        report::time(latencies.longest()),
    ]
}

fn alone(context: &Context, directory: &Path, restarts: usize) -> [Vec<f64>; 3] {
    let mut latencies: [Vec<f64>; 3] = Default::default();
    for restart in 0..restarts {
        let server = Server::dockpass(directory, Some(&context.certificate));
        let (one, other) = (2 * restart, 2 * restart + 1);
        for (robot, latencies) in [one, one, other].into_iter().zip(&mut latencies) {
            let measured = load::run(&plan(&server, robot..robot + 1, 1)).all_right("a login");
            latencies.push(measured.latencies.longest().as_secs_f64());
        }
    }
    latencies
}

fn plan(server: &Server, robots: std::ops::Range<usize>, connections: usize) -> Plan {
    let target = server.target();
    let requests: Vec<Bytes> =
        robots.map(|robot| request::token(&target, SERVICE, Some(&SHAPE.robot(robot).0), &[])).collect();
    Plan {
        bound: Bound::Requests(requests.len()),
        requests: shared(requests),
        target,
        sent: std::sync::Arc::default(),
        connections,
        new_connections: true,
        pid: Some(server.pid()),
    }
}
