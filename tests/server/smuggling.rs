//! Requests whose end two servers could see at different places. Whatever the reading, each must bring one response
//! or a close: never an answer to a request that a proxy in front would have taken for a body.

use super::{Running, limits};

/// Every case carries this as the part that must not become a request of its own.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

fn post(headers: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}")
}

fn corpus() -> Vec<(&'static str, String)> {
    let length = HIDDEN.len();
    let covers = length + 5;
    let chunked = |coding: &str| post(coding, &format!("0\r\n\r\n{HIDDEN}"));
    vec![
        (
            "length and chunked",
            post(
                &format!("Content-Length: {covers}\r\nTransfer-Encoding: chunked"),
                &format!("0\r\n\r\n{HIDDEN}"),
            ),
        ),
        (
            "chunked and length",
            post(
                &format!("Transfer-Encoding: chunked\r\nContent-Length: {covers}"),
                &format!("0\r\n\r\n{HIDDEN}"),
            ),
        ),
        ("two lengths", post(&format!("Content-Length: 0\r\nContent-Length: {length}"), HIDDEN)),
        ("a list of lengths", post(&format!("Content-Length: 0, {length}"), HIDDEN)),
        ("signed length", post("Content-Length: +5", &format!("abcde{HIDDEN}"))),
        ("negative length", post("Content-Length: -1", HIDDEN)),
        ("hexadecimal length", post("Content-Length: 0x5", &format!("abcde{HIDDEN}"))),
        ("empty length", post("Content-Length: ", HIDDEN)),
        ("huge length", post("Content-Length: 18446744073709551616", HIDDEN)),
        ("unknown coding", chunked("Transfer-Encoding: xchunked")),
        ("chunked not last", chunked("Transfer-Encoding: chunked, identity")),
        ("coding on two lines", chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
        ("coding with vertical tab", chunked("Transfer-Encoding: \x0bchunked")),
        ("space before the colon", chunked("Transfer-Encoding : chunked")),
        ("folded header", chunked("X: y\r\n Transfer-Encoding: chunked")),
        ("folded coding", chunked("Transfer-Encoding:\r\n chunked")),
        ("bare CR in a header", chunked("X: y\rTransfer-Encoding: chunked")),
        ("NUL in a header", chunked("X: y\0\r\nTransfer-Encoding: chunked")),
        (
            "chunk size overflow",
            post("Transfer-Encoding: chunked", &format!("10000000000000000\r\n{HIDDEN}")),
        ),
        ("chunk size with sign", post("Transfer-Encoding: chunked", &format!("+0\r\n\r\n{HIDDEN}"))),
        ("chunk size with prefix", post("Transfer-Encoding: chunked", &format!("0x0\r\n\r\n{HIDDEN}"))),
        ("empty chunk size", post("Transfer-Encoding: chunked", &format!("\r\n\r\n{HIDDEN}"))),
        (
            "chunk longer than it says",
            post("Transfer-Encoding: chunked", &format!("3\r\nabcdef\r\n0\r\n\r\n{HIDDEN}")),
        ),
        (
            "line break in a chunk extension",
            post("Transfer-Encoding: chunked", &format!("0;a=\"\n\r\n\r\n{HIDDEN}")),
        ),
        (
            "chunked in HTTP/1.0",
            format!("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        ),
        ("two hosts", format!("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n{HIDDEN}")),
        ("no host", format!("GET /a HTTP/1.1\r\n\r\n{HIDDEN}")),
        ("space before the first header", format!("GET /a HTTP/1.1\r\n Host: x\r\n\r\n{HIDDEN}")),
        ("HTTP/2 preface", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{HIDDEN}")),
        ("future version", format!("GET /a HTTP/3.7\r\nHost: x\r\n\r\n{HIDDEN}")),
        ("no version", format!("GET /a\r\nHost: x\r\n\r\n{HIDDEN}")),
        ("method with a space", format!("GE T /a HTTP/1.1\r\nHost: x\r\n\r\n{HIDDEN}")),
        ("lower bytes in the target", format!("GET /a\x01b HTTP/1.1\r\nHost: x\r\n\r\n{HIDDEN}")),
    ]
}

#[tokio::test]
async fn ambiguous_requests_bring_one_response_or_a_close() {
    let server = Running::start(limits());
    for (name, bytes) in corpus() {
        let mut wire = server.connect().await;
        wire.send(&bytes).await;
        let answer = wire.rest().await;
        let responses = answer.matches("HTTP/1.").count();
        let refused = answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 ");
        let covered = name.ends_with("and chunked") || name.ends_with("and length");
        assert!(responses <= 1, "{name}: {answer}");
        assert!(answer.is_empty() || refused || covered, "{name} is taken: {answer}");
        assert!(!answer.contains("/hidden"), "{name}: {answer}");
    }
    assert_eq!(server.statistics.requests.get(), 0);
}

#[tokio::test]
async fn an_ordinary_body_ends_where_it_says_and_the_next_request_is_one() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    for framing in [
        post("Content-Length: 3", "abc"),
        post("Content-Length: 3\r\nContent-Length: 3", "abc"),
        post("Transfer-Encoding: Chunked", "1\r\na\r\n2;name=value\r\nbc\r\n0\r\nTrailer: x\r\n\r\n"),
    ] {
        wire.send(format!("{framing}GET /next HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert_eq!(wire.response().await.2, "abc");
        assert_eq!(wire.response().await.2, "GET /next");
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_taken_for_a_request() {
    let server = Running::start(limits());
    let mut wire = server.connect().await;
    let hidden = HIDDEN.len();
    wire.send(format!("POST /ignores HTTP/1.1\r\nHost: x\r\nContent-Length: {hidden}\r\n\r\n{HIDDEN}")).await;
    assert_eq!(wire.response().await.2, "POST /ignores");
    wire.send("GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let rest = wire.rest().await;
    assert!(!rest.contains("/hidden"), "{rest}");
}
