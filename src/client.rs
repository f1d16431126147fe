//! Outgoing HTTP: one GET on a connection of its own. No redirects, no proxy, no connection that is kept.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What is asked for.
pub struct Get<'a> {
    /// Host and port as the URL has them.
    pub authority: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// A bearer token.
    pub token: Option<&'a str>,
}

/// An answer.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// The certificates that the system trusts; what cannot be read is left out. `SSL_CERT_FILE` and `SSL_CERT_DIR` say where else
/// they are.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Adds certificates in PEM form, and says how many can be used.
pub fn add_pem(roots: &mut RootCertStore, pem: &[u8]) -> usize {
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok)).0
}

/// TLS with servers whose certificates lead to one of `roots`.
pub fn tls(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    // The provider is named: the default one panics when any dependency switches on a second.
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Sends a GET over a connection to `host`: with TLS unless `tls` is missing. At most `longest` bytes of body are read. The
/// text of an error says what did not work.
pub async fn get(
    stream: TcpStream,
    host: &str,
    tls: Option<&Arc<ClientConfig>>,
    get: &Get<'_>,
    longest: usize,
) -> Result<Reply, String> {
    let target: Uri = get.target.parse().map_err(|_| format!("{} is not a path", get.target))?;
    let mut request = Request::get(target).header(HOST, get.authority);
    if let Some(token) = get.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
    let Some(tls) = tls else { return exchange(stream, request, longest).await };
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is not a host name"))?;
    let connected = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
    exchange(connected.map_err(|error| format!("TLS with {host}: {error}"))?, request, longest).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
    longest: usize,
) -> Result<Reply, String> {
    let broken = |error: hyper::Error| format!("no HTTP answer: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Driven here and not by a task of its own: whoever stops waiting also ends the connection.
    let answer = async {
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let body = Limited::new(body, longest).collect().await;
        let body = body.map_err(|error| format!("the answer broke off: {error}"))?.to_bytes();
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    };
    let driven = async {
        // When the connection ends, the other half has its answer or its error.
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer,
        () = driven => Err("no HTTP answer".to_owned()),
    }
}
