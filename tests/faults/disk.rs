//! A disk that is full, read-only or failing: changes are refused with a clear error, tokens are issued on, and everything
//! works again when the disk does, without a restart.

use super::site::{Server, Site};
use crate::e2e::process::wait_until;
use std::fs;
use std::process::Command;

/// Organization `acme`, repository `acme/app`, and robot `acme+ci` that may write to it and make others. Gives its secret.
fn prepare(site: &Site) -> String {
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    site.ok(&["repo", "create", "acme/app"]);
    site.ok(&["team", "create", "acme/makers", "--role", "creator"]);
    site.ok(&["robot", "create", "acme+ci", "--repository", "app:write", "--team", "makers"])
}

const KNOWN: &str = "repository:acme/app:pull,push";

/// A push to a name that is not there yet, so that it has to be written down.
fn new(name: &str) -> String {
    format!("repository:acme/{name}:pull,push")
}

/// While writing fails: 503 for what has to be written, tokens for the rest, also for many in a row.
fn only_writing_fails(site: &Site, secret: &str) {
    for attempt in 0..10 {
        let (status, granted) = site.token("acme+ci", secret, KNOWN);
        assert_eq!((status, granted.len()), (200, 2), "attempt {attempt}:\n{}", site.log());
        let (status, granted) = site.token("acme+ci", secret, &new("late"));
        assert_eq!((status, granted.len()), (503, 0), "attempt {attempt}:\n{}", site.log());
    }
    assert_eq!(site.token("acme+ci", &"A".repeat(64), KNOWN).0, 401, "a wrong secret is wrong also now");
}

fn all_is_well(site: &Site, secret: &str) {
    let written = wait_until(10, || site.token("acme+ci", secret, &new("late")).1.len() == 2);
    assert!(written, "writing does not come back:\n{}", site.log());
    let _ = site.digest();
}

#[test]
fn over_the_limit_of_file_size_only_writing_fails_and_the_process_lives() {
    let site = Site::empty();
    let secret = prepare(&site);
    // The database has some hundred KiB; its log cannot grow beyond 32 KiB. In blocks of 1 KiB, as bash counts.
    let server = site.serve(&["bash", "-c", "ulimit -f 32; exec \"$0\" \"$@\""]);
    let mut refused = 0;
    for number in 0..40 {
        let (status, _) = site.token("acme+ci", &secret, &new(&format!("more{number}")));
        assert!([200, 503].contains(&status), "{status}:\n{}", site.log());
        refused += usize::from(status == 503);
        assert_eq!(site.token("acme+ci", &secret, KNOWN), (200, vec!["push".to_owned(), "pull".to_owned()]));
    }
    assert!(refused > 0, "the limit was never met");
    drop(server);
    let _ = site.digest();
}

#[test]
#[ignore = "needs unshare"]
fn on_a_full_disk_only_writing_fails_until_there_is_room_again() {
    let site = Site::with("DATABASE_URL: sqlite:small/dockpass.db\n");
    fs::create_dir(site.path("small")).unwrap();
    // A mount namespace of its own: nobody else sees the small disk, and it goes away with the server.
    let script = "mount -t tmpfs -o size=1m none small && cd . && exec \"$0\" \"$@\"";
    let server = site.serve(&["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script]);
    let target = server.0.id().to_string();
    let enter = ["nsenter", "--target", &target, "--user", "--mount", "--preserve-credentials", "bash", "-c"];
    // Entering a mount namespace leaves the working directory on the outside.
    let there = format!("cd {} && ", site.path("").display());
    let inside = |arguments: &[&str]| {
        let script = format!("{there} exec \"$0\" \"$@\"");
        let wrapper: Vec<&str> = enter.iter().copied().chain([script.as_str()]).collect();
        let output = site.command(&wrapper, arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
    };
    let disk = |script: &str| {
        let mut command = Command::new(enter[0]);
        command.args(&enter[1..]).arg(format!("{there}{script}")).output().unwrap().status.success()
    };
    for command in [
        &["org", "create", "acme"][..],
        &["repo", "create", "acme/app"],
        &["team", "create", "acme/makers", "--role", "creator"],
    ] {
        assert!(inside(command).0, "{command:?}");
    }
    let (_, secret) =
        inside(&["robot", "create", "acme+ci", "--repository", "app:write", "--team", "makers"]);

    assert!(!disk("cat /dev/zero > small/ballast"), "the disk is full");
    let mut refused = 0;
    for number in 0..40 {
        let (status, _) = site.token("acme+ci", &secret, &new(&format!("more{number}")));
        assert!([200, 503].contains(&status), "{status}:\n{}", site.log());
        refused += usize::from(status == 503);
        assert_eq!(site.token("acme+ci", &secret, KNOWN).1.len(), 2, "tokens are issued:\n{}", site.log());
    }
    assert!(refused > 0, "there was room for everything");
    assert!(!inside(&["org", "create", "beta"]).0, "the command line is told, too");
    only_writing_fails(&site, &secret);
    assert!(disk("rm small/ballast"));
    let written = wait_until(10, || site.token("acme+ci", &secret, &new("late")).1.len() == 2);
    assert!(written, "writing does not come back:\n{}", site.log());
}

/// Starts the server with one system call failing from now on until the returned switch is flipped: `strace` is attached
/// to the running process and taken away again.
fn failing(server: &Server, site: &Site, inject: &str, during: impl FnOnce()) {
    let trace = site.path("trace").display().to_string();
    let mut strace = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            &trace,
            "-e",
            &format!("inject={inject}"),
            "-p",
            &server.0.id().to_string(),
        ])
        .spawn()
        .unwrap();
    // Its threads one after the other: one that is not traced yet would write as if nothing were wrong.
    let attached = wait_until(10, || {
        let mut threads = fs::read_dir(format!("/proc/{}/task", server.0.id())).unwrap();
        threads.all(|thread| {
            let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap_or_default();
            !status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|id| id.trim() == "0"))
        })
    });
    assert!(attached);
    during();
    // strace lets the process go when it is asked to end.
    crate::e2e::process::signal(strace.id(), "INT");
    strace.wait().unwrap();
}

#[test]
#[ignore = "needs strace"]
fn while_the_disk_fails_only_writing_fails() {
    for fault in [
        "fsync,fdatasync:error=EIO",
        "pwrite64:error=EIO",
        "pwrite64,ftruncate:error=ENOSPC",
        "pwrite64:error=EROFS",
    ] {
        let site = Site::empty();
        let secret = prepare(&site);
        let server = site.serve(&[]);
        assert_eq!(site.token("acme+ci", &secret, KNOWN).0, 200);
        failing(&server, &site, fault, || only_writing_fails(&site, &secret));
        all_is_well(&site, &secret);
    }
}

#[test]
#[ignore = "needs strace"]
fn while_nothing_can_be_read_a_token_is_right_or_refused() {
    let site = Site::empty();
    let secret = prepare(&site);
    let server = site.serve(&[]);
    failing(&server, &site, "pread64:error=EIO", || {
        for _ in 0..10 {
            let (status, granted) = site.token("acme+ci", &secret, KNOWN);
            assert!(status == 503 || status == 200 && granted.len() == 2, "{status} {granted:?}");
            let (status, _) = site.token("acme+ci", &"A".repeat(64), KNOWN);
            assert!([401, 503].contains(&status), "{status}");
        }
    });
    all_is_well(&site, &secret);
}
