//! An installation on disk: the real program is run in it, and its database is looked at from outside.

use crate::e2e::process::wait_until;
use crate::e2e::{http, process};
use crate::support::{self, Watch};
use dockpass::http::server::Limits;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use std::{fs, io};
use tempfile::TempDir;

pub(crate) struct Site {
    directory: TempDir,
    pub(crate) port: u16,
    watch: Watch,
}

/// When it goes, no secret may be found in what it leaves.
impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.watch.finish(self.directory.path());
        }
    }
}

/// A running server that is killed, without a chance to tidy up, when dropped.
pub(crate) struct Server(pub(crate) Child, Watch, u16);

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.1.metrics(self.2);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Site {
    pub(crate) fn empty() -> Self {
        Self::with("")
    }

    /// With more lines of configuration.
    pub(crate) fn with(lines: &str) -> Self {
        let port = process::free_port();
        let site = Self { directory: TempDir::new().unwrap(), port, watch: Watch::of_port(port) };
        let text = format!(
            "{}LISTEN: [127.0.0.1:{}]\nSERVER_HOSTNAME: localhost:5000\nSUPER_USERS: [root]\n\
             FEATURE_USER_INITIALIZE: true\n{lines}",
            support::log_level(lines),
            site.port
        );
        fs::write(site.path("config.yaml"), text).unwrap();
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program with arguments, behind `wrapper` (such as `strace ...`).
    pub(crate) fn command(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_dockpass");
        let mut command = match wrapper.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(arguments).current_dir(self.directory.path()).env_clear().env("PATH", path);
        command.envs(support::coverage());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.watch.command(&command);
        command
    }

    /// Runs a command that must succeed; what it prints.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.command(&[], arguments).output().unwrap();
        self.watch.ran(&output);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs a command behind `strace` with one kind of fault.
    pub(crate) fn traced(&self, inject: &str, arguments: &[&str]) -> Output {
        let trace = self.path("trace").display().to_string();
        let inject = format!("inject={inject}");
        let wrapper = ["strace", "-f", "-qq", "-o", &trace, "-e", &inject];
        let output = self.command(&wrapper, arguments).output().expect("strace is there");
        self.watch.ran(&output);
        output
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Starts the server behind a wrapper.
    pub(crate) fn start(&self, wrapper: &[&str]) -> Server {
        let mut command = self.command(wrapper, &["serve"]);
        self.watch.log(self.log());
        let log = fs::File::create(self.path("serve.log")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let server = command.spawn().unwrap();
        self.watch.process(server.id());
        Server(server, self.watch.clone(), self.port)
    }

    /// Starts the server behind a wrapper and waits until it answers.
    pub(crate) fn serve(&self, wrapper: &[&str]) -> Server {
        let server = self.start(wrapper);
        let ready = wait_until(30, || {
            http::try_send("GET", &self.url("/health/instance"), &[], b"")
                .is_ok_and(|reply| reply.status == 200)
        });
        assert!(ready, "{}", self.log());
        server
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }

    /// Status and granted actions of a token request by a robot for one repository.
    pub(crate) fn token(&self, robot: &str, secret: &str, scope: &str) -> (u16, Vec<String>) {
        self.token_or_why(robot, secret, scope).unwrap_or_else(|why| panic!("{why}"))
    }

    /// As [`Self::token`]; where there is no answer, why, and what the server has logged.
    pub(crate) fn token_or_why(
        &self,
        robot: &str,
        secret: &str,
        scope: &str,
    ) -> Result<(u16, Vec<String>), String> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let started = now();
            match self.ask_token(robot, secret, scope) {
                Ok(answer) => return Ok(answer),
                // Where this process stood still for longer than the server waits for a client, the request was cut.
                Err(_) if attempts < 5 && started.elapsed() >= Limits::default().header => {}
                Err(error) => return Err(format!("no answer: {error}\n{}", self.log())),
            }
        }
    }

    /// As [`Self::token`]; `None` when the server is gone before it has answered in full.
    pub(crate) fn try_token(&self, robot: &str, secret: &str, scope: &str) -> Option<(u16, Vec<String>)> {
        self.ask_token(robot, secret, scope).ok()
    }

    fn ask_token(&self, robot: &str, secret: &str, scope: &str) -> io::Result<(u16, Vec<String>)> {
        let path = format!("/v2/auth?service=localhost:5000&scope={}", http::escape(scope));
        let headers = [("authorization", &*http::basic(robot, secret))];
        let reply = http::try_send("GET", &self.url(&path), &headers, b"")?;
        let body: serde_json::Value = serde_json::from_str(&reply.body)?;
        Ok((reply.status, body["token"].as_str().map(granted).unwrap_or_default()))
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.path("data/dockpass.db")).unwrap()
    }

    /// Everything that counts, without what differs from run to run: ids, times, keys, secrets. The audit trail is part of
    /// it, so that a change without its event, or an event without its change, is another state.
    pub(crate) fn digest(&self) -> String {
        let database = self.database();
        let one = |sql: &str| -> String {
            let mut statement = database.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(one("PRAGMA integrity_check"), "ok");
        assert_eq!(one("SELECT \"table\" FROM pragma_foreign_key_check"), "", "rows that hang in the air");
        // A robot has its texts, exactly one secret and an owner, or is not there at all.
        let half = "SELECT name FROM account WHERE kind = 'robot' AND (
             (SELECT count(*) FROM robot WHERE account_id = account.id) <> 1
             OR (SELECT count(*) FROM robot_secret WHERE robot_id = account.id) <> 1)";
        assert_eq!(one(half), "", "half a robot");
        [
            "SELECT kind || name || enabled FROM account ORDER BY name",
            "SELECT name || generation FROM robot_secret JOIN account ON id = robot_id ORDER BY name",
            "SELECT team.name || role FROM team ORDER BY id",
            "SELECT account.name || team_id FROM team_member JOIN account ON id = account_id ORDER BY 1",
            "SELECT name || visibility || state FROM repository ORDER BY name",
            "SELECT account.name || role FROM repository_permission JOIN account ON id = account_id ORDER BY 1",
            "SELECT role FROM default_permission ORDER BY id",
            "SELECT name FROM retired_name ORDER BY name",
            "SELECT kind || count(*) FROM audit_event GROUP BY kind ORDER BY kind",
        ]
        .map(one)
        .join("\n--\n")
    }

    /// A copy of every file, to come back to.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut files = BTreeMap::new();
        collect(self.directory.path(), &mut files);
        files.retain(|path, _| !path.ends_with("trace") && !path.ends_with("serve.log"));
        Snapshot(files)
    }

    /// Puts everything back as it was.
    pub(crate) fn restore(&self, snapshot: &Snapshot) {
        let mut now = BTreeMap::new();
        collect(self.directory.path(), &mut now);
        for path in now.keys().filter(|path| !snapshot.0.contains_key(*path)) {
            fs::remove_file(path).unwrap();
        }
        for (path, content) in &snapshot.0 {
            if now.get(path) != Some(content) {
                fs::write(path, content).unwrap();
            }
        }
    }
}

pub(crate) struct Snapshot(BTreeMap<PathBuf, Vec<u8>>);

fn collect(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let content = fs::read(&path).unwrap();
            files.insert(path, content);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "to tell a request that was cut from one that was not answered"
)]
fn now() -> Instant {
    Instant::now()
}

/// The actions of every entry of a token.
pub(crate) fn granted(token: &str) -> Vec<String> {
    let claims = crate::support::payload(token);
    let entries = claims["access"].as_array().unwrap().iter();
    entries
        .flat_map(|entry| entry["actions"].as_array().unwrap())
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}
