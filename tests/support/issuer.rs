//! A stand-in for GitHub Actions, GitLab or a Kubernetes cluster: publishes keys over TLS, and signs what it is told to.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/keys";

/// What is answered at one path: status line and further headers, body, and how long that takes.
#[derive(Clone)]
struct Page {
    head: String,
    body: Vec<u8>,
    delay: Duration,
}

#[derive(Default)]
struct State {
    pages: HashMap<String, Page>,
    asked: Vec<String>,
    connections: usize,
}

/// A running issuer. It ends with the test program.
pub(crate) struct Issuer {
    scheme: &'static str,
    port: u16,
    state: Arc<Mutex<State>>,
    /// Holds the certificate of its authority.
    directory: tempfile::TempDir,
}

impl Issuer {
    /// Starts one that speaks TLS with a certificate for `localhost`, of an authority of its own.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = authority.self_signed(&authority_key).unwrap().pem();
        std::fs::write(directory.path().join("authority.pem"), pem).unwrap();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let signer = rcgen::Issuer::from_params(&authority, &authority_key);
        let certificate = server.signed_by(&key, &signer).unwrap().der().clone();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], private);
        Self::run("https", Some(TlsAcceptor::from(Arc::new(config.unwrap()))), directory)
    }

    /// Starts one that speaks plain HTTP.
    pub(crate) fn plain() -> Self {
        Self::run("http", None, tempfile::tempdir().unwrap())
    }

    fn run(scheme: &'static str, tls: Option<TlsAcceptor>, directory: tempfile::TempDir) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        // On a thread of its own, so that tests with and without a runtime can ask it.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    shared.lock().unwrap().connections += 1;
                    let (state, tls) = (shared.clone(), tls.clone());
                    tokio::spawn(async move {
                        match tls {
                            None => answer(stream, &state).await,
                            Some(tls) => {
                                if let Ok(stream) = tls.accept(stream).await {
                                    answer(stream, &state).await;
                                }
                            }
                        }
                    });
                }
            });
        });
        let issuer = Self { scheme, port, state, directory };
        let discovery = json!({ "issuer": issuer.url(), "jwks_uri": format!("{}{KEYS}", issuer.url()) });
        issuer.discovery(&discovery);
        issuer
    }

    /// Its name in tokens.
    pub(crate) fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.port)
    }

    /// The settings that let a dockpass ask it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("FEDERATION_INTERNAL_ISSUERS", format!("['localhost:{}']", self.port))];
        if self.scheme == "https" {
            settings.push(("FEDERATION_CA_CERTIFICATES", self.authority()));
        } else {
            settings.push(("FEDERATION_ALLOW_PLAIN_HTTP", "true".to_owned()));
        }
        settings
    }

    /// The same as lines of a configuration.
    pub(crate) fn config(&self) -> String {
        let lines: Vec<_> = self.settings().iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        lines.concat()
    }

    /// The file with the certificate of its authority.
    pub(crate) fn authority(&self) -> String {
        self.directory.path().join("authority.pem").display().to_string()
    }

    /// Has these keys and no others from now on.
    pub(crate) fn publish(&self, keys: &[&IssuerKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.page(KEYS, "200 OK", json!({ "keys": keys }).to_string().as_bytes(), Duration::ZERO);
    }

    /// Answers this for its keys.
    pub(crate) fn keys(&self, head: &str, body: &[u8]) {
        self.page(KEYS, head, body, Duration::ZERO);
    }

    /// Answers this when it is asked where its keys are.
    pub(crate) fn discovery(&self, document: &Value) {
        self.page(DISCOVERY, "200 OK", document.to_string().as_bytes(), Duration::ZERO);
    }

    /// Answers with this status line (and headers) and body, after some time.
    pub(crate) fn page(&self, path: &str, head: &str, body: &[u8], delay: Duration) {
        let page = Page { head: head.to_owned(), body: body.to_vec(), delay };
        self.state.lock().unwrap().pages.insert(path.to_owned(), page);
    }

    /// How often its keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|path| *path == KEYS).count()
    }

    /// Every path that was asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 && request.len() < 16_384 => request.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let page = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        state.pages.get(&path).cloned()
    };
    let page =
        page.unwrap_or(Page { head: "404 Not Found".to_owned(), body: Vec::new(), delay: Duration::ZERO });
    tokio::time::sleep(page.delay).await;
    let head = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n\r\n", page.head, page.body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&page.body).await;
    let _ = stream.shutdown().await;
}

/// A key that an issuer signs with.
pub(crate) struct IssuerKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl IssuerKey {
    /// RSA with 2048 bits, as most issuers have.
    pub(crate) fn rsa(kid: &str) -> Self {
        Self { kid: kid.to_owned(), pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    /// ECDSA on P-256. Much quicker to make.
    pub(crate) fn ec(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { kid: kid.to_owned(), pair: Pair::Ec(pair) }
    }

    fn jwk(&self) -> Value {
        let decoding = match &self.pair {
            Pair::Rsa(pair) => DecodingKey::from_rsa_der(pair.public_key().as_ref()),
            Pair::Ec(pair) => DecodingKey::from_ec_der(pair.public_key().as_ref()),
        };
        let mut jwk = serde_json::to_value(Jwk::from_decoding_key(&decoding, None).unwrap()).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    /// The algorithm that it is usually used with.
    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
        }
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": self.algorithm(), "kid": self.kid, "typ": "JWT" }), claims)
    }

    /// A token with this header, signed as that says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if header["alg"] == "RS384" { &RSA_PKCS1_SHA384 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
