//! The pages. They are rendered here, work without script, and call the services, never the REST API.
//!
//! One request: [`route`] reads the address, [`visit`] who is there and what was sent, and one handler, run where it may
//! block, calls services and fills the struct of one template. A post answers with a redirect and a [`notice`], or, where a
//! secret is shown, with the page itself, so that no secret ever stands in an address or a cookie.
//!
//! Every post passes two checks before its handler: it comes from our own pages, and it brings the CSRF token of its browser.

pub mod account;
pub mod activity;
pub mod applications;
pub mod assets;
pub mod credentials;
pub mod defaults;
pub mod federation;
pub mod grants;
pub mod logs;
pub mod message;
pub mod moment;
pub mod new_team;
pub mod notice;
pub mod organizations;
pub mod pager;
pub mod people;
pub mod picker;
pub mod removal;
pub mod repositories;
pub mod repository_step;
pub mod robots;
pub mod route;
pub mod settings;
pub mod teams;
pub mod view;
pub mod visit;
pub mod wizard;

pub use route::WebRoute;

use super::blocking::Blocking;
use super::body::{BodyLimits, Fields, RequestBody, read_form};
use super::browser;
use super::reply::{self, Body};
use crate::service::App;
use crate::service::error::ServiceError;
use crate::service::sessions;
use crate::store::audit::Origin;
use hyper::header::USER_AGENT;
use hyper::{Method, Request, Response, StatusCode};
use route::{NamespacePage, RobotPage, TeamPage};
use std::sync::Arc;
use view::Tab;
use visit::{Refusal, Reply, Visit};

/// What the wire knows of a request to a page, beside the request itself.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Address and request id, for the audit trail.
    pub origin: Origin,
    /// Whether the browser's connection is encrypted.
    pub https: bool,
    /// The host that the browser asked for.
    pub host: Option<String>,
}

/// Answers a request to a page; also tells who made it, for the log.
pub async fn answer(
    app: &Arc<App>,
    blocking: &Blocking,
    route: WebRoute,
    request: Request<RequestBody>,
    circumstances: Circumstances,
) -> (Response<Body>, Option<String>) {
    if let WebRoute::Asset(name) = &route {
        let found = assets::answer(name, request.headers());
        return (found.unwrap_or_else(|| reply::empty(StatusCode::NOT_FOUND)), None);
    }
    let mut visit = match read(app, &request, &circumstances) {
        Ok(visit) => visit,
        Err(refusal) => return (message::without_visit(&refusal), None),
    };
    let caller = visit.session.as_ref().map(|session| session.identity.name.to_string());
    let posted = request.method() == Method::POST;
    let agent =
        request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    if posted && let Err(refusal) = receive(&mut visit, request, &circumstances).await {
        return finish(message::refuse(&visit, refusal), &visit, caller);
    }
    if posted && route == WebRoute::SignIn {
        let answered = account::sign_in(&visit, &circumstances.origin, agent.as_deref()).await;
        return finish(answered.unwrap_or_else(|refusal| message::refuse(&visit, refusal)), &visit, caller);
    }
    let work = move || {
        let response = handle(&visit, &route).unwrap_or_else(|refusal| message::refuse(&visit, refusal));
        finish(response, &visit, caller)
    };
    match blocking.run(work).await {
        Ok(answered) => answered,
        Err(busy) => (message::without_visit(&Refusal::Busy(busy)), None),
    }
}

fn finish(
    mut response: Response<Body>,
    visit: &Visit,
    caller: Option<String>,
) -> (Response<Body>, Option<String>) {
    visit.finish(&mut response);
    (response, caller)
}

fn read(
    app: &Arc<App>,
    request: &Request<RequestBody>,
    circumstances: &Circumstances,
) -> Result<Visit, Refusal> {
    let query = Fields::of_query(request.uri()).map_err(|error| Refusal::Fields(error.to_string()))?;
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let (https, origin) = (circumstances.https, circumstances.origin.clone());
    Visit::new(Arc::clone(app), request.headers(), https, here, query, origin)
}

