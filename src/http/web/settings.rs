//! The tab "Settings": the e-mail address, an organization's deletion, a person's password and application tokens.

use super::moment::Moment;
use super::notice::Notice;
use super::view::{Head, Tab, sentence, tab_href};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::domain::credential::Secret;
use crate::http::browser;
use crate::http::reply;
use crate::service::error::ServiceError;
use crate::service::oauth::assignments;
use crate::service::settings::SettingsChange;
use crate::service::users::Changes;
use crate::service::{app_tokens, namespaces, organizations, users};
use askama::Template;

/// The tab.
#[derive(Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The namespace's address.
    pub email: String,
    /// When it was made.
    pub created: Moment,
    /// The person's application tokens; `None` where there is no such thing.
    pub tokens: Option<Vec<TokenRow>>,
    /// A token that was just made.
    pub minted: Option<String>,
    /// What was assigned to the person.
    pub assigned: Vec<AssignedRow>,
    /// The access token of an assignment that was just taken up.
    pub accepted: Option<String>,
    /// The registry's host.
    pub registry: String,
}

/// An authorization that waits for its user.
pub struct AssignedRow {
    /// How it is named in forms.
    pub uuid: String,
    /// What is to act for the user.
    pub application: String,
    /// Whose application it is.
    pub organization: String,
    /// What it may do then.
    pub scope: String,
    /// When it was assigned.
    pub created: Moment,
}

/// An application token.
pub struct TokenRow {
    /// How it is named in forms.
    pub uuid: String,
    /// What its owner calls it.
    pub title: String,
    /// When it was made.
    pub created: Moment,
    /// When it was last used.
    pub accessed: Option<Moment>,
    /// When it stops working.
    pub expires: Option<Moment>,
}

/// The tab.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    if !visit.asked("confirm")?.is_empty() {
        visit.require_fresh()?;
    }
    show(visit, name, None, None)
}

fn show(visit: &Visit, name: &str, minted: Option<String>, accepted: Option<String>) -> Reply {
    let view = namespaces::view(&visit.app, &visit.actor, name)?;
    let head = Head::of(visit, &view, Tab::Settings, None);
    if !head.tabs.contains(&Tab::Settings) {
        return Err(ServiceError::Forbidden.into());
    }
    let now = visit.app.now();
    let tokens = if head.own && visit.app.config.people.app_tokens {
        let rows = app_tokens::list(&visit.app, &visit.actor)?.into_iter().map(|record| TokenRow {
            uuid: record.uuid.clone(),
            title: record.title.clone(),
            created: Moment::new(record.created_at, now),
            accessed: record.last_accessed_at.map(|at| Moment::new(at, now)),
            expires: record.expires_at.map(|at| Moment::new(at, now)),
        });
        Some(rows.collect())
    } else {
        None
    };
    let assigned = if head.own && visit.app.config.people.assign_oauth_token {
        assignments::list(&visit.app, &visit.actor)?
    } else {
        Vec::new()
    };
    let assigned = assigned.into_iter().map(|found| AssignedRow {
        uuid: found.assignment.uuid,
        application: found.application.name,
        organization: found.organization.name,
        scope: found.assignment.scope,
        created: Moment::new(found.assignment.created_at, now),
    });
    let page = SettingsPage {
        assigned: assigned.collect(),
        accepted,
        shell: head.shell(visit, if head.own { "Account settings" } else { "Settings" }),
        head,
        email: view.account.email.clone().unwrap_or_default(),
        created: Moment::new(view.account.created_at, now),
        tokens,
        minted,
        registry: visit.app.config.server.hostname.clone(),
    };
    visit.page(&page)
}

