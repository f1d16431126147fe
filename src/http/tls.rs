//! TLS: the server configuration, and a certificate that is replaced while connections go on.
//!
//! Certificates live for weeks and are renewed by others (cert-manager, certbot), who change the files and tell
//! nobody. So the files are looked at once a second; that also sees the symbolic links that Kubernetes swaps.

use crate::domain::time::Timestamp;
use crate::keys::not_after;
use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, server::ServerConnection};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs, io};
use tokio::time::{Instant, MissedTickBehavior, interval};
use zeroize::Zeroizing;

/// How often the files are looked at.
pub const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// How often an error that stays is logged.
const REPEAT_AFTER: Duration = Duration::from_mins(1);

/// Why a certificate or its key cannot be used. Says which file; says nothing of what is in the key's.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No certificate chain in PEM form.
    #[error("{} does not hold certificates in PEM form", .0.display())]
    Certificate(PathBuf),
    /// No private key in PEM form, or of a kind that is not supported.
    #[error("{} does not hold a private key in PEM form (ECDSA, RSA or Ed25519)", .0.display())]
    Key(PathBuf),
    /// Each is good, but they do not belong together; also seen while only one of them has been renewed yet.
    #[error("the key in {} does not belong to the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// The TLS library refuses the set-up.
    #[error("cannot set up TLS: {0}")]
    SetUp(#[source] rustls::Error),
}

/// A certificate with its key, read again when the files change.
pub struct CertificateReloader {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<Loaded>,
}

struct Loaded {
    certified: Arc<CertifiedKey>,
    expires: Timestamp,
    /// The two files as they were just before they were read.
    files: [Fingerprint; 2],
}

/// Changes whenever a file is written, replaced, or reached through another link than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl CertificateReloader {
    /// Reads the PEM files `certificate` (the server's own certificate first, then intermediates) and `key`.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let loaded = read(certificate, key, &provider)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            provider,
            current: ArcSwap::from_pointee(loaded),
        })
    }

    /// Reads the files if they differ from those in use, and says whether it did. On an error the certificate in use
    /// stays, and the next call tries again.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let files = [fingerprint(&self.certificate)?, fingerprint(&self.key)?];
        if files == self.current.load().files {
            return Ok(false);
        }
        let loaded = read(&self.certificate, &self.key, &self.provider)?;
        self.current.store(Arc::new(loaded));
        Ok(true)
    }

    /// Calls [`reload_if_changed`](Self::reload_if_changed) every `period`, for ever.
    pub async fn watch(self: Arc<Self>, period: Duration) {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last: Option<(String, Instant)> = None;
        loop {
            ticks.tick().await;
            let reloader = Arc::clone(&self);
            // The files may lie on a network, and a request must not wait for that.
            let outcome = tokio::task::spawn_blocking(move || reloader.reload_if_changed()).await;
            let message = match outcome {
                Ok(Ok(changed)) => {
                    if changed {
                        let expires = self.expires();
                        tracing::info!(file = %self.certificate.display(), %expires, "certificate replaced");
                    }
                    last = None;
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            let now = Instant::now();
            let known = last.as_ref().is_some_and(|(text, at)| *text == message && now - *at < REPEAT_AFTER);
            if !known {
                tracing::error!("keeping the old certificate: {message}");
                last = Some((message, now));
            }
        }
    }

    /// When the certificate in use stops being valid: the earliest end in its chain.
    pub fn expires(&self) -> Timestamp {
        self.current.load().expires
    }
}

impl ResolvesServerCert for CertificateReloader {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().certified))
    }
}

impl fmt::Debug for CertificateReloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateReloader")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// TLS 1.2 and 1.3 for HTTP/1.1, with the certificate that `certificate` has at the time of each handshake.
pub fn server_config(certificate: Arc<CertificateReloader>) -> Result<Arc<ServerConfig>, TlsError> {
    // The provider is named: the default one panics when any dependency switches on a second.
    let provider = Arc::clone(&certificate.provider);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::SetUp)?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A full handshake costs as much as a dozen tokens; a ticket spares it to clients that come back.
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::SetUp)?;
    // Checks the set-up now rather than with the first client.
    let config = Arc::new(config);
    ServerConnection::new(Arc::clone(&config)).map_err(TlsError::SetUp)?;
    Ok(config)
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Loaded, TlsError> {
    // Before reading: a change in between then shows as a difference the next time.
    let files = [fingerprint(certificate)?, fingerprint(key)?];
    let bad_certificate = || TlsError::Certificate(certificate.to_owned());
    let pem = bytes(certificate)?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| bad_certificate())?;
    let ends: Option<Vec<Timestamp>> = chain.iter().map(|der| not_after(der)).collect();
    let expires = ends.and_then(|ends| ends.into_iter().min()).ok_or_else(bad_certificate)?;

    let pem = Zeroizing::new(bytes(key)?);
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::Key(key.to_owned()))?;
    let certified = CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
        }
        rustls::Error::InvalidCertificate(_) => bad_certificate(),
        _ => TlsError::Key(key.to_owned()),
    })?;
    Ok(Loaded { certified: Arc::new(certified), expires, files })
}

