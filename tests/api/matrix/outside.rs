//! The routes outside `/api/v1`: what registries and their clients ask, what Quay serves beside its API, and the pages.

use super::{Caller, OBJECTS, World, basic};
use dockpass::domain::credential::Secret;
use dockpass::http::quay::QuayRoute;
use dockpass::http::reply::Surface;
use dockpass::http::route::Route;
use dockpass::http::web::WebRoute;
use dockpass::http::web::route::{NamespacePage, RobotPage, TeamPage};
use dockpass::service::sessions::{csrf_token, sign_in};
use dockpass::store::audit::Origin;
use hyper::Method;
use serde_json::Value;
use std::fmt::Write;

const LEGEND: &str = "
# Outside of the REST API: objects and installations as above. Callers: anon without credentials; eve, bob, carol, alice, dave,
# root, full and auditor by their sessions, posts with CSRF token; nocsrf is alice's session without it. bearer is alice by
# access token, expired the same when it is too old, basic alice by password, oauth by access token as a password, app by
# application-specific token, robot a robot of acme with role admin by its secret; a post to the token endpoint has these in its
# form. {o} is the object, {client} its OAuth application.
";

/// The rows of every route: a match without a wildcard, so that a new route without a row does not compile.
macro_rules! rows {
    ($($route:pat => $($method:literal $path:literal),+;)+) => {
        const ROWS: &[(&str, &str)] = &[$($(($method, $path)),+),+];

        fn rows_of(route: &Route) -> &'static [(&'static str, &'static str)] {
            match route {
                // Nothing is asked of whoever opens an address with no page behind it.
                Route::Api(_) | Route::Web(WebRoute::Missing | WebRoute::FormOnly(_)) => &[],
                $($route => &[$(($method, $path)),+],)+
            }
        }
    };
}

use NamespacePage as Page;
use Route::{Quay, Web};
use WebRoute::Below;

