//! Authorizations that an administrator assigns to somebody else, from `/oauth/authorize/assignuser` to the token.

use super::{ALL, Acme, assert_message};
use crate::support::Answer;
use dockpass::domain::credential::Secret;
use dockpass::service::sessions::{csrf_token, sign_in};
use dockpass::store::audit::Origin;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const HOME: &str = "https://tool.example/done";

/// Somebody who signed in with a browser.
struct Person<'a> {
    acme: &'a Acme,
    cookie: String,
    csrf: String,
}

impl Person<'_> {
    async fn post(&self, path: &str, kind: &str, body: &str) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("content-type", kind)];
        self.acme.installation.send("POST", path, None, &headers, body).await
    }

    async fn assign(&self, client: &str, more: &str) -> Answer {
        let fields = format!("client_id={client}&response_type=token&_csrf_token={}&{more}", self.csrf);
        self.post("/oauth/authorize/assignuser", FORM, &fields).await
    }

    async fn accept(&self, client: &str, more: &str) -> Answer {
        let fields = format!("client_id={client}&response_type=token&_csrf_token={}&{more}", self.csrf);
        self.post("/oauth/authorizeapp", FORM, &fields).await
    }
}

impl Acme {
    async fn person(&self, user: &str) -> Person<'_> {
        let app = &self.installation.app;
        let password = Secret::new(format!("{user}'s-password"));
        let session = sign_in(app, user, &password, &Origin::default(), None).await.unwrap().id;
        let csrf = csrf_token(app, &session);
        Person { acme: self, cookie: format!("dockpass={}", session.expose()), csrf }
    }

    /// An application of acme: its client id.
    async fn application(&self, alice: &str) -> String {
        let body = json!({ "name": "tool", "redirect_uri": HOME, "description": "d", "application_uri": "https://a" });
        let made = self.send(alice, "POST", "/organization/acme/applications", &body).await.json();
        made["client_id"].as_str().unwrap().to_owned()
    }

    async fn assigned(&self, token: &str) -> Value {
        self.get(token, "/user/assignedauthorization").await.json()["authorizations"].clone()
    }
}

#[tokio::test]
async fn what_was_assigned_is_seen_taken_up_once_and_acts_for_its_user_alone() {
    let acme = Acme::new();
    let (alice, bob, eve) = (acme.token("alice", ALL), acme.token("bob", ALL), acme.token("eve", ALL));
    let client = acme.application(&alice).await;
    let administrator = acme.person("alice").await;
    let asked = format!("scope=org:admin,repo:read&redirect_uri={HOME}");
    let done = administrator.assign(&client, &format!("{asked}&username=bob")).await;
    assert_eq!((done.status, done.header("location"), done.text().as_str()), (302, Some(HOME), ""));
    let tokens = format!("/organization/acme/applications/{client}/tokens");
    assert_eq!(
        acme.get(&alice, &tokens).await.json()["tokens"],
        json!([]),
        "nothing secret comes into being"
    );

    let waiting = acme.assigned(&bob).await;
    let one = &waiting[0];
    assert_eq!(waiting.as_array().unwrap().len(), 1);
    let application = &one["application"];
    assert_eq!(
        json!([application["name"], application["clientId"], application["description"], application["url"]]),
        json!(["tool", client, "d", "https://a"])
    );
    assert_eq!(
        (&application["avatar"]["kind"], &application["organization"]["name"]),
        (&json!("app"), &json!("acme"))
    );
    assert_eq!((&one["redirectUri"], &one["responseType"]), (&json!(HOME), &json!("token")));
    let scopes = one["scopes"].as_array().unwrap();
    let words: Vec<_> = scopes.iter().map(|scope| (&scope["scope"], &scope["dangerous"])).collect();
    assert_eq!(words, [(&json!("repo:read"), &json!(false)), (&json!("org:admin"), &json!(true))]);
    let uuid = one["uuid"].as_str().unwrap();
    assert_eq!(acme.assigned(&eve).await, json!([]));

    // Nobody else takes it up, and it is not taken up as something else.
    let path = format!("{asked}&assignment_uuid={uuid}");
    assert_eq!(acme.person("eve").await.accept(&client, &path).await.status, 404);
    assert_eq!(administrator.accept(&client, &path).await.status, 404);
    let user = acme.person("bob").await;
    let wider = path.replace("repo:read", "repo:admin");
    assert_message(&user.accept(&client, &wider).await, "this is not what was assigned");
    let elsewhere = path.replace(HOME, "http://localhost:8480/oauth/localapp");
    assert_message(&user.accept(&client, &elsewhere).await, "this is not what was assigned");
    assert_eq!(user.accept("nobody", &path).await.status, 404);
    assert_eq!(user.accept(&client, &format!("{asked}&assignment_uuid=none")).await.status, 404);

    let accepted = user.accept(&client, &path).await;
    assert_eq!(accepted.status, 302);
    let fragment =
        accepted.header("location").unwrap().strip_prefix(&format!("{HOME}#access_token=")).unwrap();
    let token = fragment.split('&').next().unwrap();
    assert_eq!(acme.assigned(&bob).await, json!([]));
    assert_eq!(user.accept(&client, &path).await.status, 404, "once");
    let minted = acme.get(&alice, &tokens).await.json()["tokens"][0].clone();
    assert_eq!((&minted["created_by"], &minted["scope"]), (&json!("bob"), &json!("repo:read org:admin")));
    // Bob may see repositories of his team and nothing more, whoever assigned the scope `org:admin`.
    assert_eq!(acme.get(token, "/organization/acme/robots").await.json()["robots"][0].get("token"), None);
    let robot = "/organization/acme/robots/fresh";
    assert_eq!(acme.send(token, "PUT", robot, &Value::Null).await.status, 403);
    assert_eq!(acme.get(token, "/user/").await.status, 403);

    let logs = acme.get(&alice, "/organization/acme/logs").await.json();
    let logs = logs["logs"].as_array().unwrap();
    let event = logs.iter().find(|event| event["kind"] == "oauth_token_assigned").unwrap();
    let metadata = &event["metadata"];
    assert_eq!(event["performer"]["name"], "alice");
    assert_eq!(
        json!([metadata["assigning_user"], metadata["assigned_user"], metadata["application"]]),
        json!(["alice", "bob", "tool"])
    );
    let event = logs.iter().find(|event| event["kind"] == "create_oauth_api_token").unwrap();
    assert_eq!(event["performer"]["name"], "bob");
}

