//! OAuth access tokens: how clients of the REST API say who they are. A token acts for one user, with the user's rights cut
//! down to its scopes.
//!
//! - [`applications`]: what tokens are made for
//! - [`assignments`]: tokens that an administrator offers to somebody else
//! - [`tokens`]: tokens made, listed, revoked

pub mod applications;
pub mod assignments;
pub mod tokens;

use super::App;
use crate::domain::caller::{Identity, Privilege};
use crate::domain::credential::AccessToken;
use crate::domain::name::{AccountName, Namespace};
use crate::domain::oauth::{OAuthScope, OAuthScopes};
use crate::store::accounts::AccountKind;
use crate::store::{StoreError, Tx};
use serde_json::{Map, Value};

/// What digests of access tokens are labelled with.
const LABEL: &str = "oauth access token";

/// The user that an access token acts for.
#[derive(Clone, Debug, PartialEq)]
pub struct Bearer {
    /// The user; its `oauth` holds the token's scopes.
    pub identity: Identity,
    /// Which token it was: every event of this caller carries it (`Origin::metadata`).
    pub metadata: Map<String, Value>,
}

/// Why an access token was refused.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// The one answer for every wrong token: unknown, expired, revoked, of a disabled user.
    #[error("Invalid or expired access token")]
    Invalid,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who sends this access token.
pub fn authenticate_bearer(app: &App, token: &str) -> Result<Bearer, BearerError> {
    let token = AccessToken::parse(token).ok_or(BearerError::Invalid)?;
    let bearer = app.store.read::<_, StoreError>("bearer", |tx| check(app, tx, &token))?;
    bearer.ok_or(BearerError::Invalid)
}

/// Checks an access token inside the transaction that reads what it is used for.
pub(super) fn check(app: &App, tx: &mut Tx<'_>, token: &AccessToken) -> Result<Option<Bearer>, StoreError> {
    let Some((record, user)) = tx.access_token(token.lookup())? else { return Ok(None) };
    let live = record.expires_at > app.now() && user.enabled && user.kind == AccountKind::User;
    if !app.keys.verify.is_token(LABEL, token.expose(), &record.digest) || !live {
        return Ok(None);
    }
    let (Ok(scopes), Ok(name)) = (OAuthScopes::parse(&record.scope), Namespace::parse(&user.name)) else {
        return Ok(None);
    };
    let application = match record.application {
        Some(id) => tx.application_label(id)?,
        None => None,
    };
    if app.config.people.last_accessed {
        app.ledger.note_access_token(&record.uuid, app.now());
    }
    let mut metadata = Map::new();
    metadata.insert("oauth_token_id".to_owned(), record.uuid.into());
    let (application, client_id) =
        application.unwrap_or_else(|| (AUTOMATION.to_owned(), AUTOMATION.to_owned()));
    metadata.insert("oauth_token_application_id".to_owned(), client_id.into());
    metadata.insert("oauth_token_application".to_owned(), application.into());
    let privilege = cut_down(app.privilege(name.as_str()), scopes);
    let identity = Identity { id: user.id, name: AccountName::User(name), privilege, oauth: Some(scopes) };
    Ok(Some(Bearer { identity, metadata }))
}

/// The hidden application of the first user's token.
const AUTOMATION: &str = "automation";

/// A super-user's token is one of a plain user unless it has the scope `super:user`. Being read-only stays: it takes away.
fn cut_down(privilege: Privilege, scopes: OAuthScopes) -> Privilege {
    if scopes.has(OAuthScope::SuperUser) {
        privilege
    } else {
        Privilege { super_user: false, full_access: false, ..privilege }
    }
}
