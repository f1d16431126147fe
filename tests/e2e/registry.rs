//! The registries: CNCF distribution 2.8 and 3.x with storage in a directory of their own.

use tempfile::TempDir;

use super::dockpass::Dockpass;
use super::http::{self, Reply};
use super::image::{Image, MANIFEST_TYPE, sha256};
use super::process::{Daemon, free_port, wait_until};
use super::tools;

/// A registry that dockpass can be put in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Debian's `docker-registry`.
    V2,
    /// `github.com/distribution/distribution/v3`.
    V3,
}

impl Version {
    /// The program's name.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Version::V2 => "docker-registry",
            Version::V3 => "registry3",
        }
    }

    /// What `dockpass registry-config --registry` calls it.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Version::V2 => "2.8",
            Version::V3 => "3",
        }
    }
}

/// A running registry.
pub(crate) struct Registry {
    server: Daemon,
    /// `localhost:PORT`, as it stands in an image's name.
    pub(crate) host: String,
    _dir: TempDir,
}

impl Registry {
    /// Starts a registry that trusts `dockpass`, by the configuration that dockpass itself prints for it.
    pub(crate) fn start(version: Version, dockpass: &Dockpass) -> Registry {
        Self::start_with_auth(version, &dockpass.registry_config(version.flag()))
    }

    /// Starts a registry with this `auth:` section.
    pub(crate) fn start_with_auth(version: Version, auth: &str) -> Registry {
        Self::start_at(free_port(), version, auth)
    }

    /// As [`Registry::start_with_auth`], on this port.
    pub(crate) fn start_at(port: u16, version: Version, auth: &str) -> Registry {
        let dir = tempfile::Builder::new().prefix("registry-").tempdir().unwrap();
        let host = format!("localhost:{port}");
        let data = dir.path().join("data");
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  \
             delete: {{enabled: true}}\nhttp: {{addr: \"{host}\"}}\n{auth}\n",
            data.display()
        );
        let path = dir.path().join("config.yml");
        std::fs::write(&path, config).unwrap();
        // Without the time limit of `tools::command`: a registry lives as long as its test.
        let mut command = std::process::Command::new(tools::find(version.program()).unwrap());
        command.arg("serve").arg(&path).env("OTEL_TRACES_EXPORTER", "none");
        let server = Daemon::start(command, &dir.path().join("registry.log"), || {
            http::try_send("GET", &format!("http://{host}/v2/"), &[], b"").is_ok()
        });
        Registry { server, host, _dir: dir }
    }

    /// The registry's own word for its version.
    pub(crate) fn version(version: Version) -> String {
        let text = tools::run(tools::command(version.program()).arg("--version")).output();
        // Without the program's path, which it prints first.
        text.split_once(' ').map_or(text.clone(), |(_, version)| version.to_owned())
    }

    /// `HOST/REPOSITORY:TAG`.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// One request with a bearer token, or without one if it is empty.
    pub(crate) fn send(&self, method: &str, path: &str, token: &str, body: &[u8]) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Accept", MANIFEST_TYPE), ("Content-Type", content_type(path))];
        if !token.is_empty() {
            headers.push(("Authorization", &bearer));
        }
        http::send(method, &format!("http://{}{path}", self.host), &headers, body)
    }

    /// Puts `image` where `name` (`repository:tag`) says, with a token that allows it and without any client.
    pub(crate) fn seed(&self, image: &Image, name: &str, token: &str) {
        let (repository, tag) = name.split_once(':').unwrap();
        for blob in image.blobs() {
            let started = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), token, b"");
            let location = started.header("location").unwrap_or_else(|| panic!("no upload: {started:?}"));
            let path = location.strip_prefix(&format!("http://{}", self.host)).unwrap_or(location);
            let stored = self.send("PUT", &format!("{path}&digest={}", sha256(blob)), token, blob);
            assert_eq!(stored.status, 201, "{stored:?}");
        }
        let stored = self.send("PUT", &format!("/v2/{repository}/manifests/{tag}"), token, image.manifest());
        assert_eq!(stored.status, 201, "{stored:?}");
    }

    /// What the registry has logged.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Whether the registry's access log tells that it took a layer over from repository `from` into `into`.
    pub(crate) fn has_mounted(&self, from: &str, into: &str) -> bool {
        let request = format!("POST /v2/{into}/blobs/uploads/?");
        let sources = [format!("from={from}"), format!("from={}", http::escape(from))];
        // The log line is written after the answer.
        wait_until(2, || {
            let log = self.log();
            let mut mounts = log.lines().filter(|line| line.contains(&request) && line.contains("\" 201 "));
            mounts.any(|line| sources.iter().any(|source| line.contains(source)))
        })
    }
}

fn content_type(path: &str) -> &'static str {
    if path.contains("/manifests/") { MANIFEST_TYPE } else { "application/octet-stream" }
}
