//! What has had its time is forgotten, and nothing else is.

use super::{acme, actor};
use dockpass::service::actor::Actor;
use dockpass::service::oauth::{applications, tokens};
use dockpass::service::prune::{Pruned, prune};
use dockpass::service::{app_tokens, organizations};
use std::collections::BTreeMap;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn expired_tokens_sessions_names_and_events_go_when_their_time_has_come() {
    let (installation, _) = acme("APP_SPECIFIC_TOKEN_EXPIRATION: 2h\nACTION_LOG_RETENTION: 30d\n");
    let app = &installation.app;
    let rows = || installation.row_counts().into_iter().collect::<BTreeMap<_, _>>();
    let run = || {
        let pruned = prune(app).unwrap();
        pruned.into_iter().map(|Pruned { kind, count }| (kind, count)).collect::<Vec<_>>()
    };
    let alice = actor(&installation, "alice").await;
    let operator = Actor::operator("test");
    let made = app_tokens::create(app, &alice, "laptop").unwrap();
    installation.kept(made.token.unwrap().expose());
    let texts = applications::Texts { name: "tool".to_owned(), ..applications::Texts::default() };
    let tool = applications::create(app, &operator, "acme", &texts).unwrap().application.client_id;
    for (name, life) in [("short", HOUR), ("long", 90 * DAY)] {
        tokens::create(app, &alice, "acme", &tool, name, "repo:read", Some(life)).unwrap();
    }
    organizations::create(app, &operator, "fleeting", None).unwrap();
    organizations::delete(app, &operator, "fleeting").unwrap();
    let before = rows();
    assert_eq!(run(), [], "nothing has had its time yet");
    assert_eq!(rows(), before);

    installation.advance(3 * HOUR);
    assert_eq!(run(), [("names that are free again", 1)]);
    assert_eq!(rows()["app_token"], 1, "expired, and listed for a day more");
    installation.advance(DAY);
    let expected = [("expired sessions", 1), ("expired access tokens", 1), ("expired application tokens", 1)];
    assert_eq!(run(), expected);
    let after = rows();
    assert_eq!([after["app_token"], after["session"], after["oauth_token"]], [0, 0, 1]);
    assert_eq!(after["audit_event"], before["audit_event"]);
    installation.advance(30 * DAY);
    let events = usize::try_from(before["audit_event"]).unwrap();
    assert_eq!(run(), [("audit events older than ACTION_LOG_RETENTION", events)]);
    assert_eq!(rows()["oauth_token"], 1, "the one that lives on");
}