/// Saves what the tab edits.
pub fn save(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Settings, None)?;
    let here = tab_href(name, Tab::Settings);
    if !head.own && visit.given("action")? == "email" {
        let done = organizations::update(
            &visit.app,
            &visit.actor,
            name,
            Some(visit.given("email")?),
            &SettingsChange::default(),
        );
        return changed(visit, &here, done.map(drop));
    }
    if !head.own {
        return Err(ServiceError::Forbidden.into());
    }
    // The tab itself does not ask for the password, so a form that needs a fresh login is sent there by way of the question.
    if visit.require_fresh().is_err() {
        return Ok(reply::redirect_303(&format!("{here}&confirm=1")));
    }
    let (app, actor) = (&visit.app, &visit.actor);
    match visit.given("action")? {
        "email" => changed(
            visit,
            &here,
            users::change(app, actor, &Changes { email: Some(visit.given("email")?), ..Changes::default() }),
        ),
        "password" => {
            let form = visit.form.as_ref().ok_or(Refusal::NotFound)?;
            let read = |field: &str| {
                let value = form.single(field).map_err(|error| Refusal::Fields(error.to_string()))?;
                Ok::<_, Refusal>(Secret::new(value.unwrap_or_default()))
            };
            let (password, repeated) = (read("password")?, read("repeated")?);
            if password != repeated {
                return visit.done(&here, &Notice::bad("The two passwords differ; nothing was changed"));
            }
            match users::set_password(app, actor, name, &password) {
                Ok(()) => {
                    let said = "Password changed. Every session has ended: sign in with the new password";
                    let mut response = visit.done("/signin", &Notice::good(said))?;
                    browser::clear_session(&mut response, visit.https);
                    Ok(response)
                }
                Err(ServiceError::Invalid(text) | ServiceError::Refused(text)) => {
                    visit.done(&here, &Notice::bad(text))
                }
                Err(other) => Err(other.into()),
            }
        }
        "token" => match app_tokens::create(app, actor, visit.given("title")?) {
            Ok(shown) => show(visit, name, shown.token.map(|token| token.expose().to_owned()), None),
            Err(ServiceError::Invalid(text) | ServiceError::Refused(text)) => {
                visit.done(&here, &Notice::bad(sentence(&text)))
            }
            Err(other) => Err(other.into()),
        },
        "revoke" => {
            app_tokens::revoke(app, actor, visit.given("uuid")?)?;
            visit.done(&here, &Notice::good("Application token revoked"))
        }
        "accept" => accept(visit, name, &here),
        "decline" => match assignments::decline(app, actor, visit.given("uuid")?) {
            Ok(()) => visit.done(&here, &Notice::good("Authorization declined")),
            Err(ServiceError::NotFound(_)) => visit.done(&here, &Notice::bad(GONE)),
            Err(other) => Err(other.into()),
        },
        _ => Err(Refusal::Fields("there is no such action".to_owned())),
    }
}

const GONE: &str = "This authorization was taken up, declined or withdrawn already";

/// Takes up what was assigned, and shows the token in the answer.
fn accept(visit: &Visit, name: &str, here: &str) -> Reply {
    let (app, actor) = (&visit.app, &visit.actor);
    let uuid = visit.given("uuid")?;
    let found = assignments::list(app, actor)?.into_iter().find(|found| found.assignment.uuid == uuid);
    let Some(found) = found else { return visit.done(here, &Notice::bad(GONE)) };
    let (uri, scope) = (&found.assignment.redirect_uri, &found.assignment.scope);
    match assignments::accept(app, actor, uuid, &found.application.client_id, uri, scope) {
        Ok(minted) => show(visit, name, None, Some(minted.token.expose().to_owned())),
        Err(ServiceError::Invalid(text) | ServiceError::Refused(text)) => {
            visit.done(here, &Notice::bad(format!("The token was not taken up: {}", sentence(&text))))
        }
        Err(ServiceError::NotFound(_)) => visit.done(here, &Notice::bad(GONE)),
        Err(other) => Err(other.into()),
    }
}

/// Says whether the address was changed.
fn changed(visit: &Visit, here: &str, done: Result<(), ServiceError>) -> Reply {
    match done {
        Ok(()) => visit.done(here, &Notice::good("E-mail address saved")),
        Err(ServiceError::Invalid(text) | ServiceError::Refused(text)) => {
            visit.done(here, &Notice::bad(format!("The e-mail address was not saved: {}", sentence(&text))))
        }
        Err(other) => Err(other.into()),
    }
}
