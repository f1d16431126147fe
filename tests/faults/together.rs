//! Two processes on one database.

use super::site::Site;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn commands_and_a_running_server_share_a_database_and_nothing_is_lost() {
    let site = Site::empty();
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    site.ok(&["team", "create", "acme/makers", "--role", "creator"]);
    let secret = site.ok(&["robot", "create", "acme+push", "--team", "makers"]);
    let server = site.serve(&[]);
    let pushes = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let site = &site;
            scope.spawn(move || {
                for number in 0..6 {
                    let robot = format!("acme+bot{writer}-{number}");
                    let secret = site.ok(&["robot", "create", &robot]);
                    // The server sees at once what another process has written, ...
                    assert_eq!(site.token(&robot, &secret, "repository:acme/none:pull").0, 200);
                    site.ok(&["robot", "delete", &robot, "--yes"]);
                    // ... and what it has taken away.
                    assert_eq!(site.token(&robot, &secret, "repository:acme/none:pull").0, 401);
                }
            });
        }
        for pusher in 0..2 {
            let (site, secret, pushes) = (&site, &secret, &pushes);
            scope.spawn(move || {
                for number in 0..20 {
                    let scope = format!("repository:acme/new{pusher}-{number}:pull,push");
                    let (status, granted) = site.token("acme+push", secret, &scope);
                    // Waiting for another process's lock for too long is an answer, too; it changes nothing.
                    assert!(status == 503 || status == 200 && granted.len() == 2, "{status} {granted:?}");
                    pushes.fetch_add(usize::from(status == 200), Ordering::Relaxed);
                }
            });
        }
    });
    drop(server);
    let _ = site.digest();
    let count = |sql: &str| -> i64 { site.database().query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM repository"), i64::try_from(pushes.into_inner()).unwrap());
    assert_eq!(count("SELECT count(*) FROM account WHERE kind = 'robot'"), 1);
    assert_eq!(count("SELECT count(*) FROM audit_event WHERE kind = 'create_robot'"), 19);
    assert_eq!(count("SELECT count(*) FROM audit_event WHERE kind = 'delete_robot'"), 18);
}
