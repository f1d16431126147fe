//! crane: asks for tokens by GET with Basic, per command.

use tempfile::TempDir;

use super::Client;
use crate::e2e::image::Image;
use crate::e2e::tools::{Outcome, command, run, run_with};

/// `crane`.
pub(crate) struct Crane(TempDir);

impl Crane {
    pub(crate) fn new() -> Crane {
        Crane(tempfile::Builder::new().prefix("crane-").tempdir().unwrap())
    }

    fn run(&self, arguments: &[&str], input: &str) -> Outcome {
        run_with(command("crane").env("DOCKER_CONFIG", self.0.path()).args(arguments), input)
    }
}

impl Client for Crane {
    fn version(&self) -> String {
        format!("crane {}", run(command("crane").arg("version")).output())
    }

    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome {
        self.run(&["auth", "login", registry, "--username", user, "--password-stdin"], secret)
    }

    fn logout(&self, registry: &str) {
        self.run(&["auth", "logout", registry], "");
    }

    fn login_asks(&self) -> bool {
        false
    }

    fn pull(&self, reference: &str) -> Outcome {
        let target = self.0.path().join("pulled.tar");
        self.run(&["pull", reference, target.to_str().unwrap()], "")
    }

    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        Some(self.run(&["push", &image.layout(), reference], ""))
    }

    fn copy(&self, from: &str, to: &str) -> Option<Outcome> {
        Some(self.run(&["copy", from, to], ""))
    }

    /// By digest: registries before 3 delete no tags.
    fn delete(&self, reference: &str) -> Option<Outcome> {
        let digest = self.run(&["digest", reference], "").output();
        let repository = &reference[..reference.rfind(':')?];
        Some(self.run(&["delete", &format!("{repository}@{digest}")], ""))
    }

    fn catalog(&self, registry: &str) -> Option<Outcome> {
        Some(self.run(&["catalog", registry], ""))
    }
}
