//! An issuer's keys, fetched: its discovery document (OpenID Connect Discovery 1.0), then the keys that this names.

use super::destination::{Destination, Reach, Refused, Rules};
use super::key_set::KeySet;
use crate::client::{self, Get};
use bytes::Bytes;
use rustls::ClientConfig;
use serde::Deserialize;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpStream;

/// From looking up the name to the last byte, for each of the two documents.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of each of the two documents. The largest known, with dozens of certificates, have 25 KB.
const LONGEST: usize = 64 * 1024;
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Why keys could not be fetched. For the log: a client that could tell these apart could look around in our network.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{0}: {1}")]
    Refused(String, Refused),
    #[error("{0}: {1}")]
    Failed(String, String),
    #[error("{0}: no answer in time")]
    Late(String),
    #[error("{0}: answered with status {1}")]
    Status(String, u16),
    #[error("{0}: cannot be read")]
    Unreadable(String),
    #[error("{0}: is the document of another issuer")]
    OtherIssuer(String),
}

/// The certificates for listed hosts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no certificate in it.
    #[error("{} does not hold certificates in PEM form", .0.display())]
    Certificates(PathBuf),
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

pub(super) struct Fetcher {
    pub(super) rules: Rules,
    /// Certificates of authorities, in PEM form, that are trusted for listed hosts only: the one of a cluster must not be able to
    /// vouch for the rest of the world.
    authorities: Vec<u8>,
    public: OnceLock<Arc<ClientConfig>>,
    internal: OnceLock<Arc<ClientConfig>>,
}

impl Fetcher {
    pub(super) fn new(rules: Rules, authorities: Option<&Path>) -> Result<Self, SetUpError> {
        let authorities = authorities.map(read_authorities).transpose()?.unwrap_or_default();
        Ok(Self { rules, authorities, public: OnceLock::new(), internal: OnceLock::new() })
    }

    pub(super) async fn keys(&self, issuer: &str) -> Result<KeySet, FetchError> {
        let location = format!("{}{DISCOVERY}", issuer.strip_suffix('/').unwrap_or(issuer));
        let unreadable = || FetchError::Unreadable(location.clone());
        let document = self.get(&location).await?;
        let discovery: Discovery = serde_json::from_slice(&document).map_err(|_| unreadable())?;
        if discovery.issuer != issuer {
            return Err(FetchError::OtherIssuer(location));
        }
        let keys = self.get(&discovery.jwks_uri).await?;
        KeySet::parse(&keys).ok_or(FetchError::Unreadable(discovery.jwks_uri))
    }

    async fn get(&self, url: &str) -> Result<Bytes, FetchError> {
        let refused = |error| FetchError::Refused(url.to_owned(), error);
        let destination = Destination::parse(url).map_err(refused)?;
        let reach = self.rules.reach(&destination).map_err(refused)?;
        let answer = tokio::time::timeout(PATIENCE, self.send(url, &destination, reach)).await;
        answer.unwrap_or_else(|_| Err(FetchError::Late(url.to_owned())))
    }

    async fn send(&self, url: &str, destination: &Destination, reach: Reach) -> Result<Bytes, FetchError> {
        let failed = |error: String| FetchError::Failed(url.to_owned(), error);
        let stream = connect(destination, reach).await.map_err(|error| failed(error.to_string()))?;
        let tls = if destination.https { Some(self.tls(reach).map_err(failed)?) } else { None };
        let authority = destination.authority();
        let get = Get { authority: &authority, target: &destination.target, token: None };
        let reply = client::get(stream, &destination.host, tls, &get, LONGEST).await.map_err(failed)?;
        if reply.status == 200 {
            Ok(reply.body)
        } else {
            Err(FetchError::Status(url.to_owned(), reply.status))
        }
    }

    /// Made when it is first needed: reading what the system trusts takes milliseconds, and commands run without it.
    fn tls(&self, reach: Reach) -> Result<&Arc<ClientConfig>, String> {
        let made = if reach == Reach::Public { &self.public } else { &self.internal };
        if let Some(tls) = made.get() {
            return Ok(tls);
        }
        let mut roots = client::system_roots();
        if reach == Reach::Internal {
            client::add_pem(&mut roots, &self.authorities);
        }
        let tls = client::tls(roots).map_err(|error| format!("cannot set up TLS: {error}"))?;
        Ok(made.get_or_init(|| tls))
    }
}

/// Connects to what the name stands for, as far as that may be connected to.
async fn connect(destination: &Destination, reach: Reach) -> io::Result<TcpStream> {
    let found = tokio::net::lookup_host((destination.host.as_str(), destination.port)).await?;
    // Connected to are the addresses that were looked at here: a name may stand for others a moment later.
    let addresses: Vec<SocketAddr> = found.filter(|address| reach.covers(address.ip())).collect();
    if addresses.is_empty() {
        return Err(io::Error::other("the name stands for no address that may be connected to"));
    }
    TcpStream::connect(addresses.as_slice()).await
}

fn read_authorities(file: &Path) -> Result<Vec<u8>, SetUpError> {
    let read = std::fs::read(file);
    let pem = read.map_err(|source| SetUpError::Read { file: file.to_owned(), source })?;
    match client::add_pem(&mut rustls::RootCertStore::empty(), &pem) {
        0 => Err(SetUpError::Certificates(file.to_owned())),
        _ => Ok(pem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_name_stands_for_is_looked_at_before_the_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let destination = Destination::parse(&format!("https://localhost:{port}")).unwrap();
        let refused = connect(&destination, Reach::Public).await.unwrap_err();
        assert_eq!(refused.to_string(), "the name stands for no address that may be connected to");
        assert!(connect(&destination, Reach::Internal).await.is_ok());
    }
}
