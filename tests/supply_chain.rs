//! Cargo.lock against the versions below which a crate has a published fault that would reach us, and crates that must not
//! come in at all. Needs nothing but the repository.

/// Crate, oldest version that is taken, and why.
const FLOORS: [(&str, &str, &str); 19] = [
    ("aws-lc-sys", "0.39.0", "RUSTSEC-2026-0044 to -0048: certificate checks"),
    ("bytes", "1.11.1", "RUSTSEC-2026-0007: overflow"),
    ("crossbeam-channel", "0.5.15", "RUSTSEC-2025-0024: double free"),
    ("h2", "0.4.16", "RUSTSEC-2026-0258 and the floods before it"),
    ("hyper", "1.0.0", "RUSTSEC-2020-0008, 2021-0020, -0078, -0079: request smuggling"),
    ("idna", "1.0.3", "RUSTSEC-2024-0421: names that look alike"),
    ("jsonwebtoken", "10.3.0", "CVE-2026-25537: a claim of the wrong type counts as absent"),
    ("libsqlite3-sys", "0.36.0", "bundles SQLite 3.51.3 or newer, which is also checked at start"),
    ("lru", "0.18.2", "RUSTSEC-2026-0253: unsound"),
    ("ring", "0.17.12", "RUSTSEC-2025-0009: AES panics"),
    ("rusqlite", "0.26.2", "RUSTSEC-2020-0014, 2021-0128: memory safety"),
    ("rustls", "0.23.18", "RUSTSEC-2024-0336, -0399: endless loop, panic on a split ClientHello"),
    ("rustls-webpki", "0.103.13", "RUSTSEC-2026-0049, -0098, -0099, -0104: CRLs and name constraints"),
    ("time", "0.3.47", "RUSTSEC-2026-0009: stack exhaustion"),
    ("tokio", "1.44.2", "RUSTSEC-2025-0023: unsound"),
    ("tokio-postgres", "0.7.18", "RUSTSEC-2026-0178 to -0180: panics on a hostile server"),
    ("tokio-rustls", "0.13.1", "RUSTSEC-2020-0019: unbounded buffering"),
    ("tracing-subscriber", "0.3.20", "RUSTSEC-2025-0055: escape sequences in logs"),
    ("zerovec", "0.10.4", "RUSTSEC-2024-0347: unsound"),
];

/// Crates that must not be linked, and why.
const BANNED: [(&str, &str); 4] = [
    ("rsa", "RUSTSEC-2023-0071: keys leak through time, and there is no fix"),
    ("openssl", "one library for TLS and signatures is enough"),
    ("rustls-pemfile", "RUSTSEC-2025-0134: unmaintained"),
    ("h2", "HTTP/2 is not spoken, so it cannot be flooded"),
];

fn version(text: &str) -> Vec<u64> {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    core.split('.').map(|number| number.parse().unwrap()).collect()
}

/// Every crate of the lockfile with its version and source.
fn locked() -> Vec<(String, String, String)> {
    let text = include_str!("../Cargo.lock");
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let packages = text.split("[[package]]").skip(1);
    packages
        .map(|package| (field(package, "name"), field(package, "version"), field(package, "source")))
        .collect()
}

#[test]
fn no_crate_is_older_than_the_fix_of_a_published_fault() {
    let locked = locked();
    assert!(locked.len() > 50);
    for (name, oldest, why) in FLOORS {
        for (_, found, _) in locked.iter().filter(|(locked, ..)| locked == name) {
            assert!(version(found) >= version(oldest), "{name} {found} is older than {oldest}: {why}");
        }
    }
}

#[test]
fn no_banned_crate_and_no_source_but_the_registry() {
    for (name, _, source) in locked() {
        let banned = BANNED.iter().find(|(banned, _)| *banned == name);
        assert!(banned.is_none(), "{banned:?}");
        let ours = name == "dockpass" && source.is_empty();
        assert!(
            ours || source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
            "{name}: {source}"
        );
    }
}

#[test]
fn sqlite_is_no_older_than_its_floor() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}
