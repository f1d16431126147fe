//! TLS: handshakes that are slow, cut into pieces or not TLS at all, and a certificate changed under traffic.

use super::{Running, Wire, limits, short};
use dockpass::http::server::{Fault, Limits, Listener};
use dockpass::http::tls::{CertificateReloader, server_config};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Certificate files, and the reloader that serves them.
struct Files {
    directory: TempDir,
}

impl Files {
    fn new() -> (Self, CertificateDer<'static>) {
        let files = Self { directory: TempDir::new().unwrap() };
        let certificate = files.renew();
        (files, certificate)
    }

    /// Replaces the pair as a careful tool does: each file whole, one after the other.
    fn renew(&self) -> CertificateDer<'static> {
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        for (name, text) in [("tls.crt", pair.cert.pem()), ("tls.key", pair.signing_key.serialize_pem())] {
            let new = self.directory.path().join(format!("{name}.new"));
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, self.directory.path().join(name)).unwrap();
        }
        pair.cert.der().clone()
    }

    fn reloader(&self) -> Arc<CertificateReloader> {
        let path = |name| self.directory.path().join(name);
        Arc::new(CertificateReloader::load(&path("tls.crt"), &path("tls.key")).unwrap())
    }
}

fn start(reloader: &Arc<CertificateReloader>, limits: Limits) -> Running {
    let config = server_config(Arc::clone(reloader)).unwrap();
    Running::start_on(|socket| Listener::tls(socket, config), limits)
}

fn client(trusted: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    config: &Arc<ClientConfig>,
    socket: S,
) -> io::Result<Wire<TlsStream<S>>> {
    let name = ServerName::try_from("localhost").unwrap();
    let connecting = TlsConnector::from(Arc::clone(config)).connect(name, socket);
    timeout(super::HANG, connecting).await.expect("an end of the handshake").map(Wire)
}

/// A socket that sends one byte in each packet.
struct ByteWise(TcpStream);

impl AsyncRead for ByteWise {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for ByteWise {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes.get(..1).unwrap_or_default())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[tokio::test]
async fn requests_are_served_over_tls_and_sessions_resumed() {
    let (files, certificate) = Files::new();
    let server = start(&files.reloader(), limits());
    let config = Arc::new(client(&certificate));
    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let socket = TcpStream::connect(server.address).await.unwrap();
        let mut wire = handshake(&config, socket).await.unwrap();
        assert_eq!(wire.get("/peer").await, (200, "127.0.0.1 true".to_owned()));
        assert_eq!(wire.get("/a").await.0, 200);
        assert_eq!(wire.0.get_ref().1.handshake_kind(), Some(expected));
    }
    server.stop().await;
}

#[tokio::test]
async fn only_http_1_1_is_agreed_on() {
    let (files, certificate) = Files::new();
    let server = start(&files.reloader(), limits());
    let agree = async |protocols: &[&str]| {
        let mut config = client(&certificate);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let socket = TcpStream::connect(server.address).await.unwrap();
        let wire = handshake(&Arc::new(config), socket).await?;
        io::Result::Ok(wire.0.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(agree(&["h2", "http/1.1"]).await.unwrap().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(agree(&[]).await.unwrap(), None);
    assert!(agree(&["h2"]).await.is_err());
}

#[tokio::test]
async fn a_client_hello_in_single_bytes_and_in_tiny_fragments_is_understood() {
    let (files, certificate) = Files::new();
    let server = start(&files.reloader(), limits());
    let mut config = client(&certificate);
    config.max_fragment_size = Some(32);
    let config = Arc::new(config);
    let socket = TcpStream::connect(server.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let mut wire = handshake(&config, ByteWise(socket)).await.unwrap();
    assert_eq!(wire.get("/x").await, (200, "GET /x".to_owned()));
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_cut() {
    let limits = Limits { handshake: short(), ..limits() };
    let (files, _) = Files::new();
    let server = start(&files.reloader(), limits);
    let mut silent = server.connect().await;
    let mut dripping = server.connect().await;
    // The start of a record that announces 512 bytes, which then come too slowly.
    dripping.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]).await;
    for _ in 0..1000 {
        if dripping.0.write_all(&[0]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    silent.is_closed().await;
    dripping.is_closed().await;
    assert_eq!(server.statistics.faults(Fault::Handshake), 2);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_tls_is_closed() {
    let (files, _) = Files::new();
    let server = start(&files.reloader(), limits());
    let mut wire = server.connect().await;
    wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut bytes = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut wire.0, &mut bytes);
    let _ = timeout(super::HANG, reading).await.expect("the server closes");
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
    assert_eq!(server.statistics.faults(Fault::Handshake), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_over_tls_is_cut() {
    let limits = Limits { write: short(), ..limits() };
    let (files, certificate) = Files::new();
    let server = start(&files.reloader(), limits);
    let socket = TcpStream::connect(server.address).await.unwrap();
    let mut wire = handshake(&Arc::new(client(&certificate)), socket).await.unwrap();
    wire.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.until(|statistics| statistics.faults(Fault::SlowReader) == 1).await;
}

#[tokio::test]
async fn a_certificate_is_replaced_under_traffic_without_a_failure() {
    let (files, first) = Files::new();
    let reloader = files.reloader();
    let server = start(&reloader, limits());
    let watching = tokio::spawn(Arc::clone(&reloader).watch(Duration::from_millis(5)));
    let mut config = client(&first);
    // Without tickets, so that each connection sees the certificate.
    config.resumption = rustls::client::Resumption::disabled();
    let socket = TcpStream::connect(server.address).await.unwrap();
    let mut old = handshake(&Arc::new(config.clone()), socket).await.unwrap();
    assert_eq!(old.get("/").await.0, 200);

    let mut trusted = first.clone();
    for _ in 0..3 {
        let next = files.renew();
        // Each handshake succeeds with the old or with the new certificate, until it is the new one.
        loop {
            let mut roots = RootCertStore::empty();
            roots.add(trusted.clone()).unwrap();
            roots.add(next.clone()).unwrap();
            let mut both = ClientConfig::builder_with_provider(Arc::clone(config.crypto_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            both.resumption = rustls::client::Resumption::disabled();
            let socket = TcpStream::connect(server.address).await.unwrap();
            let mut wire = handshake(&Arc::new(both), socket).await.unwrap();
            assert_eq!(wire.get("/").await.0, 200);
            let shown = wire.0.get_ref().1.peer_certificates().unwrap()[0].clone();
            if shown == next {
                break;
            }
            assert_eq!(shown, trusted);
        }
        trusted = next;
    }
    assert_eq!(old.get("/").await.0, 200, "connections of before go on");
    assert_eq!(server.statistics.faults(Fault::Handshake), 0);
    watching.abort();
}
