//! podman, buildah and skopeo: three programs on one library, which asks for tokens by GET with Basic.

use std::process::Command;

use tempfile::TempDir;

use super::Client;
use crate::e2e::image::Image;
use crate::e2e::tools::{Outcome, command, run, run_with};

/// A directory that holds all the three programs keep: nothing is read from or left in the user's own.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::Builder::new().prefix("containers-").tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = command(program);
        command.env("HOME", self.path("home")).env("REGISTRY_AUTH_FILE", self.0.path().join("auth.json"));
        for variable in ["XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR"] {
            command.env(variable, self.path(variable));
        }
        command
    }

    /// The driver `vfs` needs no overlay file system, which a container or a small machine may not have.
    fn command_with_storage(&self, program: &str) -> Command {
        let mut command = self.command(program);
        command.args(["--root", &self.path("storage"), "--runroot", &self.path("run")]);
        command.args(["--storage-driver", "vfs"]);
        command
    }
}

/// By a relative path: the two that keep images make a name of it, and a directory's may not be a valid one.
const OCI_LAYOUT: &str = "oci:image:small";

fn login(mut command: Command, registry: &str, user: &str, secret: &str) -> Outcome {
    let arguments = ["login", "--tls-verify=false", "--username", user, "--password-stdin", registry];
    run_with(command.args(arguments), secret)
}

/// `podman`.
pub(crate) struct Podman(Home);

impl Podman {
    pub(crate) fn new() -> Podman {
        Podman(Home::new())
    }

    /// `podman` with its global options and `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.0.command_with_storage("podman");
        command.args(["--tmpdir", &self.0.path("libpod"), "--cgroup-manager", "cgroupfs"]);
        command.args(["--events-backend", "none"]).args(arguments);
        command
    }
}

impl Client for Podman {
    fn version(&self) -> String {
        run(self.0.command("podman").arg("--version")).output()
    }

    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome {
        login(self.command(&[]), registry, user, secret)
    }

    fn logout(&self, registry: &str) {
        run(&mut self.command(&["logout", registry]));
    }

    fn pull(&self, reference: &str) -> Outcome {
        run(&mut self.command(&["rmi", "--all", "--force"]));
        run(&mut self.command(&["pull", "--tls-verify=false", reference]))
    }

    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        let id = run(self.command(&["pull", "--quiet", OCI_LAYOUT]).current_dir(image.parent())).output();
        let id = id.lines().last().unwrap_or_default().to_owned();
        let target = format!("docker://{reference}");
        Some(run(&mut self.command(&["push", "--tls-verify=false", &id, &target])))
    }

    fn catalog(&self, registry: &str) -> Option<Outcome> {
        Some(run(&mut self.command(&["search", "--tls-verify=false", &format!("{registry}/")])))
    }
}

/// `buildah`.
pub(crate) struct Buildah(Home);

impl Buildah {
    pub(crate) fn new() -> Buildah {
        Buildah(Home::new())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.0.command_with_storage("buildah");
        // Needs neither a container runtime nor a network of its own.
        command.env("BUILDAH_ISOLATION", "chroot").args(arguments);
        command
    }
}

impl Client for Buildah {
    fn version(&self) -> String {
        run(self.0.command("buildah").arg("--version")).output()
    }

    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome {
        login(self.command(&[]), registry, user, secret)
    }

    fn logout(&self, registry: &str) {
        run(&mut self.command(&["logout", registry]));
    }

    fn pull(&self, reference: &str) -> Outcome {
        run(&mut self.command(&["rmi", "--all", "--force"]));
        run(&mut self.command(&["pull", "--tls-verify=false", reference]))
    }

    /// Builds on the image first, which is what people push with buildah.
    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        let container = run(self.command(&["from", OCI_LAYOUT]).current_dir(image.parent())).output();
        let built = run(&mut self.command(&["commit", "--quiet", "--rm", &container])).output();
        let target = format!("docker://{reference}");
        Some(run(&mut self.command(&["push", "--tls-verify=false", &built, &target])))
    }
}

/// `skopeo`.
pub(crate) struct Skopeo(Home);

impl Skopeo {
    pub(crate) fn new() -> Skopeo {
        Skopeo(Home::new())
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        run(self.0.command("skopeo").args(arguments))
    }
}

impl Client for Skopeo {
    fn version(&self) -> String {
        self.run(&["--version"]).output()
    }

    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome {
        login(self.0.command("skopeo"), registry, user, secret)
    }

    fn logout(&self, registry: &str) {
        self.run(&["logout", registry]);
    }

    fn pull(&self, reference: &str) -> Outcome {
        let target = format!("dir:{}", self.0.path("pulled"));
        self.run(&["copy", "--src-tls-verify=false", &format!("docker://{reference}"), &target])
    }

    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        let source = format!("oci:{}:small", image.layout());
        Some(self.run(&["copy", "--dest-tls-verify=false", &source, &format!("docker://{reference}")]))
    }

    fn copy(&self, from: &str, to: &str) -> Option<Outcome> {
        let (from, to) = (format!("docker://{from}"), format!("docker://{to}"));
        Some(self.run(&["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &from, &to]))
    }

    fn delete(&self, reference: &str) -> Option<Outcome> {
        Some(self.run(&["delete", "--tls-verify=false", &format!("docker://{reference}")]))
    }
}
