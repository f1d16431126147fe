//! One GET at a time, as a registry client would send it: no redirects, no proxy, and certificates are checked.

use super::super::error::CliError;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

/// As long as clients wait for a token.
const PATIENCE: Duration = Duration::from_secs(15);
const LONGEST_BODY: usize = 64 * 1024;
/// Where systems keep the certificates that they trust.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Sends requests.
pub(super) struct Client {
    runtime: Runtime,
    tls: Arc<ClientConfig>,
}

/// An answer.
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body, at most 64 KiB.
    pub(super) body: Bytes,
}

impl Client {
    /// Trusts the certificates in `file`, or else those that the system trusts.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, CliError> {
        let mut roots = RootCertStore::empty();
        let system = || SYSTEM.iter().map(Path::new).find(|path| path.exists());
        if let Some(path) = file.or_else(system) {
            let unreadable =
                |error: String| CliError::Usage(format!("--ca-certificate {}: {error}", path.display()));
            let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
            let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
            if roots.add_parsable_certificates(certificates).0 == 0 && file.is_some() {
                return Err(unreadable("holds no certificate in PEM form".to_owned()));
            }
        }
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CliError::Failed(format!("cannot start: {error}")))?;
        Ok(Self { runtime, tls: Arc::new(tls) })
    }

    /// Sends a GET; the text of an error says what did not work.
    pub(super) fn get(&self, url: &str, token: Option<&str>) -> Result<Reply, String> {
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, self.send(url, token))
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {} seconds", PATIENCE.as_secs())))
        })
    }

    async fn send(&self, url: &str, token: Option<&str>) -> Result<Reply, String> {
        let uri: Uri = url.parse().map_err(|_| format!("{url} is not an address"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(format!("{url} does not begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| format!("{url} names no host"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if https { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await;
        let stream = stream.map_err(|error| format!("cannot connect to {host}:{port}: {error}"))?;
        let mut request = Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
            .header(HOST, authority.as_str());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
        if !https {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is not a host name"))?;
        let connected = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
        exchange(connected.map_err(|error| format!("TLS with {host}: {error}"))?, request).await
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Reply, String> {
    let broken = |error: hyper::Error| format!("no HTTP answer: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await;
    let body = body.map_err(|error| format!("the answer broke off: {error}"))?.to_bytes();
    connection.abort();
    Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
}
