//! Secret canaries. Every harness of the tests looks for the secrets of its own run in everything that this has left
//! (`support::watch`). Here is a session of the real program that sends every kind of secret to every wrong place, too, and the
//! proof that what is left behind is found.

use crate::e2e::http::{self, Reply};
use crate::faults::site::{Server, Site};
use crate::support::{Installation, Issuer, IssuerKey, Place, Watch};
use dockpass::domain::time::Clock;
use dockpass::system::SystemClock;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

struct Run {
    // Ends before what it has left is looked into.
    server: Option<Server>,
    site: Site,
    bearer: String,
}

impl Run {
    fn start(settings: &str) -> Self {
        // `debug` is everything that can be traced, in a build with debug assertions.
        let site = Site::with(&format!(
            "ROBOT_TOKEN_DISPLAY: once\nLOG_LEVEL: debug\nLOG_FORMAT: json\nACTION_LOG_AUDIT_LOGIN_FAILURES: true\n{settings}",
        ));
        site.ok(&["init"]);
        let server = Some(site.serve(&[]));
        Self { server, site, bearer: String::new() }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        http::send(method, &self.site.url(path), headers, body.as_bytes())
    }

    fn api(&self, method: &str, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.bearer);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/api/v1{path}"), &headers, &body)
    }

    /// A member of a JSON answer that is a secret.
    fn secret(what: &str, reply: &Reply, member: &str) -> String {
        assert!(reply.status < 300, "{what}: {reply:?}");
        reply.json()[member].as_str().unwrap_or_else(|| panic!("{what}: {reply:?}")).to_owned()
    }

    /// Token requests in every form, with what is right and what is wrong.
    fn log_in(&self, name: &str, secret: &str) {
        let query = "/v2/auth?service=localhost:5000&scope=repository:acme/app:pull,push";
        self.send("GET", query, &[("authorization", &http::basic(name, secret))], "");
        let form = format!(
            "grant_type=password&service=localhost:5000&client_id=x&username={}&password={}",
            http::escape(name),
            http::escape(secret)
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", "/v2/auth", &headers, &form);
        // Typed into the wrong field, sent where it does not belong, cut short, sent twice.
        self.send("GET", query, &[("authorization", &http::basic(secret, name))], "");
        self.send("GET", query, &[("authorization", &http::basic(&format!("{name}x"), secret))], "");
        self.send("GET", query, &[("authorization", &format!("Bearer {secret}"))], "");
        self.send("GET", query, &[("authorization", &format!("Basic {secret}"))], "");
        self.send("POST", "/v2/auth", &headers, &format!("{form}&password={}", http::escape(secret)));
        self.send("GET", &format!("/api/v1/user/{}", http::escape(secret)), &[], "");
        self.send("GET", "/api/v1/user/", &[("authorization", &format!("Bearer {secret}"))], "");
        self.send(
            "GET",
            &format!("/token?service=localhost:5000&account={}&{secret}", http::escape(name)),
            &[],
            "",
        );
        self.send("GET", "/", &[("cookie", &format!("dockpass={secret}; dockpass={secret}"))], "");
    }

    /// Exchanges a token of an outside issuer, right and wrong, and logs in with what it gave.
    fn exchange(&self, issuer: &Issuer) {
        let key = IssuerKey::ec("1");
        issuer.publish(&[&key]);
        let entry = json!([{ "issuer": issuer.url(), "subject": "job" }]);
        self.api("POST", "/organization/acme/robots/ci/federation", &entry);
        let path = "/oauth2/federation/robot/token";
        let now = SystemClock.now().0;
        for subject in ["job", "another job"] {
            let claims = json!({
                "iss": issuer.url(), "sub": subject, "aud": "localhost:5000", "iat": now, "exp": now + 300,
            });
            let identity = key.token(&claims);
            for (name, token) in
                [("acme+ci", identity.as_str()), ("acme+none", &identity), (&identity, "acme+ci")]
            {
                self.send("GET", path, &[("authorization", &http::basic(name, token))], "");
            }
            self.send("GET", path, &[("authorization", &format!("Bearer {identity}"))], "");
            self.log_in("acme+ci", &identity);
        }
        let claims = json!({
            "iss": issuer.url(), "sub": "job", "aud": "localhost:5000", "iat": now, "exp": now + 300,
        });
        let basic = http::basic("acme+ci", &key.token(&claims));
        let reply = self.send("GET", path, &[("authorization", &basic)], "");
        self.log_in("acme+ci", &reply.token());
    }

    /// Signs a person in with the form, as a browser does.
    fn sign_in(&self, name: &str, password: &str) {
        let page = self.send("GET", "/signin", &[], "");
        let cookie = Self::cookie(&page);
        let field = page.body.split("name=\"_csrf_token\" value=\"").nth(1).expect("a form");
        let csrf = field.split('"').next().unwrap_or_default().to_owned();
        for attempt in ["wrong-password-9", password] {
            let body =
                format!("_csrf_token={}&username={name}&password={attempt}&next=%2F", http::escape(&csrf));
            let origin = self.site.url("");
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("cookie", cookie.as_str()),
                ("origin", origin.as_str()),
            ];
            let reply = self.send("POST", "/signin", &headers, &body);
            if attempt == password {
                assert_eq!(reply.status, 303, "{reply:?}");
                let signed_in = Self::cookie(&reply);
                let page = self.send("GET", "/organization/acme", &[("cookie", &signed_in)], "");
                assert_eq!(page.status, 200);
            }
        }
    }

    fn cookie(reply: &Reply) -> String {
        let line = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {reply:?}"));
        line.split(';').next().unwrap_or_default().to_owned()
    }
}

