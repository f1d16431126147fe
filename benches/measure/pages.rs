//! How long the server works on the list of robots of a large organization.

use super::{Context, Outcome};
use crate::histogram::Histogram;
use crate::report::{Section, time};
use crate::{dataset, installation};
use bytes::Bytes;
use dockpass::domain::credential::Secret;
use dockpass::http::body::RequestBody;
use dockpass::http::dispatch::Dispatch;
use dockpass::http::server::Connection;
use dockpass::service::actor::Actor;
use dockpass::service::{App, organizations, sessions, teams, users};
use dockpass::store::audit::Origin;
use dockpass::telemetry::Metrics;
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use std::sync::Arc;
use std::time::Instant;

const ROBOTS: usize = 10_000;

/// What is looked at, and the query of the page's address.
const PAGES: [(&str, &str); 5] = [
    ("first page", ""),
    ("page 50", "&page=50"),
    ("most recent first", "&sort=accessed&dir=desc"),
    ("search in the names", "&q=99"),
    ("everything unfolded", "&expand=all"),
];

pub(super) fn measure(context: &Context) -> Outcome {
    let text = "The web page that lists the robots of an organization with 10,000 of them, each with a grant: from the \
         request's head to the last byte of the page, inside the process, one after the other.";
    let mut section = Section::new("The list of robots", text, &["", "p50", "p99", "page"]);
    let directory = context.directory.path().join("pages");
    std::fs::create_dir_all(&directory).unwrap();
    let app = installation::open(&directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let cookie = runtime.block_on(prepare(&app));
    let dispatch = Dispatch::new(app, Arc::new(Metrics::new()));
    let times = if context.quick { 20 } else { 200 };
    for (name, query) in PAGES {
        let uri = format!("/organization/acme?tab=Robotaccounts{query}");
        let mut latencies = Histogram::default();
        let mut size = 0;
        for _ in 0..times {
            let started = Instant::now();
            size = runtime.block_on(page(&dispatch, &uri, &cookie));
            latencies.record(started.elapsed());
        }
        section.row([
            name.to_owned(),
            time(latencies.quantile(0.5)),
            time(latencies.quantile(0.99)),
            format!("{} kB", size / 1000),
        ]);
    }
    (section, Vec::new())
}

/// An organization with its robots, and the cookie of an owner who is signed in.
async fn prepare(app: &Arc<App>) -> String {
    let operator = Actor::operator("bench");
    let password = Secret::new("correct-horse-battery");
    users::create(app, &operator, "alice", None, &password).unwrap();
    let acme = organizations::create(app, &operator, "acme", None).unwrap();
    teams::add_member(app, &operator, "acme", "owners", "alice").unwrap();
    dataset::fill(app, &acme, ROBOTS);
    let signed_in = sessions::sign_in(app, "alice", &password, &Origin::default(), None).await.unwrap();
    format!("dockpass={}", signed_in.id.expose())
}

/// Loads a page; tells its size in bytes.
async fn page(dispatch: &Dispatch, uri: &str, cookie: &str) -> usize {
    let request = Request::get(uri)
        .header("host", "localhost:8480")
        .header("accept", "text/html")
        .header("cookie", cookie)
        .body(RequestBody::from(Bytes::new()))
        .unwrap();
    let connection = Connection::new(([127, 0, 0, 1], 40_000).into(), false);
    let response = dispatch.handle(Box::new(request), connection).await;
    assert_eq!(response.status(), StatusCode::OK, "{uri}");
    response.into_body().collect().await.unwrap().to_bytes().len()
}
