//! The program under test: started as a person would, administered with its own commands.
//!
//! Everything these tests know of dockpass's command line and configuration stands in this file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::http::{self, Reply};
use super::process::{Daemon, free_port, wait_until};
use super::tools::{self, Outcome};
use crate::support::{Place, Watch};

/// A running service with its data, keys and configuration in a directory of its own.
pub(crate) struct Dockpass {
    // Declared before the directory: the server ends before its files go.
    server: Daemon,
    dir: TempDir,
    port: u16,
    settings: BTreeMap<String, String>,
    watch: Watch,
}

/// When it goes, no secret may be found in what it leaves.
impl Drop for Dockpass {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.watch.metrics(self.port);
            self.server.stop();
            self.watch.finish(self.dir.path());
        }
    }
}

impl Dockpass {
    /// Starts the service with nothing in it.
    pub(crate) fn start() -> Dockpass {
        Self::start_with(&[])
    }

    /// Starts the service with settings beside those that every test needs; the values are YAML.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Dockpass {
        let dir = tempfile::Builder::new().prefix("dockpass-").tempdir().unwrap();
        let port = free_port();
        let watch = Watch::of_port(port);
        let path = |name: &str| dir.path().join(name).display().to_string();
        let mut all = BTreeMap::from([
            ("LISTEN".to_owned(), format!("[127.0.0.1:{port}]")),
            ("DATABASE_URL".to_owned(), format!("sqlite:{}", path("dockpass.db"))),
            // Also the service that tokens are issued for. The port counts only where it is printed for people.
            ("SERVER_HOSTNAME".to_owned(), "localhost:5000".to_owned()),
            ("KEYS_DIR".to_owned(), path("keys")),
            ("SUPER_USERS".to_owned(), "[root]".to_owned()),
            // Everything that can be written down, so that it can be seen that no secret is.
            ("LOG_LEVEL".to_owned(), "debug".to_owned()),
        ]);
        all.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        write_config(&dir, &all);
        let mut command = Command::new(program());
        without_settings(&mut command);
        command.args(["serve", "--config", &path("config.yaml")]).current_dir(dir.path());
        let server = Daemon::start(command, &dir.path().join("dockpass.log"), || {
            http::try_send("GET", &format!("http://localhost:{port}/health/instance"), &[], b"")
                .is_ok_and(|reply| reply.status == 200)
        });
        watch.process(server.pid());
        Dockpass { server, dir, port, settings: all, watch }
    }

    /// Writes the configuration again with one setting changed; the server keeps running.
    pub(crate) fn configure(&mut self, key: &str, value: &str) {
        self.settings.insert(key.to_owned(), value.to_owned());
        write_config(&self.dir, &self.settings);
    }

    /// The address of one of the service's own pages.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// A file in the service's own directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Runs one command of dockpass against the same database, with `input` on standard input.
    pub(crate) fn cli_with(&self, args: &[&str], input: &str) -> Outcome {
        let mut command = tools::command(&program());
        without_settings(&mut command);
        command.arg("--config").arg(self.path("config.yaml")).args(args).current_dir(self.dir.path());
        self.watch.command(&command);
        if args.contains(&"--password-stdin") {
            self.watch.secret("password", input.trim().as_bytes());
        }
        let outcome = tools::run_with(&mut command, input);
        self.watch.printed(&outcome.stdout);
        self.watch.left(Place::Error, "messages of a command", outcome.stderr.clone().into_bytes());
        outcome
    }

    /// Runs one command of dockpass that must succeed, and gives what it printed.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        self.cli_with(args, "").output()
    }

    pub(crate) fn create_organization(&self, name: &str) {
        self.cli(&["org", "create", name]);
    }

    pub(crate) fn create_user(&self, name: &str, password: &str) {
        self.cli_with(&["user", "create", name, "--password-stdin"], password).output();
    }

    /// Creates `namespace/name`; `visibility` is `public` or `private`.
    pub(crate) fn create_repository(&self, name: &str, visibility: &str) {
        self.cli(&["repo", "create", name, "--visibility", visibility]);
    }

    /// Creates a robot and gives its secret.
    pub(crate) fn create_robot(&self, name: &str) -> String {
        self.cli(&["robot", "create", name])
    }

    /// Gives a robot or user a role (`read`, `write`, `admin`) in a repository.
    pub(crate) fn grant(&self, repository: &str, who: &str, role: &str) {
        self.cli(&["permission", "set", repository, who, role]);
    }

    /// Gives the robot a new secret and takes the old one away.
    pub(crate) fn rotate_robot(&self, name: &str) -> String {
        self.cli(&["robot", "rotate", name])
    }

    pub(crate) fn delete_robot(&self, name: &str) {
        self.cli(&["robot", "delete", name, "--yes"]);
    }

    /// Begins to sign with a new key.
    pub(crate) fn rotate_key(&self) {
        self.cli(&["key", "rotate"]);
    }

    /// The section `auth:` of the configuration of a registry of this version.
    pub(crate) fn registry_config(&self, version: &str) -> String {
        let mut arguments = vec!["registry-config", "--registry", version];
        let directory = self.path(version);
        // Keys by id are in a file that is written for the registry; the root certificate is there anyway.
        if self.settings.get("TOKEN_KEY_HEADER").is_some_and(|header| header == "kid") {
            std::fs::create_dir_all(&directory).unwrap();
            arguments.extend(["--write", directory.to_str().unwrap()]);
        }
        self.cli(&arguments)
    }

    /// Asks for a token as a client does that was told the scopes; anonymously without `login`.
    pub(crate) fn token(&self, login: Option<(&str, &str)>, scopes: &[&str]) -> Reply {
        let mut url =
            self.url(&format!("/v2/auth?service={}", http::escape(&self.settings["SERVER_HOSTNAME"])));
        for scope in scopes {
            url.extend(["&scope=", &http::escape(scope)]);
        }
        let header = login.map(|(user, secret)| http::basic(user, secret));
        match &header {
            Some(value) => http::get(&url, &[("Authorization", value)]),
            None => http::get(&url, &[]),
        }
    }

    /// Waits until `condition` holds: what changes while running may take a second to do so.
    pub(crate) fn within_a_second(condition: impl FnMut() -> bool) -> bool {
        wait_until(1, condition)
    }
}

fn write_config(dir: &TempDir, settings: &BTreeMap<String, String>) {
    let lines: Vec<_> = settings.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    // Renamed into place, as editors and mounted secrets do: the server must never read half a file.
    let new = dir.path().join("config.yaml.new");
    std::fs::write(&new, lines.concat()).unwrap();
    std::fs::rename(new, dir.path().join("config.yaml")).unwrap();
}

/// The program just built, or another one (a release build, say) that `TESTED_PROGRAM` names.
pub(crate) fn program() -> String {
    let other = std::env::var_os("TESTED_PROGRAM").and_then(|path| path.into_string().ok());
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_dockpass").to_owned())
}

/// Takes away what would override the configuration file, if it is set where the tests run.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKPASS_")) {
        command.env_remove(name);
    }
}