#[test]
fn no_secret_is_in_logs_metrics_audit_errors_database_backup_or_process_list() {
    let issuer = Issuer::start();
    let mut run = Run::start(&issuer.config());
    let first = json!({ "username": "root", "password": "root's-password-1", "email": "root@example.com", "access_token": true });
    let reply = run.send(
        "POST",
        "/api/v1/user/initialize",
        &[("content-type", "application/json")],
        &first.to_string(),
    );
    run.bearer = Run::secret("access token", &reply, "access_token");
    run.api("POST", "/organization/", &json!({ "name": "acme", "email": "acme@example.com" }));
    run.api(
        "POST",
        "/repository",
        &json!({ "namespace": "acme", "repository": "app", "visibility": "private", "description": "" }),
    );

    let made = run.api("PUT", "/organization/acme/robots/ci", &json!({ "description": "a robot" }));
    let old = Run::secret("robot's secret", &made, "token");
    run.api("PUT", "/repository/acme/app/permissions/user/acme+ci", &json!({ "role": "write" }));
    run.log_in("acme+ci", &old);
    let made = run.api("POST", "/organization/acme/robots/ci/regenerate", &json!({}));
    let new = Run::secret("robot's secret", &made, "token");
    run.log_in("acme+ci", &new);
    run.log_in("acme+ci", &old);
    run.exchange(&issuer);
    let gone = run.site.ok(&["robot", "create", "acme+gone"]);
    run.log_in("acme+gone", &gone);
    run.api("DELETE", "/organization/acme/robots/gone", &Value::Null);
    run.log_in("acme+gone", &gone);

    let app = run.api("POST", "/user/apptoken", &json!({ "title": "laptop" }));
    let code = app.json()["token"]["token_code"].as_str().map(str::to_owned);
    if let Some(code) = code {
        run.log_in("$app", &code);
    }
    run.log_in("root", "root's-password-1");
    run.sign_in("root", "root's-password-1");
    let mut child = run.site.command(&[], &["user", "set-password", "root", "--password-stdin"]);
    let mut child = child.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"root's-password-2").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    run.log_in("root", "root's-password-2");
    run.site.ok(&["key", "rotate"]);
    // What is still in memory is written down about once a second.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert!(run.site.ok(&["--output", "json", "audit", "list"]).contains("acme+ci"));
    assert!(http::get(&run.site.url("/metrics"), &[]).body.contains("dockpass"));
    run.site.ok(&["backup", "copy.db"]);
    assert!(run.site.log().contains("acme+ci"), "the log tells who logged in");
    drop(run.server.take());
}

const PLANTED: &str = "PL4NTEDSECRET/with odd+chars=and-a-length";

/// Whether somebody notices what is left.
fn noticed(leave: impl FnOnce()) -> bool {
    // The message goes to the output of this test, which nobody reads when it passes.
    catch_unwind(AssertUnwindSafe(leave)).is_err()
}

#[test]
fn a_secret_that_is_left_anywhere_in_any_form_fails_the_test_that_left_it() {
    let empty = tempfile::tempdir().unwrap();
    let hex: Vec<_> = PLANTED.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url = http::basic("acme+ci", PLANTED).replace('+', "-").replace('/', "_");
    let forms = [
        PLANTED.to_owned(),
        http::basic("acme+ci", PLANTED),
        url,
        hex.concat(),
        http::escape(PLANTED),
        format!("%{}", hex.join("%")),
    ];
    for place in [Place::Log, Place::Metrics, Place::Audit, Place::Error, Place::File, Place::Process] {
        for form in forms.iter().map(String::as_str).chain(["nothing"]) {
            let watch = Watch::default();
            watch.secret("planted", PLANTED.as_bytes());
            watch.left(place, "here", format!("before {form} after").into_bytes());
            assert_eq!(noticed(|| watch.finish(empty.path())), form != "nothing", "{form} in {place:?}");
        }
    }
}

#[tokio::test]
async fn what_the_harnesses_leave_is_looked_into() {
    // In the log of this process. The secret is no other test's, whose lines are in there, too.
    let installation = Installation::new("");
    installation.get("/token", Some(("alice", PLANTED))).await;
    tracing::trace!("somebody logs in with {PLANTED}");
    assert!(noticed(|| drop(installation)));

    // What was only drawn, beside the database.
    let installation = Installation::new("");
    let token = dockpass::domain::credential::AccessToken::generate(installation.app.random.as_ref());
    fs::write(installation.path("heap"), &token.expose()[20..]).unwrap();
    assert!(noticed(|| drop(installation)));

    // A password that was sent to a process of its own, in its database.
    let site = Site::empty();
    let server = site.serve(&[]);
    http::get(&site.url("/token"), &[("authorization", &http::basic("alice", PLANTED))]);
    drop(server);
    site.database().execute("CREATE TABLE planted AS SELECT ?1", [PLANTED]).unwrap();
    assert!(noticed(|| drop(site)));

    // A key, in the log of an earlier server; and an argument.
    let site = Site::empty();
    drop(site.serve(&[]));
    let key = fs::read_to_string(site.path("keys/session.key")).unwrap();
    let key = key.lines().find_map(|line| line.strip_prefix("key: ")).unwrap();
    fs::write(site.path("serve.log"), key).unwrap();
    drop(site.serve(&[]));
    assert!(noticed(|| drop(site)));
    let site = Site::empty();
    let secret =
        site.ok(&["init"]) + &site.ok(&["org", "create", "acme"]) + &site.ok(&["robot", "create", "acme+ci"]);
    site.command(&[], &["robot", "show", &secret]).output().unwrap();
    assert!(noticed(|| drop(site)));

    // And nothing is found where nothing was left.
    let installation = Installation::new("");
    installation.robot_in("acme", "acme+ci");
    assert!(!noticed(|| drop(installation)));
}
