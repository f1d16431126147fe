//! Finding and running other programs: never through a shell, always with a time limit.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// No client needs more than a few seconds here; one that waits for a person's answer would wait for ever.
const TIME_LIMIT: &str = "60";

/// What a program did: whether it exited with 0, and both its streams.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) command: String,
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output without the white space around it, of a program that must have succeeded.
    pub(crate) fn output(self) -> String {
        assert!(self.success, "{self}");
        self.stdout.trim().to_owned()
    }

    /// Everything the program said.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Asserts that the program did what `what` says.
    pub(crate) fn allowed(&self, what: &str) {
        assert!(self.success, "should be allowed: {what}: {self}");
    }

    /// Asserts that the program failed because it was refused, and not because it is broken here.
    pub(crate) fn refused(&self, what: &str) {
        const WORDS: [&str; 8] = [
            "denied",
            "unauthorized",
            "authorization",
            "401",
            "username/password",
            "authentication",
            // containerd 1.6 now and then loses the answer to a refused push in a race of its own.
            "closed pipe",
            // So does crane, when it asks for wider access and sends the body again, which it has used up.
            "with body length 0",
        ];
        assert!(!self.success, "should be refused: {what}: {self}");
        let text = self.text().to_lowercase();
        assert!(WORDS.iter().any(|word| text.contains(word)), "refused for another reason: {what}: {self}");
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ended = if self.success { "succeeded" } else { "failed" };
        write!(f, "`{}` {ended}\n{}\n{}", self.command, self.stdout, self.stderr)
    }
}

/// The path of the program `name`: from `.test-tools/bin`, else from `PATH`. A name with a slash is a path itself.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join(".test-tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(ours)
        .chain(std::env::split_paths(&path))
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

/// Whether every program of `names` is here. If not, the test calling this must return at once: on CI it has then
/// failed already, elsewhere a line says what was skipped.
pub(crate) fn have(names: &[&str]) -> bool {
    let missing: Vec<_> = names.iter().copied().filter(|name| find(name).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    let on_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!on_ci, "not installed: {missing:?}; tests/install-tools.sh should have");
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    // Straight to the stream: the test harness hides what a passing test prints with `println!`.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: not installed: {missing:?}");
    false
}

/// A command for the program `name` that ends by itself. Its environment holds no proxy and no credentials.
pub(crate) fn command(name: &str) -> Command {
    let program = find(name).unwrap_or_else(|| panic!("{name} is not installed"));
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", TIME_LIMIT]).arg(program);
    for proxy in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "DOCKER_HOST", "DOCKER_CONFIG"] {
        command.env_remove(proxy);
    }
    command
}

/// Runs `command` to its end with `input` on standard input.
pub(crate) fn run_with(command: &mut Command, input: &str) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    // Small inputs only: they fit the pipe, so that no thread is needed. A program may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let words: Vec<_> = command.get_args().skip(2).map(OsStr::to_string_lossy).collect();
    Outcome {
        command: words.join(" "),
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs `command` to its end with nothing on standard input.
pub(crate) fn run(command: &mut Command) -> Outcome {
    run_with(command, "")
}
