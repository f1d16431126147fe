//! OAuth applications of an organization and their access tokens: how programs call the REST API.

use super::moment::Moment;
use super::notice::Notice;
use super::view::{Head, Problem, Tab};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::oauth::OAuthScope;
use crate::service::error::ServiceError;
use crate::service::oauth::applications::{self, Texts};
use crate::service::oauth::{assignments, tokens};
use askama::Template;

/// How long a token can be wished to live: seconds and words.
const LIVES: [(&str, &str); 5] = [
    ("2592000", "30 days"),
    ("7776000", "90 days"),
    ("31536000", "1 year"),
    ("86400", "1 day"),
    ("", "10 years"),
];

/// The tab.
#[derive(Template)]
#[template(path = "applications.html")]
pub struct ApplicationsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Its applications.
    pub rows: Vec<ApplicationRow>,
}

/// An application.
pub struct ApplicationRow {
    /// What people call it.
    pub name: String,
    /// How it is named in addresses.
    pub client_id: String,
    /// What people wrote about it.
    pub description: String,
    /// When it was made.
    pub created: Moment,
}

fn row(visit: &Visit, shown: &applications::Shown) -> ApplicationRow {
    let application = &shown.application;
    ApplicationRow {
        name: application.name.clone(),
        client_id: application.client_id.clone(),
        description: application.description.clone(),
        created: Moment::new(application.created_at, visit.app.now()),
    }
}

/// The tab.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Applications, None)?;
    let found = applications::list(&visit.app, &visit.actor, name)?;
    let rows = found.iter().map(|shown| row(visit, shown)).collect();
    let shell = head.shell(visit, "OAuth Applications");
    visit.page(&ApplicationsPage { shell, head, rows })
}

/// The form for a new application.
#[derive(Template)]
#[template(path = "new_application.html")]
pub struct NewApplicationPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// What was typed before.
    pub texts: Texts,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Shows the form, or makes the application.
pub fn create(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Applications, Some("Create application".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let texts = Texts {
        name: visit.given("name")?.to_owned(),
        description: visit.given("description")?.to_owned(),
        application_uri: visit.given("application_uri")?.to_owned(),
        redirect_uri: visit.given("redirect_uri")?.to_owned(),
        avatar_email: None,
    };
    let mut problem = None;
    if visit.form.is_some() {
        match applications::create(&visit.app, &visit.actor, namespace, &texts) {
            Ok(shown) => {
                let notice = Notice::good(format!("Successfully created application: {}", texts.name));
                let client_id = shown.application.client_id;
                return visit.done(&format!("/organization/{namespace}/application/{client_id}"), &notice);
            }
            Err(error) => {
                let field = if error.to_string().contains("redirect") { "redirect_uri" } else { "name" };
                problem = Some(Problem::of(error, "The application was not created", field)?);
            }
        }
    }
    let status = Problem::status(problem.as_ref());
    let shell = head.shell(visit, "Create application");
    visit.page_with(status, &NewApplicationPage { shell, head, texts, problem })
}

/// One application with its tokens.
#[derive(Template)]
#[template(path = "application.html")]
pub struct ApplicationPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// The application.
    pub row: ApplicationRow,
    /// Its client secret, when it was asked for.
    pub client_secret: Option<String>,
    /// A token that was just made.
    pub minted: Option<String>,
    /// Its tokens.
    pub tokens: Vec<AccessRow>,
    /// The scopes to choose from: word, meaning, whether it was chosen in the last try.
    pub scopes: [(&'static str, &'static str, bool); 8],
    /// The lives to choose from.
    pub lives: [(&'static str, &'static str); 5],
    /// Whether an authorization can be assigned to another user.
    pub assigns: bool,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
    /// What was typed then: the token's name.
    pub name: String,
    /// What was typed then: the other user.
    pub assignee: String,
}

/// An access token.
pub struct AccessRow {
    /// How it is named in forms.
    pub uuid: String,
    /// What people call it.
    pub name: String,
    /// Its scopes.
    pub scope: String,
    /// Who made it.
    pub created_by: String,
    /// When it stops working.
    pub expires: Moment,
    /// When it was last used.
    pub accessed: Option<Moment>,
}

