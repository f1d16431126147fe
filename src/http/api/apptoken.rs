//! Application-specific tokens of the calling user (`/user/apptoken`).

use super::call::{Answer, Call, no_content, ok};
use super::route::Query;
use super::schema::{Schema, required};
use crate::domain::credential::Secret;
use crate::service::app_tokens;
use crate::store::app_tokens::AppTokenRecord;
use serde::Deserialize;
use serde_json::{Value, json};

/// The body that makes a token.
pub(super) const NEW_TOKEN: Schema =
    Schema::Record(&[required("title", Schema::Text(1024), "What the user calls the token.")]);
/// Whether only tokens that expire soon are listed.
pub(super) const EXPIRING: Query =
    Query { name: "expiring", kind: "boolean", help: "If true, only returns those tokens expiring soon." };
/// What "soon" means for [`EXPIRING`], in seconds: Quay's 30 days.
const SOON: i64 = 30 * 86_400;

#[derive(Deserialize)]
struct NewToken {
    title: String,
}

fn view(record: &AppTokenRecord) -> Value {
    json!({
        "uuid": record.uuid,
        "title": record.title,
        "last_accessed": record.last_accessed_at.map(|at| at.rfc2822()),
        "created": record.created_at.rfc2822(),
        "expiration": record.expires_at.map(|at| at.rfc2822()),
    })
}

fn with_code(shown: &app_tokens::Shown) -> Answer {
    let mut view = view(&shown.record);
    if let Some(members) = view.as_object_mut() {
        members.insert("token_code".to_owned(), shown.token.as_ref().map(Secret::expose).into());
    }
    ok(&json!({ "token": view }))
}

/// Lists the tokens, without the tokens themselves.
pub(super) fn list(call: &Call) -> Answer {
    let expiring = call.flag(&EXPIRING, false)?;
    let limit = call.app.now().plus(SOON);
    let soon = |record: &&AppTokenRecord| !expiring || record.expires_at.is_some_and(|at| at < limit);
    let records = app_tokens::list(&call.app, &call.actor)?;
    let tokens: Vec<Value> = records.iter().filter(soon).map(view).collect();
    ok(&json!({ "tokens": tokens, "only_expiring": expiring }))
}

/// Makes a token.
pub(super) fn create(call: &Call) -> Answer {
    let new: NewToken = call.body()?;
    with_code(&app_tokens::create(&call.app, &call.actor, &new.title)?)
}

/// Shows a token.
pub(super) fn get(call: &Call, uuid: &str) -> Answer {
    with_code(&app_tokens::get(&call.app, &call.actor, uuid)?)
}

/// Revokes a token.
pub(super) fn revoke(call: &Call, uuid: &str) -> Answer {
    app_tokens::revoke(&call.app, &call.actor, uuid)?;
    no_content()
}
