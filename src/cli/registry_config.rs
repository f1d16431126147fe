//! `dockpass registry-config`: what a registry's configuration needs.

use super::error::CliError;
use super::output::{self, Output, note, write_public};
use super::{Global, open};
use crate::config::{Config, TokenAlgorithm, TokenKeyHeader};
use crate::domain::time::{Clock, Timestamp};
use crate::keys::PublishedKeys;
use crate::system::SystemClock;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  dockpass registry-config >> /etc/docker/registry/config.yml
  dockpass registry-config --registry 2.8 --write /etc/docker/registry
  dockpass registry-config --write ./trust --mounted-at /trust/dockpass-root.pem";

/// Prints the `auth:` section that makes a CNCF distribution registry trust this installation.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct RegistryConfig {
    /// The registry's version: 2.8 (`registry:2`) or 3 (`registry:3`).
    #[arg(long, value_enum, default_value_t = Version::V3)]
    registry: Version,
    /// The service that the registry is, if TOKEN_SERVICES has several. Default: the first.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Give the registry the keys themselves instead of the root certificate; needs TOKEN_KEY_HEADER: kid and --write, and
    /// writing and restarting again after each rotation.
    #[arg(long)]
    jwks: bool,
    /// Write the file that the registry has to read into this directory, readable by everybody.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// The path of that file as the registry sees it, if it is another, for example inside a container.
    #[arg(long, value_name = "FILE")]
    mounted_at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Version {
    #[value(name = "2.8", alias = "2")]
    V2,
    #[value(name = "3", aliases = ["3.0", "3.1"])]
    V3,
}

/// How the registry learns which keys to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// The root certificate, under which keys rotate freely.
    Root,
    /// The certificates of all keys: 2.8 with tokens that carry key ids.
    Bundle,
    /// The keys by id.
    Jwks,
}

impl Trust {
    const fn file(self) -> &'static str {
        match self {
            Self::Root => "dockpass-root.pem",
            Self::Bundle => "dockpass-keys.pem",
            Self::Jwks => "dockpass-jwks.json",
        }
    }

    const fn setting(self) -> &'static str {
        match self {
            Self::Root | Self::Bundle => "rootcertbundle",
            Self::Jwks => "jwks",
        }
    }
}

impl RegistryConfig {
    pub(super) fn run(&self, global: &Global, out: Output) -> Result<(), CliError> {
        let (config, _) = open::configuration(global)?;
        let trust = self.trust(&config)?;
        let service = self.service(&config)?;
        let directory = open::keys(&config)?;
        let now = SystemClock.now();
        let published = directory.published(now)?;
        let file = match &self.write {
            Some(target) => {
                let path = absolute(target)?.join(trust.file());
                write_public(&path, &content(trust, &published, now))?;
                note(&format!("Wrote {}.", path.display()));
                path
            }
            None if trust == Trust::Root => absolute(&config.storage.keys_dir)?
                .join(directory.root_certificate_file().file_name().unwrap_or_default()),
            None => {
                let advice = "tokens carry key ids (TOKEN_KEY_HEADER: kid): add --write DIR for the file with the keys";
                return Err(CliError::Usage(advice.to_owned()));
            }
        };
        let file = self.mounted_at.clone().unwrap_or_else(|| file.display().to_string());
        let algorithms = (self.registry == Version::V3).then(|| algorithms(&config, &published));
        let section = Section { config: &config, service, trust, file: &file, algorithms };
        if out.is_json() { out.object(&section.json()) } else { output::line(&section.yaml()) }
    }

