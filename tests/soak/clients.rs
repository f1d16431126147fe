//! Thousands of connections that do nothing, and thousands that do it slowly.

use super::client::{Client, bare, now, request, socket};
use super::{memory, milliseconds, percentile, prepare, row, runtime};
use crate::e2e::http;
use crate::e2e::process::wait_until;
use crate::faults::site::{Server, Site};
use crate::support::number;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

/// A byte now and then: too slow to finish within any limit.
const PAUSE: Duration = Duration::from_millis(300);
/// Addresses that the connections come from: one has 28,000 ports.
const ADDRESSES: u64 = 8;

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// How to reach the server.
#[derive(Clone)]
struct Road {
    port: u16,
    tls: Option<TlsConnector>,
    /// The path of the largest answer that anybody gets.
    large: String,
}

impl Road {
    async fn connect(&self, number: u64) -> io::Result<Client<Box<dyn Wire>>> {
        let stream = socket(self.port, source(number)).await?;
        let Some(tls) = &self.tls else { return Ok(Client::over(Box::new(stream))) };
        let name = ServerName::try_from("localhost").unwrap();
        Ok(Client::over(Box::new(tls.connect(name, stream).await?)))
    }
}

fn source(number: u64) -> u8 {
    u8::try_from(2 + number % ADDRESSES).unwrap()
}

/// Ways to be slow.
#[derive(Clone, Copy)]
enum Slow {
    /// Headers, byte by byte.
    Header,
    /// A form, byte by byte.
    Body,
    /// Asks for much and takes little of it.
    Reader,
    /// A TLS handshake, byte by byte.
    Handshake,
    /// A connection on which the TLS handshake never begins.
    Silent,
}

/// Is slow once, until the server has had enough.
async fn crawl(road: &Road, kind: Slow, number: u64) -> io::Result<()> {
    match kind {
        Slow::Header => {
            let mut client = road.connect(number).await?;
            let head = request("acme+ci", "never sent in full");
            drip(&mut client, &head).await
        }
        Slow::Body => {
            let mut client = road.connect(number).await?;
            let head = "POST /v2/auth HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n\r\n";
            client.send(head.as_bytes()).await?;
            drip(&mut client, &[b'a'; 200]).await
        }
        Slow::Reader => {
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(4096)?;
            socket.bind(([127, 0, 0, source(number)], 0).into())?;
            let mut stream = socket.connect(([127, 0, 0, 1], road.port).into()).await?;
            // Some megabytes: far more than the kernel keeps for it.
            let many = bare(&road.large).repeat(200);
            let _ = tokio::time::timeout(PAUSE, stream.write_all(&many)).await;
            let mut byte = [0];
            while stream.read(&mut byte).await? > 0 {
                sleep(PAUSE).await;
            }
            Ok(())
        }
        Slow::Handshake => {
            let stream = socket(road.port, source(number)).await?;
            // The beginning of a ClientHello of 512 bytes.
            let mut hello = vec![22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
            hello.resize(500, 7);
            drip(&mut Client::over(stream), &hello).await
        }
        Slow::Silent => {
            let mut stream: TcpStream = socket(road.port, source(number)).await?;
            stream.read(&mut [0]).await.map(drop)
        }
    }
}

async fn drip<S: Wire>(client: &mut Client<S>, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        client.send(std::slice::from_ref(byte)).await?;
        sleep(PAUSE).await;
    }
    Ok(())
}

/// How many of each.
#[derive(Clone, Copy)]
struct Crowd {
    idle: u64,
    slow: u64,
    /// Good requests, while the crowd is there.
    good: u32,
}

/// What they left of the service for others.
#[derive(Default)]
struct Outcome {
    times: Vec<Duration>,
    fresh: Vec<Duration>,
    /// Connections that the server had open at the end.
    open: u64,
    /// Those that it had enough of.
    cut: String,
    /// Memory of the server in KiB.
    at_rest: u64,
    with_idle: u64,
    most: u64,
}

/// What is asked for beside the crowd.
struct Good {
    secret: String,
    /// Of a super-user.
    access_token: String,
    /// The path of the largest answer that anybody gets.
    large: String,
}

