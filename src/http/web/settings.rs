//! The tab "Settings": the e-mail address, an organization's deletion, a person's password and application tokens.

use super::moment::Moment;
use super::notice::Notice;
use super::view::{Head, Problem, Tab, tab_href};
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
    /// The namespace's address, or what was typed for it.
    pub email: String,
    /// When it was made.
    pub created: Moment,
    /// The person's application tokens; `None` where there is no such thing.
    pub tokens: Option<Vec<TokenRow>>,
    /// What was assigned to the person.
    pub assigned: Vec<AssignedRow>,
    /// What came of the form that was just sent, if one was.
    pub answer: Answer,
    /// The registry's host.
    pub registry: String,
}

/// What came of a form of the tab.
#[derive(Default)]
pub struct Answer {
    /// What was wrong with it.
    pub problem: Option<Problem>,
    /// What was typed for the address.
    pub email: Option<String>,
    /// What was typed for the title of an application token.
    pub title: String,
    /// The application token that was made.
    pub minted: Option<String>,
    /// The access token of an assignment that was taken up.
    pub accepted: Option<String>,
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
    show(visit, name, Answer::default())
}

fn show(visit: &Visit, name: &str, answer: Answer) -> Reply {
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
    let stored = || view.account.email.clone().unwrap_or_default();
    let page = SettingsPage {
        assigned: assigned.collect(),
        shell: head.shell(visit, if head.own { "Account settings" } else { "Settings" }),
        head,
        email: answer.email.clone().unwrap_or_else(stored),
        created: Moment::new(view.account.created_at, now),
        tokens,
        registry: visit.app.config.server.hostname.clone(),
        answer,
    };
    visit.page_with(Problem::status(page.answer.problem.as_ref()), &page)
}

/// Saves what the tab edits.
pub fn save(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Settings, None)?;
    let here = tab_href(name, Tab::Settings);
    let action = visit.given("action")?;
    if !head.own {
        return if action == "email" {
            save_email(visit, &head)
        } else {
            Err(ServiceError::Forbidden.into())
        };
    }
    // The tab itself does not ask for the password, so a form that needs a fresh login is sent there by way of the question.
    if visit.require_fresh().is_err() {
        return Ok(reply::redirect_303(&format!("{here}&confirm=1")));
    }
    match action {
        "email" => save_email(visit, &head),
        "password" => save_password(visit, name),
        "token" => make_token(visit, name),
        "revoke" => {
            app_tokens::revoke(&visit.app, &visit.actor, visit.given("uuid")?)?;
            visit.done(&here, &Notice::good("Application token revoked"))
        }
        "accept" => accept(visit, name),
        "decline" => match assignments::decline(&visit.app, &visit.actor, visit.given("uuid")?) {
            Ok(()) => visit.done(&here, &Notice::good("Authorization declined")),
            Err(ServiceError::NotFound(_)) => visit.done(&here, &Notice::bad(GONE)),
            Err(other) => Err(other.into()),
        },
        _ => Err(Refusal::Fields("there is no such action".to_owned())),
    }
}

const GONE: &str = "This authorization was taken up, declined or withdrawn already";

fn save_email(visit: &Visit, head: &Head) -> Reply {
    let (app, actor, email) = (&visit.app, &visit.actor, visit.given("email")?);
    let done = if head.own {
        users::change(app, actor, &Changes { email: Some(email), ..Changes::default() })
    } else {
        organizations::update(app, actor, &head.name, Some(email), &SettingsChange::default()).map(drop)
    };
    match done {
        Ok(()) => visit.done(&tab_href(&head.name, Tab::Settings), &Notice::good("E-mail address saved")),
        Err(error) => {
            let problem = Some(Problem::of(error, "The e-mail address was not saved", "email")?);
            show(visit, &head.name, Answer { problem, email: Some(email.to_owned()), ..Answer::default() })
        }
    }
}

fn save_password(visit: &Visit, name: &str) -> Reply {
    const REFUSED: &str = "The password was not changed";
    let form = visit.form.as_ref().ok_or(Refusal::NotFound)?;
    let read = |field: &str| {
        let value = form.single(field).map_err(|error| Refusal::Fields(error.to_string()))?;
        Ok::<_, Refusal>(Secret::new(value.unwrap_or_default()))
    };
    let (password, repeated) = (read("password")?, read("repeated")?);
    let problem = if password == repeated {
        match users::set_password(&visit.app, &visit.actor, name, &password) {
            Ok(()) => {
                let said = "Password changed. Every session has ended: sign in with the new password";
                let mut response = visit.done("/signin", &Notice::good(said))?;
                browser::clear_session(&mut response, visit.https);
                return Ok(response);
            }
            Err(error) => Problem::of(error, REFUSED, "password")?,
        }
    } else {
        Problem::new(REFUSED, "The two passwords differ.", "repeated")
    };
    show(visit, name, Answer { problem: Some(problem), ..Answer::default() })
}

fn make_token(visit: &Visit, name: &str) -> Reply {
    let title = visit.given("title")?;
    let answer = match app_tokens::create(&visit.app, &visit.actor, title) {
        Ok(shown) => {
            let minted = shown.token.map(|token| token.expose().to_owned());
            Answer { minted, ..Answer::default() }
        }
        Err(error) => {
            let problem = Some(Problem::of(error, "The application token was not made", "title")?);
            Answer { problem, title: title.to_owned(), ..Answer::default() }
        }
    };
    show(visit, name, answer)
}

/// Takes up what was assigned, and shows the token in the answer.
fn accept(visit: &Visit, name: &str) -> Reply {
    let answer = match assignments::take_up(&visit.app, &visit.actor, visit.given("uuid")?) {
        Ok(minted) => Answer { accepted: Some(minted.token.expose().to_owned()), ..Answer::default() },
        Err(ServiceError::NotFound(_)) => {
            return visit.done(&tab_href(name, Tab::Settings), &Notice::bad(GONE));
        }
        Err(error) => Answer {
            problem: Some(Problem::of(error, "The token was not taken up", "")?),
            ..Answer::default()
        },
    };
    show(visit, name, answer)
}
