//! Whole requests to the pages, without a browser: every template with data that wants to break out of it, what forms do, and
//! what is refused.

mod coverage;
mod disallowed;
mod forms;
mod pages;
mod people;
mod wizard;

use crate::support::{Answer, Installation};
use dockpass::service::actor::Actor;
use dockpass::service::robots::{self, NewRobot};
use std::cell::RefCell;
use std::fmt::Write;

/// A text that would run, close an attribute or break a page if it were not escaped.
const HOSTILE: &str = "\"><script>alert(1)</script>'&amp;{{x}}";
/// The origin that the tests' requests ask for.
const ORIGIN: &str = "http://localhost:8480";

/// A person with a browser: keeps cookies and knows the CSRF token of the last page.
struct Browser<'i> {
    installation: &'i Installation,
    cookies: RefCell<Vec<(String, String)>>,
    csrf: RefCell<String>,
}

impl<'i> Browser<'i> {
    fn new(installation: &'i Installation) -> Self {
        Self { installation, cookies: RefCell::default(), csrf: RefCell::default() }
    }

    /// Somebody who has signed in.
    async fn signed_in(installation: &'i Installation, user: &str) -> Self {
        let browser = Self::new(installation);
        browser.get("/signin").await;
        let password = format!("{user}'s-password");
        let answer = browser.post("/signin", &[("username", user), ("password", &password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        browser.get("/organization").await;
        browser
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// Posts a form from a page of ours, with the CSRF token of the last page.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.borrow().clone();
        let mut body = format!("_csrf_token={}", escape(&csrf));
        for (name, value) in fields {
            let _ = write!(body, "&{}={}", escape(name), escape(value));
        }
        self.send("POST", path, &[("sec-fetch-site", "same-origin")], &body).await
    }

    async fn send(&self, method: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers =
            vec![("host", "localhost:8480"), ("cookie", cookies.as_str()), ("accept", "text/html,*/*;q=0.8")];
        if method == "POST" {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        headers.extend(extra);
        let answer = self.installation.send(method, path, None, &headers, body).await;
        self.keep(&answer);
        answer
    }

    fn keep(&self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            let mut cookies = self.cookies.borrow_mut();
            cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let page = String::from_utf8_lossy(&answer.body);
        if let Some((_, rest)) = page.split_once("name=\"_csrf_token\" value=\"") {
            *self.csrf.borrow_mut() = rest.split('"').next().unwrap().to_owned();
        }
    }

    /// What the page after a redirect says about it.
    async fn follow(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 303, "{}", answer.text());
        self.get(answer.header("location").unwrap()).await.text()
    }
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    })
}

/// Alice, who owns `acme` with its teams, repositories and robots, all of them described in hostile words; Bob, who only
/// sits in its team `devs`.
fn acme(config: &str) -> Installation {
    let installation = Installation::new(&format!("SERVER_HOSTNAME: registry.example\n{config}"));
    for user in ["alice", "bob"] {
        installation.user(user);
    }
    installation.organization("acme");
    installation.member("acme", "owners", "alice");
    installation.team("acme", "devs", "member");
    installation.member("acme", "devs", "bob");
    for repository in ["acme/app", "acme/base", "acme/team/tool"] {
        installation.repository(repository, "private");
    }
    let new = NewRobot {
        description: HOSTILE.to_owned(),
        teams: vec!["devs".to_owned()],
        repositories: vec![("app".to_owned(), dockpass::domain::permission::Role::Write)],
        default_permission: Some(dockpass::domain::permission::Role::Read),
        ..NewRobot::default()
    };
    robots::create(&installation.app, &Actor::operator("test"), "acme", "ci", &new).unwrap();
    installation.grant_team("acme/base", "devs", "read");
    installation
}
