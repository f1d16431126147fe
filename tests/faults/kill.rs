//! Commands killed at their N-th system call, for every N and every call that changes a file.

use super::is_long;
use super::site::Site;
use std::fs;

/// Every call by which files change. `openat` stands for what is about to be made.
pub(super) const CALLS: [&str; 9] =
    ["pwrite64", "write", "fsync", "fdatasync", "openat", "unlink", "ftruncate", "rename", "mkdir"];
/// In the short form every so many-th call of the script is tried; a prime, so that other places come up for each command.
const STRIDE: usize = 29;

/// What is done, one command after the other, to a new installation.
const SCRIPT: [&[&str]; 14] = [
    &["org", "create", "acme"],
    &["repo", "create", "acme/app"],
    &["team", "create", "acme/devs"],
    &[
        "robot",
        "create",
        "acme+ci",
        "--repository",
        "app:write",
        "--team",
        "devs",
        "--default-permission",
        "read",
    ],
    &["robot", "create", "acme+cd"],
    &["permission", "set", "acme/app", "acme+cd", "read"],
    &["robot", "rotate", "acme+ci"],
    &["permission", "unset", "acme/app", "acme+cd"],
    &["repo", "set-visibility", "acme/app", "public"],
    &["org", "disable", "acme"],
    &["org", "enable", "acme"],
    &["robot", "delete", "acme+cd", "--yes"],
    &["repo", "delete", "acme/app", "--yes"],
    &["org", "delete", "acme", "--yes"],
];

/// Calls that are tried: all of them, or some, beginning elsewhere for each command and each kind of call.
pub(super) fn places(offset: usize, stride: usize) -> impl Iterator<Item = usize> {
    let (first, stride) = if is_long() { (1, 1) } else { (1 + offset % stride, stride) };
    (first..).step_by(stride)
}

/// Runs `command` from the same beginning again and again, killed later and later, until it is not killed any more.
/// `check` looks at what a killed run has left, given what it had printed. Counts the kills.
fn sweep(site: &Site, command: &[&str], offset: usize, stride: usize, check: impl Fn(&str)) -> usize {
    let before = site.snapshot();
    let mut kills = 0;
    for (kind, call) in CALLS.iter().enumerate() {
        for place in places(offset + 3 * kind, stride) {
            site.restore(&before);
            let output = site.traced(&format!("{call}:signal=KILL:when={place}"), command);
            if output.status.success() {
                break;
            }
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.code().is_none(), "{command:?} at {call} {place}: {output:?}");
            kills += 1;
            check(&told);
        }
    }
    site.restore(&before);
    kills
}

#[test]
#[ignore = "needs strace"]
fn a_command_killed_anywhere_has_done_all_or_nothing_and_keeps_what_it_has_answered() {
    let site = Site::empty();
    site.ok(&["init"]);
    let mut kills = 0;
    for (offset, command) in SCRIPT.iter().enumerate() {
        let before = site.digest();
        let beginning = site.snapshot();
        site.ok(command);
        let after = site.digest();
        site.restore(&beginning);
        kills += sweep(&site, command, offset, STRIDE, |told| {
            let state = site.digest();
            assert!(state == before || state == after, "{command:?} was left half done:\n{state}");
            assert!(told.is_empty() || state == after, "{command:?} was answered but is not there: {told}");
            // The next command is not held up, and finds the same.
            if state == before {
                site.ok(command);
                assert_eq!(site.digest(), after);
            }
        });
        site.ok(command);
        assert_eq!(site.digest(), after);
    }
    println!("{kills} kills");
}

#[test]
#[ignore = "needs strace"]
fn a_first_start_killed_anywhere_can_be_repeated() {
    let site = Site::empty();
    let kills = sweep(&site, &["init"], 3, 11, |_| {
        site.ok(&["init"]);
        site.ok(&["org", "create", "acme"]);
        assert!(site.ok(&["key", "list"]).contains("signing"));
        let _ = site.digest();
    });
    println!("{kills} kills");
}

#[test]
#[ignore = "needs strace"]
fn a_key_rotation_killed_anywhere_leaves_one_signing_key_and_every_published_one() {
    let site = Site::empty();
    site.ok(&["init"]);
    let old = signing(&site);
    let kills = sweep(&site, &["key", "rotate"], 5, 3, |_| {
        let listed = site.ok(&["--output", "json", "key", "list"]);
        assert!(listed.contains(&old), "the old key still verifies: {listed}");
        assert_eq!(listed.matches("\"signing\"").count(), 1, "{listed}");
        // A key of which only a part was written is not in the way.
        site.ok(&["key", "rotate"]);
        assert_ne!(signing(&site), old);
    });
    println!("{kills} kills");
}

/// The id of the key that signs.
fn signing(site: &Site) -> String {
    let text = fs::read_to_string(site.path("keys/signing.json")).unwrap();
    let register: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = register["keys"].as_array().unwrap();
    keys.iter().find(|key| key["state"] == "signing").unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs strace"]
fn a_backup_killed_anywhere_is_whole_or_not_there() {
    let site = Site::empty();
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    let kills = sweep(&site, &["backup", "copy.db"], 7, 11, |_| {
        if site.path("copy.db").exists() {
            let copy = rusqlite::Connection::open(site.path("copy.db")).unwrap();
            let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            let there: i64 = copy
                .query_row("SELECT count(*) FROM account WHERE name = 'acme'", [], |row| row.get(0))
                .unwrap();
            assert_eq!((verdict.as_str(), there), ("ok", 1));
        } else {
            site.ok(&["backup", "copy.db"]);
        }
    });
    println!("{kills} kills");
}
