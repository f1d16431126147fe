//! What is granted of what is asked for.

use super::{access, acme, claims};
use crate::support::Installation;
use serde_json::json;

#[tokio::test]
async fn scopes_repeat_or_share_a_value_and_are_merged() {
    let (installation, secret) = acme();
    let query = "scope=repository:acme/app:pull%20repository:acme/app:pull,push&scope=repository:acme/base:pull&scope=repository:acme/app:pull";
    let answer = installation.get(&format!("/token?{query}"), Some(("acme+ci", &secret))).await;
    assert_eq!(access(&answer), ["acme/app: push,pull", "acme/base: pull"]);
}

#[tokio::test]
async fn what_is_not_granted_is_left_out_with_status_200() {
    let (installation, secret) = acme();
    let query = "scope=repository:acme/app:delete,*,pull&scope=repository:acme/base:push,pull";
    let answer = installation.get(&format!("/token?{query}"), Some(("acme+ci", &secret))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(access(&answer), ["acme/app: pull", "acme/base: pull"]);
}

#[tokio::test]
async fn junk_scopes_never_fail_the_request() {
    let (installation, secret) = acme();
    let query = "scope=repository:user/image:pull&scope=widget:x:y&scope=&scope=repository:BAD:pull&scope=repository(plugin):acme/app:pull";
    let answer = installation.get(&format!("/token?{query}"), Some(("acme+ci", &secret))).await;
    assert_eq!(access(&answer), ["user/image: ", "acme/app: pull"]);
    assert_eq!(claims(&answer)["access"][1]["type"], "repository", "registries refuse a type with a class");
}

#[tokio::test]
async fn missing_and_foreign_and_private_look_the_same() {
    let (installation, secret) = acme();
    installation.organization("other");
    installation.repository("other/private", "private");
    for name in ["other/private", "other/missing", "missing/missing"] {
        let query = format!("scope=repository:{name}:pull,push");
        let answer = installation.get(&format!("/token?{query}"), Some(("acme+ci", &secret))).await;
        assert_eq!(access(&answer), [format!("{name}: ")]);
    }
}

#[tokio::test]
async fn the_anonymous_pull_what_is_public() {
    let (installation, _) = acme();
    let query = "scope=repository:acme/base:pull,push&scope=repository:acme/app:pull";
    let answer = installation.get(&format!("/token?{query}"), None).await;
    assert_eq!(access(&answer), ["acme/base: pull", "acme/app: "]);
    assert_eq!(claims(&answer)["sub"], "");
}

#[tokio::test]
async fn the_catalog_is_for_super_users() {
    let (installation, secret) = acme();
    let path = "/token?scope=registry:catalog:*";
    let user = installation.get(path, Some(("root1", "root1's-password"))).await;
    assert_eq!(claims(&user)["access"], json!([{ "type": "registry", "name": "catalog", "actions": ["*"] }]));
    let robot = installation.get(path, Some(("acme+ci", &secret))).await;
    assert_eq!(access(&robot), ["catalog: "]);
}

#[tokio::test]
async fn a_changed_permission_counts_from_the_next_request() {
    let (installation, secret) = acme();
    let path = "/token?scope=repository:acme/app:pull,push";
    installation.grant("acme/app", "acme+ci", "read");
    assert_eq!(access(&installation.get(path, Some(("acme+ci", &secret))).await), ["acme/app: pull"]);
    installation.disable("acme");
    assert_eq!(installation.get(path, Some(("acme+ci", &secret))).await.status, 401);
    let query = "scope=repository:acme/base:pull";
    assert_eq!(access(&installation.get(&format!("/token?{query}"), None).await), ["acme/base: "]);
}

#[tokio::test]
async fn a_push_registers_the_repository_of_those_who_may_create_it() {
    let (installation, secret) = acme();
    let path = "/token?scope=repository:acme/fresh:pull,push";
    let refused = installation.get(path, Some(("acme+ci", &secret))).await;
    assert_eq!(access(&refused), ["acme/fresh: "]);
    installation.team("acme", "makers", "creator");
    installation.member("acme", "makers", "acme+ci");
    let pull = installation.get("/token?scope=repository:acme/fresh:pull", Some(("acme+ci", &secret))).await;
    assert_eq!(access(&pull), ["acme/fresh: "], "a pull makes nothing");
    let made = installation.get(path, Some(("acme+ci", &secret))).await;
    assert_eq!(access(&made), ["acme/fresh: push,pull"]);
    let again = installation.get("/token?scope=repository:acme/fresh:*", Some(("acme+ci", &secret))).await;
    assert_eq!(access(&again), ["acme/fresh: *"], "its creator administers it");
    let anonymous = installation.get("/token?scope=repository:acme/fresh:pull", None).await;
    assert_eq!(access(&anonymous), ["acme/fresh: "], "and it is private");
    let last = installation.events("create_repo").pop();
    assert_eq!(last, Some(json!({ "repo": "fresh", "namespace": "acme" })));
}

#[tokio::test]
async fn the_name_of_a_deleted_repository_stays_closed_while_tokens_for_it_live() {
    let (installation, _) = acme();
    let path = "/token?scope=repository:acme/app:pull,push";
    installation.delete_repository("acme/app");
    let alice = Some(("alice", "alice's-password"));
    assert_eq!(access(&installation.get(path, alice).await), ["acme/app: "]);
    installation.advance(361);
    assert_eq!(access(&installation.get(path, alice).await), ["acme/app: push,pull"]);
}

#[tokio::test]
async fn the_anonymous_never_change_anything() {
    let (installation, _) = acme();
    let before = installation.row_counts();
    for query in ["scope=repository:acme/fresh:push,pull", "scope=repository:fresh/app:push", ""] {
        installation.get(&format!("/token?{query}"), None).await;
        installation.get(&format!("/token?{query}"), Some(("acme+ci", "wrong"))).await;
    }
    assert_eq!(installation.row_counts(), before);
}

#[tokio::test]
async fn a_read_only_registry_grants_pulls_and_registers_nothing() {
    let installation = Installation::new("REGISTRY_STATE: readonly\n");
    installation.user("alice");
    installation.repository("alice/app", "private");
    let path = "/token?scope=repository:alice/app:pull,push,delete,*&scope=repository:alice/fresh:push,pull";
    let before = installation.row_counts();
    let answer = installation.get(path, Some(("alice", "alice's-password"))).await;
    assert_eq!(access(&answer), ["alice/app: pull", "alice/fresh: pull"]);
    assert_eq!(installation.row_counts(), before);
}

#[tokio::test]
async fn without_anonymous_access_nobody_gets_a_token_without_credentials() {
    let installation = Installation::new("FEATURE_ANONYMOUS_ACCESS: false\n");
    installation.user("alice");
    installation.repository("alice/open", "public");
    let path = "/token?scope=repository:alice/open:pull";
    assert_eq!(installation.get(path, None).await.status, 401);
    assert_eq!(
        access(&installation.get(path, Some(("alice", "alice's-password"))).await),
        ["alice/open: pull"]
    );
}
