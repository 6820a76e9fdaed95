//! `llm.extract`: what a text says, as an object of a given shape.
//!
//! **Invariant:** an output has every required field of the schema, and every field of its type. An answer that has not
//! is `Failed` with code `schema`; asking again is the engine's decision.

use crate::{
    http::Http,
    node::Node,
    openai::{self, Question},
    outcome::{done, failed},
    talk::Talk,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: the object.
pub(crate) struct LlmExtract;

/// Deepest schema that is looked through for strictness.
const DEPTH_MAX: usize = 32;

#[derive(Deserialize)]
struct Input {
    prompt: String,
    schema: Value,
    /// What to read; without it the prompt says it.
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    model: Option<String>,
}

impl Node for LlmExtract {
    fn kind(&self) -> &'static str {
        "llm.extract"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = extract(&mut talk).await;
            talk.end(outcome)
        })
    }
}

async fn extract(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let input: Input = talk.input()?;
    if !input.schema.is_object() {
        return Err(failed("input", "schema: must be a JSON Schema object"));
    }
    let (system, user) = match input.text {
        // The text is somebody's words: it stays apart from the instructions.
        Some(text) => (join(input.system, input.prompt), text),
        None => (input.system, input.prompt),
    };
    let format = json!({"type": "json_schema", "json_schema": {"name": "extract",
        "schema": input.schema, "strict": is_strict(&input.schema, 0)}});
    let format = Some(format);
    let question = Question { system, user, model: input.model, max_tokens: None, format };
    let text = openai::ask(talk, question).await?;
    let found = parse(&text)?;
    check(&input.schema, &found).map_err(|why| failed("schema", why))?;
    Ok(done(Value::Object(found)))
}

fn join(system: Option<String>, prompt: String) -> Option<String> {
    Some(match system {
        Some(system) => format!("{system}\n\n{prompt}"),
        None => prompt,
    })
}

/// Local models wrap JSON in a code fence.
fn parse(text: &str) -> Result<Map<String, Value>, Outcome> {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    let text = inner.map_or(text, |inner| inner.trim_end().trim_end_matches("```"));
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(failed("schema", "the answer is no JSON object")),
        Err(error) => Err(failed("schema", format!("the answer is no JSON: {error}"))),
    }
}

/// Whether the provider's strict mode takes the schema: every object closed, and every property required.
fn is_strict(schema: &Value, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    let inner = schema["properties"].as_object();
    let properties = inner.into_iter().flat_map(Map::values);
    let options = schema["anyOf"].as_array().into_iter().flatten();
    let mut parts = properties.chain(options).chain(schema.get("items"));
    if !parts.all(|part| is_strict(part, depth + 1)) {
        return false;
    }
    let required = schema["required"].as_array().map_or(0, Vec::len);
    match inner {
        Some(inner) => schema["additionalProperties"] == false && inner.len() == required,
        None => schema["type"] != "object",
    }
}

/// Top level only: required fields are there, and what is there has its type.
fn check(schema: &Value, found: &Map<String, Value>) -> Result<(), String> {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !found.contains_key(name) {
            return Err(format!("the answer has no \"{name}\""));
        }
    }
    for (name, value) in found {
        let wanted = &schema["properties"][name]["type"];
        let fits = match wanted {
            Value::String(one) => has_type(value, one),
            Value::Array(types) => {
                types.iter().filter_map(Value::as_str).any(|one| has_type(value, one))
            }
            _ => true,
        };
        if !fits {
            return Err(format!("\"{name}\" is {value}, and should be {wanted}"));
        }
    }
    Ok(())
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}