/// Reads a posted form and checks that our own page sent it.
async fn receive(
    visit: &mut Visit,
    request: Request<RequestBody>,
    circumstances: &Circumstances,
) -> Result<(), Refusal> {
    let (parts, body) = request.into_parts();
    let scheme = if circumstances.https { "https" } else { "http" };
    let asked = circumstances.host.as_ref().map(|host| format!("{scheme}://{host}"));
    let own = [visit.app.config.derived.origin.as_str(), asked.as_deref().unwrap_or_default()];
    if !browser::is_same_origin(&parts.headers, &own) {
        return Err(Refusal::Forged);
    }
    let limits = BodyLimits { bytes: 256 * 1024, ..BodyLimits::default() };
    let form = read_form(&parts.headers, body, limits).await;
    let form = form.map_err(|error| Refusal::Fields(error.to_string()))?;
    let token = form.single("_csrf_token").ok().flatten().unwrap_or_default();
    if !sessions::is_csrf_token(&visit.app, &visit.id, token) {
        return Err(Refusal::Forged);
    }
    visit.form = Some(form);
    Ok(())
}

fn handle(visit: &Visit, route: &WebRoute) -> Reply {
    match route {
        WebRoute::Home => account::home(visit),
        WebRoute::Asset(_) | WebRoute::Missing => Err(Refusal::NotFound),
        WebRoute::FormOnly(allowed) => Err(Refusal::FormOnly(allowed)),
        WebRoute::SignIn => account::sign_in_page(visit),
        WebRoute::SignOut => account::sign_out(visit),
        WebRoute::Setup => account::setup(visit),
        WebRoute::Theme => visit.remember_display(),
        WebRoute::Organizations => organizations::list(visit),
        WebRoute::NewOrganization => organizations::create(visit),
        WebRoute::Repositories => repositories::all(visit),
        WebRoute::Repository(namespace, path) => repositories::one(visit, namespace, path),
        WebRoute::Namespace(name) => namespace(visit, name),
        WebRoute::Below(name, page) => {
            visit.person()?;
            below(visit, name, page)
        }
    }
}

fn namespace(visit: &Visit, name: &str) -> Reply {
    visit.person()?;
    let asked = visit.asked("tab")?;
    let tab = if asked.is_empty() { Some(Tab::Repositories) } else { Tab::parse(asked) };
    match tab.ok_or(Refusal::NotFound)? {
        Tab::Repositories => repositories::tab(visit, name),
        Tab::Teams => match visit.asked("view")? {
            "members" => people::list(visit, name, people::View::Members),
            "collaborators" => people::list(visit, name, people::View::Collaborators),
            _ => teams::tab(visit, name),
        },
        Tab::Robots => robots::tab(visit, name),
        Tab::DefaultPermissions => defaults::tab(visit, name),
        Tab::Applications => applications::tab(visit, name),
        Tab::Logs => logs::tab(visit, name),
        Tab::Settings => settings::tab(visit, name),
    }
}

fn below(visit: &Visit, name: &str, page: &NamespacePage) -> Reply {
    match page {
        NamespacePage::Delete => organizations::delete(visit, name),
        NamespacePage::Settings => settings::save(visit, name),
        NamespacePage::NewRepository => repositories::create(visit, name),
        NamespacePage::NewRobot => wizard::create(visit, name),
        NamespacePage::DeleteRobots => removal::delete(visit, name),
        NamespacePage::Robot(short, page) => match page {
            RobotPage::Credentials => credentials::page(visit, name, short),
            RobotPage::Download => credentials::download(visit, name, short),
            RobotPage::Regenerate => credentials::regenerate(visit, name, short),
            RobotPage::Permissions => grants::page(visit, name, short),
            RobotPage::Federation => federation::page(visit, name, short),
            RobotPage::Activity => activity::page(visit, name, short),
        },
        NamespacePage::NewTeam => new_team::create(visit, name),
        NamespacePage::Team(team, page) => match page {
            TeamPage::Members => teams::members(visit, name, team),
            TeamPage::Permissions => teams::permissions(visit, name, team),
            TeamPage::Delete => teams::delete(visit, name, team),
        },
        NamespacePage::RemoveMembers => people::remove(visit, name),
        NamespacePage::Names => picker::names(visit, name),
        NamespacePage::NewDefaultPermission => defaults::create(visit, name),
        NamespacePage::DefaultPermissions => defaults::change(visit, name),
        NamespacePage::DeleteDefaultPermissions => defaults::delete(visit, name),
        NamespacePage::NewApplication => applications::create(visit, name),
        NamespacePage::Application(client_id) => applications::one(visit, name, client_id),
    }
}

/// A service's refusal for something that was asked for in vain.
fn not_found(what: &str) -> Refusal {
    ServiceError::NotFound(what.to_owned()).into()
}
