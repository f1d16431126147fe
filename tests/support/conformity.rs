//! Holds the answers of the REST API against its own OpenAPI document: status, and form of the body. Knows as much of JSON
//! Schema as the document uses; what else stands there one day is an error until it is known here.

use super::Answer;
use dockpass::http::api::{ApiRoute, PREFIX};
use serde_json::Value;

/// What is wrong with an answer to `method` and `path`.
pub(crate) fn check(document: &Value, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
    let method = hyper::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
    let path = path.split('?').next().unwrap_or_default();
    let (template, name) = match ApiRoute::parse(&method, path) {
        Ok(route) => (route.endpoint().template, route.endpoint().method),
        Err(_) if path.starts_with(PREFIX) => return Ok(()),
        // What is told of outside of the API has no parameters in its path.
        Err(_) => (path, if method == hyper::Method::HEAD { "GET" } else { method.as_str() }),
    };
    let operation = &document["paths"][template][name.to_ascii_lowercase()];
    // An operation with a server of its own is not below the prefix: the page `/signin` is not the API's `/signin`.
    let there = operation.get("servers").is_some() != path.starts_with(PREFIX);
    let Some(id) = operation["operationId"].as_str().filter(|_| there) else { return Ok(()) };
    let told = operation["responses"].get(answer.status.to_string());
    let told = told.ok_or_else(|| format!("status {} of {id} is not told", answer.status))?;
    if method == hyper::Method::HEAD {
        return Ok(());
    }
    let told = resolved(document, told);
    match told.get("content") {
        None if answer.body.is_empty() => Ok(()),
        None => Err(format!("{id} tells of no body")),
        Some(content) => {
            let schema = &content["application/json"]["schema"];
            fits(document, schema, &answer.json(), id)
        }
    }
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value.get("$ref") {
        Some(reference) => document.pointer(&reference.as_str().unwrap()[1..]).unwrap(),
        None => value,
    }
}

fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = resolved(document, schema);
    for (keyword, wanted) in schema.as_object().unwrap() {
        let right = match keyword.as_str() {
            "description" => true,
            "type" => match wanted {
                Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
                kind => is_of(kind, value),
            },
            "enum" => wanted.as_array().unwrap().contains(value),
            // The only pattern of answers is that of dates.
            "pattern" => value.as_str().is_none_or(is_date),
            "format" => value.as_str().is_none_or(|text| is_formatted(wanted, text)),
            "required" => {
                wanted.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" | "additionalProperties" => {
                members(document, schema, value, at)?;
                true
            }
            "items" => {
                for (index, one) in value.as_array().into_iter().flatten().enumerate() {
                    fits(document, wanted, one, &format!("{at}/{index}"))?;
                }
                true
            }
            "anyOf" => {
                wanted.as_array().unwrap().iter().any(|schema| fits(document, schema, value, at).is_ok())
            }
            unknown => panic!("say in tests/support/conformity.rs what {unknown} means"),
        };
        if !right {
            return Err(format!("{at}: {value} is not as told: {keyword} {wanted}"));
        }
    }
    Ok(())
}

fn members(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(known), _) => fits(document, known, member, &at)?,
            (None, Some(Value::Bool(false))) => return Err(format!("{at} is not told")),
            (None, Some(any)) => fits(document, any, member, &at)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        unknown => panic!("{unknown} is no type"),
    }
}

fn is_date(text: &str) -> bool {
    text.ends_with(" -0000") && jiff::fmt::rfc2822::parse(text).is_ok()
}

fn is_formatted(format: &Value, text: &str) -> bool {
    match format.as_str().unwrap() {
        "date-time" => text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
        "uuid" => {
            let parts: Vec<_> = text.split('-').map(str::len).collect();
            parts == [8, 4, 4, 4, 12] && text.chars().all(|one| one == '-' || one.is_ascii_hexdigit())
        }
        unknown => panic!("say in tests/support/conformity.rs what {unknown} looks like"),
    }
}

#[test]
fn what_is_not_told_is_noticed() {
    let leaf = serde_json::json!({
        "type": "object", "properties": { "name": { "type": ["string", "null"] } }, "required": ["name"],
        "additionalProperties": false,
    });
    let document =
        serde_json::json!({ "leaf": leaf, "list": { "type": "array", "items": { "$ref": "#/leaf" } } });
    let told = |text: &str| {
        let value = serde_json::from_str(text).unwrap();
        fits(&document, &document["list"], &value, "").is_ok()
    };
    assert!(told("[]") && told(r#"[{"name": "a"}, {"name": null}]"#));
    for wrong in ["{}", "[{}]", r#"[{"name": 1}]"#, r#"[{"name": "a", "more": 1}]"#, "[null]"] {
        assert!(!told(wrong), "{wrong}");
    }
}