#[tokio::test]
async fn only_an_administrator_assigns_and_only_to_people_who_can_sign_in() {
    let acme = Acme::with("SESSION_LIFETIME: 1d\n");
    let alice = acme.token("alice", ALL);
    let client = acme.application(&alice).await;
    let asked = format!("scope=repo:read&redirect_uri={HOME}");
    let to_bob = format!("{asked}&username=bob");
    for outsider in ["bob", "eve", "root1", "auditor"] {
        assert_eq!(acme.person(outsider).await.assign(&client, &to_bob).await.status, 403, "{outsider}");
    }
    let administrator = acme.person("alice").await;
    let root = acme.token("root1", ALL);
    let disabled = acme.send(&root, "PUT", "/superuser/users/eve", &json!({ "enabled": false })).await;
    assert_eq!(disabled.status, 200);
    for (fields, status) in [
        (format!("{asked}&username=nobody"), 404),
        (format!("{asked}&username=acme%2Bci"), 404),
        (format!("{asked}&username=acme"), 404),
        (format!("{asked}&username="), 404),
        (format!("{asked}&username=eve"), 400),
        (to_bob.replace("repo:read", "repo:fly"), 400),
        (to_bob.replace("repo:read", ""), 400),
        (to_bob.replace(HOME, "https://evil.example/"), 400),
        (format!("{to_bob}&username=alice"), 400),
    ] {
        assert_eq!(administrator.assign(&client, &fields).await.status, status, "{fields}");
    }
    assert_eq!(administrator.assign("nobody", &to_bob).await.status, 404);
    let code = format!("client_id={client}&response_type=code&_csrf_token={}&{to_bob}", administrator.csrf);
    let path = "/oauth/authorize/assignuser";
    assert_message(&administrator.post(path, FORM, &code).await, "response_type must be 'token'");
    let forged = code.replace("=code", "=token").replace("&_csrf_token=", "&_csrf_token=x");
    assert_eq!(administrator.post(path, FORM, &forged).await.status, 403);
    let in_address =
        format!("{path}?client_id={client}&response_type=token&{to_bob}&_csrf_token={}", administrator.csrf);
    assert_eq!(
        administrator.post(&in_address, FORM, "").await.status,
        403,
        "what is in addresses is in logs"
    );
    let bearer = format!("Bearer {alice}");
    let headers = [("authorization", bearer.as_str()), ("content-type", FORM)];
    let by_token = acme.installation.send("POST", path, None, &headers, &forged).await;
    assert_eq!(by_token.status, 401, "nothing but a session");
    assert_eq!(acme.assigned(&acme.token("bob", ALL)).await, json!([]));
    // Nothing is given away by assigning, so that the session need not be fresh, as it must to take something up.
    acme.installation.advance(601);
    assert_eq!(administrator.assign(&client, &to_bob).await.status, 302);
    assert_eq!(administrator.accept(&client, &asked).await.status, 401);
}

