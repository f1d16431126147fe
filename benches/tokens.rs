//! Token requests inside this process, without sockets: for counting instructions and for profilers.

use crate::installation;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dockpass::http::body::RequestBody;
use dockpass::http::dispatch::Dispatch;
use dockpass::http::server::Connection;
use dockpass::telemetry::{Metrics, log};
use hyper::{Request, StatusCode};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tracing::level_filters::LevelFilter;

/// Answers token requests, from request head to response head: everything that dockpass does but for HTTP and TLS.
#[derive(clap::Args)]
pub struct Tokens {
    /// How many requests.
    #[arg(long, default_value_t = 200_000)]
    count: u32,
    /// Repositories that each asks for; 0 is a login.
    #[arg(long, default_value_t = 1)]
    scopes: usize,
}

/// Answers them, one after the other, and prints the time of one.
pub fn run(options: &Tokens) {
    let directory = tempfile::tempdir().unwrap();
    let app = installation::open(directory.path());
    let secret = installation::small(&app);
    // As a server does from its start.
    app.store.maintain().unwrap();
    let metrics = Arc::new(Metrics::new());
    // Lines are formatted and queued as in the service, then thrown away.
    let sink = Box::new(std::io::sink());
    let _guard =
        log::init(log::Format::Json, LevelFilter::INFO, sink, metrics.log_lines_dropped.clone()).unwrap();
    let dispatch = Dispatch::new(app, metrics);
    let mut uri = "/v2/auth?service=localhost%3A5000".to_owned();
    for number in 0..options.scopes {
        let _ = write!(uri, "&scope=repository%3Aacme%2Fapp{number}%3Apull%2Cpush");
    }
    let basic = format!("Basic {}", STANDARD.encode(format!("acme+ci:{secret}")));
    let connection = Connection::new(SocketAddr::from(([127, 0, 0, 1], 40_000)), false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let started = Instant::now();
    runtime.block_on(async {
        for _ in 0..options.count {
            let request = Request::get(&uri)
                .header("host", "localhost:8480")
                .header("user-agent", "docker/29.0.1")
                .header("authorization", &basic)
                .body(RequestBody::from(Bytes::new()))
                .unwrap();
            assert_eq!(dispatch.handle(Box::new(request), connection.clone()).await.status(), StatusCode::OK);
        }
    });
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(options.count.max(1));
    println!("{} scopes: {micros:.2} µs each", options.scopes);
}
