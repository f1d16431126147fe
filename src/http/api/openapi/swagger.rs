//! The document in Quay's shape, Swagger 2.0.

use super::{REFUSALS, insert, parameters, refusals, tags};
use crate::domain::oauth::OAuthScope;
use crate::http::api::route::{Endpoint, PREFIX, Payload};
use crate::http::api::table::ApiRoute;
use serde_json::{Map, Value, json};

/// Quay's discovery document: paths with their prefix, bodies as a parameter, one kind of credential.
pub(super) fn document(origin: &str) -> Value {
    let (scheme, host) = origin.split_once("://").unwrap_or(("https", origin));
    let mut paths = Map::new();
    for endpoint in ApiRoute::endpoints() {
        insert(&mut paths, format!("{PREFIX}{}", endpoint.template), endpoint, operation(endpoint));
    }
    for (path, item) in &mut paths {
        if let Some(item) = item.as_object_mut() {
            item.insert("x-path".to_owned(), json!(path));
        }
    }
    let scopes: Map<_, _> =
        OAuthScope::EVERY.iter().map(|scope| (scope.as_str().to_owned(), json!(described(*scope)))).collect();
    json!({
        "swagger": "2.0",
        "host": host,
        "basePath": "/",
        "schemes": [scheme],
        "info": { "title": "dockpass", "version": "v1", "description": "Quay's REST API for robot accounts." },
        "securityDefinitions": {
            "oauth2_implicit": {
                "type": "oauth2",
                "flow": "implicit",
                "authorizationUrl": format!("{origin}/oauth/authorize"),
                "scopes": scopes,
            },
        },
        "tags": tags(),
        "paths": paths,
        "definitions": { "ApiError": error_schema() },
    })
}

const fn described(scope: OAuthScope) -> &'static str {
    match scope {
        OAuthScope::RepoRead => "See and pull the repositories that the user can see.",
        OAuthScope::RepoWrite => "See, pull and push the repositories that the user can write to.",
        OAuthScope::RepoAdmin => "Administer the repositories that the user administers.",
        OAuthScope::RepoCreate => "Make repositories where the user can.",
        OAuthScope::UserRead => "Read the user's name, e-mail address and organizations.",
        OAuthScope::UserAdmin => "Change the user's account, its robots included.",
        OAuthScope::OrgAdmin => {
            "Administer the organizations that the user administers, their robots included."
        }
        OAuthScope::SuperUser => "Use the routes for super-users, if the user is one.",
    }
}

fn operation(endpoint: &Endpoint) -> Value {
    let of_path = parameters(endpoint.template)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "type": "string" }));
    let of_query = endpoint.spec.query.iter().map(|query| {
        json!({
            "name": query.name, "in": "query", "required": false, "type": query.kind,
            "description": query.help,
        })
    });
    let mut parameters: Vec<_> = of_path.chain(of_query).collect();
    if let Payload::Optional(schema) | Payload::Required(schema) = endpoint.spec.payload {
        let required = matches!(endpoint.spec.payload, Payload::Required(_));
        let schema = without_null(schema.document());
        parameters.push(json!({ "name": "body", "in": "body", "required": required, "schema": schema }));
    }
    let mut responses =
        Map::from_iter([(endpoint.spec.success.to_string(), json!({ "description": "Done." }))]);
    for (status, description) in REFUSALS.iter().filter(|(status, _)| refusals(endpoint).contains(status)) {
        let schema = json!({ "$ref": "#/definitions/ApiError" });
        responses.insert(status.to_string(), json!({ "description": description, "schema": schema }));
    }
    let mut operation = json!({
        "operationId": endpoint.id,
        "description": endpoint.summary,
        "tags": [endpoint.spec.tag],
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(operation), Some(scope)) = (operation.as_object_mut(), endpoint.spec.scope) {
        operation.insert("security".to_owned(), json!([{ "oauth2_implicit": [scope.as_str()] }]));
    }
    operation
}

/// Swagger 2.0 knows one type for a value, never `null` beside it.
fn without_null(schema: Value) -> Value {
    match schema {
        Value::Object(members) => members
            .into_iter()
            .flat_map(|(name, value)| match value {
                Value::Array(types) if name == "type" => {
                    let one = types.into_iter().next().unwrap_or_default();
                    vec![(name, one), ("x-nullable".to_owned(), json!(true))]
                }
                value => vec![(name, without_null(value))],
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.into_iter().map(without_null).collect(),
        other => other,
    }
}

/// What Quay's error shapes have in common: some have `message` or `error` alone.
fn error_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "integer" },
            "type": text,
            "title": text,
            "detail": text,
            "error_type": text,
            "error_message": text,
            "error": text,
            // A text; for a bad number in the query an object with the parameter's name.
            "message": {},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_has_no_list_of_types() {
        let nullable = json!({ "type": ["string", "null"], "maxLength": 3 });
        let expected = json!({ "type": "string", "x-nullable": true, "maxLength": 3 });
        assert_eq!(
            without_null(json!({ "properties": { "a": nullable } })),
            json!({ "properties": { "a": expected } })
        );
    }
}
