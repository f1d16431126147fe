//! Requests whose end two servers could see at different places. Whatever the reading, each must bring one response
//! or a close: never an answer to a request that a proxy in front would have taken for a body.

use super::{Running, limits};
use tokio::io::AsyncWriteExt;

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

/// More of them: of lengths, codings, chunks and first lines.
fn variations() -> Vec<(&'static str, String)> {
    let length = HIDDEN.len();
    let covers = length + 5;
    let chunked = |coding: &str| post(coding, &format!("0\r\n\r\n{HIDDEN}"));
    let chunks = |body: &str| post("Transfer-Encoding: chunked", &format!("{body}{HIDDEN}"));
    vec![
        (
            "three lengths, two of them equal",
            post(&format!("Content-Length: 0\r\nContent-Length: 0\r\nContent-Length: {length}"), HIDDEN),
        ),
        ("length with a space inside", post("Content-Length: 0 0", HIDDEN)),
        ("length with a parameter", post("Content-Length: 0;x", HIDDEN)),
        ("length with a decimal point", post("Content-Length: 0.0", HIDDEN)),
        ("length in digits of another script", post("Content-Length: \u{0665}", HIDDEN)),
        ("space before the colon of a length", post("Content-Length : 0", HIDDEN)),
        ("tab before the colon of a length", post("Content-Length\t: 0", HIDDEN)),
        ("NUL in the name of a length", post("Content-Length\0: 0", HIDDEN)),
        ("folded length", post("Content-Length:\r\n 0", HIDDEN)),
        ("chunked twice on one line", chunked("Transfer-Encoding: chunked, chunked")),
        ("chunked twice on two lines", chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
        (
            "chunked twice, hidden from one reader",
            chunked("Transfer-Encoding: chunked\r\nTransfer-encoding: x"),
        ),
        ("quoted coding", chunked("Transfer-Encoding: \"chunked\"")),
        ("coding with a parameter", chunked("Transfer-Encoding: chunked;q=1")),
        ("coding after a comma alone", chunked("Transfer-Encoding: ,chunked,x")),
        ("empty coding", chunked("Transfer-Encoding: ")),
        ("identity", chunked("Transfer-Encoding: identity")),
        ("compressed and chunked", chunked("Transfer-Encoding: gzip, chunked")),
        ("header without a colon", chunked("Transfer-Encoding chunked")),
        ("header without a name", chunked(": chunked")),
        ("non-ASCII in a header name", chunked("Transfer-\u{00c9}ncoding: chunked")),
        ("chunk size with a space before it", chunks(" 0\r\n\r\n")),
        ("chunk size with an underscore", chunks("0_0\r\n\r\n")),
        ("negative chunk size", chunks("-0\r\n\r\n")),
        ("chunk size ended by CR alone", chunks("0\r\r\n")),
        ("chunk size ended by LF alone", chunks("0\n\r\n")),
        ("chunk data ended by LF alone", chunks("1\r\na\n0\r\n\r\n")),
        ("chunk shorter than it says", chunks("5\r\nabc\r\n0\r\n\r\n")),
        (
            "chunk extension without an end",
            post("Transfer-Encoding: chunked", &format!("0;{}\r\n\r\n{HIDDEN}", "a".repeat(20_000))),
        ),
        ("CR in a chunk extension", chunks("0;a\rb\r\n\r\n")),
        (
            "endless trailers",
            post("Transfer-Encoding: chunked", &format!("0\r\n{}\r\n{HIDDEN}", "A: b\r\n".repeat(5000))),
        ),
        (
            "LF alone ends a header before a coding",
            post(
                &format!("Content-Length: {covers}\r\nX: y\nTransfer-Encoding: xchunked"),
                &format!("0\r\n\r\n{HIDDEN}"),
            ),
        ),
        ("CR alone ends the request line", format!("GET /a HTTP/1.1\rHost: x\r\n\r\n{HIDDEN}")),
        ("tabs in the request line", format!("GET\t/a\tHTTP/1.1\r\nHost: x\r\n\r\n{HIDDEN}")),
        ("two spaces in the request line", format!("GET  /a HTTP/1.1\r\nHost: x\r\n\r\n{HIDDEN}")),
        ("something after the version", format!("GET /a HTTP/1.1 x\r\nHost: x\r\n\r\n{HIDDEN}")),
        ("version in lower case", format!("GET /a http/1.1\r\nHost: x\r\n\r\n{HIDDEN}")),
        (
            "hosts with a comma on two lines",
            format!("GET /a HTTP/1.1\r\nHost: x\r\nhost: x, y\r\n\r\n{HIDDEN}"),
        ),
        ("a TLS handshake", format!("\x16\x03\x01\x02\0{HIDDEN}")),
    ]
}

/// Requests that have one meaning, which some servers miss. Each hides a request in a body, where it has to stay.
fn plain_to_read() -> Vec<(&'static str, String)> {
    let length = HIDDEN.len();
    let get = |headers: &str, body: &str| format!("GET /a HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}");
    let chunk = format!("{length:x}\r\n{HIDDEN}\r\n0\r\n");
    vec![
        ("GET with a body", get(&format!("Content-Length: {length}"), HIDDEN)),
        ("GET with a chunked body", get("Transfer-Encoding: chunked", &format!("{chunk}\r\n"))),
        ("HEAD with a body", get(&format!("Content-Length: {length}"), HIDDEN).replacen("GET", "HEAD", 1)),
        (
            "OPTIONS with a body",
            get(&format!("Content-Length: {length}"), HIDDEN).replacen("GET", "OPTIONS", 1),
        ),
        (
            "an upgrade nobody speaks",
            get(
                &format!(
                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: {length}"
                ),
                HIDDEN,
            ),
        ),
        (
            "a length named as hop by hop",
            get(&format!("Connection: Content-Length\r\nContent-Length: {length}"), HIDDEN),
        ),
        (
            "a coding named as hop by hop",
            get("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", &format!("{chunk}\r\n")),
        ),
        ("a length with leading zeros", get(&format!("Content-Length: 000{length}"), HIDDEN)),
        ("a length between tabs", get(&format!("Content-Length:\t{length}\t"), HIDDEN)),
        ("a coding in capitals", get("Transfer-Encoding: CHUNKED", &format!("{chunk}\r\n"))),
        (
            "trailers that look like framing",
            get(
                "Transfer-Encoding: chunked",
                &format!("{chunk}Content-Length: 1\r\nTransfer-Encoding: x\r\nHost: y\r\n\r\n"),
            ),
        ),
        ("chunk sizes with leading zeros", get("Transfer-Encoding: chunked", &format!("000{chunk}\r\n"))),
        (
            "a chunk extension",
            get("Transfer-Encoding: chunked", &format!("{length:x};a=\"b;c\"\r\n{HIDDEN}\r\n0\r\n\r\n")),
        ),
        ("a name with an underscore", get(&format!("Content_Length: 0\r\nContent-Length: {length}"), HIDDEN)),
        (
            "another host in the target",
            format!("GET http://y/a HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        ),
    ]
}

#[tokio::test]
async fn what_is_in_a_body_stays_in_it_whatever_is_done_to_make_it_look_like_a_request() {
    let server = Running::start(limits());
    let cases = plain_to_read();
    println!("{} requests with one meaning", cases.len());
    for (name, bytes) in cases {
        let mut wire = server.connect().await;
        wire.send(&bytes).await;
        let _ = wire.0.shutdown().await;
        let answer = wire.rest().await;
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{name}: {answer}");
        assert!(!answer.contains("/hidden"), "{name}: {answer}");
    }
}

#[tokio::test]
async fn ambiguous_requests_bring_one_response_or_a_close() {
    let server = Running::start(limits());
    let cases = [corpus(), variations()].concat();
    println!("{} ambiguous requests", cases.len());
    let mut wrong = Vec::new();
    for (name, bytes) in cases {
        let mut wire = server.connect().await;
        wire.send(&bytes).await;
        // Nothing follows: a server that still waits has taken what was hidden for the beginning of something.
        let _ = wire.0.shutdown().await;
        let answer = wire.rest().await;
        let responses = answer.matches("HTTP/1.").count();
        let refused = answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 ");
        let covered = name.ends_with("and chunked") || name.ends_with("and length");
        let taken = !(answer.is_empty() || refused || covered);
        if responses > 1 || taken || answer.contains("/hidden") {
            wrong.push(format!("{name}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
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
