//! No page, tab or template is forgotten: the lists that the other tests go through are compared with the program.

use super::pages::PAGES;
use super::{Browser, HOSTILE, acme};
use crate::support::Installation;
use dockpass::http::web::WebRoute;
use dockpass::http::web::view::Tab;
use hyper::Method;
use std::collections::BTreeSet;

/// The pages that the browser tests open, check with axe, weigh, print and photograph.
fn browser_pages() -> Vec<String> {
    let list: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(include_str!("../browser/pages.json")).unwrap();
    list.values().map(|path| path.as_str().unwrap().to_owned()).collect()
}

/// Routes that show no page of their own: files, redirects, and targets that only take a form.
const NO_PAGE: [&str; 7] = [
    "web_asset",
    "web_default_permissions",
    "web_home",
    "web_robot_download",
    "web_settings",
    "web_signout",
    "web_theme",
];
/// Pages whose address is not known beforehand or that show only before one is signed in: `accessibility.test.js` opens
/// them by hand.
const BY_HAND: [&str; 3] = ["web_application", "web_setup", "web_signin"];

#[test]
fn every_route_with_a_page_is_opened_by_the_browser_tests() {
    // Every route has a label: the compiler sees to that.
    let source = include_str!("../../src/http/web/route.rs");
    let labels = source.split('"').skip(1).step_by(2).filter(|text| text.starts_with("web_"));
    let labels: BTreeSet<&str> = labels.collect();
    let mut opened: BTreeSet<&str> = NO_PAGE.into_iter().chain(BY_HAND).collect();
    opened.extend(["web_form_only", "web_missing"]);
    let pages = browser_pages();
    for path in &pages {
        let path = path.split('?').next().unwrap();
        match WebRoute::parse(&Method::GET, path) {
            Some(Ok(route)) => drop(opened.insert(route.label())),
            Some(Err(_)) => assert_eq!(path, "/signout"),
            None => assert_eq!(path, "/nowhere"),
        }
    }
    assert_eq!(labels, opened);
    for tab in Tab::EVERY {
        let shown = format!("/organization/acme?tab={}", tab.key());
        assert!(pages.iter().any(|path| path.starts_with(&shown)), "{shown}");
    }
}

/// What a template extends or imports.
fn parents(template: &str) -> Vec<String> {
    let path = format!("{}/templates/{template}.html", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let named = text.match_indices("{% extends \"").chain(text.match_indices("{% import \""));
    let name = |(at, tag): (usize, &str)| text[at + tag.len()..].split(".html").next().unwrap().to_owned();
    named.map(name).collect()
}

#[tokio::test]
async fn every_template_is_rendered_with_data_that_wants_to_break_out_of_it() {
    let mut rendered: BTreeSet<String> = PAGES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let mut render = |name: &str, page: &str, marker: &str| {
        assert!(
            page.contains(marker) && !page.contains("<script>alert") && !page.contains(HOSTILE),
            "{page}"
        );
        rendered.insert(name.to_owned());
    };
    let installation = acme("FEATURE_USER_INITIALIZE: true\n");
    let visitor = Browser::new(&installation);
    visitor.get("/signin").await;
    let refused =
        visitor.post("/signin", &[("username", HOSTILE), ("password", "x"), ("next", HOSTILE)]).await;
    render("signin", &refused.text(), "Invalid username or password");
    let empty = Installation::new("FEATURE_USER_INITIALIZE: true\n");
    let first = Browser::new(&empty);
    first.get("/setup").await;
    let refused = first.post("/setup", &[("username", HOSTILE), ("password", "x")]).await;
    render("setup", &refused.text(), "Create user");

    let alice = Browser::signed_in(&installation, "alice").await;
    let fields = [("name", HOSTILE), ("description", HOSTILE)];
    let made = alice.post("/organization/acme/applications/new", &fields).await;
    let path = made.header("location").unwrap().to_owned();
    let form = [("action", "token"), ("name", HOSTILE), ("scope", "org:admin"), ("life", "86400")];
    let page = alice.post(&path, &form).await.text();
    render("application", &page, "Store this access token now.");
    installation.advance(3600);
    let page = alice.get("/organization/acme/robot/ci?reveal=%22%3E").await.text();
    render("confirm", &page, "<h1>Confirm it is you</h1>");

    // What others extend or import is rendered with them.
    let mut around: Vec<String> = rendered.iter().cloned().collect();
    while let Some(name) = around.pop() {
        for parent in parents(&name) {
            if rendered.insert(parent.clone()) {
                around.push(parent);
            }
        }
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".html").to_owned())
        .collect();
    assert_eq!(files, rendered);
}

