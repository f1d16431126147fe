//! What programs that were written for Quay send, as whole requests in the order in which they send them, and what they read
//! of the answers. Each client's requests stand in a file in `clients/`, whose format `clients/README.md` describes.

use super::{ALL, Acme};
use crate::support::{Answer, Installation, Issuer, IssuerKey, payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/clients");

/// One request of a recording, and what is expected of its answer.
#[derive(Default)]
struct Step {
    line: usize,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    expected: Vec<(usize, String)>,
}

/// Plays recordings: keeps what one answer gave for the requests that come after it.
struct Player<'a> {
    installation: &'a Installation,
    file: &'a str,
    known: BTreeMap<String, String>,
    /// Headers of every request, by their small name: `with` lines set them.
    headers: BTreeMap<String, String>,
}

impl<'a> Player<'a> {
    fn new(installation: &'a Installation, file: &'a str) -> Self {
        Self { installation, file, known: BTreeMap::new(), headers: BTreeMap::new() }
    }

    /// Gives `${name}` a value before the first request.
    fn knowing(mut self, name: &str, value: String) -> Self {
        self.known.insert(name.to_owned(), value);
        self
    }

    /// Sends every request of the recording. Fails at the first answer that is not as expected.
    async fn play(mut self) -> Self {
        let text = std::fs::read_to_string(format!("{DIRECTORY}/{}", self.file)).unwrap();
        let mut step = None::<Step>;
        for (at, line) in text.lines().enumerate().chain([(0, "")]) {
            let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
            let current = step.as_mut();
            match (mark, current) {
                ("", current) => {
                    if current.is_some_and(|step| !step.expected.is_empty()) {
                        self.take(step.take().unwrap()).await;
                    }
                }
                ("#", _) => {}
                ("with", None) => {
                    let (name, value) = rest.split_once(": ").unwrap_or_else(|| panic!("{}", self.place(at)));
                    let value = self.fill(value, at);
                    if value == "-" {
                        self.headers.remove(name)
                    } else {
                        self.headers.insert(name.to_owned(), value)
                    };
                }
                ("|", Some(step)) => {
                    let (name, value) = rest.split_once(": ").unwrap_or_else(|| panic!("{}", self.place(at)));
                    step.headers.push((name.to_owned(), self.fill(value, at)));
                }
                (">", Some(step)) => step.body += &self.fill(rest, at),
                ("<", Some(step)) => step.expected.push((at, rest.to_owned())),
                (method, None) if method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                    let path = self.fill(rest, at);
                    step = Some(Step { line: at, method: method.to_owned(), path, ..Step::default() });
                }
                _ => panic!("{}: not a line of a recording: {line}", self.place(at)),
            }
        }
        self
    }

    fn place(&self, line: usize) -> String {
        format!("tests/api/clients/{}:{}", self.file, line + 1)
    }

    /// Puts values in for `${name}`.
    fn fill(&self, text: &str, line: usize) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap_or_else(|| panic!("{}", self.place(line)));
            let value = self.known.get(name);
            filled += before;
            filled += value.unwrap_or_else(|| panic!("{}: nothing gave ${{{name}}}", self.place(line)));
            rest = after;
        }
        filled + rest
    }

    async fn take(&mut self, step: Step) {
        let mut headers: BTreeMap<&str, &str> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for (name, value) in &step.headers {
            headers.insert(name, value);
        }
        let headers: Vec<_> = headers.into_iter().collect();
        let answer = self.installation.send(&step.method, &step.path, None, &headers, &step.body).await;
        let told = format!("{} {} answered {} {}", step.method, step.path, answer.status, answer.text());
        for (line, expected) in &step.expected {
            let (left, kept) = expected
                .split_once(" -> ")
                .map_or((expected.as_str(), None), |(left, name)| (left, Some(name)));
            let found = self.check(&answer, left, *line).unwrap_or_else(|wrong| {
                panic!("{}: {wrong}; the request of line {}: {told}", self.place(*line), step.line + 1)
            });
            if let Some(name) = kept {
                self.known.insert(name.to_owned(), found);
            }
        }
    }

    /// One expectation. Gives the text of what it is about.
    fn check(&self, answer: &Answer, expected: &str, line: usize) -> Result<String, String> {
        if let Ok(status) = expected.parse::<u16>() {
            return if answer.status == status {
                Ok(expected.to_owned())
            } else {
                Err(format!("{status} was expected"))
            };
        }
        if let Some(rest) = expected.strip_prefix("header ") {
            let (name, wanted) = rest.split_once(' ').unwrap_or((rest, "string"));
            let value = answer.header(name).ok_or(format!("there is no header {name}"))?.to_owned();
            return cut(&value, &self.fill(wanted, line)).ok_or(format!("the header {name} is {value}"));
        }
        let (path, wanted) = expected.split_once(' ').ok_or("a member and what it is were expected")?;
        let wanted = self.fill(wanted, line);
        let body = serde_json::from_slice::<Value>(&answer.body).map_err(|_| "the body is no JSON")?;
        let found = member(&body, path);
        let Some(found) = found else {
            return if wanted == "absent" { Ok(String::new()) } else { Err(format!("there is no {path}")) };
        };
        let text = found.as_str().map_or_else(|| found.to_string(), ToOwned::to_owned);
        let fits = match wanted.as_str() {
            "string" => found.is_string(),
            "number" => found.is_number(),
            "boolean" => found.is_boolean(),
            "object" => found.is_object(),
            "array" => found.is_array(),
            "absent" => false,
            wanted => match wanted.strip_prefix("contains ") {
                Some(part) => text.contains(part),
                None => {
                    serde_json::from_str::<Value>(wanted).map_err(|_| format!("no JSON: {wanted}"))? == *found
                }
            },
        };
        if fits { Ok(text) } else { Err(format!("{path} is {found}")) }
    }
}