rows! {
    Route::Token => "GET" "/v2/auth?service=registry.example&scope=repository:{o}/app:pull", "POST" "/v2/auth",
        "GET" "/token?service=registry.example&scope=repository:{o}/app:pull", "POST" "/token";
    Route::RobotToken => "GET" "/oauth2/federation/robot/token";
    Route::RegistryPing => "GET" "/v2/", "GET" "/v2";
    Route::Jwks => "GET" "/keys/services/dockpass/keys", "GET" "/keys/services/quay/keys", "GET" "/.well-known/jwks.json";
    Route::RootCertificate => "GET" "/keys/services/dockpass/root.pem";
    Route::HealthInstance => "GET" "/health/instance";
    Route::Health => "GET" "/health", "GET" "/health/endtoend", "GET" "/health/warning", "GET" "/status";
    Route::InternalPing => "GET" "/_internal_ping";
    Route::Metrics => "GET" "/metrics";
    Quay(QuayRoute::Config) => "GET" "/config";
    Quay(QuayRoute::CsrfToken) => "GET" "/csrf_token";
    Quay(QuayRoute::AuthorizeApp) => "POST" "/oauth/authorizeapp?client_id={client}&scope=repo:read&response_type=token\
        &redirect_uri=http://localhost:8480/oauth/localapp";
    Quay(QuayRoute::AssignUser) =>
        "POST" "/oauth/authorize/assignuser?username=bob&client_id={client}&scope=repo:read&response_type=token\
        &redirect_uri=http://localhost:8480/oauth/localapp";
    Quay(QuayRoute::LocalApp) => "GET" "/oauth/localapp";
    Quay(QuayRoute::AppCapabilities) => "GET" "/.well-known/app-capabilities";
    Quay(QuayRoute::RegistryCapabilities) => "GET" "/registry/capabilities";
    Web(WebRoute::Home) => "GET" "/";
    Web(WebRoute::Asset(_)) => "GET" "/assets/none.css";
    Web(WebRoute::SignIn) => "GET" "/signin", "POST" "/signin";
    Web(WebRoute::SignOut) => "POST" "/signout";
    Web(WebRoute::Setup) => "GET" "/setup", "POST" "/setup";
    Web(WebRoute::Theme) => "POST" "/theme";
    Web(WebRoute::Organizations) => "GET" "/organization";
    Web(WebRoute::NewOrganization) => "GET" "/organizations/new", "POST" "/organizations/new";
    Web(WebRoute::Repositories) => "GET" "/repository";
    Web(WebRoute::Namespace(_)) => "GET" "/organization/{o}", "GET" "/organization/{o}?tab=Teamsandmembership",
        "GET" "/organization/{o}?tab=Teamsandmembership&view=members",
        "GET" "/organization/{o}?tab=Teamsandmembership&view=collaborators", "GET" "/organization/{o}?tab=Robotaccounts", "GET" "/organization/{o}?tab=Defaultpermissions",
        "GET" "/organization/{o}?tab=OAuthApplications", "GET" "/organization/{o}?tab=Logs",
        "GET" "/organization/{o}?tab=Settings";
    Web(WebRoute::Repository(..)) => "GET" "/repository/{o}/app", "POST" "/repository/{o}/app";
    Web(Below(_, Page::Delete)) => "GET" "/organization/{o}/delete", "POST" "/organization/{o}/delete";
    Web(Below(_, Page::Settings)) => "POST" "/organization/{o}/settings";
    Web(Below(_, Page::NewRepository)) =>
        "GET" "/organization/{o}/repositories/new", "POST" "/organization/{o}/repositories/new";
    Web(Below(_, Page::NewRobot)) => "GET" "/organization/{o}/robots/new", "POST" "/organization/{o}/robots/new";
    Web(Below(_, Page::DeleteRobots)) =>
        "GET" "/organization/{o}/robots/delete", "POST" "/organization/{o}/robots/delete";
    Web(Below(_, Page::Robot(_, RobotPage::Credentials))) =>
        "GET" "/organization/{o}/robot/ci", "POST" "/organization/{o}/robot/ci";
    Web(Below(_, Page::Robot(_, RobotPage::Download))) => "POST" "/organization/{o}/robot/ci/download";
    Web(Below(_, Page::Robot(_, RobotPage::Regenerate))) =>
        "GET" "/organization/{o}/robot/ci/regenerate", "POST" "/organization/{o}/robot/ci/regenerate";
    Web(Below(_, Page::Robot(_, RobotPage::Permissions))) =>
        "GET" "/organization/{o}/robot/ci/permissions", "POST" "/organization/{o}/robot/ci/permissions";
    Web(Below(_, Page::Robot(_, RobotPage::Federation))) =>
        "GET" "/organization/{o}/robot/ci/federation", "POST" "/organization/{o}/robot/ci/federation";
    Web(Below(_, Page::Robot(_, RobotPage::Activity))) => "GET" "/organization/{o}/robot/ci/activity";
    Web(Below(_, Page::NewTeam)) => "GET" "/organization/{o}/teams/new", "POST" "/organization/{o}/teams/new";
    Web(Below(_, Page::Team(_, TeamPage::Members))) =>
        "GET" "/organization/{o}/team/devs", "POST" "/organization/{o}/team/devs";
    Web(Below(_, Page::Team(_, TeamPage::Permissions))) =>
        "GET" "/organization/{o}/team/devs/permissions", "POST" "/organization/{o}/team/devs/permissions";
    Web(Below(_, Page::Team(_, TeamPage::Delete))) =>
        "GET" "/organization/{o}/team/devs/delete", "POST" "/organization/{o}/team/devs/delete";
    Web(Below(_, Page::RemoveMembers)) =>
        "GET" "/organization/{o}/members/remove?name=carol", "POST" "/organization/{o}/members/remove";
    Web(Below(_, Page::Names)) => "GET" "/organization/{o}/names?q=c";
    Web(Below(_, Page::NewDefaultPermission)) =>
        "GET" "/organization/{o}/default-permissions/new", "POST" "/organization/{o}/default-permissions/new";
    Web(Below(_, Page::DefaultPermissions)) => "POST" "/organization/{o}/default-permissions";
    Web(Below(_, Page::DeleteDefaultPermissions)) =>
        "GET" "/organization/{o}/default-permissions/delete", "POST" "/organization/{o}/default-permissions/delete";
    Web(Below(_, Page::NewApplication)) =>
        "GET" "/organization/{o}/applications/new", "POST" "/organization/{o}/applications/new";
    Web(Below(_, Page::Application(_))) =>
        "GET" "/organization/{o}/application/none", "POST" "/organization/{o}/application/none";
}

