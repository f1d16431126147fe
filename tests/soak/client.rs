//! One keep-alive connection that sends token requests and times the answers.

use crate::e2e::http;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A token request as bytes.
pub(super) fn request(user: &str, secret: &str) -> Vec<u8> {
    format!(
        "GET /v2/auth?service=localhost:5000&scope=repository:acme/app:pull HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: {}\r\n\r\n",
        http::basic(user, secret)
    )
    .into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "measuring is what this is for")]
pub(super) fn now() -> Instant {
    Instant::now()
}

impl Client {
    /// Connects from `127.0.0.source`, so that one test can be many addresses.
    pub(super) async fn connect(port: u16, source: u8) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, source], 0)))?;
        let stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
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
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&piece[..read]);
            let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap_or(0));
            if self.buffer.len() >= end + 4 + length {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                return Ok((status, started.elapsed()));
            }
        }
    }
}
