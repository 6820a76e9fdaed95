//! `POST /v1/instances`: starts an instance.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Json as Body,
    idempotency::ReservedId,
    problem::Problem,
    routes::check_text,
    view,
};
use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use engine::{Error, StartRequest};
use serde::Deserialize;
use serde_json::{Value, json};
use workflows::pacing::PRIORITY_MAX;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    definition: String,
    version: Option<i32>,
    key: Option<String>,
    #[serde(default)]
    input: Option<Value>,
    priority: Option<u8>,
}

/// 201 with the instance after its first turn; 202 with its id if it waits for a place under the definition's concurrency key;
/// 409 `key-taken` with the live instance that has the key, `concurrency` without a free place.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    reserved: Option<Extension<ReservedId>>,
    Body(start): Body<Start>,
) -> Result<Response, Problem> {
    let tenant = caller.may(Action::StartInstances)?;
    check_text("/definition", &start.definition)?;
    check_text("/key", start.key.as_deref().unwrap_or_default())?;
    if start.key.as_deref() == Some("") {
        let detail = "/key is empty; leave it out for an instance without a key";
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/key"));
    }
    if start.priority.is_some_and(|priority| priority > PRIORITY_MAX) {
        let detail = "/priority is a whole number from 0 to 9";
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/priority"));
    }
    let input = start.input.unwrap_or_else(|| json!({}));
    let definition = app.engine.definition(tenant, &start.definition, start.version).await?;
    if let Some(schema) = &definition.definition.input_schema {
        check_input(schema, &input)?;
    }
    let request = StartRequest {
        tenant,
        definition: start.definition,
        version: start.version,
        key: start.key,
        input,
        priority: start.priority,
        id: reserved.map(|Extension(ReservedId(id))| id),
        actor: caller.actor(),
        ..StartRequest::default()
    };
    let started = match app.engine.start_instance(request).await {
        // The request was cut off after it had started the instance, and came again.
        Err(Error::Exists(id)) => app.engine.instance(tenant, id).await?,
        // The same, where the key is looked at first.
        Err(Error::KeyTaken(id)) if reserved.is_some_and(|Extension(r)| r.0 == id) => {
            app.engine.instance(tenant, id).await?
        }
        Err(Error::Queued(id)) => {
            let queued = json!({ "id": id, "status": "queued" });
            return Ok((StatusCode::ACCEPTED, Json(queued)).into_response());
        }
        started => started?,
    };
    let instance = view::instance(&app, tenant, started).await?;
    Ok((StatusCode::CREATED, Json(instance)).into_response())
}

/// The first level of the schema: what must be there, and of which type what is there must be. The workflow's own
/// expressions guard the rest.
fn check_input(schema: &Value, input: &Value) -> Result<(), Problem> {
    let refuse = |pointer: String, why: String| {
        Err(Problem::unprocessable("input", format!("/input{pointer}: {why}"))
            .with("pointer", format!("/input{pointer}")))
    };
    if let Some(wanted) = mistype(schema, input) {
        return refuse(String::new(), format!("should be {wanted}"));
    }
    let names = schema.get("required").and_then(Value::as_array);
    for name in names.into_iter().flatten().filter_map(Value::as_str) {
        if input.get(name).is_none() {
            return refuse(pointer(name), "is required".to_owned());
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if let Some(wanted) = input.get(name).and_then(|value| mistype(property, value)) {
            return refuse(pointer(name), format!("should be {wanted}"));
        }
    }
    Ok(())
}

fn pointer(name: &str) -> String {
    format!("/{}", workflows::diagnostic::pointer_token(name))
}

/// The types that were wanted, if the value is of none of them.
fn mistype(schema: &Value, value: &Value) -> Option<String> {
    let wanted: Vec<&str> = match schema.get("type")? {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let is_right = wanted.iter().any(|kind| is_of(kind, value));
    (!wanted.is_empty() && !is_right).then(|| wanted.join(" or "))
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        // A type this release does not know is not checked.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs() {
        let schema = json!({
            "type": "object",
            "required": ["phone"],
            "properties": { "phone": {"type": "string"}, "age": {"type": ["integer", "null"]}, "any": {} },
        });
        for (input, wanted) in [
            (json!({"phone": "255"}), None),
            (json!({"phone": "255", "age": 3.0, "any": [1], "more": 1}), None),
            (json!({"phone": "255", "age": null}), None),
            (json!({"phone": "255", "age": 3.5}), Some("/input/age: should be integer or null")),
            (json!({"phone": 255}), Some("/input/phone: should be string")),
            (json!({}), Some("/input/phone: is required")),
            (json!([]), Some("/input: should be object")),
        ] {
            let problem = check_input(&schema, &input).err();
            let expected = wanted.map(|detail: &str| {
                let pointer = detail.split(':').next().unwrap_or_default();
                Problem::unprocessable("input", detail).with("pointer", pointer)
            });
            assert_eq!(problem, expected, "{input}");
        }
    }
}
