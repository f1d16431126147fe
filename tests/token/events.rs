//! Logins in the audit trail.

use super::{SCOPE, acme};
use crate::support::{Installation, START};
use dockpass::service::ledger::Ledger;
use serde_json::{Value, json};

const AGENT: [(&str, &str); 1] = [("user-agent", "docker/27")];

const QUIET: &str = "SERVER_HOSTNAME: registry.example\nACTION_LOG_AUDIT_LOGINS: false\n\
                     ACTION_LOG_AUDIT_LOGIN_FAILURES: true\n";

async fn log_in(installation: &Installation, query: &str, name: &str, secret: &str) {
    installation.send("GET", &format!("/token?{query}"), Some((name, secret)), &AGENT, "").await;
}

fn written(installation: &Installation, kind: &str) -> Vec<Value> {
    Ledger::flush(&installation.app).unwrap();
    installation.events(kind)
}

#[tokio::test]
async fn a_login_is_an_event_and_a_pull_is_none() {
    let (installation, secret) = acme();
    log_in(&installation, SCOPE, "acme+ci", &secret).await;
    installation.get("/token?scope=repository:acme/base:pull", None).await;
    assert_eq!(written(&installation, "login_success"), [] as [Value; 0]);
    log_in(&installation, "", "acme+ci", &secret).await;
    log_in(&installation, "", "alice", "alice's-password").await;
    let expected = [
        json!({ "kind": "robot", "robot": "acme+ci", "type": "v2auth", "useragent": "docker/27" }),
        json!({ "kind": "user", "username": "alice", "type": "v2auth", "useragent": "docker/27" }),
    ];
    assert_eq!(written(&installation, "login_success"), expected);
    let read = |tx: &mut dockpass::store::Tx<'_>| {
        let login = tx.robot_login(&dockpass::domain::name::RobotName::parse("acme+ci").unwrap())?.unwrap();
        tx.events(&dockpass::store::audit::EventFilter { robot: Some(login.id), ..Default::default() }, 9)
    };
    let mut of_robot = installation.app.store.read("test", read).unwrap();
    of_robot.retain(|event| event.kind == "login_success");
    assert_eq!(of_robot.len(), 1, "it is the robot's own activity");
    assert_eq!(of_robot[0].performer.as_deref(), Some("acme+ci"));
    assert_eq!(of_robot[0].address.as_deref(), Some("192.0.2.1"));
}

#[tokio::test]
async fn logins_are_not_written_down_where_that_is_off_and_failures_only_where_it_is_on() {
    let (installation, secret) = acme();
    log_in(&installation, "", "acme+ci", "wrong").await;
    assert_eq!(written(&installation, "login_failure"), [] as [Value; 0]);
    let quiet = Installation::new(QUIET);
    quiet.user("alice");
    log_in(&quiet, "", "alice", "alice's-password").await;
    assert_eq!(written(&quiet, "login_success"), [] as [Value; 0]);
    log_in(&quiet, "", "acme+ci", &secret).await;
    log_in(&quiet, SCOPE, "alice", "wrong-password").await;
    log_in(&quiet, "", "my secret phrase", "x").await;
    quiet.get("/token", None).await;
    let failed = |kind: &str, member: &str, name: Value| {
        let mut event = json!({ "type": "v2auth", "kind": kind, "useragent": "docker/27" });
        event["message"] = "Invalid username or password".into();
        event[member] = name;
        event
    };
    let expected = [
        failed("robot", "robot", json!("acme+ci")),
        failed("user", "username", json!("alice")),
        // Not a name, perhaps a secret.
        failed("user", "username", Value::Null),
    ];
    assert_eq!(written(&quiet, "login_failure"), expected);
}

#[tokio::test]
async fn a_busy_robot_is_written_down_once_in_a_while() {
    let (installation, secret) = acme();
    let last_login = || {
        let robot = installation.app.store.read("test", |tx| tx.robot("acme+ci")).unwrap().unwrap();
        robot.account.last_accessed_at.map(|at| at.seconds_since(START))
    };
    // LAST_ACCESSED_UPDATE_THRESHOLD_S is a minute.
    for (seconds, noted) in [(0, Some(0)), (59, Some(0)), (1, Some(60)), (3, Some(60)), (57, Some(120))] {
        installation.advance(seconds);
        log_in(&installation, SCOPE, "acme+ci", &secret).await;
        let before = installation.statements();
        Ledger::flush(&installation.app).unwrap();
        let writes = installation.statements() > before;
        assert_eq!((last_login(), writes), (noted, matches!(seconds, 0 | 1 | 57)), "{seconds} s later");
    }
}
