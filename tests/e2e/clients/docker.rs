//! dockerd with a docker command line: the login asks from the command line, pull and push from the daemon.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::Client;
use crate::e2e::image::Image;
use crate::e2e::process::{Daemon, signal};
use crate::e2e::tools::{Outcome, command, find, run, run_with};

/// A Docker engine of its own, and the command line that talks to it.
pub(crate) struct Docker {
    daemon: Daemon,
    dir: TempDir,
    client: String,
}

impl Docker {
    /// Starts an engine that may speak plain HTTP with `registry`; `client` is the docker command to use.
    ///
    /// The engine touches neither the machine's packet filter nor its bridges, for its network is never used
    /// by a pull or a push; containers run with the host's network.
    pub(crate) fn start(client: &str, registry: &str) -> Docker {
        let dir = tempfile::Builder::new().prefix("dockerd-").tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        // Not /etc/docker/daemon.json, which may exist and contradict the options here.
        std::fs::write(dir.path().join("daemon.json"), "{}").unwrap();
        let mut command = Command::new(find("dockerd").unwrap());
        command.args(["--config-file", &path("daemon.json"), "--data-root", &path("root")]);
        command.args(["--exec-root", &path("exec"), "--pidfile", &path("docker.pid")]);
        command.args(["--host", &format!("unix://{}", path("docker.sock")), "--storage-driver", "vfs"]);
        command.args([
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
            "--insecure-registry",
            registry,
        ]);
        let socket = path("docker.sock");
        let daemon = Daemon::start(command, &dir.path().join("dockerd.log"), || {
            Path::new(&socket).exists()
                && Command::new(client)
                    .args(["--host", &format!("unix://{socket}"), "version"])
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
        });
        Docker { daemon, dir, client: client.to_owned() }
    }

    /// Every docker command line on this machine: Debian's beside its engine, and a newer one if there is.
    pub(crate) fn command_lines() -> Vec<String> {
        let mut found = vec!["/usr/bin/docker".to_owned()];
        found.extend(find("docker").map(|path| path.display().to_string()).filter(|path| *path != found[0]));
        found
    }

    /// The socket's address, for other programs that drive the engine.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    /// Runs the docker command with `arguments`, and with `input` on standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = command(&self.client);
        command.env("DOCKER_HOST", self.host()).env("DOCKER_CONFIG", self.dir.path().join("config"));
        run_with(command.args(arguments), input)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // The engine starts a containerd and mounts its own directory; both outlive it if it is killed.
        self.daemon.stop();
        let pid = std::fs::read_to_string(self.dir.path().join("exec/containerd/containerd.pid"));
        if let Some(pid) = pid.ok().and_then(|text| text.trim().parse().ok()) {
            signal(pid, "KILL");
        }
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let ours = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in ours.filter(|path| Path::new(path).starts_with(self.dir.path())) {
            run(command("umount").args(["--lazy", mount]));
        }
    }
}

impl Client for Docker {
    fn version(&self) -> String {
        let format = "docker client {{.Client.Version}}, engine {{.Server.Version}}";
        self.run(&["version", "--format", format], "").output()
    }

    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome {
        self.run(&["login", "--username", user, "--password-stdin", registry], secret)
    }

    fn logout(&self, registry: &str) {
        self.run(&["logout", registry], "");
    }

    fn pull(&self, reference: &str) -> Outcome {
        self.run(&["rmi", "--force", reference], "");
        self.run(&["pull", reference], "")
    }

    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        self.run(&["import", &image.root_file_system(), reference], "").output();
        Some(self.run(&["push", reference], ""))
    }

    fn copy(&self, from: &str, to: &str) -> Option<Outcome> {
        self.run(&["pull", from], "").output();
        self.run(&["tag", from, to], "").output();
        Some(self.run(&["push", to], ""))
    }
}
