//! oras: the library that helm uses too. Asks for tokens by GET with Basic.

use tempfile::TempDir;

use super::Client;
use crate::e2e::image::Image;
use crate::e2e::tools::{Outcome, command, run, run_with};

/// `oras`.
pub(crate) struct Oras(TempDir);

impl Oras {
    pub(crate) fn new() -> Oras {
        Oras(tempfile::Builder::new().prefix("oras-").tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str], input: &str) -> Outcome {
        run_with(command("oras").env("HOME", self.0.path()).current_dir(self.0.path()).args(arguments), input)
    }
}

impl Client for Oras {
    fn version(&self) -> String {
        let text = run(command("oras").arg("version")).output();
        format!("oras {}", text.lines().next().unwrap_or_default().trim_start_matches("Version:").trim())
    }

    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome {
        let config = self.path("auth.json");
        let options = ["--plain-http", "--registry-config", &config, "--username", user, "--password-stdin"];
        self.run(&[&["login"], &options[..], &[registry]].concat(), secret)
    }

    fn logout(&self, registry: &str) {
        self.run(&["logout", "--registry-config", &self.path("auth.json"), registry], "");
    }

    fn pull(&self, reference: &str) -> Outcome {
        let (config, target) = (self.path("auth.json"), self.path("pulled"));
        let layout = format!("{target}:small");
        let options = ["cp", "--from-plain-http", "--from-registry-config", &config, "--to-oci-layout"];
        self.run(&[&options[..], &[reference, &layout]].concat(), "")
    }

    fn push(&self, image: &Image, reference: &str) -> Option<Outcome> {
        let (config, source) = (self.path("auth.json"), format!("{}:small", image.layout()));
        let options = ["cp", "--from-oci-layout", "--to-plain-http", "--to-registry-config", &config];
        Some(self.run(&[&options[..], &[&source, reference]].concat(), ""))
    }

    fn copy(&self, from: &str, to: &str) -> Option<Outcome> {
        let config = self.path("auth.json");
        let options = ["cp", "--from-plain-http", "--to-plain-http", "--from-registry-config", &config];
        Some(self.run(&[&options[..], &["--to-registry-config", &config, from, to]].concat(), ""))
    }

    fn delete(&self, reference: &str) -> Option<Outcome> {
        let config = self.path("auth.json");
        Some(self.run(
            &["manifest", "delete", "--force", "--plain-http", "--registry-config", &config, reference],
            "",
        ))
    }

    fn catalog(&self, registry: &str) -> Option<Outcome> {
        let config = self.path("auth.json");
        Some(self.run(&["repo", "ls", "--plain-http", "--registry-config", &config, registry], ""))
    }
}
