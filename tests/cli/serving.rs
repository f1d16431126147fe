//! `dockpass serve` as a process: signals, changes while it runs, and starts that fail.

use super::Home;
use crate::support::{Watch, log_level};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

pub(super) struct Server {
    child: Child,
    port: u16,
    watch: Watch,
}

impl Server {
    pub(super) fn start(home: &Home, settings: &str) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        home.write("config.yaml", &format!("{}LISTEN: [127.0.0.1:{port}]\n{settings}", log_level(settings)));
        let log = std::fs::File::create(home.path("log")).unwrap();
        let child = home.command(&["serve"]).stderr(log).stdin(Stdio::null()).spawn().unwrap();
        home.1.process(child.id());
        let server = Server { child, port, watch: home.1.clone() };
        assert!(eventually(|| server.status("/health/instance", None) == 200), "does not serve");
        server
    }

    /// The status of a GET; 0 without an answer.
    pub(super) fn status(&self, path: &str, login: Option<(&str, &str)>) -> u16 {
        self.get(path, login).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    fn get(&self, path: &str, login: Option<(&str, &str)>) -> String {
        use base64::Engine as _;
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return String::new() };
        let authorization = login.map_or(String::new(), |(name, secret)| {
            self.watch.secret("password of a login", secret.as_bytes());
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{secret}"));
            format!("Authorization: Basic {pair}\r\n")
        });
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}\r\n");
        let mut answer = String::new();
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
        answer
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn end(mut self, signal: &str) -> i32 {
        self.signal(signal);
        let mut code = None;
        eventually(|| {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.expect("the server ends").code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.watch.metrics(self.port);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    (0..500).any(|_| {
        let done = condition();
        if !done {
            std::thread::sleep(Duration::from_millis(20));
        }
        done
    })
}

#[test]
fn both_signals_end_it_in_peace_and_logins_are_written_down_first() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        let secret = home.ok(&["robot", "create", "acme+ci"]);
        let server = Server::start(&home, "");
        assert_eq!(server.status("/v2/auth", Some(("acme+ci", secret.trim()))), 200);
        assert_eq!(server.end(signal), 0);
        let shown = home.json(&["robot", "show", "acme+ci"]);
        assert!(shown["last_accessed_at"].is_string(), "{shown}");
    }
}

#[test]
fn what_the_command_line_changes_counts_from_the_next_request() {
    let home = Home::new();
    let secret = home.ok(&["robot", "create", "acme+ci"]);
    let server = Server::start(&home, "");
    let login = |secret: &str| server.status("/v2/auth", Some(("acme+ci", secret)));
    assert_eq!(login(secret.trim()), 200);
    let newer = home.ok(&["robot", "rotate", "acme+ci"]);
    assert_eq!((login(secret.trim()), login(newer.trim())), (401, 200));
    home.ok(&["org", "disable", "acme"]);
    assert_eq!(login(newer.trim()), 401);
    home.ok(&["org", "enable", "acme"]);
    assert_eq!(login(newer.trim()), 200);
    home.ok(&["robot", "delete", "acme+ci", "--yes"]);
    assert_eq!(login(newer.trim()), 401);
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(!log.contains(secret.trim()) && !log.contains(newer.trim()));
}

#[test]
fn hanging_up_reads_the_configuration_again() {
    let home = Home::new();
    let secret = home.ok(&["robot", "create", "acme+ci"]);
    let server = Server::start(&home, "");
    let text = std::fs::read_to_string(home.path("config.yaml")).unwrap();
    home.write("config.yaml", &format!("{text}ROBOTS_DISALLOW: true\n"));
    server.signal("-HUP");
    assert!(eventually(|| server.status("/v2/auth", Some(("acme+ci", secret.trim()))) == 401));
    home.write("config.yaml", "ROBOTS_DISALLOW: perhaps\n");
    server.signal("-HUP");
    let told = || std::fs::read_to_string(home.path("log")).unwrap().contains("perhaps is not allowed");
    assert!(eventually(told), "a broken file is told in the log");
    assert_eq!(server.status("/v2/auth", Some(("acme+ci", secret.trim()))), 401, "the settings stay");
}

#[test]
fn metrics_move_to_their_own_address() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&home, &format!("METRICS_LISTEN: {free}\n"));
    assert_eq!(server.status("/metrics", None), 404);
    let metrics = Server {
        port: free.port(),
        child: home.command(&["version"]).stdout(Stdio::null()).spawn().unwrap(),
        watch: home.1.clone(),
    };
    assert!(metrics.get("/metrics", None).contains("dockpass_build_info"));
    assert_eq!(metrics.status("/v2/auth", None), 404);
}

#[test]
fn a_taken_address_is_told_with_its_key() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    home.write("config.yaml", &format!("LISTEN: ['{address}']\n"));
    let message = home.fails(2, &["serve"]);
    assert!(message.contains(&format!("LISTEN: cannot listen on {address}")), "{message}");
    home.write("config.yaml", "TLS_CERTIFICATE: no.crt\nTLS_PRIVATE_KEY: no.key\n");
    let message = home.fails(2, &["serve"]);
    assert!(message.contains("TLS_CERTIFICATE") && message.contains("no.crt"), "{message}");
}

#[test]
fn an_empty_service_says_what_to_do_next() {
    let home = Home::empty();
    let server = Server::start(&home, "LOG_FORMAT: text\n");
    drop(server);
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("listens on http://127.0.0.1:") && log.contains("dockpass init --admin"), "{log}");
}
