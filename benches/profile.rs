//! Where the server's time goes: `perf` on the running service, as a table and as a flame graph.

use crate::certificate::Certificate;
use crate::dataset::{self, Shape};
use crate::flame;
use crate::load::{self, Bound, Plan};
use crate::report::{Section, percent};
use crate::request;
use crate::server::Server;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Samples the service under load.
#[derive(clap::Args)]
pub struct Profile {
    /// How long.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Over TLS with new connections instead of plain keep-alive.
    #[arg(long)]
    tls: bool,
}

/// What a sampled stack is counted for: the first group one of whose words is in the name of the innermost function
/// that has any.
const GROUPS: [(&str, &[&str]); 10] = [
    ("random numbers", &["RAND_", "CTR_DRBG", "rand_"]),
    (
        "signature (ES256)",
        &["ecdsa", "p256", "ecp_nistz", "EVP_DigestSign", "ec_scalar", "bignum_", "ec_GFp"],
    ),
    ("MACs and hashes", &["HMAC", "sha256", "SHA256", "hmac"]),
    ("database", &["sqlite3", "rusqlite", "dockpass::store"]),
    ("log and metrics", &["tracing", "dockpass::telemetry", "prometheus"]),
    ("TLS", &["rustls", "x25519", "tls13"]),
    ("HTTP library", &["hyper", "http::", "httparse"]),
    ("runtime", &["tokio", "mio::", "parking_lot"]),
    ("dockpass itself", &["dockpass::"]),
    ("memory", &["mi_", "malloc", "memcpy", "memmove", "memset"]),
];
/// As [`GROUPS`], for time that the kernel spends on our behalf.
const KERNEL: [(&str, &[&str]); 2] = [
    ("kernel: locks and pages of the database", &["sqlite3"]),
    ("kernel: writing the log", &["telemetry::writer", "LogWriter"]),
];

/// Profiles and prints.
pub fn run(options: &Profile) {
    let directory = tempfile::TempDir::with_prefix_in("profile-", env!("CARGO_TARGET_TMPDIR")).unwrap();
    dataset::write(directory.path(), Shape::SMALL);
    let certificate = options.tls.then(|| Certificate::make(directory.path()));
    let server = Server::dockpass(directory.path(), certificate.as_ref());
    let target = server.target();
    let requests = (0..1000).map(|robot| {
        let (login, repository) = Shape::SMALL.robot(robot);
        request::token(
            &target,
            "localhost:5000",
            Some(&login),
            &[format!("repository:{repository}:pull,push")],
        )
    });
    let plan = Plan {
        requests: requests.collect(),
        target: target.clone(),
        sent: std::sync::Arc::default(),
        connections: 16,
        new_connections: options.tls,
        bound: Bound::Time(Duration::from_secs(options.seconds + 2)),
        pid: Some(server.pid()),
    };
    let loading = std::thread::spawn(move || load::run(&plan).all_right("profile"));
    let data = directory.path().join("perf.data");
    let mut record = Command::new("perf");
    // A clock, not a counter: virtual machines often have no counters. The stack is copied for unwinding, since optimised
    // code keeps no frame pointers.
    record
        .args(["record", "-q", "-e", "cpu-clock", "-F", "499", "--call-graph", "dwarf,16384", "-o"])
        .arg(&data);
    record.args(["-p", &server.pid().to_string(), "--", "sleep", &options.seconds.to_string()]);
    let recorded = record.stdout(Stdio::null()).status().expect("perf is installed");
    assert!(recorded.success(), "perf record failed");
    let _ = loading.join();
    drop(server);
    let script = Command::new("perf")
        .args(["script", "--no-inline", "-F", "comm,ip,sym", "-i"])
        .arg(&data)
        .output()
        .unwrap();
    let stacks = stacks(&String::from_utf8_lossy(&script.stdout));
    println!("{}", table(&stacks).markdown());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("flame.svg");
    std::fs::write(&path, flame::draw(&stacks)).unwrap();
    println!("flame graph: {}", path.display());
}

/// Stacks from the outermost function to the innermost, and how often each was seen.
pub type Stacks = BTreeMap<Vec<String>, u64>;

fn stacks(script: &str) -> Stacks {
    let mut stacks = Stacks::new();
    for sample in script.split("\n\n") {
        let frames =
            sample.lines().skip(1).filter_map(|line| line.trim().split_once(' ').map(|(_, name)| name));
        let mut frames: Vec<String> = frames.map(short).collect();
        frames.reverse();
        if !frames.is_empty() {
            *stacks.entry(frames).or_default() += 1;
        }
    }
    stacks
}

/// A function's name without the compiler's hash.
fn short(name: &str) -> String {
    let name = name.trim();
    match name.rsplit_once("::h") {
        Some((short, hash)) if hash.len() == 16 => short.to_owned(),
        _ => name.to_owned(),
    }
}

fn group(stack: &[String]) -> &'static str {
    let in_kernel = |name: &String| name.starts_with("entry_SYSCALL") || name.starts_with("do_syscall");
    let kernel = stack.iter().any(in_kernel);
    let groups: &[(&str, &[&str])] = if kernel { &KERNEL } else { &GROUPS };
    let found = stack.iter().rev().find_map(|frame| {
        groups.iter().find(|(_, words)| words.iter().any(|word| frame.contains(word))).map(|(name, _)| *name)
    });
    found.unwrap_or(if kernel { "kernel: sockets, scheduling" } else { "other" })
}

fn table(stacks: &Stacks) -> Section {
    let total: u64 = stacks.values().sum();
    let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
    for (stack, count) in stacks {
        *groups.entry(group(stack)).or_default() += count;
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut section = Section::new("Time of the server", "", &["", "of the server's time"]);
    for (name, count) in groups {
        section.row([name.to_owned(), percent(count as f64 / total.max(1) as f64)]);
    }
    section
}