/// Shows one application, or changes it.
pub fn one(visit: &Visit, namespace: &str, client_id: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Applications, Some("Application".to_owned()))?;
    let here = format!("/organization/{namespace}/application/{client_id}");
    let (app, actor) = (&visit.app, &visit.actor);
    if !visit.asked("confirm")?.is_empty() {
        visit.require_fresh()?;
    }
    if visit.form.is_none() {
        return show(visit, head, client_id, Shown::default());
    }
    if visit.require_fresh().is_err() {
        return Ok(crate::http::reply::redirect_303(&format!("{here}?confirm=1")));
    }
    match visit.given("action")? {
        "secret" if head.administers => {
            show(visit, head, client_id, Shown { with_secret: true, ..Shown::default() })
        }
        "reset" => {
            applications::reset_secret(app, actor, namespace, client_id)?;
            show(visit, head, client_id, Shown { with_secret: true, ..Shown::default() })
        }
        "token" => {
            let scope = scopes(visit);
            let life = visit.given("life")?.parse().ok();
            let made = tokens::create(
                app,
                actor,
                namespace,
                client_id,
                visit.given("name")?,
                &scope.join(" "),
                life,
            );
            match made {
                Ok(minted) => {
                    let minted = Some(minted.token.expose().to_owned());
                    show(visit, head, client_id, Shown { minted, ..Shown::default() })
                }
                Err(error) => {
                    let error = if scope.is_empty() { no_scope() } else { error };
                    let problem = Problem::of(error, "The access token was not generated", "token-name")?;
                    show(visit, head, client_id, Shown { problem: Some(problem), ..Shown::default() })
                }
            }
        }
        "assign" => {
            let scope = scopes(visit);
            let user = visit.given("assignee")?;
            match assign(visit, namespace, client_id, user, &scope) {
                Ok(()) => visit.done(&here, &Notice::good(format!("Token assigned successfully to {user}"))),
                Err(error) => {
                    let problem = Problem::of(error, "The token was not assigned", "assignee")?;
                    show(visit, head, client_id, Shown { problem: Some(problem), ..Shown::default() })
                }
            }
        }
        "revoke" => {
            tokens::revoke(app, actor, namespace, client_id, visit.given("uuid")?)?;
            visit.done(&here, &Notice::good("Access token revoked"))
        }
        "delete" => {
            applications::delete(app, actor, namespace, client_id)?;
            visit.done(&head.tab_href(), &Notice::good("Successfully deleted application"))
        }
        _ => Err(Refusal::Fields("there is no such action".to_owned())),
    }
}

/// The scopes that a form chooses.
fn scopes(visit: &Visit) -> Vec<&str> {
    let chosen = visit.form.iter().flat_map(|form| form.all("scope"));
    chosen.filter(|word| OAuthScope::EVERY.iter().any(|scope| scope.as_str() == *word)).collect()
}

fn no_scope() -> ServiceError {
    ServiceError::Invalid("Choose at least one scope".to_owned())
}

/// Lets another user take up a token, at the application's own address.
fn assign(
    visit: &Visit,
    namespace: &str,
    client_id: &str,
    user: &str,
    scope: &[&str],
) -> Result<(), ServiceError> {
    if scope.is_empty() {
        return Err(no_scope());
    }
    let (app, actor) = (&visit.app, &visit.actor);
    let uri = applications::get(app, actor, namespace, client_id)?.application.redirect_uri;
    let uri = if uri.is_empty() { format!("{}/oauth/localapp", app.config.derived.origin) } else { uri };
    assignments::assign(app, actor, user, client_id, &uri, &scope.join(" "))
}

/// What the page shows beside the application itself.
#[derive(Default)]
struct Shown {
    with_secret: bool,
    minted: Option<String>,
    problem: Option<Problem>,
}

fn show(visit: &Visit, head: Head, client_id: &str, shown: Shown) -> Reply {
    let Shown { with_secret, minted, problem } = shown;
    let found = applications::get(&visit.app, &visit.actor, &head.name, client_id)?;
    let now = visit.app.now();
    let tokens = tokens::list(&visit.app, &visit.actor, &head.name, client_id)?;
    let tokens = tokens.into_iter().map(|record| AccessRow {
        uuid: record.uuid.clone(),
        name: record.name.clone(),
        scope: record.scope.clone(),
        created_by: record.created_by.clone(),
        expires: Moment::new(record.expires_at, now),
        accessed: record.last_accessed_at.map(|at| Moment::new(at, now)),
    });
    let secret = found.client_secret.as_ref().filter(|_| with_secret);
    let (kept, chosen) = (problem.is_some(), scopes(visit));
    let page = ApplicationPage {
        shell: head.shell(visit, &format!("Application {}", found.application.name)),
        head,
        client_secret: secret.map(|secret| secret.expose().to_owned()),
        row: row(visit, &found),
        minted,
        tokens: tokens.collect(),
        scopes: OAuthScope::EVERY
            .map(|scope| (scope.as_str(), scope.title(), kept && chosen.contains(&scope.as_str()))),
        lives: LIVES,
        assigns: visit.app.config.people.assign_oauth_token,
        name: if kept { visit.given("name")?.to_owned() } else { String::new() },
        assignee: if kept { visit.given("assignee")?.to_owned() } else { String::new() },
        problem,
    };
    visit.page_with(Problem::status(page.problem.as_ref()), &page)
}
