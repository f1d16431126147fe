//! Secret canaries: every secret that a run of the real program makes or is given is looked for, in every form that a careless
//! line of code could give it, in everything that the program writes or shows to others.

mod search;

use crate::e2e::http::{self, Reply};
use crate::faults::site::{Server, Site};
use crate::support::{Issuer, IssuerKey};
use dockpass::domain::time::Clock;
use dockpass::system::SystemClock;
use search::Canaries;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;

/// What the program has shown to somebody, by where.
type Shown = Vec<(String, Vec<u8>)>;

struct Run {
    site: Site,
    server: Server,
    canaries: Canaries,
    shown: Shown,
    bearer: String,
}

impl Run {
    fn start(settings: &str) -> Self {
        // `debug` is everything that can be traced, in a build with debug assertions.
        let site = Site::with(&format!(
            "ROBOT_TOKEN_DISPLAY: once\nLOG_LEVEL: debug\nLOG_FORMAT: json\nACTION_LOG_AUDIT_LOGIN_FAILURES: true\n{settings}",
        ));
        site.ok(&["init"]);
        let server = site.serve(&[]);
        let (canaries, shown) = (Canaries::default(), Vec::new());
        Self { site, server, canaries, shown, bearer: String::new() }
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let reply = http::send(method, &self.site.url(path), headers, body.as_bytes());
        // An error never repeats what it was given; an answer that gives a secret out is asked for it by its caller.
        if reply.status >= 400 {
            let text = format!("{:?} {}", reply.headers, reply.body);
            self.shown.push((format!("{method} {path}: {}", reply.status), text.into_bytes()));
        }
        reply
    }

    fn api(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.bearer);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/api/v1{path}"), &headers, &body)
    }

    /// A member of a JSON answer that is a secret.
    fn secret(&mut self, what: &str, reply: &Reply, member: &str) -> String {
        assert!(reply.status < 300, "{what}: {reply:?}");
        let text = reply.json()[member].as_str().unwrap_or_else(|| panic!("{what}: {reply:?}")).to_owned();
        self.canaries.add(what, &text);
        text
    }

    /// Token requests in every form, with what is right and what is wrong.
    fn log_in(&mut self, name: &str, secret: &str) {
        let query = "/v2/auth?service=localhost:5000&scope=repository:acme/app:pull,push";
        self.canaries.add_pair(name, secret);
        let right = self.send("GET", query, &[("authorization", &http::basic(name, secret))], "");
        self.keep_token(&right);
        let form = format!(
            "grant_type=password&service=localhost:5000&client_id=x&username={}&password={}",
            http::escape(name),
            http::escape(secret)
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let right = self.send("POST", "/v2/auth", &headers, &form);
        self.keep_token(&right);
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
    fn exchange(&mut self, issuer: &Issuer) {
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
            self.canaries.add_pair("acme+ci", &identity);
            for (name, token) in
                [("acme+ci", identity.as_str()), ("acme+none", &identity), (&identity, "acme+ci")]
            {
                let reply = self.send("GET", path, &[("authorization", &http::basic(name, token))], "");
                self.keep_token(&reply);
            }
            self.send("GET", path, &[("authorization", &format!("Bearer {identity}"))], "");
            self.keep(&identity);
            self.log_in("acme+ci", &identity);
        }
        let claims = json!({
            "iss": issuer.url(), "sub": "job", "aud": "localhost:5000", "iat": now, "exp": now + 300,
        });
        let basic = http::basic("acme+ci", &key.token(&claims));
        let reply = self.send("GET", path, &[("authorization", &basic)], "");
        self.log_in("acme+ci", &reply.token());
    }

    fn keep_token(&mut self, reply: &Reply) {
        if reply.status == 200 {
            self.keep(&reply.token());
        }
    }

    fn keep(&mut self, token: &str) {
        let signature = token.rsplit('.').next().unwrap_or_default().to_owned();
        self.canaries.add("token", token);
        self.canaries.add("signature", &signature);
    }

    /// Signs a person in with the form, as a browser does.
    fn sign_in(&mut self, name: &str, password: &str) {
        let page = self.send("GET", "/signin", &[], "");
        let cookie = self.cookie(&page);
        let field = page.body.split("name=\"_csrf_token\" value=\"").nth(1).expect("a form");
        let csrf = field.split('"').next().unwrap_or_default().to_owned();
        self.canaries.add("csrf token", &csrf);
        for attempt in ["wrong-password-9", password] {
            self.canaries.add("password", attempt);
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
                let signed_in = self.cookie(&reply);
                let page = self.send("GET", "/organization/acme", &[("cookie", &signed_in)], "");
                assert_eq!(page.status, 200);
            }
        }
    }

    fn cookie(&mut self, reply: &Reply) -> String {
        let line = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {reply:?}"));
        let pair = line.split(';').next().unwrap_or_default().to_owned();
        self.canaries.add("session", pair.split('=').nth(1).unwrap_or_default());
        pair
    }

    /// What the key files hold.
    fn keep_keys(&mut self) {
        for entry in fs::read_dir(self.site.path("keys")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            for line in text.lines().filter(|_| path.extension().is_some_and(|extension| extension == "key"))
            {
                let value = line.strip_prefix("key: ").unwrap_or(line);
                // The head of a PEM file is the same for every key.
                if value.len() > 40 && !value.contains(' ') && !value.starts_with("MI") {
                    self.canaries.add(&name, value);
                }
            }
        }
    }

    /// Everything that others than the one who asked can get to see.
    fn collect(&mut self) {
        self.shown.push(("log".to_owned(), self.site.log().into_bytes()));
        let metrics = http::get(&self.site.url("/metrics"), &[]);
        assert!(metrics.body.contains("dockpass"), "{metrics:?}");
        self.shown.push(("metrics".to_owned(), metrics.body.into_bytes()));
        let process = format!("/proc/{}", self.server.0.id());
        for name in ["cmdline", "environ"] {
            self.shown.push((name.to_owned(), fs::read(format!("{process}/{name}")).unwrap()));
        }
        self.shown
            .push(("audit".to_owned(), self.site.ok(&["--output", "json", "audit", "list"]).into_bytes()));
        self.site.ok(&["backup", "copy.db"]);
        for name in ["copy.db", "data/dockpass.db", "data/dockpass.db-wal"] {
            self.shown.push((name.to_owned(), fs::read(self.site.path(name)).unwrap_or_default()));
        }
    }
}

