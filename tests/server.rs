//! The accept loop over real sockets. Time limits are short; no test asserts that something is fast.

#![expect(clippy::unwrap_used, reason = "the helpers are test code as well")]

mod lifecycle;
mod limits;
mod slow;
mod smuggling;
mod tls;

use dockpass::http::blocking::Blocking;
use dockpass::http::body::{BodyLimits, RequestBody, read_limited};
use dockpass::http::reply::{self, Body};
use dockpass::http::server::{self, Connection, Limits, Listener, Statistics};
use dockpass::service::error::ServiceError;
use hyper::{Request, Response, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far longer than any limit under test: reaching it means the server hangs.
const HANG: Duration = Duration::from_secs(20);

fn short() -> Duration {
    Duration::from_millis(150)
}

fn limits() -> Limits {
    Limits { linger: short(), ..Limits::default() }
}

/// A server on a free port.
struct Running {
    address: SocketAddr,
    statistics: Statistics,
    /// Lets requests to `/wait` finish.
    release: Arc<Notify>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Running {
    fn start(limits: Limits) -> Self {
        Self::start_on(Listener::plain, limits)
    }

    /// As [`start`](Self::start), with what `listener` makes of the bound socket.
    fn start_on(listener: impl FnOnce(TcpListener) -> Listener, limits: Limits) -> Self {
        let socket = server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let statistics = Statistics::default();
        let release = Arc::new(Notify::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let released = Arc::clone(&release);
        let handler = move |request, connection| handle(request, connection, Arc::clone(&released));
        let done = tokio::spawn(server::run(
            vec![listener(socket)],
            handler,
            async { drop(stopped.await) },
            limits,
            statistics.clone(),
        ));
        Self { address, statistics, release, stop, done }
    }

    async fn connect(&self) -> Wire<TcpStream> {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(HANG, self.done).await.expect("the server drains").unwrap();
    }

    /// Waits until `requests` are in the hands of the handler.
    async fn busy_with(&self, requests: i64) {
        self.until(|statistics| statistics.requests.get() == requests).await;
    }

    async fn until(&self, condition: impl Fn(&Statistics) -> bool) {
        let reaching = async {
            while !condition(&self.statistics) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(HANG, reaching).await.expect("the condition comes true");
    }
}

async fn handle(
    request: Box<Request<RequestBody>>,
    connection: Connection,
    release: Arc<Notify>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match parts.uri.path() {
        "/echo" => {
            let limits = BodyLimits { time: short(), ..BodyLimits::default() };
            match read_limited(&parts.headers, body, limits).await {
                Ok(bytes) => reply::with_type(StatusCode::OK, "application/octet-stream", bytes),
                Err(error) => reply::text(StatusCode::BAD_REQUEST, error.to_string()),
            }
        }
        "/wait" => {
            release.notified().await;
            reply::text(StatusCode::OK, "waited")
        }
        "/panic" => panic!("asked for"),
        "/big" => reply::with_type(StatusCode::OK, "application/octet-stream", vec![b'x'; 32 * 1024 * 1024]),
        "/pieces" => pieces(short() * 3, false),
        "/stuck" => pieces(short() * 20, false),
        "/broken" => pieces(Duration::ZERO, true),
        "/peer" => reply::text(StatusCode::OK, format!("{} {}", connection.peer.ip(), connection.tls)),
        path => reply::text(StatusCode::OK, format!("{} {path}", parts.method)),
    }
}

/// Numbers up to 6 in as many pieces, each of which takes so long to make; or a piece that cannot be made.
fn pieces(time: Duration, broken: bool) -> Response<Body> {
    let mut number = 1;
    let next = move || {
        std::thread::sleep(time);
        number += 1;
        if broken && number == 4 {
            return Err(ServiceError::Forbidden);
        }
        Ok(if number > 6 { Vec::new() } else { number.to_string().into_bytes() })
    };
    reply::in_pieces("text/plain", b"1".to_vec(), Blocking::default(), next)
}

/// The client's end of a connection, byte by byte under the test's control.
struct Wire<S>(S);

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Wire<S> {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    async fn get(&mut self, path: &str) -> (u16, String) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        let (status, _, body) = self.response().await;
        (status, body)
    }

    /// One response with a `Content-Length`: status, headers in lower case, body.
    async fn response(&mut self) -> (u16, String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(HANG, self.0.read_u8()).await.expect("the server answers");
            head.push(byte.expect("a whole response"));
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await.unwrap();
        (status, head, String::from_utf8(body).unwrap())
    }

    /// Everything until the server closes; a reset counts as a close.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = timeout(HANG, self.0.read_to_end(&mut bytes)).await;
        drop(read.expect("the server closes"));
        String::from_utf8(bytes).unwrap()
    }

    async fn is_closed(&mut self) {
        assert_eq!(self.rest().await, "");
    }
}
