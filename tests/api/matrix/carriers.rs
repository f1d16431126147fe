//! The same credential over every carrier that it may arrive by: HTTP Basic, bearer, form, cookie, query. It is taken by some of
//! them and has the same rights there, or it is not taken at all and has none. In no way it has more than in another.

use super::{ALL, Caller, OBJECTS, Wanted, World, basic, wanted};
use crate::support::payload;
use dockpass::domain::credential::Secret;
use dockpass::domain::oauth::OAuthScope;
use dockpass::http::api::{Access, ApiRoute};
use dockpass::service::app_tokens;
use dockpass::service::sessions::{csrf_token, sign_in};
use dockpass::store::audit::Origin;
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Headers = Vec<(&'static str, String)>;

/// Who a request comes from.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    /// The user whose credential it is.
    Alice,
    /// Somebody without credentials: it is not even seen, or it is the cookie of a session that is over.
    Anonymous,
    /// Somebody with wrong credentials, who is refused also what anybody may have.
    Refused,
}

/// A carrier of one of alice's credentials.
struct Carrier {
    name: &'static str,
    headers: Headers,
    /// Goes behind the path.
    query: String,
    /// Who it makes the caller in the REST API.
    is: Is,
}

/// Every credential that has something to do with alice, over every carrier.
async fn carriers(world: &World) -> Vec<Carrier> {
    let app = &world.installation.app;
    let password = Secret::new("alice's-password".to_owned());
    let session = sign_in(app, "alice", &password, &Origin::default(), None).await.unwrap().id;
    let cookie = ("cookie", format!("dockpass={}", session.expose()));
    let csrf = ("x-csrf-token", csrf_token(app, &session));
    let bearer = world.bearer("alice", ALL)[0].clone();
    let token = bearer.1.strip_prefix("Bearer ").unwrap().to_owned();
    let made = app_tokens::create(app, &world.actor("alice"), "carriers").unwrap();
    let app_token = world.installation.kept(made.token.unwrap().expose());
    let robot = world.installation.regenerate("acme+ci");
    let registry = "/v2/auth?service=registry.example&scope=repository:acme/app:pull,push";
    let answer = world.installation.get(registry, Some(("alice", "alice's-password"))).await;
    let registry_token = answer.json()["token"].as_str().unwrap().to_owned();
    let as_bearer = |secret: &str| ("authorization", format!("Bearer {secret}"));
    let as_cookie = |secret: &str| ("cookie", format!("dockpass={secret}"));
    let mut carriers = Vec::new();
    let mut add = |name, headers, is| {
        carriers.push(Carrier { name, headers, query: String::new(), is });
    };
    add("password: session", vec![cookie.clone(), csrf.clone()], Is::Alice);
    add("password: basic", vec![basic("alice", "alice's-password")], Is::Refused);
    add("password: bearer", vec![as_bearer("alice's-password")], Is::Refused);
    add("session: bearer", vec![as_bearer(session.expose())], Is::Refused);
    add("session: basic", vec![basic("alice", session.expose())], Is::Refused);
    add("token: bearer", vec![bearer.clone()], Is::Alice);
    add("token: bearer in small letters", vec![("authorization", format!("bearer {token}"))], Is::Alice);
    add("token: basic $oauthtoken", vec![basic("$oauthtoken", &token)], Is::Refused);
    add("token: basic alice", vec![basic("alice", &token)], Is::Refused);
    add("token: cookie", vec![as_cookie(&token), csrf.clone()], Is::Anonymous);
    add("token: token scheme", vec![("authorization", format!("Token {token}"))], Is::Refused);
    add("token: without scheme", vec![("authorization", token.clone())], Is::Refused);
    add("app token: basic $app", vec![basic("$app", &app_token)], Is::Refused);
    add("app token: basic alice", vec![basic("alice", &app_token)], Is::Refused);
    add("app token: bearer", vec![as_bearer(&app_token)], Is::Refused);
    add("robot: basic", vec![basic("acme+ci", &robot)], Is::Refused);
    add("robot: bearer", vec![as_bearer(&robot)], Is::Refused);
    add("registry token: bearer", vec![as_bearer(&registry_token)], Is::Refused);
    // Several at once: the access token decides, and one that is wrong is not made good by the other.
    let eve = world.bearer("eve", ALL)[0].clone();
    add("token: bearer, beside a session", vec![bearer.clone(), cookie.clone()], Is::Alice);
    add(
        "session, beside basic",
        vec![basic("eve", "eve's-password"), cookie.clone(), csrf.clone()],
        Is::Alice,
    );
    add(
        "session, beside a wrong bearer",
        vec![as_bearer("wrong"), cookie.clone(), csrf.clone()],
        Is::Refused,
    );
    add("two bearers", vec![bearer.clone(), eve], Is::Refused);
    add("two sessions", vec![cookie.clone(), as_cookie(session.expose()), csrf], Is::Anonymous);
    carriers.push(Carrier {
        name: "token: query",
        headers: Vec::new(),
        query: format!("access_token={token}"),
        is: Is::Anonymous,
    });
    let nothing = Carrier { name: "nothing", headers: Vec::new(), query: String::new(), is: Is::Anonymous };
    carriers.push(nothing);
    carriers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_has_the_same_rights_by_every_carrier_that_takes_it_and_none_by_any_other() {
    let world = World::new("");
    let carriers = carriers(&world).await;
    world.remember();
    let mut broken = Vec::new();
    for endpoint in ApiRoute::endpoints() {
        let mut done: Vec<Wanted> = Vec::new();
        for object in OBJECTS {
            let request = wanted(&world, endpoint, object);
            if done.contains(&request) {
                continue;
            }
            let mut statuses = Vec::new();
            for carrier in &carriers {
                let separator = if request.path.contains('?') { '&' } else { '?' };
                let mut path = request.path.clone();
                if !carrier.query.is_empty() {
                    path = format!("{path}{separator}{}", carrier.query);
                }
                let sent = Wanted { method: request.method, path, body: request.body.clone() };
                let caller = Caller { name: carrier.name, headers: carrier.headers.clone(), full: false };
                let status = world.send(&caller, &sent).await.status;
                if endpoint.method != "GET" && status < 400 {
                    world.reset();
                }
                statuses.push(status);
            }
            let (alice, anonymous) = (statuses[0], statuses[carriers.len() - 1]);
            for (carrier, status) in carriers.iter().zip(&statuses) {
                let right = match (endpoint.spec.access, carrier.is) {
                    (Access::Open, _) => *status == alice,
                    // The form's own cookie counts there, not who it belongs to.
                    (Access::Csrf, _) => *status == alice || *status == 403,
                    (_, Is::Alice) => *status == alice,
                    (_, Is::Anonymous) => *status == anonymous,
                    (_, Is::Refused) => matches!(status, 401 | 403),
                };
                if !right {
                    let (id, name) = (endpoint.id, carrier.name);
                    broken.push(format!("{id} {object}, {name}: {status}, by session {alice}"));
                }
            }
            done.push(request);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What a token is granted on the repository that it was asked for, by both carriers of the token endpoint.
async fn granted(
    world: &World,
    username: &str,
    password: &str,
    repository: &str,
) -> [Option<BTreeSet<String>>; 2] {
    let scope = format!("repository:{repository}:pull,push,delete,*");
    let path = format!("/v2/auth?service=registry.example&scope={scope}");
    let by_basic = world.installation.get(&path, Some((username, password))).await;
    let fields = [
        ("grant_type", "password"),
        ("client_id", "test"),
        ("service", "registry.example"),
        ("scope", &scope),
    ];
    let credentials = [("username", username), ("password", password)];
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let form: Vec<String> =
        fields.iter().chain(&credentials).map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let by_form = world.installation.send("POST", "/v2/auth", None, &headers, &form.join("&")).await;
    [by_basic, by_form].map(|answer| {
        (answer.status == 200).then(|| {
            let claims =
                payload(answer.json()["token"].as_str().or(answer.json()["access_token"].as_str()).unwrap());
            let access = claims["access"].as_array().unwrap().iter();
            let actions = access.flat_map(|entry| entry["actions"].as_array().unwrap());
            actions.map(|action| action.as_str().unwrap().to_owned()).collect()
        })
    })
}

/// What the same can do with a repository over the REST API, in the words of a registry.
async fn reached(world: &World, headers: &Headers, repository: &str) -> BTreeSet<String> {
    let caller = Caller { name: "", headers: headers.clone(), full: false };
    let path = format!("/repository/{repository}");
    let mut reached = BTreeSet::new();
    let requests: [(&[&str], &'static str, String, Value); 3] = [
        (&["pull"], "GET", path.clone(), Value::Null),
        (&["push"], "PUT", path.clone(), json!({ "description": "described" })),
        (&["delete", "*"], "POST", format!("{path}/changevisibility"), json!({ "visibility": "private" })),
    ];
    for (actions, method, path, body) in requests {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if world.send(&caller, &Wanted { method, path, body }).await.status == 200 {
            reached.extend(actions.iter().map(|action| (*action).to_owned()));
        }
    }
    reached
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_is_granted_the_same_by_basic_by_form_and_over_the_api() {
    let world = World::new("");
    let app = &world.installation.app;
    let mut credentials: Vec<(String, String, String, Option<Headers>)> = Vec::new();
    for user in ["alice", "bob", "carol", "dave", "eve", "frank", "root1", "auditor"] {
        let password = format!("{user}'s-password");
        let session =
            sign_in(app, user, &Secret::new(password.clone()), &Origin::default(), None).await.unwrap().id;
        let session = vec![
            ("cookie", format!("dockpass={}", session.expose())),
            ("x-csrf-token", csrf_token(app, &session)),
        ];
        credentials.push((format!("{user}: password"), user.to_owned(), password, Some(session.clone())));
        // A read-only super-user has none.
        if let Ok(made) = app_tokens::create(app, &world.actor(user), "carriers") {
            let secret = world.installation.kept(made.token.unwrap().expose());
            credentials.push((format!("{user}: app token"), "$app".to_owned(), secret, Some(session)));
        }
        for scope in OAuthScope::EVERY.iter().map(|scope| scope.as_str()).chain([ALL]) {
            let bearer = world.bearer(user, scope);
            let token = bearer[0].1.strip_prefix("Bearer ").unwrap().to_owned();
            credentials.push((
                format!("{user}: token {scope}"),
                "$oauthtoken".to_owned(),
                token,
                Some(bearer),
            ));
        }
    }
    for robot in ["acme+ci", "other+ci", "dave+ci", "frank+only"] {
        credentials.push((robot.to_owned(), robot.to_owned(), world.installation.regenerate(robot), None));
    }
    world.installation.repository("acme/open", "public");
    let (mut broken, mut different) = (Vec::new(), BTreeSet::new());
    for (name, username, password, api) in &credentials {
        for repository in ["acme/app", "acme/open", "other/app", "dave/app", "acme/none", "nowhere/app"] {
            let [by_basic, by_form] = granted(&world, username, password, repository).await;
            if by_basic != by_form || by_basic.is_none() {
                broken.push(format!("{name} on {repository}: {by_basic:?} by Basic, {by_form:?} by form"));
            }
            let Some(granted) = by_basic else { continue };
            different.insert(granted.clone());
            let Some(headers) = api else { continue };
            let reached = reached(&world, headers, repository).await;
            // What is not there yet can be made by pushing to it, and by a route of its own over the API.
            let there = !matches!(repository, "acme/none" | "nowhere/app");
            if there && granted != reached {
                broken.push(format!(
                    "{name} on {repository}: {granted:?} for the registry, {reached:?} over the API"
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(different.len(), 4, "nothing, pull, pull and push, everything: {different:?}");
    // Whoever is switched off is so everywhere.
    world.installation.disable("bob");
    for (name, username, password, api) in credentials.iter().filter(|(name, ..)| name.starts_with("bob")) {
        assert_eq!(granted(&world, username, password, "acme/open").await, [None, None], "{name}");
        let headers = api.as_ref().unwrap();
        assert_eq!(reached(&world, headers, "acme/app").await, BTreeSet::new(), "{name}");
    }
}