/// As [`prepare`], with a super-user.
fn prepare_all(site: &Site) -> Good {
    let server = site.serve(&[]);
    let body = r#"{"username": "root", "password": "correct-horse", "access_token": true}"#;
    let url = site.url("/api/v1/user/initialize");
    let answer = http::send("POST", &url, &[("content-type", "application/json")], body.as_bytes());
    let access_token =
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let page = http::get(&site.url("/signin"), &[]).body;
    let large =
        page.split('"').find(|text| text.starts_with("/assets/style")).unwrap_or_else(|| panic!("{page}"));
    let large = large.to_owned();
    drop(server);
    Good { secret: prepare(site), access_token, large }
}

/// All of the crowd at once, then good requests on a kept connection, and on new ones the health check and what an
/// administrator asks of the API.
async fn stand(
    road: &Road,
    site: &Site,
    server: &Server,
    Good { secret, access_token, .. }: &Good,
    crowd: Crowd,
    kinds: &'static [Slow],
) -> Outcome {
    let admin = format!(
        "GET /api/v1/superuser/users/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access_token}\r\n\r\n"
    );
    let admin = admin.into_bytes();
    let good = request("acme+ci", secret);
    let mut client = road.connect(0).await.unwrap();
    assert_eq!(client.ask(&good).await.unwrap().0, 200);
    let at_rest = memory(server, "VmRSS");
    // Each has asked once, as a client that keeps its connection for later.
    let mut kept = JoinSet::new();
    for part in 0..ADDRESSES {
        let road = road.clone();
        kept.spawn(async move {
            let mut kept = Vec::new();
            for number in (0..crowd.idle).filter(|number| number % ADDRESSES == part) {
                let mut client = road.connect(number).await.unwrap();
                assert_eq!(client.ask(&bare("/_internal_ping")).await.unwrap().0, 200);
                kept.push(client);
            }
            kept
        });
    }
    let kept = kept.join_all().await;
    let with_idle = memory(server, "VmRSS");
    let mut slowly = JoinSet::new();
    for number in 0..crowd.slow {
        let road = road.clone();
        let kind = kinds[usize::try_from(number).unwrap() % kinds.len()];
        slowly.spawn(async move {
            // Not all in the same instant; again whenever the server has had enough.
            sleep(PAUSE * u32::try_from(number % 10).unwrap()).await;
            loop {
                let _ = crawl(&road, kind, number).await;
                sleep(PAUSE).await;
            }
        });
    }
    sleep(PAUSE * 15).await;
    let asking = (road.clone(), good, admin, crowd.good);
    let mut outcome =
        tokio::task::spawn_blocking(move || beside(&asking.0, &asking.1, &asking.2, asking.3)).await.unwrap();
    (outcome.at_rest, outcome.with_idle) = (at_rest, with_idle);
    outcome.most = memory(server, "VmHWM");
    slowly.shutdown().await;
    drop(kept);
    assert!(site.log().lines().all(|line| !line.contains("panicked")), "{}", site.log());
    outcome
}

/// Good requests on a runtime of their own: the work of being thousands is not to be part of these times.
fn beside(road: &Road, good: &[u8], admin: &[u8], rounds: u32) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut outcome = Outcome::default();
        let mut client = road.connect(0).await.unwrap();
        for round in 0..rounds {
            let (status, time) = client.ask(good).await.unwrap();
            assert_eq!(status, 200);
            outcome.times.push(time);
            if round % 5 == 0 {
                for request in [&bare("/health")[..], admin] {
                    let started = now();
                    let mut client = road.connect(0).await.unwrap();
                    assert_eq!(client.ask(request).await.unwrap().0, 200);
                    outcome.fresh.push(started.elapsed());
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
        (outcome.open, outcome.cut) = statistics(road).await;
        outcome
    })
}

/// What the server says itself: connections that are open, and how many were cut for what.
async fn statistics(road: &Road) -> (u64, String) {
    let client = road.connect(0).await.unwrap();
    let text = client.text(&bare("/metrics")).await.unwrap();
    let open = text.lines().find_map(|line| line.strip_prefix("dockpass_http_connections "));
    let open = open.unwrap_or_else(|| panic!("no connections in {text}")).trim().parse().unwrap();
    let cut = text
        .lines()
        .filter_map(|line| line.strip_prefix("dockpass_http_faults_total{kind=\"")?.split_once("\"} "));
    let cut: Vec<_> = cut.map(|(kind, count)| format!("{kind} {count}")).collect();
    (open, cut.join(", "))
}

