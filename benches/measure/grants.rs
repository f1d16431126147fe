//! The same request by robots with few and with many grants, and requests for many repositories.

use super::{Context, Outcome, SERVICE, alternate, plan};
use crate::dataset::{self, Shape};
use crate::process;
use crate::report::{self, Section, count, time};
use crate::request;
use crate::server::Server;

/// The grants of the robot that has many.
const MANY: usize = 100_000;

pub(super) fn measure(context: &Context) -> Outcome {
    let text = "One keep-alive server, robots of one organization. Each further scope costs one indexed read, one MAC and \
         some 120 bytes of token.";
    let head = ["robot has grants", "scopes asked", "tokens/s", "server µs", "p50", "p99"];
    let mut section = Section::new("Flat with grants", text, &head);
    let directory = context.installation("wide", Shape { wide: MANY, ..Shape::SMALL });
    let server = Server::dockpass(&directory, None);
    let cases = [("one", 1, 1), ("all", MANY, 1), ("all", MANY, 10), ("all", MANY, 32)];
    let target = server.target();
    let plans = cases.map(|(robot, _, scopes)| {
        // One repository for the robot that has one; else spread over all.
        let scope = |number: usize| {
            let repository = dataset::application(number * (MANY / 32));
            format!("repository:wide/{repository}:pull,push")
        };
        let scopes: Vec<String> = (0..scopes).map(scope).collect();
        let request = request::token(&target, SERVICE, Some(&dataset::wide(robot)), &scopes);
        plan(target.clone(), vec![request], 2 * process::processors(), context.round(), server.pid())
    });
    let names = cases.map(|(robot, ..)| robot);
    for ((_, grants, scopes), rounds) in cases.into_iter().zip(alternate(context, names, &plans)) {
        let latencies = rounds.latencies();
        section.row([
            count(grants),
            scopes.to_string(),
            report::rate(rounds.rate()),
            format!("{:.1}", rounds.processor_micros()),
            time(latencies.quantile(0.5)),
            time(latencies.quantile(0.99)),
        ]);
    }
    (section, Vec::new())
}