/// What stands at the place of `*` in a value that otherwise is `wanted`; the value itself where any is wanted.
fn cut(value: &str, wanted: &str) -> Option<String> {
    if wanted == "string" || wanted == value {
        return Some(value.to_owned());
    }
    let (before, after) = wanted.split_once('*')?;
    Some(
        value
            .strip_prefix(before)?
            .split_once(after)
            .filter(|_| !after.is_empty())
            .map_or_else(|| value.strip_prefix(before), |(middle, _)| Some(middle))?
            .to_owned(),
    )
}

/// A member of the body: names and positions with dots between them, `.` alone for all of it. A name that holds dots or
/// nothing but digits is not to be had this way; no answer has one.
fn member<'v>(body: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(body, |value, step| {
        if value.is_array() { value.get(step.parse::<usize>().ok()?) } else { value.get(step) }
    })
}

/// An installation as these programs find one: organization `acme` with its people, a super-user, and everything on that
/// front ends and automation rely on.
fn quay() -> Acme {
    Acme::with("FEATURE_SUPERUSERS_FULL_ACCESS: true\nFEATURE_USER_RENAME: true\n")
}

/// Plays a recording as `user` with an access token of every scope.
async fn play(file: &str, user: &str) {
    let acme = quay();
    let token = acme.token(user, ALL);
    Player::new(&acme.installation, file).knowing("TOKEN", token).play().await;
}

#[tokio::test]
async fn the_terraform_provider_finds_what_it_knows() {
    play("terraform.txt", "root1").await;
}

#[tokio::test]
async fn the_ansible_collection_finds_what_it_knows() {
    play("ansible.txt", "root1").await;
}

#[tokio::test]
async fn the_ansible_collection_makes_the_first_user() {
    let installation = Installation::new("FEATURE_USER_INITIALIZE: true\nSUPER_USERS: [quayadmin]\n");
    Player::new(&installation, "ansible-first-user.txt").play().await;
}

#[tokio::test]
async fn konflux_image_controller_finds_what_it_knows() {
    play("konflux.txt", "alice").await;
}

#[tokio::test]
async fn the_quay_bridge_operator_finds_what_it_knows() {
    play("bridge.txt", "alice").await;
}

#[tokio::test]
async fn qontract_reconcile_finds_what_it_knows() {
    play("qontract.txt", "alice").await;
}

#[tokio::test]
async fn quays_own_front_end_finds_what_it_knows() {
    play("front-end.txt", "alice").await;
}

#[tokio::test]
async fn the_external_secrets_operator_finds_what_it_knows() {
    let (issuer, key) = (Issuer::start(), IssuerKey::rsa("cluster"));
    issuer.publish(&[&key]);
    let acme = Acme::with(&issuer.config());
    let alice = acme.token("alice", ALL);
    let subject = "system:serviceaccount:shop:puller";
    let federation = json!([{ "issuer": issuer.url(), "subject": subject }]);
    let path = "/organization/acme/robots/ci/federation";
    assert_eq!(acme.send(&alice, "POST", path, &federation).await.status, 200);
    let now = acme.installation.app.now().0;
    let basic = |subject: &str| {
        let claims = json!({
            "iss": issuer.url(), "sub": subject, "aud": ["registry.example"], "iat": now, "nbf": now, "exp": now + 600,
            "kubernetes.io": { "namespace": "shop" },
        });
        STANDARD.encode(format!("acme+ci:{}", key.token(&claims)))
    };
    let player = Player::new(&acme.installation, "external-secrets.txt")
        .knowing("ROBOT_AND_TOKEN", basic(subject))
        .knowing("ROBOT_AND_OTHER_TOKEN", basic("system:serviceaccount:shop:other"));
    let known = player.play().await.known;
    let token = &known["ROBOT_TOKEN"];
    // The operator takes the expiry out of the token, and puts the token into a pull secret.
    assert_eq!(payload(token)["exp"], now + 3600);
    let login = acme.installation.get("/v2/auth?service=registry.example", Some(("acme+ci", token))).await;
    assert_eq!(login.status, 200);
}

#[test]
fn every_recording_is_played() {
    let here = include_str!("clients.rs");
    let files: BTreeSet<_> = std::fs::read_dir(DIRECTORY)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    assert!(files.len() > 5);
    for file in files {
        assert!(here.contains(&format!("\"{file}\"")), "{file}");
    }
}
