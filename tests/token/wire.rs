//! What only shows on a socket: the chunked form of podman and CRI-O.

use super::acme;
use crate::support::Installation;
use dockpass::http::server::{Limits, Listener, Statistics, bind, run};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends the bytes of one request and reads the answer to its end.
async fn exchange(installation: Installation, request: String) -> String {
    let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let installation = Arc::new(installation);
    let handler = {
        let installation = installation.clone();
        move |request, connection| {
            let installation = installation.clone();
            async move { installation.dispatch.handle(request, connection).await }
        }
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(run(
        vec![Listener::plain(socket)],
        handler,
        stopped,
        Limits::default(),
        Statistics::default(),
    ));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.send(()).unwrap();
    server.await.unwrap();
    answer
}

#[tokio::test]
async fn a_chunked_form_with_repeated_scopes_is_read() {
    let (installation, secret) = acme();
    let body = format!(
        "grant_type=password&username=acme%2Bci&password={secret}&service=registry.example\
         &scope=repository%3Aacme%2Fapp%3Apull&scope=repository%3Aacme%2Fapp%3Apull%2Cpush"
    );
    let (first, second) = body.split_at(37);
    let request = format!(
        "POST /v2/auth HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n\
         {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let answer = exchange(installation, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"scope\":\"repository:acme/app:push,pull\""), "{answer}");
}
