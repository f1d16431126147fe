//! The REST API described by its own table: as OpenAPI 3.1 (`/openapi.json`), and as Swagger 2.0 in Quay's shape
//! (`/discovery`). Nothing is written down twice, so no route can be missing or described as it once was.

mod outside;
mod swagger;

use super::answers;
use super::call::{Answer, Call, ok};
use super::route::{Access, Endpoint, PREFIX, Payload, Query};
use super::shape::Components;
use super::table::ApiRoute;
use crate::http::browser::session_cookie;
use serde_json::{Map, Value, json};

/// Statuses that stand in the document, and why each is answered.
const REFUSALS: &[(u16, &str)] = &[
    (400, "The request cannot be carried out as it was sent."),
    (401, "There are no credentials, or they are wrong or too old."),
    (403, "The credentials do not reach so far, or the CSRF token is missing."),
    (404, "What the path names is not there."),
    (405, "The path has no such method."),
    (408, "The body took too long to arrive."),
    (413, "The body is too large."),
    (415, "The body is not JSON, or it is encoded."),
    (429, "Too many wrong passwords; `Retry-After` tells the seconds to wait."),
    (431, "The headers are too large."),
    (503, "The service is busy or read-only, or the database is away."),
];

/// What can be refused on every route that has a body.
const OF_BODIES: [u16; 3] = [408, 413, 415];

/// Answers with the OpenAPI document.
pub(super) fn document(call: &Call) -> Answer {
    ok(&openapi(call.https))
}

/// Answers with the document in Quay's shape.
pub(super) fn discovery(call: &Call) -> Answer {
    ok(&swagger::document(&call.app.config.derived.origin))
}

/// The refusals that a route may answer with.
fn refusals(endpoint: &Endpoint) -> Vec<u16> {
    let has_body = !matches!(endpoint.spec.payload, Payload::None);
    let answers = |status: &u16| match status {
        401 => !matches!(endpoint.spec.access, Access::Open | Access::Csrf),
        403 => endpoint.spec.access != Access::Open,
        404 => endpoint.template.contains('{') || endpoint.spec.switched,
        // Of the token endpoint alone.
        431 => false,
        429 => endpoint.spec.access == Access::Csrf || endpoint.template.starts_with("/signin"),
        status => has_body || !OF_BODIES.contains(status),
    };
    REFUSALS.iter().map(|(status, _)| *status).filter(answers).collect()
}

/// The names of a path's parameters, in their order.
fn parameters(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Puts an operation at its address.
fn insert(paths: &mut Map<String, Value>, path: String, endpoint: &Endpoint, operation: Value) {
    let item = paths.entry(path).or_insert_with(|| json!({}));
    if let Some(item) = item.as_object_mut() {
        item.insert(endpoint.method.to_ascii_lowercase(), operation);
    }
}

fn openapi(https: bool) -> Value {
    let mut paths = Map::new();
    let mut schemas = Components::new();
    for endpoint in ApiRoute::endpoints() {
        insert(&mut paths, endpoint.template.to_owned(), endpoint, operation(endpoint, &mut schemas));
    }
    outside::insert(&mut paths, &mut schemas);
    let error = answers::ERROR.document(&mut schemas);
    let responses: Map<_, _> = REFUSALS
        .iter()
        .map(|(status, description)| {
            let content = json!({ "application/json": { "schema": error } });
            (status.to_string(), json!({ "description": description, "content": content }))
        })
        .collect();
    let mut groups = tags();
    groups.push(json!({ "name": outside::TOKENS }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "dockpass",
            "summary": "Quay's REST API for robot accounts and what surrounds them.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": PREFIX }],
        "tags": groups,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An OAuth access token of a user. Its scopes cut the user's rights down.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": session_cookie(https),
                    "description": "A browser's session.",
                },
                "password": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A user or robot with its password or secret, `$app` or `$oauthtoken` with a token.",
                },
                "identity": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A robot's name, and a token of an issuer that it was told to believe.",
                },
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRF-Token",
                    "description": "What a browser sends besides its session when it changes something.",
                },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, schemas: &mut Components) -> Value {
    let of_path = parameters(endpoint.template).map(|name| match name {
        // Without a slash it would be another route: `/repository/acme/logs` is a repository called `logs`.
        "repository" => json!({
            "name": name, "in": "path", "required": true,
            "description": "A namespace and the path below it; the slashes may be escaped.",
            "schema": { "type": "string", "pattern": "^[^/]+(/[^/]+)+$" },
        }),
        _ => json!({
            "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 },
        }),
    });
    let of_query = endpoint.spec.query.iter().map(parameter_of_query);
    let success = match endpoint.spec.answer {
        None => json!({ "description": "Done." }),
        Some(shape) => {
            let content = json!({ "application/json": { "schema": shape.document(schemas) } });
            json!({ "description": "Done.", "content": content })
        }
    };
    let mut responses = Map::from_iter([(endpoint.spec.success.to_string(), success)]);
    responses.extend(
        refusals(endpoint).into_iter().map(|status| {
            (status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }))
        }),
    );
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "tags": [endpoint.spec.tag],
        "parameters": of_path.chain(of_query).collect::<Vec<_>>(),
        "security": security(endpoint),
        "responses": responses,
    });
    let (schema, required) = match endpoint.spec.payload {
        Payload::None => return operation,
        Payload::Optional(schema) => (schema, false),
        Payload::Required(schema) => (schema, true),
    };
    if let Some(operation) = operation.as_object_mut() {
        let content = json!({ "application/json": { "schema": schema.document() } });
        operation.insert("requestBody".to_owned(), json!({ "required": required, "content": content }));
    }
    operation
}

