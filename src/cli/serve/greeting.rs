//! What a person is told when the service has started.

use super::super::open;
use super::super::output::note;
use crate::config::Config;
use crate::service::App;
use crate::store::StoreError;
use crate::telemetry::log::Format;

/// Tells where the service is and, while it is empty, what to do next.
pub(super) fn greet(app: &App, format: Format) {
    let config = &app.config;
    let listen = config.server.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (key, algorithm) = app.ring.signing();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen,
        realm = config.derived.realm,
        service = config.derived.services.join(","),
        key = key.as_str(),
        algorithm = algorithm.name(),
        "serving"
    );
    // Lines that are not JSON would break whatever reads the log.
    if format == Format::Text {
        // A failure to look is not worth more than a missing hint.
        let empty = app.store.read::<_, StoreError>("greeting", |tx| tx.is_empty()).unwrap_or(false);
        note(&text(config, empty));
    }
}

fn text(config: &Config, empty: bool) -> String {
    let scheme = if config.server.tls_certificate.is_some() { "https" } else { "http" };
    let addresses: Vec<_> =
        config.server.listen.iter().map(|address| format!("{scheme}://{address}")).collect();
    let mut text = format!(
        "dockpass {} listens on {}\n  token endpoint  {}\n  registry        {}\n  database        {}\n  keys            {}",
        env!("CARGO_PKG_VERSION"),
        addresses.join(", "),
        config.derived.realm,
        config.derived.services.join(", "),
        open::database(config).display(),
        config.storage.keys_dir.display(),
    );
    if empty {
        text.push_str(
            "\n\nNobody is here yet. In another terminal:\n  \
             dockpass init --admin admin           make the first super-user\n  \
             dockpass registry-config              what your registry needs to trust this service\n  \
             dockpass org create acme              make an organization,\n  \
             dockpass repo create acme/app         a repository\n  \
             dockpass robot create acme+ci --repository app:write    and a robot that may push to it\n",
        );
    }
    text
}
