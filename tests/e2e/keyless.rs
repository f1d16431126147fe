//! A robot without a secret: a token of an outside issuer, exchanged for one that a real client pushes with.

use super::clients::{Client as _, Podman, Skopeo};
use super::dockpass::Dockpass;
use super::http;
use super::image::Image;
use super::registry::{Registry, Version};
use super::robots_by_api::{Api, text};
use super::tools;
use crate::support::{Issuer, IssuerKey};
use dockpass::domain::time::Clock;
use dockpass::system::SystemClock;
use serde_json::{Value, json};

const FEDERATION: &str = "/organization/acme/robots/ci/federation";
const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn a_job_without_a_secret_pushes_to_registry_2_8() {
    tell(Version::V2);
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn a_job_without_a_secret_pushes_to_registry_3() {
    tell(Version::V3);
}

fn tell(version: Version) {
    if !tools::have(&["podman", "skopeo", version.program()]) {
        return;
    }
    let (issuer, key) = (Issuer::start(), IssuerKey::rsa("1"));
    issuer.publish(&[&key]);
    let settings = issuer.settings();
    let mut all = vec![("FEATURE_USER_INITIALIZE", "true")];
    all.extend(settings.iter().map(|(key, value)| (*key, value.as_str())));
    let dockpass = Dockpass::start_with(&all);
    let registry = Registry::start(version, &dockpass);
    let (app, host) = (registry.image("acme/app:1"), &registry.host);
    let api = Api::of_the_first_user(&dockpass);
    api.send(201, "POST", "/organization/", &json!({ "name": "acme" }));
    api.send(201, "PUT", "/organization/acme/robots/ci", &Value::Null);
    dockpass.create_repository("acme/app", "private");
    api.grant("write");
    let federate = |subject: &str| {
        let entry = json!([{ "issuer": issuer.url(), "subject": subject }]);
        let set = api.send(200, "POST", FEDERATION, &entry);
        assert_eq!(set.json()[0]["audience"], "localhost:5000", "{set:?}");
    };
    federate(SUBJECT);

    let now = SystemClock.now().0;
    let claims = json!({
        "iss": issuer.url(), "sub": SUBJECT, "aud": "localhost:5000", "iat": now, "exp": now + 600,
    });
    let identity = key.token(&claims);
    let exchange = || {
        let credentials = http::basic("acme+ci", &identity);
        http::get(&dockpass.url("/oauth2/federation/robot/token"), &[("Authorization", &credentials)])
    };
    let token = text(&exchange(), "token");

    let dir = tempfile::tempdir().unwrap();
    let image = Image::create(dir.path(), host);
    let (podman, skopeo) = (Podman::new(), Skopeo::new());
    println!("{} and {} with {}", podman.version(), skopeo.version(), Registry::version(version));
    podman.login(host, "acme+ci", &identity).refused("a login with the issuer's token itself");
    podman.login(host, "acme+other", &token).refused("a login as another robot");
    podman.login(host, "acme+ci", &token).allowed("a login with the exchanged token");
    podman.push(&image, &app).expect("podman pushes").allowed("a push with the exchanged token");
    skopeo.login(host, "acme+ci", &token).allowed("a login of another client");
    skopeo.pull(&app).allowed("a pull with the exchanged token");

    // The next request: nothing is remembered of an entry that is gone.
    federate("repo:acme/other");
    skopeo.pull(&app).refused("a pull with a token whose entry is gone");
    podman.login(host, "acme+ci", &token).refused("a login with a token whose entry is gone");
    assert_eq!(text(&exchange(), "message"), "Token does not match robot");
    let log = dockpass.log();
    for secret in [&identity, &token] {
        assert!(!log.contains(secret.as_str()), "a secret in the log:\n{log}");
    }
}
