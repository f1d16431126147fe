//! Changes: how many a second, and what they cost those who only want a token.

use super::{Context, Outcome, plan, pull_and_push};
use crate::dataset::{Shape, application};
use crate::load::{self, Bound};
use crate::report::{self, Section, count, time};
use crate::server::{Server, configuration, dockpass};
use crate::{installation, process};
use dockpass::domain::name::RepositoryName;
use dockpass::domain::permission::Role;
use dockpass::service::actor::Actor;
use dockpass::service::robots::NewRobot;
use dockpass::service::{App, permissions, robot_pages, robots};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SHAPE: Shape = Shape { robots: 1000, repositories: 1000, grants: 10_000, wide: 0 };

pub(super) fn measure(context: &Context) -> Outcome {
    let text = "Every change is on disk, together with its audit event, before it is answered; a robot includes the argon2id \
         hash of its secret. Below: token requests on keep-alive connections, alone and while another process changes \
         permissions one by one without pause.";
    let head = ["", "a second", "p50", "p99"];
    let mut section = Section::new("Writes", text, &head);
    let directory = context.installation("writes", SHAPE);
    let app = installation::open(&directory);
    let seconds = Duration::from_secs(if context.quick { 2 } else { 5 });
    let mut rate = |what: String, rate: f64| {
        section.row([what, report::rate(rate), String::new(), String::new()]);
    };
    let threads = 2 * process::processors();
    rate(format!("robots made, {threads} callers at a time"), robots_by_call(&app, threads, seconds));
    let bulk = if context.quick { 100 } else { 1000 };
    rate(
        format!("robots made by `robot bulk-create`, {} names", count(bulk)),
        robots_in_bulk(&directory, bulk),
    );
    rate("permissions changed one by one".to_owned(), permissions_by_call(&app, seconds));
    rate("permissions changed, 1,000 at once".to_owned(), permissions_in_bulk(&app, seconds));
    drop(app);
    latency(context, &directory, seconds, &mut section);
    (section, Vec::new())
}

fn robots_by_call(app: &App, threads: usize, time: Duration) -> f64 {
    let made = AtomicU64::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while started.elapsed() < time {
                    let short = format!("made{}", made.fetch_add(1, Ordering::Relaxed));
                    robots::create(app, &Actor::operator("bench"), "org00000", &short, &NewRobot::default())
                        .unwrap();
                }
            });
        }
    });
    made.into_inner() as f64 / started.elapsed().as_secs_f64()
}

fn robots_in_bulk(directory: &Path, number: usize) -> f64 {
    let config = directory.join("bulk.yaml");
    std::fs::write(&config, configuration(directory, 8480, None)).unwrap();
    let names: String = (0..number).map(|number| format!("org00000+bulk{number}\n")).collect();
    let mut command = dockpass(&config);
    command.args(["robot", "bulk-create"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(names.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    number as f64 / started.elapsed().as_secs_f64()
}

/// Grants one robot write and admin rights by turns, on one repository after the other.
fn change(app: &App, number: u64) {
    let role = if number.is_multiple_of(2) { Role::Write } else { Role::Admin };
    let repository = application((number / 2 % SHAPE.repositories as u64) as usize);
    let name = RepositoryName::parse(&format!("org00000/{repository}")).unwrap();
    permissions::set(app, &Actor::operator("bench"), &name, "org00000+robot0007", role).unwrap();
}

fn permissions_by_call(app: &App, time: Duration) -> f64 {
    let started = Instant::now();
    let mut changed = 0;
    while started.elapsed() < time {
        change(app, changed);
        changed += 1;
    }
    changed as f64 / started.elapsed().as_secs_f64()
}

fn permissions_in_bulk(app: &App, time: Duration) -> f64 {
    let started = Instant::now();
    let mut sum = 0;
    for role in [Role::Read, Role::Write].into_iter().cycle() {
        let changes: Vec<_> =
            (0..SHAPE.repositories).map(|number| (application(number), Some(role))).collect();
        let actor = Actor::operator("bench");
        sum += robot_pages::set_many(app, &actor, "org00000", "robot0008", &changes).unwrap();
        if started.elapsed() >= time {
            break;
        }
    }
    sum as f64 / started.elapsed().as_secs_f64()
}

fn latency(context: &Context, directory: &Path, seconds: Duration, section: &mut Section) {
    let server = Server::dockpass(directory, None);
    let target = server.target();
    let requests =
        SHAPE.some_robots(1000).map(|(login, repository)| pull_and_push(&target, &login, &repository));
    let connections = 2 * process::processors();
    let plan = plan(target.clone(), requests.collect(), connections, Bound::Time(seconds), server.pid());
    let warm = super::Plan { bound: context.round(), ..plan.clone() };
    load::run(&warm).all_right("tokens");
    let mut row = |what: String, measured: &load::Measured| {
        let latencies = &measured.latencies;
        section.row([
            what,
            report::rate(measured.rate()),
            time(latencies.quantile(0.5)),
            time(latencies.quantile(0.99)),
        ]);
    };
    row("tokens, nothing written".to_owned(), &load::run(&plan).all_right("tokens"));
    let app = installation::open(directory);
    let (stop, changed) = (AtomicBool::new(false), AtomicU64::new(0));
    let measured = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                change(&app, changed.fetch_add(1, Ordering::Relaxed));
            }
        });
        let measured = load::run(&plan);
        stop.store(true, Ordering::Relaxed);
        measured
    });
    let writes = changed.into_inner() as f64 / measured.elapsed.as_secs_f64();
    row(format!("tokens, {} writes/s", report::rate(writes)), &measured.all_right("tokens while writing"));
}
