//! One GET at a time, as a registry client would send it: no redirects, no proxy, and certificates are checked.

use super::super::error::CliError;
use crate::client::{self, Get, Reply};
use hyper::Uri;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// As long as clients wait for a token.
const PATIENCE: Duration = Duration::from_secs(15);
const LONGEST_BODY: usize = 64 * 1024;

/// Sends requests.
pub(super) struct Client {
    runtime: Runtime,
    tls: Arc<ClientConfig>,
}

impl Client {
    /// Trusts the certificates in `file`, or else those that the system trusts.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, CliError> {
        let roots = file.map_or_else(|| Ok(client::system_roots()), read_roots)?;
        let tls =
            client::tls(roots).map_err(|error| CliError::Failed(format!("cannot set up TLS: {error}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CliError::Failed(format!("cannot start: {error}")))?;
        Ok(Self { runtime, tls })
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
        let target = uri.path_and_query().map_or("/", |path| path.as_str());
        let get = Get { authority: authority.as_str(), target, token };
        client::get(stream, host, https.then_some(&self.tls), &get, LONGEST_BODY).await
    }
}

fn read_roots(path: &Path) -> Result<RootCertStore, CliError> {
    let unreadable = |error: String| CliError::Usage(format!("--ca-certificate {}: {error}", path.display()));
    let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    match client::add_pem(&mut roots, &pem) {
        0 => Err(unreadable("holds no certificate in PEM form".to_owned())),
        _ => Ok(roots),
    }
}