fn bytes(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|source| TlsError::Read { file: file.to_owned(), source })
}

fn fingerprint(file: &Path) -> Result<Fingerprint, TlsError> {
    let metadata = fs::metadata(file).map_err(|source| TlsError::Read { file: file.to_owned(), source })?;
    Ok(Fingerprint {
        device: metadata.dev(),
        inode: metadata.ino(),
        length: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    struct Files {
        directory: TempDir,
    }

    impl Files {
        fn new() -> Self {
            let files = Self { directory: TempDir::new().unwrap() };
            files.renew(2100);
            files
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        /// Writes a fresh pair whose certificate ends with the year before `year`.
        fn renew(&self, year: i32) {
            let (certificate, key) = pair(year);
            self.write("tls.crt", &certificate);
            self.write("tls.key", &key);
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path(name), text).unwrap();
        }

        fn load(&self) -> Result<CertificateReloader, TlsError> {
            CertificateReloader::load(&self.path("tls.crt"), &self.path("tls.key"))
        }
    }

    fn pair(year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn serving(reloader: &CertificateReloader) -> Vec<u8> {
        reloader.current.load().certified.cert[0].to_vec()
    }

    #[test]
    fn a_renewed_pair_replaces_the_old_one() {
        let files = Files::new();
        let reloader = files.load().unwrap();
        let old = serving(&reloader);
        assert!(!reloader.reload_if_changed().unwrap());
        files.renew(2101);
        assert!(reloader.reload_if_changed().unwrap());
        assert_ne!(serving(&reloader), old);
        assert!(!reloader.reload_if_changed().unwrap());
    }

    #[test]
    fn the_old_pair_stays_while_the_new_one_is_not_whole() {
        let files = Files::new();
        let reloader = files.load().unwrap();
        let old = serving(&reloader);
        let (certificate, key) = pair(2101);
        files.write("tls.crt", &certificate);
        assert!(matches!(reloader.reload_if_changed(), Err(TlsError::Mismatch { .. })));
        files.write("tls.key", &key[..key.len() / 2]);
        assert!(matches!(reloader.reload_if_changed(), Err(TlsError::Key(_))));
        fs::remove_file(files.path("tls.key")).unwrap();
        assert!(matches!(reloader.reload_if_changed(), Err(TlsError::Read { .. })));
        files.write("tls.key", "");
        assert!(matches!(reloader.reload_if_changed(), Err(TlsError::Key(_))));
        files.write("tls.crt", "");
        files.write("tls.key", &key);
        assert!(matches!(reloader.reload_if_changed(), Err(TlsError::Certificate(_))));
        assert_eq!(serving(&reloader), old);
        files.write("tls.crt", &certificate);
        assert!(reloader.reload_if_changed().unwrap());
        assert_ne!(serving(&reloader), old);
    }

    #[test]
    fn a_swapped_link_is_noticed() {
        let files = Files::new();
        for (version, year) in [("one", 2100), ("two", 2101)] {
            fs::create_dir(files.path(version)).unwrap();
            let (certificate, key) = pair(year);
            files.write(&format!("{version}/tls.crt"), &certificate);
            files.write(&format!("{version}/tls.key"), &key);
        }
        let link = files.path("data");
        std::os::unix::fs::symlink("one", &link).unwrap();
        let reloader = CertificateReloader::load(&link.join("tls.crt"), &link.join("tls.key")).unwrap();
        std::os::unix::fs::symlink("two", files.path("new")).unwrap();
        fs::rename(files.path("new"), &link).unwrap();
        assert!(reloader.reload_if_changed().unwrap());
    }

    #[test]
    fn errors_name_the_file_and_not_its_content() {
        let files = Files::new();
        let (_, key) = pair(2100);
        files.write("tls.key", &key.replace('A', "!"));
        let error = files.load().unwrap_err().to_string();
        assert!(error.contains("tls.key"), "{error}");
        assert!(!error.contains(key.lines().nth(1).unwrap()), "{error}");
        fs::remove_file(files.path("tls.crt")).unwrap();
        let error = files.load().unwrap_err().to_string();
        assert!(error.contains("tls.crt"), "{error}");
    }

    #[test]
    fn the_end_is_that_of_the_certificate() {
        let files = Files::new();
        files.renew(2030);
        let reloader = files.load().unwrap();
        assert_eq!(reloader.expires().rfc3339(), "2030-01-01T00:00:00Z");
    }

    #[test]
    fn the_set_up_is_tls_1_2_and_up_for_http_1_1() {
        let config = server_config(Arc::new(Files::new().load().unwrap())).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1"]);
        assert!(config.ticketer.enabled());
        assert_eq!(config.max_early_data_size, 0, "early data can be replayed");
    }
}
