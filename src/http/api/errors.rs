//! What the error types in answers mean (`/error/{error_type}`).

use super::PREFIX;
use super::call::{Answer, Call, ok};
use crate::http::error::ERROR_TYPES;
use crate::service::error::ServiceError;
use serde_json::json;

/// Describes an error type.
pub(super) fn describe(call: &Call, error_type: &str) -> Answer {
    let found = ERROR_TYPES.iter().find(|(name, _)| *name == error_type);
    let (name, description) = found.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))?;
    let origin = &call.app.config.derived.origin;
    ok(&json!({
        "title": name,
        "type": format!("{origin}{PREFIX}/error/{name}"),
        "description": description,
    }))
}
