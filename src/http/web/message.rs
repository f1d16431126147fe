//! Pages that say why there is nothing else to see, each with the next step.

use super::WebRoute;
use super::view::sentence;
use super::visit::{Refusal, Section, Shell, Visit, local};
use crate::http::error;
use crate::http::reply::{self, Body};
use crate::service::error::ServiceError;
use crate::store::StoreError;
use askama::Template;
use hyper::header::{ALLOW, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

/// A page with a title, a text and one way on.
#[derive(Template)]
#[template(path = "message.html")]
pub struct MessagePage {
    /// What surrounds it.
    pub shell: Shell,
    /// What happened.
    pub title: String,
    /// Why, and what to do.
    pub text: String,
    /// Address and name of the next step.
    pub next: (String, &'static str),
}

/// Asks for the password once more, before something that needs a fresh login.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Who is signed in.
    pub username: String,
    /// Where to go on to.
    pub next: String,
    /// What was wrong with the last try.
    pub problem: Option<super::view::Problem>,
}

/// The answer to a refused request.
pub fn refuse(visit: &Visit, refusal: Refusal) -> Response<Body> {
    match refusal {
        Refusal::Service(ServiceError::Unauthenticated) => {
            // Signed in again, nobody is sent on to an address that only takes a form.
            let next = super::view::address("/signin", &[("next", &WebRoute::page_at(local(&visit.here)))]);
            reply::redirect_303(next.trim_end_matches('&'))
        }
        // What was posted is not kept: the page with its form comes back once the password was given.
        Refusal::Stale if visit.form.is_some() => reply::redirect_303(&visit.here),
        Refusal::Stale => {
            let shell = visit.shell("Confirm it is you", Section::None);
            let username = shell.person.clone().unwrap_or_default();
            let next = visit.here.clone();
            render(visit, StatusCode::OK, &ConfirmPage { shell, username, next, problem: None })
        }
        other => {
            let (mut status, mut title, text) = describe(&other);
            // Quay's services call a missing robot a bad request; a page that shows it is simply not there.
            let refused =
                matches!(other, Refusal::Service(ServiceError::Refused(_) | ServiceError::Invalid(_)));
            if refused && visit.form.is_none() {
                (status, title) = (StatusCode::NOT_FOUND, "This does not exist");
            }
            let next = match &other {
                Refusal::FormOnly(_) => {
                    (WebRoute::page_at(local(&visit.here)), "Go to the page with the form")
                }
                _ if visit.session.is_some() => ("/organization".to_owned(), "Go to your organizations"),
                _ => ("/signin".to_owned(), "Go to sign in"),
            };
            let shell = visit.shell(title, Section::None);
            let page = MessagePage { shell, title: title.to_owned(), text, next };
            let mut response = render(visit, status, &page);
            if let Refusal::FormOnly(allowed) = other {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            }
            if status == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            response
        }
    }
}

fn render(visit: &Visit, status: StatusCode, page: &impl Template) -> Response<Body> {
    visit.page_with(status, page).unwrap_or_else(|_| reply::empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The answer when it could not even be read who is there.
pub fn without_visit(refusal: &Refusal) -> Response<Body> {
    let (status, title, text) = describe(refusal);
    reply::text(status, format!("{title}\n\n{text}\n"))
}

fn describe(refusal: &Refusal) -> (StatusCode, &'static str, String) {
    match refusal {
        Refusal::NotFound => (
            StatusCode::NOT_FOUND,
            "There is no such page",
            "The address may be mistyped, or what it showed was deleted.".to_owned(),
        ),
        Refusal::FormOnly(_) => (
            StatusCode::METHOD_NOT_ALLOWED,
            "There is nothing to see here",
            "This address only takes what a form sends. Nothing was changed.".to_owned(),
        ),
        Refusal::Fields(text) => (StatusCode::BAD_REQUEST, "The form could not be read", sentence(text)),
        Refusal::Forged => (
            StatusCode::FORBIDDEN,
            "The form was not accepted",
            "It came from another site, or from a page that was opened before you signed in. Open the page again and \
             repeat what you did. Cookies must be allowed."
                .to_owned(),
        ),
        Refusal::Stale => (StatusCode::FORBIDDEN, "Confirm it is you", "Sign in again.".to_owned()),
        Refusal::Busy(busy) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment", sentence(&busy.to_string()))
        }
        Refusal::Service(error) => describe_service(error),
    }
}

fn describe_service(refused: &ServiceError) -> (StatusCode, &'static str, String) {
    let text = sentence(&refused.to_string());
    match refused {
        ServiceError::Unauthenticated => (StatusCode::UNAUTHORIZED, "Sign in first", text),
        ServiceError::Forbidden => (
            StatusCode::FORBIDDEN,
            "You may not open this",
            "It does not exist, or it is for people who administer it. Ask one of them to add you to a team."
                .to_owned(),
        ),
        ServiceError::NotFound(_) => (StatusCode::NOT_FOUND, "This does not exist", text),
        ServiceError::Invalid(_) | ServiceError::Refused(_) | ServiceError::Retired { .. } => {
            (StatusCode::BAD_REQUEST, "This could not be done", text)
        }
        ServiceError::RobotsDisallowed => (
            StatusCode::BAD_REQUEST,
            "Robot accounts are disabled",
            format!("Cannot create robot account. {text}"),
        ),
        ServiceError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment", text),
        ServiceError::Store(failed) => {
            tracing::error!(error = ?failed, "a page could not be shown");
            let (status, text) = error::store(failed);
            let title = match failed {
                StoreError::Unavailable(_) => "Try again in a moment",
                _ => "Something went wrong",
            };
            (status, title, sentence(text))
        }
        ServiceError::Internal(_) => {
            tracing::error!(error = ?refused, "a page could not be shown");
            (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", sentence(error::INTERNAL))
        }
    }
}
