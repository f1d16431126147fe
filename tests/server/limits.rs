//! Too much of something: connections, requests, headers, bodies.

use super::{HANG, Running, limits};
use dockpass::http::server::{Fault, Limits};
use std::fmt::Write;

#[tokio::test]
async fn connections_beyond_the_limit_are_told_to_come_back() {
    let limits = Limits { connections: 2, loopback_reserve: 1, ..limits() };
    let server = Running::start(limits);
    // The tests come from loopback, which may use the reserve, so three fit.
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut wire = server.connect().await;
        assert_eq!(wire.get("/").await.0, 200);
        open.push(wire);
    }
    let mut refused = server.connect().await;
    refused.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (status, head, body) = refused.response().await;
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: 1\r\n"), "{head}");
    assert!(body.contains("UNAVAILABLE"), "{body}");
    refused.is_closed().await;
    assert_eq!(server.statistics.faults(Fault::Full), 1);
    open.pop();
    server.until(|statistics| statistics.connections.get() <= 2).await;
    assert_eq!(server.connect().await.get("/").await.0, 200);
}

#[tokio::test]
async fn requests_beyond_the_limit_are_told_to_come_back_and_may_on_the_same_connection() {
    let limits = Limits { requests: 1, loopback_reserve: 0, ..limits() };
    let server = Running::start(limits);
    let mut first = server.connect().await;
    first.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.busy_with(1).await;
    let mut second = server.connect().await;
    assert_eq!(second.get("/").await.0, 503);
    assert_eq!(server.statistics.faults(Fault::Busy), 1);
    server.release.notify_one();
    assert_eq!(first.response().await.2, "waited");
    assert_eq!(second.get("/").await.0, 200);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    let padding = |bytes| format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(bytes));
    wire.send(padding(15 * 1024)).await;
    assert_eq!(wire.response().await.0, 200);
    wire.send(padding(17 * 1024)).await;
    assert_eq!(wire.response().await.0, 431);
    wire.is_closed().await;

    let mut wire = server.connect().await;
    let many = (0..200).fold(String::new(), |mut all, n| {
        let _ = write!(all, "X{n}: y\r\n");
        all
    });
    wire.send(format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")).await;
    assert_eq!(wire.response().await.0, 431);
    wire.is_closed().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_answered_even_while_it_is_still_being_sent() {
    // More than the socket buffers hold, so that it fails if the server closes without reading on.
    let server = Running::start(Limits { linger: HANG, ..limits() });
    let size = 16 * 1024 * 1024;
    for framing in
        [format!("Content-Length: {size}\r\n\r\n"), format!("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n")]
    {
        let mut wire = server.connect().await;
        wire.send(format!("POST /echo HTTP/1.1\r\nHost: x\r\n{framing}")).await;
        wire.send("z".repeat(size)).await;
        let (status, _, body) = wire.response().await;
        assert_eq!((status, body.as_str()), (400, "the request body is longer than 65536 bytes"));
        wire.is_closed().await;
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_not_told_to_send_a_body_that_is_too_large() {
    let server = Running::start(limits());
    let expect = |length| {
        format!("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
    };
    let mut wire = server.connect().await;
    wire.send(expect(3)).await;
    assert_eq!(wire.response().await.0, 100);
    wire.send("abc").await;
    assert_eq!(wire.response().await.2, "abc");
    let mut wire = server.connect().await;
    wire.send(expect(1_000_000)).await;
    assert_eq!(wire.response().await.0, 400);
    wire.is_closed().await;
}