/// A caller, and the fields that it puts into a form: to pages its CSRF token, to the token endpoint its credentials.
pub(super) struct Visitor {
    caller: Caller,
    csrf: String,
    credentials: Option<(String, String)>,
}

/// Everybody who comes here. Made before the worlds are remembered.
pub(super) async fn visitors(plain: &World, full: &World, callers: &[Caller]) -> Vec<Visitor> {
    let mut visitors = Vec::new();
    let mut add = |name, headers, csrf: String, credentials| {
        visitors.push(Visitor { caller: Caller { name, headers, full: name == "full" }, csrf, credentials });
    };
    let bearer = |name: &str| {
        let caller = callers.iter().find(|caller| caller.name == name).unwrap();
        caller.headers.clone()
    };
    add("anon", Vec::new(), String::new(), None);
    for (name, user) in [
        ("eve", "eve"),
        ("bob", "bob"),
        ("carol", "carol"),
        ("alice", "alice"),
        ("nocsrf", "alice"),
        ("dave", "dave"),
        ("root", "root1"),
        ("full", "root1"),
        ("auditor", "auditor"),
    ] {
        let world = if name == "full" { full } else { plain };
        let app = &world.installation.app;
        let password = Secret::new(format!("{user}'s-password"));
        let session = sign_in(app, user, &password, &Origin::default(), None).await.unwrap().id;
        let cookie = ("cookie", format!("dockpass={}", session.expose()));
        let csrf = if name == "nocsrf" { String::new() } else { csrf_token(app, &session) };
        add(name, vec![cookie], csrf, None);
    }
    add("bearer", bearer("alice"), String::new(), None);
    add("expired", bearer("expired"), String::new(), None);
    let token = bearer("alice")[0].1.strip_prefix("Bearer ").unwrap().to_owned();
    let app_token =
        dockpass::service::app_tokens::create(&plain.installation.app, &plain.actor("alice"), "matrix");
    let app_token = plain.installation.kept(app_token.unwrap().token.unwrap().expose());
    for (name, username, password) in [
        ("basic", "alice", "alice's-password".to_owned()),
        ("oauth", "$oauthtoken", token),
        ("app", "$app", app_token),
        ("robot", "acme+ci", plain.installation.regenerate("acme+ci")),
    ] {
        add(name, vec![basic(username, &password)], String::new(), Some((username.to_owned(), password)));
    }
    visitors
}

