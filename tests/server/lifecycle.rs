//! Keep-alive, pipelining, HEAD, panics, draining.

use super::{HANG, Running, limits, short};
use dockpass::http::server::{Fault, Limits};
use tokio::net::TcpStream;

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    for _ in 0..5 {
        assert_eq!(wire.get("/a").await, (200, "GET /a".to_owned()));
    }
    assert_eq!(server.statistics.accepted.get(), 1);
    drop(wire);
    server.stop().await;
}

#[tokio::test]
async fn the_handler_learns_the_peer() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    assert_eq!(wire.get("/peer").await, (200, "127.0.0.1 false".to_owned()));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    let all: Vec<_> = (0..40).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n")).collect();
    wire.send(all.concat()).await;
    for n in 0..40 {
        assert_eq!(wire.response().await.2, format!("GET /{n}"));
    }
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    wire.send("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let answer = wire.rest().await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
    assert!(answer.contains("content-length: 9\r\n"), "{answer}");
    assert!(answer.contains("\r\ndate: "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn an_http_1_0_client_without_a_host_is_served_once() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    wire.send("GET /old HTTP/1.0\r\n\r\n").await;
    assert!(wire.rest().await.ends_with("GET /old"));
}

#[tokio::test]
async fn a_panic_costs_its_request_and_nothing_else() {
    let server = Running::start(limits());
    let mut other = server.connect().await;
    assert_eq!(other.get("/").await.0, 200);
    let mut wire = server.connect().await;
    let (status, body) = wire.get("/panic").await;
    assert_eq!(status, 500);
    assert!(!body.contains("asked for"), "{body}");
    wire.is_closed().await;
    assert_eq!(server.statistics.faults(Fault::Panic), 1);
    assert_eq!(other.get("/").await.0, 200);
    assert_eq!(server.statistics.requests.get(), 0);
    drop(other);
    server.stop().await;
}

#[tokio::test]
async fn draining_finishes_the_running_request_and_closes_idle_connections_at_once() {
    // The idle clients below keep their side open: nobody may wait for them.
    let server = Running::start(Limits { linger: HANG * 2, ..limits() });
    let address = server.address;
    let mut idle = server.connect().await;
    assert_eq!(idle.get("/").await.0, 200);
    let mut silent = server.connect().await;
    let mut running = server.connect().await;
    running.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.busy_with(1).await;
    let release = server.release.clone();
    let stopping = tokio::spawn(server.stop());
    idle.is_closed().await;
    silent.is_closed().await;
    assert!(TcpStream::connect(address).await.is_err(), "no new connections while draining");
    assert!(!stopping.is_finished());
    release.notify_one();
    let (status, head, body) = running.response().await;
    assert_eq!((status, body.as_str()), (200, "waited"));
    assert!(head.contains("connection: close"), "{head}");
    drop(running);
    stopping.await.unwrap();
}

#[tokio::test]
async fn draining_ends_at_its_deadline() {
    let limits = Limits { drain: short(), ..limits() };
    let server = Running::start(limits);
    let mut stuck = server.connect().await;
    stuck.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.busy_with(1).await;
    server.stop().await;
    stuck.is_closed().await;
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_request() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    wire.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.busy_with(1).await;
    drop(wire);
    server.busy_with(0).await;
    server.stop().await;
}
