//! containerd, driven by `ctr` and, over the CRI socket, as kubelet drives it. It asks for tokens by POST.

use std::cell::RefCell;
use std::process::Command;

use tempfile::TempDir;

use super::Client;
use crate::e2e::image::Image;
use crate::e2e::process::{Daemon, wait_until};
use crate::e2e::tools::{Outcome, command, find, run, run_with};

struct Server {
    _daemon: Daemon,
    dir: TempDir,
    /// `user:secret`: containerd keeps no credentials, each request brings them.
    credentials: RefCell<Option<(String, String)>>,
}

impl Server {
    fn start(program: &str) -> Server {
        let dir = tempfile::Builder::new().prefix("containerd-").tempdir().unwrap();
        let at = dir.path().display();
        let config = format!(
            r#"version = 2
root = "{at}/root"
state = "{at}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]
[grpc]
  address = "{at}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  disable_cgroup = true
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{at}/cni/bin"
    conf_dir = "{at}/cni/conf"
"#
        );
        std::fs::write(dir.path().join("config.toml"), config).unwrap();
        let mut command = Command::new(find(program).unwrap());
        command.arg("--config").arg(dir.path().join("config.toml"));
        let socket = dir.path().join("containerd.sock");
        let daemon = Daemon::start(command, &dir.path().join("containerd.log"), || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        Server { _daemon: daemon, dir, credentials: RefCell::new(None) }
    }

    fn socket(&self) -> String {
        self.dir.path().join("containerd.sock").to_str().unwrap().to_owned()
    }

    /// `ctr images` with `arguments`; those that speak with a registry get the options for it after their verb.
    fn ctr(&self, verb: &str, options: &[&str], arguments: &[&str]) -> Outcome {
        run(command("ctr").args(["--address", &self.socket(), "images", verb]).args(options).args(arguments))
    }

    fn ctr_remote(&self, verb: &str, options: &[&str], arguments: &[&str]) -> Outcome {
        let user = self.credentials.borrow().as_ref().map(|(user, secret)| format!("{user}:{secret}"));
        let mut all = vec!["--plain-http"];
        all.extend(options);
        if let Some(user) = &user {
            all.extend(["--user", user]);
        }
        self.ctr(verb, &all, arguments)
    }

    fn remember(&self, user: &str, secret: &str) -> Outcome {
        *self.credentials.borrow_mut() = Some((user.to_owned(), secret.to_owned()));
        run(&mut command("true"))
    }
}

/// `ctr` with its own containerd.
pub(crate) struct Containerd(Server);

impl Containerd {
    pub(crate) fn start() -> Containerd {
        Containerd(Server::start("containerd"))
    }
}

impl Client for Containerd {
    fn version(&self) -> String {
        run(command("ctr").arg("--version")).output()
    }

    fn login(&self, _registry: &str, user: &str, secret: &str) -> Outcome {
        self.0.remember(user, secret)
    }

    fn logout(&self, _registry: &str) {
        *self.0.credentials.borrow_mut() = None;
    }

    fn login_asks(&self) -> bool {
        false
    }

    fn posts(&self) -> bool {
        true
    }

    fn pull(&self, reference: &str) -> Outcome {
        self.0.ctr("remove", &["--sync"], &[reference]);
        self.0.ctr_remote("pull", &["--snapshotter", "native"], &[reference])
    }

    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        let import = ["--no-unpack", "--base-name", "localhost/test"];
        self.0.ctr("import", &import, &[&image.archive()]).output();
        self.0.ctr("tag", &["--force"], &["localhost/test:small", reference]).output();
        Some(self.0.ctr_remote("push", &[], &[reference]))
    }

    fn copy(&self, from: &str, to: &str) -> Option<Outcome> {
        self.pull(from).output();
        self.0.ctr("tag", &["--force"], &[from, to]).output();
        Some(self.0.ctr_remote("push", &[], &[to]))
    }
}

/// containerd as kubelet asks it: the CRI request `PullImage` with the credentials of a pull secret.
pub(crate) struct Kubelet(Server);

impl Kubelet {
    /// Starts the containerd called `program`.
    pub(crate) fn start(program: &str) -> Kubelet {
        let kubelet = Kubelet(Server::start(program));
        // The CRI part registers a moment after the socket opens.
        assert!(wait_until(10, || kubelet.ask(&["version"], "").success), "no CRI service");
        kubelet
    }

    fn ask(&self, arguments: &[&str], input: &str) -> Outcome {
        run_with(command("cri-pull").arg(self.0.socket()).args(arguments), input)
    }
}

impl Client for Kubelet {
    fn version(&self) -> String {
        self.ask(&["version"], "").output()
    }

    fn login(&self, _registry: &str, user: &str, secret: &str) -> Outcome {
        self.0.remember(user, secret)
    }

    fn logout(&self, _registry: &str) {
        *self.0.credentials.borrow_mut() = None;
    }

    fn login_asks(&self) -> bool {
        false
    }

    fn posts(&self) -> bool {
        true
    }

    fn pull(&self, reference: &str) -> Outcome {
        self.ask(&["remove", reference], "");
        match &*self.0.credentials.borrow() {
            Some((user, secret)) => self.ask(&["pull", reference, user], secret),
            None => self.ask(&["pull", reference], ""),
        }
    }
}
