//! How many instructions a token costs, counted by callgrind: a figure that does not depend on how busy the machine is,
//! nor much on which machine. Ignored in a plain `cargo test`, since it needs an optimised build and valgrind.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The stored figures; each line is a number of scopes and the instructions of a request for so many.
const EXPECTED: &str = "tests/instructions/expected.txt";
/// Percent that are tolerated above the stored figure. Libraries and compilers move it by one or two.
const TOLERANCE: u64 = 5;
/// The two counts of requests whose difference is taken, so that start and end of the program do not count.
const COUNTS: [u32; 2] = [100, 400];

#[test]
#[ignore = "builds the benchmark and runs it under valgrind"]
fn a_token_costs_no_more_instructions_than_it_did() {
    if !has_valgrind() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPECTED);
    let stored = std::fs::read_to_string(&path).unwrap();
    let program = benchmark();
    let mut measured = String::new();
    let mut worse = Vec::new();
    for line in stored.lines().filter(|line| !line.starts_with('#')) {
        let (scopes, expected) = line.split_once(' ').unwrap();
        let expected: u64 = expected.trim().parse().unwrap();
        let actual = instructions(&program, scopes);
        let percent = actual * 100 / expected;
        let told = format!("{scopes} scopes: {actual} instructions, {percent} % of the {expected} stored");
        // Straight to the stream: the test harness hides what a passing test prints with `println!`.
        let _ = writeln!(std::io::stderr(), "{told}");
        if actual * 100 > expected * (100 + TOLERANCE) {
            worse.push(told);
        }
        let _ = writeln!(measured, "{scopes} {actual}");
    }
    if std::env::var_os("DOCKPASS_UPDATE_INSTRUCTIONS").is_some() {
        let notes = stored.lines().filter(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n");
        std::fs::write(path, format!("{notes}\n{measured}")).unwrap();
        return;
    }
    assert!(
        worse.is_empty(),
        "more than {TOLERANCE} % above {EXPECTED}: {worse:#?}\nIf the change is worth that, store the new figures with \
         `DOCKPASS_UPDATE_INSTRUCTIONS=1 make test-instructions`.",
    );
}

fn has_valgrind() -> bool {
    if Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    let on_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!on_ci, "valgrind is not installed; tests/install-tools.sh should have");
    let _ = writeln!(std::io::stderr(), "SKIPPED instructions of a token: valgrind is not installed");
    false
}

/// Builds the benchmark program and tells where it is.
fn benchmark() -> PathBuf {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args([
        "bench",
        "--no-run",
        "--bench",
        "dockpass-bench",
        "--message-format",
        "json-render-diagnostics",
    ]);
    let output = build.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "dockpass-bench")
            .then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("the build says where the benchmark is")
}

/// Instructions of one request for so many scopes.
fn instructions(program: &Path, scopes: &str) -> u64 {
    let [few, many] = COUNTS.map(|count| {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        command.args(["tokens", "--scopes", scopes, "--count", &count.to_string()]);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        let collected =
            text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse::<u64>().ok());
        collected.expect("callgrind tells how many instructions it collected")
    });
    (many - few) / u64::from(COUNTS[1] - COUNTS[0])
}
