//! Authorizations that an administrator of an application's organization assigns to another user. Nothing secret comes into being
//! by that: the user takes it up by itself, once, and what comes of it is a token like any other of that user.

use super::super::App;
use super::super::actor::{Actor, Mode};
use super::super::error::ServiceError;
use super::super::robots::new_uuid;
use super::tokens::{LONGEST_LIFE, Minted, check_redirect, mint_for, parse_scope, requested, require_person};
use crate::domain::caller::Identity;
use crate::domain::oauth::OAuthScope;
use crate::store::accounts::{Account, AccountKind};
use crate::store::assignments::Assignment;
use crate::store::audit::Event;
use crate::store::oauth::Application;
use crate::store::{StoreError, Tx};
use serde_json::json;

/// Assignments of one application that may wait for their users at a time.
pub const MOST_WAITING: i64 = 100;

/// An assignment as its user sees it.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// What was assigned.
    pub assignment: Assignment,
    /// What is to act for the user.
    pub application: Application,
    /// Whose application it is.
    pub organization: Account,
}

fn missing() -> ServiceError {
    ServiceError::NotFound("Not Found".to_owned())
}

fn enabled(app: &App) -> Result<(), ServiceError> {
    if app.config.people.assign_oauth_token { Ok(()) } else { Err(missing()) }
}

/// The user that acts on what was assigned to it.
fn assignee<'a>(app: &App, actor: &'a Actor) -> Result<&'a Identity, ServiceError> {
    let identity = actor.require_account()?;
    actor.require_scope(OAuthScope::UserAdmin)?;
    enabled(app).map(|()| identity)
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    (application, assignment): (&Application, &Assignment),
    kind: &str,
    users: &[(&str, &str)],
) -> Result<(), ServiceError> {
    let mut metadata = json!({
        "application": application.name,
        "client_id": application.client_id,
        "scope": assignment.scope,
        "assignment_uuid": assignment.uuid,
    });
    if let Some(members) = metadata.as_object_mut() {
        members.extend(users.iter().map(|(member, name)| ((*member).to_owned(), (*name).into())));
    }
    let namespace = Some(application.organization);
    Ok(actor.record(app, tx, &Event { kind, namespace, repository: None, robot: None, metadata })?)
}

/// Assigns an authorization to a user. `redirect_uri` is checked as that of a token.
pub fn assign(
    app: &App,
    actor: &Actor,
    username: &str,
    client_id: &str,
    redirect_uri: &str,
    scope: &str,
) -> Result<(), ServiceError> {
    enabled(app)?;
    let scopes = parse_scope(scope)?;
    app.store.write("assign authorization", |tx| {
        let assigning = require_person(actor)?;
        let application = requested(tx, client_id)?;
        let organization = tx.account_by_id(application.organization)?.ok_or_else(missing)?;
        actor.require_admin(tx, &organization, Mode::Write)?;
        check_redirect(app, &application, redirect_uri)?;
        // Neither a robot nor an organization: nobody could take it up.
        let user = tx.account_by_name(username)?.filter(|account| account.kind == AccountKind::User);
        let user = user.ok_or_else(|| ServiceError::NotFound(format!("User {username} does not exist")))?;
        if !user.enabled {
            return Err(ServiceError::Refused(format!("User {username} is disabled")));
        }
        if tx.waiting_assignments(application.id)? >= MOST_WAITING {
            return Err(ServiceError::Refused(format!(
                "maximum {MOST_WAITING} assigned authorizations per application"
            )));
        }
        let assignment = Assignment {
            uuid: new_uuid(app),
            application: application.id,
            account: user.id,
            redirect_uri: redirect_uri.to_owned(),
            scope: scopes.to_string(),
            created_at: app.now(),
        };
        tx.insert_assignment(&assignment)?;
        let users = [("assigning_user", assigning.name.as_str()), ("assigned_user", username)];
        record(app, tx, actor, (&application, &assignment), "oauth_token_assigned", &users)
    })
}

/// What was assigned to the actor, newest first.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<Assigned>, ServiceError> {
    let user = assignee(app, actor)?.id;
    let read = app.store.read::<_, StoreError>("assigned authorizations", |tx| {
        let applications = tx.assigned_applications(user)?;
        let organizations = tx.assigning_organizations(user)?;
        let view = |assignment: Assignment| {
            let application = applications.iter().find(|one| one.id == assignment.application)?;
            let organization = organizations.iter().find(|one| one.id == application.organization)?;
            let (application, organization) = (application.clone(), organization.clone());
            Some(Assigned { assignment, application, organization })
        };
        Ok(tx.assignments(user)?.into_iter().filter_map(view).collect())
    });
    Ok(read?)
}

/// Declines what was assigned to the actor.
pub fn decline(app: &App, actor: &Actor, uuid: &str) -> Result<(), ServiceError> {
    let user = assignee(app, actor)?;
    app.store.write("decline assigned authorization", |tx| {
        let assignment = tx.assignment(user.id, uuid)?.ok_or_else(missing)?;
        let application = tx.application_by_id(assignment.application)?.ok_or_else(missing)?;
        tx.delete_assignment(uuid)?;
        let users = [("assigned_user", user.name.as_str())];
        record(app, tx, actor, (&application, &assignment), "oauth_token_assignment_declined", &users)
    })
}

/// Takes up what was assigned to the actor, for an application that asks for it: that must be what was assigned.
pub fn accept(
    app: &App,
    actor: &Actor,
    uuid: &str,
    client_id: &str,
    redirect_uri: &str,
    scope: &str,
) -> Result<Minted, ServiceError> {
    enabled(app)?;
    let scopes = parse_scope(scope)?;
    app.store.write("accept assigned authorization", |tx| {
        let user = require_person(actor)?;
        let assignment = tx.assignment(user.id, uuid)?.ok_or_else(missing)?;
        let application = requested(tx, client_id)?;
        let asked = (application.id, redirect_uri, scopes.to_string());
        let assigned = (assignment.application, assignment.redirect_uri.as_str(), assignment.scope.clone());
        if asked != assigned {
            return Err(ServiceError::Refused("this is not what was assigned".to_owned()));
        }
        redeem(app, tx, actor, &assignment, &application)
    })
}

/// Takes up what was assigned to the actor, who has seen on our own page what that is.
pub fn take_up(app: &App, actor: &Actor, uuid: &str) -> Result<Minted, ServiceError> {
    enabled(app)?;
    app.store.write("take up assigned authorization", |tx| {
        let user = require_person(actor)?;
        let assignment = tx.assignment(user.id, uuid)?.ok_or_else(missing)?;
        let application = tx.application_by_id(assignment.application)?.ok_or_else(missing)?;
        redeem(app, tx, actor, &assignment, &application)
    })
}

/// The assignment becomes a token.
fn redeem(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    assignment: &Assignment,
    application: &Application,
) -> Result<Minted, ServiceError> {
    // The application may have moved since.
    check_redirect(app, application, &assignment.redirect_uri)?;
    let scopes = parse_scope(&assignment.scope)?;
    tx.delete_assignment(&assignment.uuid)?;
    mint_for(app, tx, actor, application, &application.name, scopes, LONGEST_LIFE)
}
