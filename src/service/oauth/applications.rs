//! The OAuth applications of an organization.

use super::super::App;
use super::super::actor::{Actor, Mode};
use super::super::error::ServiceError;
use super::super::teams::organization;
use crate::domain::credential::Secret;
use crate::store::Tx;
use crate::store::accounts::Account;
use crate::store::audit::Event;
use crate::store::oauth::Application;
use serde_json::json;

/// Characters of a client id and of a client secret, as in Quay.
const CLIENT_ID: usize = 20;
const CLIENT_SECRET: usize = 40;
/// Most characters of each text of an application.
const LONGEST_TEXT: usize = 2048;
/// Most applications of one organization.
const MOST_APPLICATIONS: usize = 1000;
/// What sealed client secrets are labelled with.
const LABEL: &str = "oauth client secret";

/// What people say about an application.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// Its name; not empty.
    pub name: String,
    /// Where a browser is sent with a new token; empty: nowhere.
    pub redirect_uri: String,
    /// Its home page.
    pub application_uri: String,
    /// Free text.
    pub description: String,
    /// Its picture is found by this address.
    pub avatar_email: Option<String>,
}

impl Texts {
    fn check(&self) -> Result<(), ServiceError> {
        if self.name.trim().is_empty() {
            return Err(ServiceError::Refused("'name' must not be empty".to_owned()));
        }
        let email = self.avatar_email.as_deref().unwrap_or_default();
        let texts = [&self.name, &self.redirect_uri, &self.application_uri, &self.description];
        let long = |text: &str| text.chars().count() > LONGEST_TEXT;
        if texts.into_iter().any(|text| long(text)) || long(email) {
            return Err(ServiceError::Refused(format!(
                "no text may be longer than {LONGEST_TEXT} characters"
            )));
        }
        // A browser is sent there with a token in its address: never to a script, never to something that is no page.
        let page = |uri: &str| {
            uri.is_empty()
                || (uri.starts_with("https://") || uri.starts_with("http://"))
                    && uri.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !page(&self.redirect_uri) {
            return Err(ServiceError::Refused("redirect_uri must begin with https:// or http://".to_owned()));
        }
        Ok(())
    }
}

/// An application and, for those who administer its organization, its client secret.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The application.
    pub application: Application,
    /// The secret; absent for those who only look, and when the seal key was replaced.
    pub client_secret: Option<Secret>,
}

fn show(app: &App, application: Application, with_secret: bool) -> Shown {
    let open = || app.keys.seal.open_text(LABEL, &application.client_id, &application.client_secret).ok();
    let client_secret = if with_secret { open().map(|text| Secret::new(text.as_str())) } else { None };
    Shown { application, client_secret }
}

/// A fresh secret, sealed for the application with this client id.
fn secret(app: &App, client_id: &str) -> Result<Vec<u8>, ServiceError> {
    let secret = Secret::generate(CLIENT_SECRET, app.random.as_ref());
    let sealed = app.keys.seal.seal_text(LABEL, client_id, secret.expose(), app.random.as_ref());
    sealed.ok_or_else(|| ServiceError::Internal("the client secret could not be sealed".to_owned()))
}

/// Finds an application of an organization that the actor administers.
pub(super) fn find(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &str,
    client_id: &str,
    mode: Mode,
) -> Result<(Account, Application), ServiceError> {
    let organization = organization(tx, actor, name, mode)?;
    let found = tx.application(client_id)?.filter(|found| found.organization == organization.id);
    let application = found.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))?;
    Ok((organization, application))
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    application: &Application,
    kind: &str,
) -> Result<(), ServiceError> {
    let metadata = json!({ "application_name": application.name, "client_id": application.client_id });
    let namespace = Some(application.organization);
    let event = Event { kind, namespace, repository: None, robot: None, metadata };
    Ok(actor.record(app, tx, &event)?)
}

/// The applications of an organization, oldest first.
pub fn list(app: &App, actor: &Actor, name: &str) -> Result<Vec<Shown>, ServiceError> {
    app.store.read("applications", |tx| {
        let organization = organization(tx, actor, name, Mode::Read)?;
        let with_secret = actor.administers(tx, &organization, Mode::Write)?;
        let applications = tx.applications(organization.id)?;
        Ok(applications.into_iter().map(|application| show(app, application, with_secret)).collect())
    })
}

/// Makes an application.
pub fn create(app: &App, actor: &Actor, name: &str, texts: &Texts) -> Result<Shown, ServiceError> {
    texts.check()?;
    app.store.write("create application", |tx| {
        let organization = organization(tx, actor, name, Mode::Write)?;
        if tx.applications(organization.id)?.len() >= MOST_APPLICATIONS {
            return Err(ServiceError::Refused(format!(
                "maximum {MOST_APPLICATIONS} applications per organization"
            )));
        }
        let client_id = Secret::generate(CLIENT_ID, app.random.as_ref()).expose().to_owned();
        let texts = texts.clone();
        let application = tx.insert_application(Application {
            id: 0,
            organization: organization.id,
            client_secret: secret(app, &client_id)?,
            client_id,
            name: texts.name,
            redirect_uri: texts.redirect_uri,
            application_uri: texts.application_uri,
            description: texts.description,
            avatar_email: texts.avatar_email,
            created_at: app.now(),
        })?;
        record(app, tx, actor, &application, "create_application")?;
        Ok(show(app, application, true))
    })
}

/// One application.
pub fn get(app: &App, actor: &Actor, name: &str, client_id: &str) -> Result<Shown, ServiceError> {
    app.store.read("application", |tx| {
        let (organization, application) = find(tx, actor, name, client_id, Mode::Read)?;
        let with_secret = actor.administers(tx, &organization, Mode::Write)?;
        Ok(show(app, application, with_secret))
    })
}

/// Changes an application's texts.
pub fn update(
    app: &App,
    actor: &Actor,
    name: &str,
    client_id: &str,
    texts: &Texts,
) -> Result<Shown, ServiceError> {
    texts.check()?;
    app.store.write("update application", |tx| {
        let (_, old) = find(tx, actor, name, client_id, Mode::Write)?;
        let texts = texts.clone();
        let application = Application {
            name: texts.name,
            redirect_uri: texts.redirect_uri,
            application_uri: texts.application_uri,
            description: texts.description,
            avatar_email: texts.avatar_email,
            ..old
        };
        tx.update_application(&application)?;
        record(app, tx, actor, &application, "update_application")?;
        Ok(show(app, application, true))
    })
}

/// Deletes an application with its access tokens.
pub fn delete(app: &App, actor: &Actor, name: &str, client_id: &str) -> Result<(), ServiceError> {
    app.store.write("delete application", |tx| {
        let (_, application) = find(tx, actor, name, client_id, Mode::Write)?;
        tx.delete_application(application.id)?;
        record(app, tx, actor, &application, "delete_application")
    })
}

/// Gives an application a new client secret.
pub fn reset_secret(app: &App, actor: &Actor, name: &str, client_id: &str) -> Result<Shown, ServiceError> {
    app.store.write("reset client secret", |tx| {
        let (_, mut application) = find(tx, actor, name, client_id, Mode::Write)?;
        application.client_secret = secret(app, client_id)?;
        tx.update_application(&application)?;
        record(app, tx, actor, &application, "reset_application_client_secret")?;
        Ok(show(app, application, true))
    })
}
