//! The programs under test, as processes of their own.

use crate::certificate::Certificate;
use crate::client::Target;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server. Dropping it ends it.
pub struct Server {
    child: Child,
    url: String,
    ca: Option<PathBuf>,
    /// From starting the process to its first answer.
    pub started_in: Duration,
}

impl Server {
    /// Starts dockpass on an installation that [`crate::dataset::write`] made, as its users would: logging and audit on,
    /// the log in a file.
    pub fn dockpass(directory: &Path, tls: Option<&Certificate>) -> Self {
        let port = free_port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let config = directory.join(format!("{scheme}.yaml"));
        fs::write(&config, configuration(directory, port, tls)).unwrap();
        let log = File::create(directory.join(format!("{scheme}.log"))).unwrap();
        let mut command = dockpass(&config);
        command.arg("serve").stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let started = Instant::now();
        let child = command.spawn().unwrap();
        let url = format!("{scheme}://localhost:{port}");
        let ca = tls.map(|tls| tls.ca.clone());
        let mut server = Self { child, url, ca, started_in: Duration::ZERO };
        server.wait_until_healthy(started);
        server.started_in = started.elapsed();
        server
    }

    /// Starts the reference server, which repeats the answer in a file.
    pub fn reference(answer: &Path, tls: Option<&Certificate>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("reference").arg("--answer").arg(answer).stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(tls) = tls {
            command.arg("--certificate").arg(&tls.chain).arg("--key").arg(&tls.key);
        }
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}", port.trim());
        Self { child, url, ca: tls.map(|tls| tls.ca.clone()), started_in: Duration::ZERO }
    }

    /// The token endpoint.
    pub fn target(&self) -> Target {
        Target::parse(&format!("{}/v2/auth", self.url), self.ca.as_deref(), false)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_healthy(&mut self, started: Instant) {
        let target = Target::parse(&format!("{}/health/instance", self.url), self.ca.as_deref(), false);
        let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", target.path, target.host);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let healthy = || {
            runtime.block_on(async {
                let mut connection = target.connect().await.ok()?;
                connection.exchange(request.as_bytes()).await.ok().filter(|status| *status == 200)
            })
        };
        while healthy().is_none() {
            let ended = self.child.try_wait().unwrap();
            let late = started.elapsed() > Duration::from_secs(30);
            assert!(ended.is_none() && !late, "{} does not serve: see its log ({ended:?})", self.url);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM first, so that the service writes its last logins down and closes its database.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        for _ in 0..500 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with a configuration file.
pub fn dockpass(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockpass"));
    command.arg("--config").arg(config);
    command
}

/// The text of a configuration file for an installation.
pub fn configuration(directory: &Path, port: u16, tls: Option<&Certificate>) -> String {
    let data = directory.display();
    let mut text = format!(
        "LISTEN: [\"127.0.0.1:{port}\"]\nDATABASE_URL: sqlite:{data}/data/dockpass.db\nKEYS_DIR: {data}/keys\n\
         LOG_LEVEL: info\nLOG_FORMAT: json\nACTION_LOG_AUDIT_LOGINS: true\n"
    );
    if let Some(tls) = tls {
        let (certificate, key) = (tls.chain.display(), tls.key.display());
        text.push_str(&format!("TLS_CERTIFICATE: {certificate}\nTLS_PRIVATE_KEY: {key}\n"));
    }
    text
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