    fn trust(&self, config: &Config) -> Result<Trust, CliError> {
        let usage = |text: &str| Err(CliError::Usage(text.to_owned()));
        if self.registry == Version::V2 && config.tokens.algorithm == TokenAlgorithm::EdDsa {
            return usage("registry 2.8 cannot verify EdDSA: set TOKEN_ALGORITHM: ES256 and rotate the key");
        }
        match (config.tokens.key_header, self.registry, self.jwks) {
            (_, Version::V2, true) => usage("registry 2.8 knows no jwks; leave --jwks out"),
            (TokenKeyHeader::X5c, _, true) => usage(
                "a registry with jwks alone refuses tokens that carry certificates: set TOKEN_KEY_HEADER: kid, or leave --jwks \
                 out",
            ),
            (TokenKeyHeader::X5c, _, false) => Ok(Trust::Root),
            (TokenKeyHeader::Kid, Version::V2, false) => Ok(Trust::Bundle),
            (TokenKeyHeader::Kid, Version::V3, _) => Ok(Trust::Jwks),
        }
    }

    fn service<'a>(&'a self, config: &'a Config) -> Result<&'a str, CliError> {
        let services = &config.derived.services;
        match &self.service {
            None => Ok(services.first().map_or("", String::as_str)),
            Some(name) if services.contains(name) => Ok(name),
            Some(name) => Err(CliError::Usage(format!(
                "tokens are not issued for {name}; TOKEN_SERVICES has {}",
                services.join(", ")
            ))),
        }
    }
}

fn content(trust: Trust, published: &PublishedKeys, now: Timestamp) -> String {
    match trust {
        Trust::Root => published.root_certificate().to_owned(),
        Trust::Bundle => published.certificate_bundle(now),
        Trust::Jwks => published.jwks(now),
    }
}

/// What the registry is to accept: the algorithms of the keys there are and of the next one. Its own default includes
/// symmetric ones.
fn algorithms(config: &Config, published: &PublishedKeys) -> BTreeSet<&'static str> {
    let next = std::iter::once(open::algorithm(config).name());
    published.keys().iter().map(|key| key.algorithm().name()).chain(next).collect()
}

/// The section, before it has a form.
struct Section<'a> {
    config: &'a Config,
    service: &'a str,
    trust: Trust,
    file: &'a str,
    algorithms: Option<BTreeSet<&'static str>>,
}

impl Section<'_> {
    fn json(&self) -> Value {
        let mut token = json!({
            "realm": self.config.derived.realm,
            "service": self.service,
            "issuer": self.config.tokens.issuer,
            self.trust.setting(): self.file,
        });
        if let (Some(members), Some(algorithms)) = (token.as_object_mut(), &self.algorithms) {
            members.insert("signingalgorithms".to_owned(), json!(algorithms));
        }
        json!({ "auth": { "token": token } })
    }

    fn yaml(&self) -> String {
        // A JSON string is a YAML string, whatever is in it.
        let text = |value: &str| Value::from(value).to_string();
        let about = match self.trust {
            Trust::Root => "The root certificate. It stays the same when signing keys rotate.",
            Trust::Bundle => {
                "The certificates of all signing keys: write them again and restart after each rotation."
            }
            Trust::Jwks => "All signing keys: write them again and restart after each rotation.",
        };
        let mut out = format!(
            "auth:\n  token:\n    # Where clients get tokens: they must reach this address, the registry need not. TOKEN_REALM\n    \
             realm: {}\n    # What this registry is called in tokens. SERVER_HOSTNAME or one of TOKEN_SERVICES\n    service: {}\n    \
             # Who issues tokens. TOKEN_ISSUER\n    issuer: {}\n    # {about} The registry must be able to read this file.\n    {}: {}",
            text(&self.config.derived.realm),
            text(self.service),
            text(&self.config.tokens.issuer),
            self.trust.setting(),
            text(self.file),
        );
        if let Some(algorithms) = &self.algorithms {
            let list = algorithms.iter().copied().collect::<Vec<_>>().join(", ");
            let _ = write!(
                out,
                "\n    # Nothing but what dockpass signs with; the default allows much more.\n    signingalgorithms: [{list}]"
            );
        }
        out
    }
}

fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    path.canonicalize().map_err(|error| CliError::Failed(format!("{}: {error}", path.display())))
}
