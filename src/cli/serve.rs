//! `dockpass serve`: everything wired together, until a signal ends it.

mod background;
mod greeting;
mod notify;

use super::error::CliError;
use super::{Global, environment, open};
use crate::config::{Config, Environment};
use crate::http::body::RequestBody;
use crate::http::dispatch::Dispatch;
use crate::http::reply::{self, Body};
use crate::http::server::{self, Limits, Listener, Statistics};
use crate::http::tls::{CertificateReloader, TlsError, server_config};
use crate::service::App;
use crate::service::ledger::Ledger;
use crate::telemetry::{self, Metrics, metrics};
use background::Background;
use hyper::{Request, Response, StatusCode};
use std::future::Future;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long work that cannot be interrupted may hold up the end of the program.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Runs the service.
pub(super) fn run(global: &Global) -> Result<(), CliError> {
    let (config, live) = open::configuration(global)?;
    let statistics = Statistics::default();
    let metrics = Arc::new(Metrics::with(|registry| statistics.register(registry)));
    let format = config.log.format.on(io::stderr().is_terminal());
    let (level, dropped) = (config.log.level.filter(), metrics.log_lines_dropped.clone());
    let log = telemetry::log::init(format, level, Box::new(io::stderr()), dropped)
        .map_err(|error| CliError::Failed(error.to_string()))?;
    telemetry::panic::install(metrics.panics.clone());
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let hasher = open::hasher(&config)?;
    let mut app = open::app(config, live, hasher)?;
    app.store = app.store.observed(Arc::clone(&metrics));
    let app = Arc::new(app);

    let runtime = Builder::new_multi_thread().enable_all().thread_name("dockpass").build();
    let runtime = runtime.map_err(|error| CliError::Failed(format!("cannot start threads: {error}")))?;
    let served = serve(&runtime, &app, &metrics, statistics, format);
    runtime.shutdown_timeout(LAST_WORK);
    if let Err(error) = Ledger::flush(&app) {
        tracing::error!("the last logins were not written down: {error}");
    }
    tracing::info!("ended");
    log.flush();
    served
}

fn serve(
    runtime: &Runtime,
    app: &Arc<App>,
    metrics: &Arc<Metrics>,
    statistics: Statistics,
    format: telemetry::log::Format,
) -> Result<(), CliError> {
    runtime.block_on(async {
        let config = &app.config;
        let certificate = certificate(config)?;
        let listeners = listeners(config, certificate.as_ref())?;
        let metrics_listener = config.server.metrics_listen.map(|address| bind("METRICS_LISTEN", address));
        let metrics_listener = metrics_listener.transpose()?;
        // Before anything is served: a signal that comes right after must not kill the process half-way.
        let mut signals = Signals::new()?;

        let mut background = Background::start(app, metrics, certificate);
        if let Some(listener) = metrics_listener {
            background.spawn(serve_metrics(Listener::plain(listener), Arc::clone(metrics)));
        }
        let dispatch = Arc::new(Dispatch::new(Arc::clone(app), Arc::clone(metrics)));
        let handler = move |request: Box<Request<RequestBody>>, connection| {
            let dispatch = Arc::clone(&dispatch);
            async move { dispatch.handle(request, connection).await }
        };
        let variables = environment().variables();
        greeting::greet(app, format);
        notify::notify(&variables, "READY=1");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let server = server::run(listeners, handler, shutdown, limits(config), statistics);
        let ends = async {
            signals.end(&background).await;
            notify::notify(&variables, "STOPPING=1");
            let _ = stop.send(());
            // Whoever asks a second time does not want to wait for the requests that are still running.
            signals.end(&background).await;
        };
        tokio::select! {
            () = server => {}
            () = ends => tracing::warn!("ended at once by a second signal"),
        }
        background.stop().await;
        Ok(())
    })
}

/// The signals that mean something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// Never waited for. Handled, it makes a write beyond a limit on file sizes fail like one to a full disk; else it ends
    /// the program.
    _file_size: Signal,
}

impl Signals {
    fn new() -> Result<Self, CliError> {
        let listen = |kind| {
            signal(kind).map_err(|error| CliError::Failed(format!("cannot wait for signals: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
            _file_size: listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// Waits for SIGTERM or SIGINT; on SIGHUP everything that can change is read again.
    async fn end(&mut self, background: &Background) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => background.reload().await,
            }
        }
    }
}

/// The server's certificate, if LISTEN speaks TLS.
fn certificate(config: &Config) -> Result<Option<Arc<CertificateReloader>>, CliError> {
    let (Some(certificate), Some(key)) = (&config.server.tls_certificate, &config.server.tls_private_key)
    else {
        return Ok(None);
    };
    let loaded = CertificateReloader::load(certificate, key).map_err(|error| tls_error(&error))?;
    Ok(Some(Arc::new(loaded)))
}

fn tls_error(error: &TlsError) -> CliError {
    CliError::Setting(format!("TLS_CERTIFICATE, TLS_PRIVATE_KEY: {error}"))
}

/// The sockets of LISTEN.
fn listeners(
    config: &Config,
    certificate: Option<&Arc<CertificateReloader>>,
) -> Result<Vec<Listener>, CliError> {
    let tls = certificate.map(|certificate| server_config(Arc::clone(certificate)));
    let tls = tls.transpose().map_err(|error| tls_error(&error))?;
    let listen = |address: &SocketAddr| {
        let socket = bind("LISTEN", *address)?;
        Ok(match &tls {
            Some(tls) => Listener::tls(socket, Arc::clone(tls)),
            None => Listener::plain(socket),
        })
    };
    config.server.listen.iter().map(listen).collect()
}

fn bind(key: &str, address: SocketAddr) -> Result<tokio::net::TcpListener, CliError> {
    server::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "; another program, perhaps another dockpass, listens there",
            io::ErrorKind::PermissionDenied => "; ports below 1024 need the capability CAP_NET_BIND_SERVICE",
            _ => "",
        };
        CliError::Setting(format!("{key}: cannot listen on {address}: {error}{advice}"))
    })
}

fn limits(config: &Config) -> Limits {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let limits = Limits {
        connections: count(config.server.max_connections),
        connections_per_address: count(config.server.max_connections_per_address),
        proxies: config.server.trusted_proxies.clone(),
        ..Limits::default()
    };
    limits.fitted_to_open_files()
}

/// Serves METRICS_LISTEN, which knows one page.
fn serve_metrics(listener: Listener, metrics: Arc<Metrics>) -> impl Future<Output = ()> + Send {
    let handler = move |request: Box<Request<RequestBody>>, _| {
        let metrics = Arc::clone(&metrics);
        async move { metrics_page(request.uri().path(), &metrics) }
    };
    let limits = Limits { connections: 64, ..Limits::default() };
    server::run(vec![listener], handler, std::future::pending(), limits, Statistics::default())
}

fn metrics_page(path: &str, metrics: &Metrics) -> Response<Body> {
    if path == "/metrics" {
        reply::with_type(StatusCode::OK, metrics::CONTENT_TYPE, metrics.encode())
    } else {
        reply::text(StatusCode::NOT_FOUND, "there is /metrics here and nothing else\n")
    }
}