fn plain(crowd: Crowd) -> Outcome {
    let site = Site::empty();
    let good = prepare_all(&site);
    let server = site.serve(&[]);
    let road = Road { port: site.port, tls: None, large: good.large.clone() };
    let kinds = &[Slow::Header, Slow::Body, Slow::Reader];
    runtime().block_on(stand(&road, &site, &server, &good, crowd, kinds))
}

fn encrypted(crowd: Crowd) -> Outcome {
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let site = Site::empty();
    let good = prepare_all(&site);
    let text = fs::read_to_string(site.path("config.yaml")).unwrap();
    let text = text + "TLS_CERTIFICATE: tls.crt\nTLS_PRIVATE_KEY: tls.key\n";
    fs::write(site.path("config.yaml"), text).unwrap();
    fs::write(site.path("tls.crt"), pair.cert.pem()).unwrap();
    fs::write(site.path("tls.key"), pair.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = site.start(&[]);
    assert!(
        wait_until(30, || std::net::TcpStream::connect(("127.0.0.1", site.port)).is_ok()),
        "{}",
        site.log()
    );
    let road = Road { port: site.port, tls: Some(Arc::new(config).into()), large: good.large.clone() };
    let kinds = &[Slow::Handshake, Slow::Silent, Slow::Header, Slow::Body];
    runtime().block_on(stand(&road, &site, &server, &good, crowd, kinds))
}

const FEW: Crowd = Crowd { idle: 200, slow: 120, good: 50 };

#[test]
fn hundreds_of_idle_and_slow_connections_leave_the_others_alone() {
    let outcome = plain(FEW);
    assert!(outcome.open >= FEW.idle, "{}", outcome.open);
}

#[test]
fn hundreds_of_idle_and_slow_tls_connections_leave_the_others_alone() {
    let outcome = encrypted(FEW);
    assert!(outcome.open >= FEW.idle, "{}", outcome.open);
}

/// `idle_bound` and `bound` are MiB.
fn report(what: &str, crowd: Crowd, mut outcome: Outcome, idle_bound: u64, bound: u64) {
    let limit = Duration::from_millis(100);
    let (p99, fresh) = (percentile(&mut outcome.times, 99), percentile(&mut outcome.fresh, 99));
    let told = format!(
        "others p50 {} p99 {}; new connection with /health or the API p99 {}; {} connections open at the end, \
         cut meanwhile: {}",
        milliseconds(percentile(&mut outcome.times, 50)),
        milliseconds(p99),
        milliseconds(fresh),
        outcome.open,
        outcome.cut
    );
    let both = format!("{} idle connections and {} slow ones ({what})", crowd.idle, crowd.slow);
    row(&both, "p99 of others below 100 ms, health and API answer", &told, p99 < limit && fresh < limit);
    let more = |kibibytes: u64| (kibibytes - outcome.at_rest) / 1024;
    let (with_idle, most) = (more(outcome.with_idle), more(outcome.most));
    let told = format!(
        "{} MiB at rest, {with_idle} MiB more with the idle ones, {most} MiB more at most",
        outcome.at_rest / 1024
    );
    let target =
        format!("at most {idle_bound} MiB more with the idle ones, {bound} MiB more with all of them");
    row(&format!("memory meanwhile ({what})"), &target, &told, with_idle <= idle_bound && most <= bound);
}

#[test]
#[ignore = "takes long; `make soak`"]
fn ten_thousand_idle_and_five_thousand_slow_connections_leave_the_others_alone() {
    let idle = number("DOCKPASS_IDLE").unwrap_or(10_000);
    let slow = number("DOCKPASS_SLOW").unwrap_or(5_000);
    let crowd = Crowd { idle, slow, good: 1_500 };
    report("headers, bodies, readers", crowd, plain(crowd), 150, 350);
    report("TLS: handshakes that crawl or never begin, headers, bodies", crowd, encrypted(crowd), 400, 600);
}
