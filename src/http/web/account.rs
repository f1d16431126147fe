//! Signing in and out, and the first user.

use super::message::ConfirmPage;
use super::notice::Notice;
use super::view::{Problem, sentence};
use super::visit::{Refusal, Reply, Section, Shell, Visit, local};
use crate::domain::credential::Secret;
use crate::http::{browser, reply};
use crate::service::initialize::{FirstUser, initialize};
use crate::service::login::LoginError;
use crate::service::sessions;
use crate::store::StoreError;
use crate::store::audit::Origin;
use askama::Template;
use hyper::StatusCode;

/// The form to sign in with.
#[derive(Template)]
#[template(path = "signin.html")]
pub struct SignInPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What was typed before.
    pub username: String,
    /// Where to go on to.
    pub next: String,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// The form for the first user, or how to make one by command line.
#[derive(Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Whether FEATURE_USER_INITIALIZE is on.
    pub open: bool,
    /// What was typed before.
    pub username: String,
    /// What was typed before.
    pub email: String,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

fn is_empty(visit: &Visit) -> Result<bool, StoreError> {
    Ok(!visit.app.store.read::<_, StoreError>("has users", |tx| tx.has_users())?)
}

/// `/`: to the list of organizations, or to where one gets in.
pub fn home(visit: &Visit) -> Reply {
    let location = if visit.session.is_some() {
        "/organization"
    } else if is_empty(visit)? {
        "/setup"
    } else {
        "/signin"
    };
    Ok(reply::redirect_303(location))
}

/// Shows the form.
pub fn sign_in_page(visit: &Visit) -> Reply {
    let next = local(visit.asked("next")?);
    if visit.session.is_some() {
        return Ok(reply::redirect_303(next));
    }
    if is_empty(visit)? {
        return Ok(reply::redirect_303("/setup"));
    }
    let shell = visit.shell("Sign in", Section::None);
    visit.page(&SignInPage { shell, username: String::new(), next: next.to_owned(), problem: None })
}

fn wrong(error: LoginError) -> Result<Problem, Refusal> {
    match error {
        LoginError::Store(error) => Err(error.into()),
        other => Ok(Problem::new("Not signed in", sentence(&other.to_string()), "password")),
    }
}

/// Checks the password, for signing in and for confirming that it is still the same person.
pub async fn sign_in(visit: &Visit, origin: &Origin, agent: Option<&str>) -> Reply {
    let form = visit.form.as_ref().ok_or(Refusal::NotFound)?;
    let read = |name: &str| form.single(name).map_err(|error| Refusal::Fields(error.to_string()));
    let password = Secret::new(read("password")?.unwrap_or_default());
    let username = visit.given("username")?;
    let next = local(visit.given("next")?).to_owned();
    let confirms = !visit.given("confirm")?.is_empty() && visit.session.is_some();
    let result = if confirms {
        sessions::confirm_password(&visit.app, &visit.id, &password, origin, agent).await
    } else {
        sessions::sign_in(&visit.app, username, &password, origin, agent).await
    };
    match result {
        Ok(signed_in) => {
            let mut response = reply::redirect_303(&next);
            browser::set_session(&mut response, visit.https, &signed_in.id);
            Ok(response)
        }
        Err(error) => {
            let problem = Some(wrong(error)?);
            let username = username.to_owned();
            if confirms {
                let shell = visit.shell("Confirm it is you", Section::None);
                visit.page_with(StatusCode::FORBIDDEN, &ConfirmPage { shell, username, next, problem })
            } else {
                let shell = visit.shell("Sign in", Section::None);
                visit.page_with(StatusCode::FORBIDDEN, &SignInPage { shell, username, next, problem })
            }
        }
    }
}

/// Ends the session.
pub fn sign_out(visit: &Visit) -> Reply {
    sessions::sign_out(&visit.app, &visit.id)?;
    let mut response = visit.done("/signin", &Notice::good("You are signed out"))?;
    browser::clear_session(&mut response, visit.https);
    Ok(response)
}

/// The first user: shows the form, or makes the user and signs it in.
pub fn setup(visit: &Visit) -> Reply {
    if !is_empty(visit)? {
        return Ok(reply::redirect_303("/signin"));
    }
    let open = visit.app.config.people.user_initialize;
    let (mut username, mut email, mut problem) = (String::new(), String::new(), None);
    if let Some(form) = visit.form.as_ref() {
        visit.given("username")?.clone_into(&mut username);
        visit.given("email")?.clone_into(&mut email);
        let password = form.single("password").map_err(|error| Refusal::Fields(error.to_string()))?;
        let password = Secret::new(password.unwrap_or_default());
        let first = FirstUser {
            username: &username,
            email: Some(email.as_str()).filter(|email| !email.is_empty()),
            password: &password,
            access_token: false,
        };
        match initialize(&visit.app, &visit.actor.origin, first) {
            Ok(_) => {
                let notice = Notice::good(format!(
                    "Welcome, {username}. Sign in with the password that you just chose"
                ));
                return visit.done("/signin", &notice);
            }
            Err(error) => {
                let field = if error.to_string().contains("assword") { "password" } else { "username" };
                problem = Some(Problem::of(error, "The user was not created", field)?);
            }
        }
    }
    let status = Problem::status(problem.as_ref());
    let shell = visit.shell("Welcome", Section::None);
    visit.page_with(status, &SetupPage { shell, open, username, email, problem })
}
