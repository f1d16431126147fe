//! `deploy/dockpass.service` under a real systemd: it starts, is confined as it says, reloads, starts again when it is killed, and
//! stops in peace.

use crate::e2e::http;
use crate::e2e::process::{free_port, wait_until};
use crate::e2e::tools;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A systemd in namespaces of its own, with nothing but the unit to start.
struct Machine {
    unshare: Child,
    port: u16,
    /// Holds everything that is changed.
    _directory: tempfile::TempDir,
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What it has started ends with it (`--kill-child`).
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}

impl Machine {
    /// `None` where such a thing is not allowed.
    fn boot() -> Option<Self> {
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let config = directory.path().join("config.yaml");
        let settings =
            format!("LISTEN: [127.0.0.1:{port}]\nFEATURE_USER_INITIALIZE: true\nSUPER_USERS: [root]\n");
        fs::write(&config, settings).unwrap();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/dockpass.service");
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--pid",
            "--uts",
            "--ipc",
            "--fork",
            "--kill-child",
            "bash",
            "tests/faults/systemd.sh",
        ]);
        command.arg(directory.path()).arg(env!("CARGO_BIN_EXE_dockpass")).arg(deploy).arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut machine = Self { unshare: command.spawn().unwrap(), port, _directory: directory };
        let mut ended = None;
        let up = wait_until(60, || {
            ended = machine.unshare.try_wait().unwrap();
            ended.is_some() || machine.healthy()
        });
        if ended.is_some_and(|status| [Some(1), Some(77)].contains(&status.code())) {
            return None;
        }
        assert!(up && ended.is_none(), "{ended:?}\n{}", machine.systemctl(&["status", "dockpass.service"]));
        Some(machine)
    }

    fn healthy(&self) -> bool {
        let url = format!("http://127.0.0.1:{}/health/instance", self.port);
        http::try_send("GET", &url, &[], b"").is_ok_and(|reply| reply.status == 200)
    }

    /// A command in the namespaces of the machine; what it prints.
    fn inside(&self, words: &[&str]) -> String {
        let id = self.unshare.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let init = children.split_whitespace().next().unwrap_or("1").to_owned();
        let mut command = Command::new("nsenter");
        command.args(["--target", &init, "--mount", "--pid", "--root", "--wd"]).args(words);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    fn systemctl(&self, words: &[&str]) -> String {
        self.inside(&[&["systemctl"], words].concat())
    }

    /// One property of the unit.
    fn property(&self, name: &str) -> String {
        self.systemctl(&["show", "--value", "--property", name, "dockpass.service"]).trim().to_owned()
    }
}

#[test]
#[ignore = "needs systemd, and root"]
fn the_unit_starts_confined_reloads_comes_back_and_stops_under_a_real_systemd() {
    if !tools::have(&["unshare", "nsenter", "systemctl", "/lib/systemd/systemd"]) {
        return;
    }
    let Some(machine) = Machine::boot() else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the unit under a real systemd: mounting is not allowed here"
        );
        return;
    };
    println!("{}", machine.systemctl(&["--version"]).lines().next().unwrap());
    // It has told that it is ready (Type=notify), as a user of its own without any right.
    assert_eq!(machine.property("ActiveState"), "active");
    let process = machine.property("MainPID");
    let status = machine.inside(&["cat", &format!("/proc/{process}/status")]);
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{name}: {status}")).split_whitespace().next().unwrap().to_owned()
    };
    assert_ne!(line("Uid"), "0");
    for (name, value) in [
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ] {
        assert_eq!(line(name), value, "{name}");
    }
    // Changes are written to its own directory, tokens are signed.
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", machine.port);
    let first = br#"{"username": "root", "password": "root's-password-1", "access_token": true}"#;
    let json = ("content-type", "application/json");
    let reply = http::send("POST", &at("/api/v1/user/initialize"), &[json], first);
    let bearer = format!("Bearer {}", reply.json()["access_token"].as_str().unwrap());
    let headers = [json, ("authorization", bearer.as_str())];
    http::send("POST", &at("/api/v1/organization/"), &headers, br#"{"name": "acme"}"#);
    let reply = http::send("PUT", &at("/api/v1/organization/acme/robots/ci"), &headers, b"{}");
    let basic = http::basic("acme+ci", reply.json()["token"].as_str().unwrap());
    let token = || http::get(&at("/v2/auth"), &[("authorization", &basic)]).status;
    assert_eq!(token(), 200);
    assert!(machine.inside(&["ls", "/var/lib/dockpass"]).contains("dockpass.db"));

    // Reload reads the configuration again, in the same process.
    let disallow =
        "echo 'ROBOTS_DISALLOW: true' >> /etc/dockpass/config.yaml && systemctl reload dockpass.service";
    machine.inside(&["sh", "-c", disallow]);
    assert!(wait_until(10, || token() == 401));
    machine.inside(&[
        "sh",
        "-c",
        "sed -i '/DISALLOW/d' /etc/dockpass/config.yaml && systemctl reload dockpass.service",
    ]);
    assert!(wait_until(10, || token() == 200));
    assert_eq!(machine.property("MainPID"), process);

    // Killed, it comes back with what it had.
    machine.systemctl(&["kill", "--signal", "KILL", "dockpass.service"]);
    assert!(
        wait_until(30, || machine.healthy() && machine.property("MainPID") != process),
        "{}",
        machine.systemctl(&["status", "dockpass.service"])
    );
    assert_eq!(token(), 200);
    assert_eq!(machine.property("NRestarts"), "1");

    // Stopped, it ends by itself.
    machine.systemctl(&["stop", "dockpass.service"]);
    assert_eq!(
        (machine.property("ActiveState").as_str(), machine.property("Result").as_str()),
        ("inactive", "success")
    );
    assert!(!machine.healthy());
}