#[tokio::test]
async fn an_address_with_nothing_behind_it_is_a_page_for_browsers_and_json_for_others() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    for path in
        ["/nowhere", "/organization/acme/nothing", "/v3", "/apiary", "/index.html", "/organization/%2e"]
    {
        let page = alice.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
        assert!(page.text().contains("There is no such page"), "{path}");
        assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"), "{path}");
        // A script that is no browser, and a browser that asks for something else.
        for accept in [&[][..], &[("accept", "application/json")], &[("accept", "*/*")]] {
            let json = installation.send("GET", path, None, accept, "").await;
            assert_eq!((json.status, json.header("content-type")), (404, Some("application/json")), "{path}");
        }
        let posted = installation.send("POST", path, None, &[("accept", "text/html")], "").await;
        assert_eq!(posted.header("content-type"), Some("application/json"), "{path}");
    }
    for path in ["/v2/nothing", "/v2/acme/app/tags/list", "/api", "/api/nothing", "/api/v1/nothing"] {
        let answer = alice.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{path}");
    }
}

#[tokio::test]
async fn an_address_that_only_takes_a_form_is_a_page_for_browsers_and_json_for_others() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    for (path, form) in [
        ("/organization/acme/robot/ci/download", "href=\"/organization/acme/robot/ci\""),
        ("/organization/acme/settings", "href=\"/organization/acme?tab=Settings\""),
        ("/organization/acme/default-permissions", "href=\"/organization/acme?tab=Defaultpermissions\""),
        ("/theme", "href=\"/\""),
        ("/signout", "href=\"/\""),
    ] {
        let page = alice.get(path).await;
        assert_eq!((page.status, page.header("allow")), (405, Some("POST")), "{path}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
        assert!(page.text().contains("There is nothing to see here") && page.text().contains(form), "{path}");
        let json = installation.send("GET", path, None, &[("accept", "*/*")], "").await;
        assert_eq!((json.status, json.header("allow")), (405, Some("POST")), "{path}");
        assert_eq!(json.header("content-type"), Some("application/json"), "{path}");
    }
    let api = alice.get("/api/v1/user/initialize").await;
    assert_eq!(api.status, 405);
    assert!(!api.header("content-type").unwrap().starts_with("text/html"));
    // Whoever was signed out meanwhile is not sent there either, once signed in.
    let posted = Browser::new(&installation);
    posted.get("/signin").await;
    let answer = posted.post("/organization/acme/settings", &[("action", "email")]).await;
    assert_eq!(answer.header("location"), Some("/signin?next=/organization/acme%3Ftab%3DSettings"));
}

#[tokio::test]
async fn style_and_script_are_packed_and_pages_that_another_site_may_have_chosen_are_not() {
    let installation = acme("");
    let packs = [("accept", "text/html"), ("accept-encoding", "gzip, deflate, br, zstd")];
    let page = installation.send("GET", "/signin", None, &packs, "").await;
    // A page holds what a request brought beside a secret: its length would tell (BREACH).
    assert_eq!(page.header("content-encoding"), None);
    let html = page.text();
    let script = html.split("<script defer src=\"").nth(1).unwrap().split('"').next().unwrap();
    let packed = installation.send("GET", script, None, &packs, "").await;
    let plain = installation.get(script, None).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
    assert!(packed.body.len() < 5_000 && plain.body.len() > packed.body.len());

    let alice = Browser::signed_in(&installation, "alice").await;
    let (list, secret) = ("/organization/acme/robots/new", "/organization/acme/robot/ci");
    let mut pages = Vec::new();
    for site in ["same-origin", "none", "same-site", "cross-site", ""] {
        let headers = [("accept-encoding", "gzip"), ("sec-fetch-site", site)];
        let long = alice.send("GET", list, &headers, "").await;
        let packed = ["same-origin", "none"].contains(&site);
        assert_eq!(long.header("content-encoding"), packed.then_some("gzip"), "{site:?}");
        if packed {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&long.body[..]), &mut text)
                .unwrap();
            assert!(text.contains("create-robot-account-modal") && long.body.len() * 2 < text.len());
            let token =
                text.split("name=\"_csrf_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
            pages.push(token.to_owned());
        }
        let shown = alice.send("POST", secret, &headers, "").await;
        assert_eq!(shown.header("content-encoding"), None, "{site:?}");
    }
    assert_ne!(pages[0], pages[1], "the token is never written alike");
    for token in pages {
        *alice.csrf.borrow_mut() = token;
        let kept = alice.post("/theme", &[("theme", "dark"), ("next", "/")]).await;
        assert_eq!(kept.status, 303);
    }
}
