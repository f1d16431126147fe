//! What can be checked without a registry.

use super::super::error::CliError;
use super::super::open;
use super::Report;
use super::client::Client;
use crate::config::Config;
use crate::domain::time::{Clock, Timestamp};
use crate::keys::{KeyDirectory, KeyRing, SymmetricKeys};
use crate::store::audit::EventFilter;
use crate::store::{Store, StoreError};
use crate::system::SystemClock;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;

/// The start of 2026: a clock before that is wrong, for this program is younger.
const BUILT: Timestamp = Timestamp(1_767_225_600);

/// The keys, when they are good.
pub(super) struct Keys {
    pub(super) symmetric: SymmetricKeys,
    pub(super) ring: KeyRing,
}

pub(super) fn configuration(report: &mut Report, config: &Config) -> Result<(), CliError> {
    for warning in &config.warnings {
        report.warn("configuration", warning, "look at `dockpass config keys`")?;
    }
    report.ok(
        "configuration",
        format!(
            "realm {}, service {}, issuer {}",
            config.derived.realm,
            config.derived.services.join(", "),
            config.tokens.issuer
        ),
    )
}

/// Key files: there, for their owner alone, and whole. Nothing is made.
pub(super) fn keys(report: &mut Report, config: &Config) -> Result<Option<Keys>, CliError> {
    let path = config.storage.keys_dir.display();
    if !config.storage.keys_dir.exists() {
        report.fail(
            "keys",
            format!("there is no directory {path}"),
            "run `dockpass init`, or mend KEYS_DIR",
        )?;
        return Ok(None);
    }
    let directory = KeyDirectory::existing(&config.storage.keys_dir);
    let opened = directory
        .symmetric()
        .map_err(CliError::from)
        .and_then(|symmetric| Ok(Keys { symmetric, ring: open::ring(config, directory)? }));
    match opened {
        Ok(keys) => {
            let (id, algorithm) = keys.ring.signing();
            if algorithm == open::algorithm(config) {
                report.ok("keys", format!("{path}: {} key {id} signs", algorithm.name()))?;
            } else {
                let text =
                    format!("{path}: {} key {id} signs, TOKEN_ALGORITHM says otherwise", algorithm.name());
                report.warn("keys", text, "run `dockpass key rotate`")?;
            }
            Ok(Some(keys))
        }
        Err(error) => {
            report.fail("keys", error.to_string(), "mend or restore that file")?;
            Ok(None)
        }
    }
}

/// The database: there, for its owner alone, of our version, written with our keys, undamaged. Gives the time of the newest
/// event.
pub(super) fn database(
    report: &mut Report,
    config: &Config,
    keys: &SymmetricKeys,
) -> Result<Option<Timestamp>, CliError> {
    let path = open::database(config);
    let shown = path.display();
    let Ok(metadata) = path.metadata() else {
        let text = format!("there is no database at {shown}");
        report.fail("database", text, "run `dockpass init`, or mend DATABASE_URL")?;
        return Ok(None);
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let text = format!("{shown} has the mode {mode:04o}: others can read password hashes");
        report.warn("database", text, &format!("chmod 600 {shown}"))?;
    }
    let looked_at = Store::open_sqlite(path, &keys.verify).and_then(|store| {
        let problems = store.check()?;
        let facts = store.read::<_, StoreError>("doctor", |tx| {
            let newest = tx.events(&EventFilter::default(), 1)?.first().map(|event| event.at);
            Ok((tx.namespace_count()?, newest))
        })?;
        Ok((problems, facts))
    });
    match looked_at {
        Ok((problems, (count, newest))) => {
            for problem in &problems {
                report.fail("database", problem, "stop dockpass and restore the last backup")?;
            }
            if problems.is_empty() {
                report.ok("database", format!("{shown}: undamaged, {count} users and organizations"))?;
            }
            Ok(newest)
        }
        Err(error) => {
            report.fail(
                "database",
                format!("{shown}: {error}"),
                "see that the file and its keys belong together",
            )?;
            Ok(None)
        }
    }
}

/// Tokens are refused by registries whose clock differs by more than a minute.
pub(super) fn clock(report: &mut Report, newest: Option<Timestamp>) -> Result<(), CliError> {
    let now = SystemClock.now();
    let advice = "set the clock, best by NTP";
    if now < BUILT {
        return report.fail("clock", format!("it is {now} here"), advice);
    }
    match newest.map(|newest| newest.seconds_since(now)) {
        Some(ahead @ 61..) => {
            report.fail("clock", format!("it is {now} here, {ahead} s before the newest audit event"), advice)
        }
        _ => report.ok("clock", format!("it is {now}")),
    }
}

/// What listens on LISTEN.
pub(super) fn addresses(report: &mut Report, config: &Config, client: &Client) -> Result<(), CliError> {
    for address in &config.server.listen {
        if let Ok(free) = TcpListener::bind(address) {
            drop(free);
            let text = format!("{address} is free: dockpass does not run here");
            report.warn("listen", text, "start it with `dockpass serve`")?;
            continue;
        }
        if config.server.tls_certificate.is_some() {
            // Its certificate is for a name; the check of the realm asks by that.
            report.ok("listen", format!("something listens on {address}"))?;
            continue;
        }
        let url = format!("http://{}/health/instance", reachable(*address));
        match client.get(&url, None) {
            Ok(reply) if reply.status == 200 => report.ok("listen", format!("{address} answers"))?,
            Ok(reply) => {
                let text = format!("{address} answers {} when asked for its health", reply.status);
                report.fail("listen", text, "another program may have the address; else see the log")?;
            }
            Err(error) => {
                report.fail("listen", error, "see which program has the address, or change LISTEN")?;
            }
        }
    }
    Ok(())
}

/// An address to connect to: 0.0.0.0 and :: stand for this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether clients will use the realm, and whether we answer there.
pub(super) fn realm(report: &mut Report, config: &Config, client: &Client) -> Result<(), CliError> {
    let realm = &config.derived.realm;
    let rest = realm.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let literal = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    if literal {
        let text = format!("{realm} names its host by number, which crane, oras and others refuse");
        report.warn("realm", text, "set TOKEN_REALM to an address with a name")?;
    } else if realm.starts_with("http://") && host != "localhost" {
        let text = format!("{realm} is plain HTTP, which clients refuse when the registry speaks HTTPS");
        report.warn("realm", text, "give dockpass a certificate and set TOKEN_REALM to https://")?;
    }
    match client.get(realm, None) {
        // Without credentials and scope there is nothing to issue a token for.
        Ok(reply) if reply.status == 401 && reply.body.starts_with(b"{\"errors\"") => {
            report.ok("realm", format!("{realm} answers"))
        }
        Ok(reply) => {
            let text = format!("{realm} answers {}, which is not the token endpoint", reply.status);
            report.fail("realm", text, "set TOKEN_REALM to where clients reach dockpass")
        }
        Err(error) => {
            let advice = "start `dockpass serve`; set TOKEN_REALM to where clients reach it";
            report.fail("realm", format!("{realm}: {error}"), advice)
        }
    }
}
