//! The first user of an empty installation, made by whoever gets here first while FEATURE_USER_INITIALIZE is on: how
//! automation gets from nothing to a bearer token (Quay's `/api/v1/user/initialize`).

use super::App;
use super::actor::Actor;
use super::error::ServiceError;
use super::oauth::tokens::mint_first;
use super::organizations::check_email;
use super::users::{create_in, hash_password};
use crate::domain::credential::{AccessToken, Secret};
use crate::store::Tx;
use crate::store::accounts::Account;
use crate::store::audit::Origin;

/// What the first user is to be.
#[derive(Clone, Copy, Debug)]
pub struct FirstUser<'a> {
    /// Its name.
    pub username: &'a str,
    /// Its address, if any.
    pub email: Option<&'a str>,
    /// Its password.
    pub password: &'a Secret,
    /// Whether it gets an access token with every scope, for 9000 seconds.
    pub access_token: bool,
}

/// Makes the first user.
pub fn initialize(
    app: &App,
    origin: &Origin,
    first: FirstUser<'_>,
) -> Result<(Account, Option<AccessToken>), ServiceError> {
    if !app.config.people.user_initialize {
        let text = "Cannot initialize user, FEATURE_USER_INITIALIZE is False";
        return Err(ServiceError::Refused(text.to_owned()));
    }
    // Anybody may ask, so the cheap check comes before the hash.
    app.store.read("initialize", check_empty)?;
    let email = check_email(first.email)?;
    let failed = |error| match error {
        ServiceError::Refused(text) => ServiceError::Refused(format!("Failed to initialize user: {text}")),
        other => other,
    };
    let hash = hash_password(app, first.password).map_err(failed)?;
    let actor = Actor::anonymous(origin.clone());
    app.store.write("initialize", |tx| {
        check_empty(tx)?;
        let user = create_in(app, tx, &actor, first.username, email, &hash).map_err(failed)?;
        let token =
            if first.access_token { Some(mint_first(app, tx, user.id, first.username)?.token) } else { None };
        Ok((user, token))
    })
}

fn check_empty(tx: &mut Tx<'_>) -> Result<(), ServiceError> {
    if tx.has_users()? {
        return Err(ServiceError::Refused("Cannot initialize user in a non-empty database".to_owned()));
    }
    Ok(())
}
