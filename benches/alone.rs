//! The parts of a run that are used alone: the load generator and the writer of data sets.

use crate::client::Target;
use crate::dataset::{self, Shape};
use crate::load::{self, Bound, Plan};
use crate::report::{self, Section, count, time};
use crate::request::{self, Login};
use std::path::PathBuf;
use std::time::Duration;

/// Loads any token service.
#[derive(clap::Args)]
pub struct Load {
    /// The token endpoint, for example https://localhost:8480/v2/auth.
    url: String,
    /// PEM file of certificates to trust, for https.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// `service` of the requests.
    #[arg(long, default_value = "localhost:5000")]
    service: String,
    /// `scope` of the requests; several may be given.
    #[arg(long)]
    scope: Vec<String>,
    /// NAME:SECRET to log in with.
    #[arg(long)]
    user: Option<String>,
    /// File with a line NAME:SECRET for each of many, used in turn.
    #[arg(long, conflicts_with = "user")]
    users: Option<PathBuf>,
    /// Connections at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// A new connection for each request.
    #[arg(long)]
    new_connections: bool,
    /// New connections resume TLS sessions.
    #[arg(long)]
    resume: bool,
    /// How long to send requests.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How many requests to send, instead of for a time.
    #[arg(long)]
    count: Option<usize>,
    /// Send requests that are not counted for so many seconds first.
    #[arg(long, default_value_t = 0.0)]
    warm_up: f64,
    /// Process id of the server, to tell what it uses.
    #[arg(long)]
    pid: Option<u32>,
}

impl Load {
    /// Sends the requests and prints the result.
    pub fn run(self) {
        let target = Target::parse(&self.url, self.ca.as_deref(), self.resume);
        let logins: Vec<Login> = match (&self.user, &self.users) {
            (Some(user), _) => request::logins(user),
            (None, Some(file)) => request::logins(&std::fs::read_to_string(file).unwrap()),
            (None, None) => Vec::new(),
        };
        let request = |login| request::token(&target, &self.service, login, &self.scope);
        let requests: Vec<_> = match logins.as_slice() {
            [] => vec![request(None)],
            logins => logins.iter().map(|login| request(Some(login))).collect(),
        };
        let bound = self.count.map_or(Bound::Time(Duration::from_secs_f64(self.seconds)), Bound::Requests);
        let plan = Plan {
            target: target.clone(),
            requests: requests.into(),
            sent: std::sync::Arc::default(),
            connections: self.connections,
            new_connections: self.new_connections,
            bound,
            pid: self.pid,
        };
        if self.warm_up > 0.0 {
            load::run(&Plan { bound: Bound::Time(Duration::from_secs_f64(self.warm_up)), ..plan.clone() });
        }
        let measured = load::run(&plan);
        let head = [
            "requests",
            "failed",
            "a second",
            "p50",
            "p99",
            "p99.9",
            "longest",
            "server CPU s/1000",
            "server peak",
        ];
        let mut section = Section::new("Load", "", &head);
        let latencies = &measured.latencies;
        section.row([
            count(latencies.count()),
            count(measured.errors),
            report::rate(measured.rate()),
            time(latencies.quantile(0.5)),
            time(latencies.quantile(0.99)),
            time(latencies.quantile(0.999)),
            time(latencies.longest()),
            measured.processor_micros().map_or("-".to_owned(), |micros| format!("{:.4}", micros / 1e3)),
            measured.peak_memory.map_or("-".to_owned(), report::memory),
        ]);
        println!("{}", section.markdown());
        if let Some(error) = measured.first_error {
            println!("the first failure: {error}");
        }
    }
}

/// Writes a data set: keys and database of an installation.
#[derive(clap::Args)]
pub struct Dataset {
    /// The directory, which gets `keys/` and `data/`; both are deleted first.
    directory: PathBuf,
    #[command(flatten)]
    shape: Shape,
    /// 1,000,000 robots, 100,000 repositories, 10,000,000 grants.
    #[arg(long, conflicts_with_all = ["robots", "repositories", "grants"])]
    large: bool,
    /// Also writes the robots' logins, a line NAME:SECRET each, for `load --users`.
    #[arg(long)]
    logins: Option<PathBuf>,
}

impl Dataset {
    /// Writes it.
    pub fn run(self) {
        let shape = if self.large { Shape { wide: self.shape.wide, ..Shape::LARGE } } else { self.shape };
        match dataset::write(&self.directory, shape) {
            Some(took) => println!("written in {:.1} s", took.as_secs_f64()),
            None => println!("is there already"),
        }
        if let Some(file) = self.logins {
            let line = |number| {
                let (Login { name, secret }, _) = shape.robot(number);
                format!("{name}:{secret}\n")
            };
            std::fs::write(file, (0..shape.robots).map(line).collect::<String>()).unwrap();
        }
    }
}
