//! Robots that are made, granted, renewed and deleted with nothing but the REST API, at work with a real registry.

use super::clients::{Client as _, Podman, Skopeo};
use super::dockpass::Dockpass;
use super::http::{self, Reply};
use super::image::Image;
use super::registry::{Registry, Version};
use super::tools;
use serde_json::{Value, json};

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn a_robot_made_by_api_works_with_registry_2_8_as_far_as_the_api_lets_it() {
    tell(Version::V2);
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn a_robot_made_by_api_works_with_registry_3_as_far_as_the_api_lets_it() {
    tell(Version::V3);
}

/// The API with an access token.
pub(super) struct Api<'a> {
    dockpass: &'a Dockpass,
    token: String,
}

impl<'a> Api<'a> {
    /// The first user of the installation, with its access token.
    pub(super) fn of_the_first_user(dockpass: &'a Dockpass) -> Api<'a> {
        let mut api = Api { dockpass, token: String::new() };
        let body = json!({ "username": "alice", "password": "correct-horse", "access_token": true });
        api.token = text(&api.send(200, "POST", "/user/initialize", &body), "access_token");
        api
    }

    /// Sends a request that must be answered with this status.
    pub(super) fn send(&self, status: u16, method: &str, path: &str, body: &Value) -> Reply {
        let url = self.dockpass.url(&format!("/api/v1{path}"));
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Content-Type", "application/json"), ("Authorization", &bearer)];
        let headers = if self.token.is_empty() { &headers[..1] } else { &headers[..] };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = http::send(method, &url, headers, body.as_bytes());
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        reply
    }

    /// Gives the robot `acme+ci` a role in `acme/app`.
    pub(super) fn grant(&self, role: &str) {
        let path = "/repository/acme/app/permissions/user/acme+ci";
        self.send(200, "PUT", path, &json!({ "role": role }));
    }
}

/// A member of an answer that is a text.
pub(super) fn text(reply: &Reply, member: &str) -> String {
    reply.json()[member].as_str().unwrap_or_else(|| panic!("no {member}: {reply:?}")).to_owned()
}

fn tell(version: Version) {
    if !tools::have(&["podman", "skopeo", version.program()]) {
        return;
    }
    let dockpass = Dockpass::start_with(&[("FEATURE_USER_INITIALIZE", "true")]);
    let registry = Registry::start(version, &dockpass);
    let api = Api::of_the_first_user(&dockpass);
    let (robot, app) = ("/organization/acme/robots/ci", registry.image("acme/app:1"));
    api.send(201, "POST", "/organization/", &json!({ "name": "acme" }));
    let made = api.send(201, "PUT", robot, &json!({ "description": "builds" }));
    let secret = text(&made, "token");
    assert_eq!(text(&made, "name"), "acme+ci");
    let repository =
        json!({ "namespace": "acme", "repository": "app", "visibility": "private", "description": "" });
    api.send(201, "POST", "/repository", &repository);

    let dir = tempfile::tempdir().unwrap();
    let image = Image::create(dir.path(), &registry.host);
    let (podman, skopeo) = (Podman::new(), Skopeo::new());
    println!("{} and {} with {}", podman.version(), skopeo.version(), Registry::version(version));
    let push = || podman.push(&image, &app).expect("podman pushes");
    podman.login(&registry.host, "acme+ci", &secret).allowed("a login with the secret that the API gave");
    push().refused("a push before anything is granted");
    api.grant("write");
    push().allowed("a push with the role write");
    podman.pull(&app).allowed("a pull with the role write");

    // The same login, the next request.
    api.grant("read");
    push().refused("a push with the role read");
    skopeo.login(&registry.host, "acme+ci", &secret).allowed("a login of another client");
    skopeo.pull(&app).allowed("a pull with the role read");

    let renewed = text(&api.send(200, "POST", &format!("{robot}/regenerate"), &json!({})), "token");
    assert_ne!(renewed, secret);
    skopeo.pull(&app).refused("a pull with the secret from before");
    podman.login(&registry.host, "acme+ci", &secret).refused("a login with the secret from before");
    skopeo.login(&registry.host, "acme+ci", &renewed).allowed("a login with the new secret");
    skopeo.pull(&app).allowed("a pull with the new secret");
    assert_eq!(text(&api.send(200, "GET", robot, &Value::Null), "token"), renewed);

    api.send(204, "DELETE", robot, &Value::Null);
    skopeo.pull(&app).refused("a pull by a robot that is deleted");
    podman.login(&registry.host, "acme+ci", &renewed).refused("a login of a robot that is deleted");
    let gone = api.send(400, "GET", robot, &Value::Null);
    assert_eq!(text(&gone, "message"), "Could not find robot with specified username");

    // Another robot of the same name is nobody's heir.
    api.send(201, "PUT", robot, &Value::Null);
    skopeo.login(&registry.host, "acme+ci", &renewed).refused("a login with the secret of the deleted one");
    let log = dockpass.log();
    for secret in [&secret, &renewed, &api.token] {
        assert!(!log.contains(secret), "a secret in the log:\n{log}");
    }
}