pub(super) struct OutsideRow {
    method: &'static str,
    path: &'static str,
    object: &'static str,
    statuses: Vec<u16>,
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

fn form(visitor: &Visitor, path: &str) -> String {
    match &visitor.credentials {
        Some((username, password)) if matches!(path, "/token" | "/v2/auth") => format!(
            "grant_type=password&client_id=matrix&service=registry.example&username={}&password={}",
            encoded(username),
            encoded(password)
        ),
        _ if path.ends_with("/members/remove") => {
            format!("name=carol&_csrf_token={}", encoded(&visitor.csrf))
        }
        _ => format!("_csrf_token={}", encoded(&visitor.csrf)),
    }
}

pub(super) async fn rows(worlds: [&World; 2], visitors: &[Visitor]) -> Vec<OutsideRow> {
    let mut rows = Vec::new();
    for (method, path) in ROWS {
        let objects: &[&str] =
            if path.contains("{o}") || path.contains("{client}") { &OBJECTS } else { &["-"] };
        for object in objects {
            let mut statuses = Vec::new();
            for visitor in visitors {
                let world = worlds[usize::from(visitor.caller.full)];
                let named = path.replace("{o}", if *object == "missing" { "nowhere" } else { object });
                let client = world.clients.get(*object).and_then(Value::as_str);
                let named = named.replace("{client}", client.unwrap_or("nobody's"));
                let mut headers: Vec<(&str, &str)> =
                    visitor.caller.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let body = if *method == "POST" { form(visitor, path) } else { String::new() };
                if *method == "POST" {
                    headers.push(("content-type", "application/x-www-form-urlencoded"));
                    // In a form of the token endpoint the credentials do not stand in a header as well.
                    if matches!(*path, "/token" | "/v2/auth") {
                        headers.retain(|(name, _)| *name != "authorization");
                    }
                }
                let answer = world.installation.send(method, &named, None, &headers, &body).await;
                if *method != "GET" && answer.status < 400 {
                    world.reset();
                }
                statuses.push(answer.status);
            }
            rows.push(OutsideRow { method, path, object, statuses });
        }
    }
    rows
}

pub(super) fn written(rows: &[OutsideRow], visitors: &[Visitor]) -> String {
    let width = |name: &str| name.len().max(3);
    let mut text = LEGEND.to_owned();
    write!(text, "\n{:<72}", "").unwrap();
    for visitor in visitors {
        write!(text, " {:<1$}", visitor.caller.name, width(visitor.caller.name)).unwrap();
    }
    text.push('\n');
    for OutsideRow { method, path, object, statuses } in rows {
        let path = path.split_once("&scope").map_or(*path, |(path, _)| path);
        let mut line = format!("{method:<4} {path:<59} {object:<7}");
        for (visitor, status) in visitors.iter().zip(statuses) {
            write!(line, " {:<1$}", status, width(visitor.caller.name)).unwrap();
        }
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

/// What holds whatever the table says.
pub(super) fn broken_rules(rows: &[OutsideRow], visitors: &[Visitor]) -> Vec<String> {
    let mut broken = unlisted();
    for OutsideRow { method, path, object, statuses } in rows {
        let mut must = |name: &str, status: u16, rule: bool, text: &str| {
            if !rule {
                broken.push(format!("{method} {path} {object} {name}: {status} {text}"));
            }
        };
        let page = parsed(method, path).is_some_and(|route| route.surface() == Surface::Page);
        let open = matches!(*path, "/" | "/signin" | "/setup" | "/theme" | "/signout")
            || path.starts_with("/assets/");
        for (visitor, status) in visitors.iter().zip(statuses) {
            let name = visitor.caller.name;
            must(name, *status, *status < 500, "is a failure");
            if !page || open {
                continue;
            }
            let session = visitor.caller.headers.first().is_some_and(|(name, _)| *name == "cookie");
            must(name, *status, session || *status != 200, "shows a page to who has no session");
            let posts = *method == "POST" && visitor.csrf.is_empty();
            must(
                name,
                *status,
                !posts || *status == 403 || *status == 303,
                "takes a post without CSRF token",
            );
            let stranger = (*object == "other" && ["eve", "bob", "carol", "alice", "dave"].contains(&name))
                || (*object == "acme" && name == "eve");
            let shown = *status == 200 && path.starts_with("/organization/{o}/");
            must(name, *status, !(stranger && shown), "lets a stranger in");
            let written = *method == "POST" && path.contains("{o}") && *status == 200;
            must(
                name,
                *status,
                !(name == "auditor" && written),
                "lets a read-only super-user change something",
            );
        }
    }
    broken
}

fn parsed(method: &str, path: &str) -> Option<Route> {
    let path = path.split('?').next().unwrap_or_default().replace("{o}", "acme");
    Route::parse(&Method::from_bytes(method.as_bytes()).unwrap(), &path).ok()
}

/// Methods of a path in the table that have no row.
fn unlisted() -> Vec<String> {
    let mut unlisted = Vec::new();
    for (listed, path) in ROWS {
        let own = parsed(listed, path).map(|route| rows_of(&route).contains(&(listed, path)));
        if own != Some(true) {
            unlisted.push(format!("{listed} {path} stands in the row of another route"));
        }
        let bare = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let there = parsed(method, path).is_some();
            let row = ROWS.iter().any(|(known, row)| *known == method && bare(row) == bare(path));
            if there && !row {
                unlisted.push(format!("{method} {path} has no row"));
            }
        }
    }
    unlisted
}