#[test]
fn no_secret_is_in_logs_metrics_audit_errors_database_backup_or_process_list() {
    let issuer = Issuer::start();
    let mut run = Run::start(&issuer.config());
    let first = json!({ "username": "root", "password": "root's-password-1", "email": "root@example.com", "access_token": true });
    run.canaries.add("password", "root's-password-1");
    let reply = run.send(
        "POST",
        "/api/v1/user/initialize",
        &[("content-type", "application/json")],
        &first.to_string(),
    );
    run.bearer = run.secret("access token", &reply, "access_token");
    run.api("POST", "/organization/", &json!({ "name": "acme", "email": "acme@example.com" }));
    run.api(
        "POST",
        "/repository",
        &json!({ "namespace": "acme", "repository": "app", "visibility": "private", "description": "" }),
    );

    let made = run.api("PUT", "/organization/acme/robots/ci", &json!({ "description": "a robot" }));
    let old = run.secret("robot's secret", &made, "token");
    run.api("PUT", "/repository/acme/app/permissions/user/acme+ci", &json!({ "role": "write" }));
    run.log_in("acme+ci", &old);
    let made = run.api("POST", "/organization/acme/robots/ci/regenerate", &json!({}));
    let new = run.secret("robot's secret", &made, "token");
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
        run.canaries.add("application token", &code);
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
    run.keep_keys();
    // What is still in memory is written down about once a second.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    run.collect();

    println!("{} secrets, {} places", run.canaries.count(), run.shown.len());
    assert!(run.canaries.count() > 20, "too few secrets for a run that did anything");
    let mut found: Vec<_> =
        run.shown.iter().flat_map(|(place, bytes)| run.canaries.find(place, bytes)).collect();
    // The form is shown again to the browser that it belongs to.
    found.retain(|found| !found.starts_with("csrf token in POST /signin"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_search_itself_finds_every_form() {
    let mut canaries = Canaries::default();
    canaries.add("secret", "S3CR3T-with/odd chars+and=length");
    canaries.add_pair("acme+ci", "S3CR3T-with/odd chars+and=length");
    for form in [
        "x S3CR3T-with/odd chars+and=length y".to_owned(),
        http::basic("acme+ci", "S3CR3T-with/odd chars+and=length"),
        http::escape("S3CR3T-with/odd chars+and=length"),
        "533343523354".to_owned() + "2d776974682f6f6464206368617273",
        // A part of it is too much already.
        "S3CR3T-with/odd".to_owned(),
        "chars+and=length".to_owned(),
    ] {
        assert!(!canaries.find("here", form.as_bytes()).is_empty(), "{form}");
    }
    assert!(canaries.find("here", b"nothing of it").is_empty());
}
