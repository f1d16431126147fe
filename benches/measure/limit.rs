//! How close dockpass comes to a server that only signs and answers.

use super::{Context, Outcome, Rounds, alternate, answer, plan, pull_and_push, share};
use crate::dataset::Shape;
use crate::load::Plan;
use crate::plot::Bar;
use crate::report::{self, Section, count, percent, verdict};
use crate::server::Server;
use crate::{certificate::Certificate, process};

/// The section that the README shows.
pub(super) const TITLE: &str = "Against the limit";

/// Clients at a time: enough to keep every processor busy.
fn connections() -> usize {
    8 * process::processors()
}

pub(super) fn measure(context: &Context) -> Outcome {
    let text = "The reference is a bare server in benches/reference.rs: same HTTP and TLS libraries with the same \
         settings, same bytes in the answer, one ES256 signature, nothing else. dockpass checks a robot's secret, reads \
         one grant from its database, signs, logs and counts. Clients and server share the processors, so the clients' work \
         is part of both; server µs is the processor time of the server alone, for each token.";
    let head = [
        "",
        "reference/s",
        "dockpass/s",
        "share",
        "target",
        "",
        "reference µs",
        "dockpass µs",
        "p50",
        "p99",
        "peak",
    ];
    let mut section = Section::new(TITLE, text, &head);
    let mut bars = Vec::new();
    let cases = [("keep-alive", None, 0.85), ("TLS, new connections", Some(&context.certificate), 0.90)];
    for (name, tls, target) in cases {
        let [reference, dockpass] = case(context, tls);
        let share = share(&dockpass, &reference);
        section.row([
            name.to_owned(),
            report::rate(reference.rate()),
            report::rate(dockpass.rate()),
            percent(share),
            percent(target),
            verdict(share >= target).to_owned(),
            format!("{:.1}", reference.processor_micros()),
            format!("{:.1}", dockpass.processor_micros()),
            report::time(dockpass.quantile(0.5)),
            report::time(dockpass.quantile(0.99)),
            report::memory(dockpass.peak_memory()),
        ]);
        for (who, rounds) in [("limit of the machine", &reference), ("dockpass", &dockpass)] {
            let rate = rounds.rate();
            bars.push(Bar {
                group: format!("tokens/s, {name}"),
                label: who,
                value: rate,
                text: count(rate as u64),
            });
        }
    }
    (section, bars)
}

fn case(context: &Context, tls: Option<&Certificate>) -> [Rounds; 2] {
    let directory = context.installation("small", Shape::SMALL);
    let dockpass = Server::dockpass(&directory, tls);
    let target = dockpass.target();
    let (login, repository) = Shape::SMALL.robot(0);
    let request = pull_and_push(&target, &login, &repository);
    let file = context.directory.path().join("answer");
    std::fs::write(&file, answer(&target, &request)).unwrap();
    let reference = Server::reference(&file, tls);
    let plans = [&reference, &dockpass].map(|server| {
        let plan = plan(server.target(), vec![request.clone()], connections(), context.round(), server.pid());
        Plan { new_connections: tls.is_some(), ..plan }
    });
    alternate(context, ["reference", "dockpass"], &plans)
}
