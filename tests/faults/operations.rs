//! What operators do to a running installation: back it up and bring it back elsewhere, stop it while it works.

use super::site::Site;
use crate::e2e::http;
use crate::e2e::process::{signal, wait_until};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

#[test]
fn a_backup_made_under_load_is_restored_with_the_keys_and_lets_the_same_robots_in() {
    let site = Site::empty();
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    site.ok(&["repo", "create", "acme/app"]);
    let secret = site.ok(&["robot", "create", "acme+ci", "--repository", "app:write"]);
    let server = site.serve(&[]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..10 {
                site.ok(&["robot", "create", &format!("acme+more{number}")]);
            }
        });
        site.ok(&["backup", "copy.db"]);
    });
    drop(server);

    let other = Site::empty();
    fs::create_dir(other.path("data")).unwrap();
    fs::copy(site.path("copy.db"), other.path("data/dockpass.db")).unwrap();
    // Without the keys the copy is of no use, and dockpass says so instead of letting nobody in.
    let output = other.command(&[], &["org", "list"]).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    let _ = fs::remove_dir_all(other.path("keys"));
    let copied =
        std::process::Command::new("cp").arg("-a").arg(site.path("keys")).arg(other.path("keys")).status();
    assert!(copied.unwrap().success());
    let _ = other.digest();
    let _server = other.serve(&[]);
    assert_eq!(other.token("acme+ci", &secret, "repository:acme/app:pull,push").1.len(), 2);
}

#[test]
fn a_server_that_is_asked_to_stop_finishes_what_runs_and_writes_down_what_it_remembers() {
    let site = Site::empty();
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    let secret = site.ok(&["robot", "create", "acme+ci"]);
    let mut server = site.serve(&[]);
    assert_eq!(site.token("acme+ci", &secret, "repository:acme/app:pull").0, 200);
    // A request whose body is still on its way.
    let mut running = TcpStream::connect(("127.0.0.1", site.port)).unwrap();
    let body = format!("grant_type=password&service=localhost:5000&username=acme%2Bci&password={secret}");
    let head = format!(
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    running.write_all(head.as_bytes()).unwrap();
    running.write_all(&body.as_bytes()[..20]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    signal(server.0.id(), "TERM");
    let closed = wait_until(10, || TcpStream::connect(("127.0.0.1", site.port)).is_err());
    assert!(closed, "no new connections are taken");
    running.write_all(&body.as_bytes()[20..]).unwrap();
    let mut answer = String::new();
    running.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(wait_until(10, || server.0.try_wait().unwrap().is_some()), "{}", site.log());
    assert!(server.0.try_wait().unwrap().unwrap().success());
    // The login that was only in memory.
    let seen: i64 = site
        .database()
        .query_row(
            "SELECT at FROM last_login JOIN account ON id = account_id WHERE name = 'acme+ci'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(seen > 0);
}

#[test]
fn the_metrics_tell_how_long_every_certificate_lasts() {
    let site = Site::empty();
    let _server = site.serve(&[]);
    // Filled right after the start.
    let told = |kind: &str| {
        let text = http::get(&site.url("/metrics"), &[]).body;
        let days = format!("dockpass_key_expiry_days{{key=\"{kind}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&days)?.parse::<f64>().ok())
    };
    for kind in ["root", "signing"] {
        assert!(wait_until(10, || told(kind).is_some_and(|days| days > 365.0)), "{kind}: {:?}", told(kind));
    }
}

#[test]
fn a_stolen_root_is_replaced_as_the_document_says_and_robots_keep_their_secrets() {
    let site = Site::empty();
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    let secret = site.ok(&["robot", "create", "acme+ci"]);
    let old = fs::read_to_string(site.path("keys/root.crt")).unwrap();
    for entry in fs::read_dir(site.path("keys")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("root.") || name.starts_with("signing") {
            fs::remove_file(path).unwrap();
        }
    }
    let _server = site.serve(&[]);
    assert_ne!(fs::read_to_string(site.path("keys/root.crt")).unwrap(), old);
    assert_eq!(site.token("acme+ci", &secret, "repository:acme/app:pull").0, 200);
    fs::create_dir(site.path("registry")).unwrap();
    site.ok(&["registry-config", "--write", "registry"]);
    let given = fs::read_dir(site.path("registry")).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = given.map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(texts.iter().all(|text| !text.contains(&old)), "{texts:?}");
}
