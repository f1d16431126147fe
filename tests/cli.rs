//! The program as people run it: a process with arguments, two streams and an exit code.

mod administration;
mod configuration;
mod doctor;
mod keys;
mod registry_config;
mod robots;
mod serving;
mod starting;

use crate::support::{self, Watch};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A directory that commands run in, with nothing in it at first.
struct Home(TempDir, Watch);

/// When it goes, no secret may be found in what it leaves.
impl Drop for Home {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.1.finish(self.0.path());
        }
    }
}

/// What a command did.
#[derive(Debug)]
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Home {
    fn empty() -> Home {
        Home(TempDir::new().unwrap(), Watch::default())
    }

    /// With keys, a database and the organization `acme`.
    fn new() -> Home {
        let home = Home::empty();
        home.ok(&["org", "create", "acme"]);
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A command in this directory that knows nothing of the environment of the tests.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockpass"));
        command.args(arguments).current_dir(self.0.path()).env_clear().envs(support::coverage());
        command
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.1.command(command);
        if arguments.contains(&"--password-stdin") {
            self.1.secret("password", input.trim().as_bytes());
        }
        let mut child = command.spawn().unwrap();
        // A command that reads no input may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        self.1.ran(&output);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// What a command prints that must succeed.
    fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.stdout
    }

    /// What a command prints for programs.
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// The message of a command that must end with this exit code and print no result.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{arguments:?}: {run:?}");
        run.stderr
    }

    fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }
}
