//! One keep-alive connection that sends requests and times the answers.

use crate::e2e::http;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub(super) struct Client<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

/// A token request as bytes.
pub(super) fn request(user: &str, secret: &str) -> Vec<u8> {
    request_from(user, secret, "")
}

/// A token request with more header lines.
pub(super) fn request_from(user: &str, secret: &str, lines: &str) -> Vec<u8> {
    format!(
        "GET /v2/auth?service=localhost:5000&scope=repository:acme/app:pull HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: {}\r\n{lines}\r\n",
        http::basic(user, secret)
    )
    .into_bytes()
}

/// A request without credentials.
pub(super) fn bare(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "measuring is what this is for")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Connects from `127.0.0.source`: one test can be many addresses, and has the ports of all of them.
pub(super) async fn socket(port: u16, source: u8) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, source], 0)))?;
    let stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Client {
    pub(super) async fn connect(port: u16, source: u8) -> std::io::Result<Self> {
        Ok(Self::over(socket(port, source).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(super) fn over(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a request and reads the whole answer: its status, and how long it took.
    pub(super) async fn ask(&mut self, request: &[u8]) -> std::io::Result<(u16, Duration)> {
        let started = now();
        self.send(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(status) = whole(&self.buffer) {
                return Ok((status, started.elapsed()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Sends a request and gives the whole answer as text.
    pub(super) async fn text(mut self, request: &[u8]) -> std::io::Result<String> {
        self.ask(request).await?;
        Ok(String::from_utf8_lossy(&self.buffer).into_owned())
    }
}

/// The status, once all of the answer is there.
fn whole(answer: &[u8]) -> Option<u16> {
    let end = find(answer, b"\r\n\r\n")? + 4;
    let length = find(&answer[..end], b"content-length: ").map_or(0, |at| number(&answer[at + 16..end]));
    (answer.len() >= end + length).then(|| u16::try_from(number(&answer[9..end])).unwrap_or(0))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn number(text: &[u8]) -> usize {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}
