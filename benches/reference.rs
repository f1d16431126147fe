//! The limit: a server that does what cannot be left out of answering a token request, and nothing else. The same
//! HTTP library with the same settings, the same bytes sent back, and one ES256 signature.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use bytes::Bytes;
use dockpass::http::tls::{CertificateReloader, server_config};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

/// A key as the service would make one.
pub fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

/// One signature over `message`.
pub fn sign(key: &EcdsaKeyPair, random: &SystemRandom, message: &[u8]) {
    black_box(key.sign(random, black_box(message)).unwrap());
}

/// Serves an answer of the service under test, over and over.
#[derive(clap::Args)]
pub struct Reference {
    /// File with a whole HTTP answer to repeat.
    #[arg(long)]
    answer: PathBuf,
    /// PEM file of the certificate, for TLS.
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    #[arg(long)]
    key: Option<PathBuf>,
}

struct Answer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    message: Vec<u8>,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn read(file: &PathBuf) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let headers = head.lines().skip(1).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), value.trim().parse::<HeaderValue>().unwrap())
        });
        // The library writes these two itself, as it does for the service.
        let headers = headers.filter(|(name, _)| name != DATE && name != CONTENT_LENGTH).collect();
        let token = body.split('"').nth(3).unwrap();
        let message = token.rsplit_once('.').unwrap().0.as_bytes().to_owned();
        Self {
            key: key(),
            random: SystemRandom::new(),
            message,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn respond(&self) -> Response<Full<Bytes>> {
        sign(&self.key, &self.random, &self.message);
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// Serves until it is killed; the first line on standard output is the port.
pub fn serve(arguments: &Reference) {
    let answer = Arc::new(Answer::read(&arguments.answer));
    let files = arguments.certificate.as_ref().zip(arguments.key.as_ref());
    let tls = files.map(|(certificate, key)| {
        let reloader = CertificateReloader::load(certificate, key).unwrap();
        TlsAcceptor::from(server_config(Arc::new(reloader)).unwrap())
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = dockpass::http::server::bind(([127, 0, 0, 1], 0).into()).unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        // As in the service's own accept loop.
        let mut http = http1::Builder::new();
        http.max_header_size(16 * 1024).max_buf_size(64 * 1024).header_read_timeout(None);
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let (answer, http, tls) = (Arc::clone(&answer), http.clone(), tls.clone());
            tokio::spawn(async move {
                let _ = socket.set_nodelay(true);
                match tls {
                    None => connection(&http, socket, answer).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(socket).await {
                            connection(&http, stream, answer).await;
                        }
                    }
                }
            });
        }
    });
}

async fn connection<S>(http: &http1::Builder, stream: S, answer: Arc<Answer>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |_: Request<Incoming>| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(answer.respond()) }
    });
    // A client that goes away is no fault of the server.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}