fn parameter_of_query(query: &Query) -> Value {
    json!({ "name": query.name, "in": "query", "description": query.help, "schema": { "type": query.kind } })
}

/// The ways to be let in, any of which is enough.
fn security(endpoint: &Endpoint) -> Vec<Value> {
    let scopes: Vec<_> = endpoint.spec.scope.iter().map(|scope| scope.as_str()).collect();
    let token = json!({ "accessToken": scopes });
    let session = if endpoint.method == "GET" {
        json!({ "session": [] })
    } else {
        json!({ "session": [], "csrf": [] })
    };
    match endpoint.spec.access {
        Access::Open => vec![json!({})],
        Access::Csrf => vec![session],
        Access::Optional => vec![json!({}), token, session],
        Access::Required | Access::Fresh => vec![token, session],
    }
}

/// The groups of operations, each once.
fn tags() -> Vec<Value> {
    let mut names: Vec<_> = ApiRoute::endpoints().map(|endpoint| endpoint.spec.tag).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashMap};

    const METHODS: [&str; 4] = ["get", "put", "post", "delete"];

    /// Path, method and object of every operation below the prefix.
    fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let items = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        });
        let here = |operation: &Value| operation.get("servers").is_none();
        items.filter(|(_, method, operation)| METHODS.contains(method) && here(operation)).collect()
    }

    fn both() -> [(Value, &'static str); 2] {
        [(openapi(true), ""), (swagger::document("https://registry.example"), PREFIX)]
    }

    #[test]
    fn every_route_is_described_exactly_once_by_its_own_id() {
        let table: BTreeSet<_> = ApiRoute::endpoints().map(|endpoint| endpoint.id).collect();
        for (document, prefix) in both() {
            let found = operations(&document);
            let ids: BTreeSet<_> =
                found.iter().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
            assert_eq!((found.len(), &ids), (table.len(), &table));
            for endpoint in ApiRoute::endpoints() {
                let path = format!("{prefix}{}", endpoint.template);
                let method = endpoint.method.to_ascii_lowercase();
                assert_eq!(document["paths"][&path][&method]["operationId"], endpoint.id);
            }
        }
    }

    #[test]
    fn every_parameter_of_a_path_is_declared_and_no_other() {
        for (document, _) in both() {
            for (path, method, operation) in operations(&document) {
                let declared: Vec<_> = operation["parameters"].as_array().unwrap().iter().collect();
                let named = |place: &str| -> Vec<_> {
                    let there = declared.iter().filter(|parameter| parameter["in"] == place);
                    there.map(|parameter| parameter["name"].as_str().unwrap()).collect()
                };
                assert_eq!(named("path"), parameters(path).collect::<Vec<_>>(), "{method} {path}");
                let query = named("query");
                assert_eq!(query.iter().collect::<BTreeSet<_>>().len(), query.len(), "{method} {path}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get("$ref").and_then(Value::as_str));
                    members.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        for (document, _) in both() {
            let mut found = Vec::new();
            references(&document, &mut found);
            assert!(!found.is_empty());
            for reference in found {
                assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            }
        }
    }

    #[test]
    fn what_a_route_asks_for_is_told() {
        let document = openapi(true);
        let create = &document["paths"]["/organization/{orgname}/robots/{robot_shortname}"]["put"];
        let ways = json!([{ "accessToken": ["org:admin"] }, { "session": [], "csrf": [] }]);
        assert_eq!(create["security"], ways);
        assert_eq!(create["requestBody"]["required"], false);
        let statuses: Vec<_> = create["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["201", "400", "401", "403", "404", "405", "408", "413", "415", "503"];
        assert_eq!(statuses.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
        let open = &document["paths"]["/openapi.json"]["get"];
        assert_eq!(open["security"], json!([{}]));
        assert!(open["responses"].get("401").is_none() && open["responses"].get("415").is_none());
    }

    #[test]
    fn every_answer_with_a_body_is_described_and_no_two_by_one_name() {
        let (mut named, mut schemas) = (HashMap::new(), Components::new());
        for endpoint in ApiRoute::endpoints() {
            let Some(shape) = endpoint.spec.answer else {
                assert_eq!(endpoint.spec.success, 204, "{}", endpoint.id);
                continue;
            };
            assert_ne!(endpoint.spec.success, 204, "{}", endpoint.id);
            // Each by itself, so that what an earlier one put there is told from this one's own.
            let mut own = Components::new();
            shape.document(&mut own);
            for (name, schema) in own {
                assert_eq!(named.entry(name.clone()).or_insert_with(|| schema.clone()), &schema, "{name}");
            }
            shape.document(&mut schemas);
        }
        assert!(schemas.len() > 40);
    }
}