#[tokio::test]
async fn what_was_assigned_is_declined_by_its_user_and_ends_with_its_application() {
    let acme = Acme::new();
    let (alice, bob, eve) = (acme.token("alice", ALL), acme.token("bob", ALL), acme.token("eve", ALL));
    let client = acme.application(&alice).await;
    let administrator = acme.person("alice").await;
    let fields = format!("scope=repo:read&redirect_uri={HOME}&username=bob");
    for _ in 0..2 {
        assert_eq!(administrator.assign(&client, &fields).await.status, 302);
    }
    let one =
        format!("/user/assignedauthorization/{}", acme.assigned(&bob).await[1]["uuid"].as_str().unwrap());
    assert_eq!(acme.delete(&eve, &one).await.status, 404);
    let weak = acme.token("bob", "user:read");
    assert_eq!(acme.delete(&weak, &one).await.status, 403);
    assert_eq!(acme.get(&weak, "/user/assignedauthorization").await.status, 403);
    assert_eq!(acme.delete(&bob, &one).await.status, 204);
    assert_eq!(acme.delete(&bob, &one).await.status, 404);
    let logs = acme.get(&alice, "/organization/acme/logs").await.json();
    assert_eq!(logs["logs"][0]["kind"], "oauth_token_assignment_declined");
    assert_eq!(logs["logs"][0]["performer"]["name"], "bob");
    assert_eq!(acme.assigned(&bob).await.as_array().unwrap().len(), 1);
    let application = format!("/organization/acme/applications/{client}");
    assert_eq!(acme.delete(&alice, &application).await.status, 204);
    assert_eq!(acme.assigned(&bob).await, json!([]));
}

#[tokio::test]
async fn as_many_wait_as_one_application_may_have() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let client = acme.application(&alice).await;
    let administrator = acme.person("alice").await;
    let fields = format!("scope=repo:read&redirect_uri={HOME}&username=bob&format=json");
    for _ in 0..100 {
        assert_eq!(administrator.assign(&client, &fields).await.status, 200);
    }
    let full = "maximum 100 assigned authorizations per application";
    assert_message(&administrator.assign(&client, &fields).await, full);
    // Who is flooded still sees, and can clear away, what there is.
    assert_eq!(acme.assigned(&acme.token("bob", ALL)).await.as_array().unwrap().len(), 100);
    let other = acme.application(&alice).await;
    assert_eq!(administrator.assign(&other, &fields).await.status, 200);
    let newest = acme.assigned(&acme.token("bob", ALL)).await;
    assert_eq!(
        (newest.as_array().unwrap().len(), &newest[0]["application"]["clientId"]),
        (100, &json!(other))
    );
}

#[tokio::test]
async fn quays_front_end_sends_a_script_s_form_and_stays_on_its_page() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let client = acme.application(&alice).await;
    let administrator = acme.person("alice").await;
    let local = "http%3A%2F%2Flocalhost%3A8480%2Foauth%2Flocalapp";
    let query = format!(
        "username=bob&response_type=token&client_id={client}&scope=repo%3Aread+org%3Aadmin&redirect_uri={local}"
    );
    let path = format!("/oauth/authorize/assignuser?{query}&format=json&state=s-1");
    let multipart = format!(
        "--b-1\r\nContent-Disposition: form-data; name=\"_csrf_token\"\r\n\r\n{}\r\n--b-1--\r\n",
        administrator.csrf
    );
    let done = administrator.post(&path, "multipart/form-data; boundary=b-1", &multipart).await;
    assert_eq!((done.status, done.json()), (200, json!({ "message": "Token assigned successfully" })));
    // An older one sends no body, and the CSRF token in a header.
    let headers = [("cookie", administrator.cookie.as_str()), ("x-csrf-token", administrator.csrf.as_str())];
    let done = acme.installation.send("POST", &path, None, &headers, "").await;
    assert_eq!(done.status, 200);
    let without = acme.installation.send("POST", &path, None, &headers[..1], "").await;
    assert_eq!(without.status, 403);
    // It finds scope and state in the address that it is sent to.
    let user = acme.person("bob").await;
    let fields = format!("scope=repo%3Aread+org%3Aadmin&redirect_uri={local}&state=a%26b");
    let location = user.accept(&client, &fields).await;
    let location = location.header("location").unwrap();
    let echo =
        "http://localhost:8480/oauth/localapp?scope=repo%3Aread%20org%3Aadmin&state=a%26b#access_token=";
    assert!(location.starts_with(echo), "{location}");
}

#[tokio::test]
async fn nothing_is_assigned_where_the_operator_does_not_want_it() {
    let acme = Acme::with("FEATURE_ASSIGN_OAUTH_TOKEN: false\n");
    let (alice, bob) = (acme.token("alice", ALL), acme.token("bob", ALL));
    let client = acme.application(&alice).await;
    let fields = format!("scope=repo:read&redirect_uri={HOME}&username=bob");
    assert_eq!(acme.person("alice").await.assign(&client, &fields).await.status, 404);
    assert_eq!(acme.get(&bob, "/user/assignedauthorization").await.status, 404);
    assert_eq!(acme.delete(&bob, "/user/assignedauthorization/x").await.status, 404);
    let config = acme.installation.get("/config", None).await.json();
    assert_eq!(config["features"]["ASSIGN_OAUTH_TOKEN"], false);
}
