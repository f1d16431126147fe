//! The least that an HTTP client has to do: what it costs is taken from the server's processors.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where requests go.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// `Host` of the requests.
    pub host: String,
    /// Path of the token endpoint.
    pub path: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Target {
    /// Reads `http://HOST:PORT/PATH` or `https://...`; `ca` holds the certificates to trust. With `resume` a new
    /// connection may use the TLS ticket of an earlier one, which clients that are started anew cannot.
    pub fn parse(url: &str, ca: Option<&Path>, resume: bool) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL begins with http:// or https://");
        let (host, path) = rest.split_once('/').map_or((rest, "/"), |(host, _)| (host, &rest[host.len()..]));
        let https = scheme == "https";
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
        let complete = if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:{}", if https { 443 } else { 80 })
        };
        // `localhost` may come as IPv6 first, where nobody listens.
        let mut addresses: Vec<_> = complete.to_socket_addrs().expect("the host has an address").collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let tls = https.then(|| (connector(ca, resume), ServerName::try_from(name).unwrap()));
        Self { address: addresses[0], host: host.to_owned(), path: path.to_owned(), tls }
    }

    /// Connects; with TLS, up to the end of the handshake.
    pub async fn connect(&self) -> io::Result<Connection> {
        let tcp = dial(self.address).await?;
        tcp.set_nodelay(true)?;
        let stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some((connector, name)) => Stream::Tls(Box::new(connector.connect(name.clone(), tcp).await?)),
        };
        Ok(Connection { stream, buffer: Vec::with_capacity(8192) })
    }
}

fn connector(ca: Option<&Path>, resume: bool) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let file = ca.expect("TLS needs --ca, a PEM file of certificates to trust");
    for certificate in CertificateDer::pem_file_iter(file).expect("the file of --ca can be read") {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    if !resume {
        config.resumption = rustls::client::Resumption::disabled();
    }
    TlsConnector::from(Arc::new(config))
}

/// A closed connection keeps its port for a minute; on loopback there are enough addresses to go round.
async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    if address.ip() == Ipv4Addr::LOCALHOST {
        let socket = TcpSocket::new_v4()?;
        let last = NEXT.fetch_add(1, Ordering::Relaxed) % 200 + 2;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        return socket.connect(address).await;
    }
    TcpStream::connect(address).await
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// An open connection.
pub struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Sends a request and reads the answer to its end; tells its status.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.buffer.clear();
        match &mut self.stream {
            Stream::Plain(stream) => exchange(stream, request, &mut self.buffer).await,
            Stream::Tls(stream) => exchange(stream.as_mut(), request, &mut self.buffer).await,
        }
    }

    /// The last answer, head and body.
    pub fn answer(&self) -> &[u8] {
        &self.buffer
    }

    /// Says good-bye as TLS demands; plain connections are just dropped.
    pub async fn close(mut self) {
        if let Stream::Tls(stream) = &mut self.stream {
            let _ = stream.shutdown().await;
        }
    }
}

async fn exchange<S>(stream: &mut S, request: &[u8], buffer: &mut Vec<u8>) -> io::Result<u16>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut head = None;
    loop {
        if head.is_none() {
            head = Head::read(buffer)?;
        }
        if let Some(head) = &head
            && head.is_complete(buffer)
        {
            return Ok(head.status);
        }
        if stream.read_buf(buffer).await? == 0 {
            return match head {
                Some(Head { length: Length::ToEnd, status, .. }) => Ok(status),
                _ => Err(ErrorKind::UnexpectedEof.into()),
            };
        }
    }
}

enum Length {
    Known(usize),
    Chunked,
    ToEnd,
}

struct Head {
    status: u16,
    end: usize,
    length: Length,
}

impl Head {
    /// The head, once all of it has come.
    fn read(buffer: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&buffer[..end]).map_err(|_| ErrorKind::InvalidData)?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok());
        let mut length = Length::ToEnd;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.trim().parse().map_err(|_| ErrorKind::InvalidData)?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunked;
            }
        }
        Ok(Some(Self { status: status.ok_or(ErrorKind::InvalidData)?, end: end + 4, length }))
    }

    fn is_complete(&self, buffer: &[u8]) -> bool {
        match self.length {
            Length::Known(length) => buffer.len() >= self.end + length,
            // Nothing follows the last chunk, since requests are not pipelined.
            Length::Chunked => buffer[self.end..].ends_with(b"0\r\n\r\n"),
            Length::ToEnd => false,
        }
    }
}
