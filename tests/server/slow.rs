//! Clients that take their time, on purpose or not.

use super::{HANG, Running, Wire, limits, short};
use dockpass::http::server::{Fault, Limits};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};

/// Sends `text` byte by byte until the server has had enough of it.
async fn drip(wire: &mut Wire<tokio::net::TcpStream>, text: &str) {
    for byte in text.bytes().cycle().take(2000) {
        if wire.0.write_all(&[byte]).await.is_err() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("the server reads on and on");
}

#[tokio::test]
async fn headers_that_never_end_are_cut() {
    let limits = Limits { header: short(), ..limits() };
    let server = Running::start(limits);
    let mut wire = server.connect().await;
    wire.send("GET / HTTP/1.1\r\nHost: x\r\n").await;
    drip(&mut wire, "X-Padding: y\r\n").await;
    assert_eq!(server.statistics.faults(Fault::SlowHeader), 1);
}

#[tokio::test]
async fn the_time_for_headers_starts_with_each_request_and_not_while_idle() {
    let limits = Limits { header: short(), ..limits() };
    let server = Running::start(limits);
    let mut wire = server.connect().await;
    for _ in 0..2 {
        sleep(short() * 2).await;
        assert_eq!(wire.get("/").await.0, 200);
    }
    wire.send("GET /").await;
    wire.is_closed().await;
    assert_eq!(server.statistics.faults(Fault::SlowHeader), 1);
}

#[tokio::test]
async fn slow_but_steady_headers_within_the_time_are_served() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    for byte in b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" {
        wire.send([*byte]).await;
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(wire.response().await.2, "GET /x");
}

#[tokio::test]
async fn an_idle_connection_is_closed_used_or_not() {
    let limits = Limits { idle: short(), ..limits() };
    let server = Running::start(limits);
    let mut fresh = server.connect().await;
    let mut used = server.connect().await;
    assert_eq!(used.get("/").await.0, 200);
    fresh.is_closed().await;
    used.is_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_on() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    wire.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").await;
    let (status, _, body) = wire.response().await;
    assert_eq!((status, body.as_str()), (400, "the request body did not arrive in time"));
    wire.is_closed().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_one_that_reads_slowly_is_served() {
    let limits = Limits { write: short(), ..limits() };
    let server = Running::start(limits);
    let mut never = server.connect().await;
    never.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.until(|statistics| statistics.faults(Fault::SlowReader) == 1).await;
    let mut slow = server.connect().await;
    slow.send("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    sleep(short() / 3).await;
    assert!(slow.rest().await.len() > 32 * 1024 * 1024);
    assert_eq!(server.statistics.faults(Fault::SlowReader), 1);
}

#[tokio::test]
async fn reading_a_few_bytes_now_and_then_does_not_hold_a_connection() {
    let limits = Limits { write: short(), ..limits() };
    let server = Running::start(limits);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut wire = Wire(socket.connect(server.address).await.unwrap());
    wire.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let sipping = async {
        let mut byte = [0];
        while wire.0.read(&mut byte).await.is_ok_and(|count| count > 0) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = sipping => {}
        () = server.until(|statistics| statistics.faults(Fault::SlowReader) == 1) => {}
    }
    assert_eq!(server.statistics.faults(Fault::SlowReader), 1);
}

#[tokio::test]
async fn a_handler_that_never_ends_is_cut() {
    let limits = Limits { handler: short(), ..limits() };
    let server = Running::start(limits);
    let mut wire = server.connect().await;
    wire.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.is_closed().await;
    assert_eq!(server.statistics.faults(Fault::SlowHandler), 1);
    assert_eq!(server.statistics.requests.get(), 0);
}

#[tokio::test]
async fn a_client_that_does_not_close_after_the_last_response_is_not_waited_for() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    wire.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(wire.rest().await.ends_with("GET /"));
    server.until(|statistics| statistics.connections.get() <= 0).await;
    server.stop().await;
}

#[tokio::test]
async fn an_answer_in_pieces_may_take_longer_than_a_handler_as_long_as_no_piece_does() {
    // Six pieces take longer than this, one of them far less, also on a busy machine.
    let limits = Limits { handler: short() * 14, ..limits() };
    let server = Running::start(limits);
    let mut wire = server.connect().await;
    for (end, rest) in [("", "0\r\n\r\n"), ("Connection: close\r\n", "0\r\n\r\n")] {
        wire.send(format!("GET /pieces HTTP/1.1\r\nHost: x\r\n{end}\r\n")).await;
        let (status, head, _) = wire.response().await;
        assert_eq!(status, 200);
        assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
        let mut body = Vec::new();
        while !body.ends_with(rest.as_bytes()) {
            body.push(timeout(HANG, wire.0.read_u8()).await.expect("a whole answer").unwrap());
        }
        let expected = (1..=6).map(|number| format!("1\r\n{number}\r\n")).collect::<Vec<_>>().concat();
        assert_eq!(String::from_utf8(body).unwrap(), expected + rest);
    }
    wire.is_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn a_piece_that_is_never_made_is_cut() {
    let limits = Limits { handler: short(), ..limits() };
    let server = Running::start(limits);
    let mut wire = server.connect().await;
    wire.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(wire.rest().await.ends_with("1\r\n1\r\n"));
    assert_eq!(server.statistics.faults(Fault::SlowHandler), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_like_a_whole_one() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    wire.send("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let text = wire.rest().await;
    // How much of it was on its way when it broke is up to chance; the chunk that ends a whole one never is.
    let (_, pieces) = text.split_once("\r\n\r\n").unwrap();
    assert!("1\r\n1\r\n1\r\n2\r\n1\r\n3\r\n".starts_with(pieces), "{text}");
    server.stop().await;
}
