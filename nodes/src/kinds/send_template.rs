//! `send.template`: an approved template, the only message WhatsApp takes after 24 hours of silence.

use crate::{
    http::Http,
    node::Node,
    outcome::failed,
    talk::Talk,
    whatsapp::{self, limits},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"messageId"}`.
pub(crate) struct SendTemplate;

/// When neither the step nor the connection says a language.
const LANGUAGE: &str = "en";

#[derive(Deserialize)]
struct Input {
    name: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    params: Option<Params>,
}

/// By position (`{{1}}`) or by name, as the template was approved.
#[derive(Deserialize)]
#[serde(untagged)]
enum Params {
    Positional(Vec<Value>),
    Named(Map<String, Value>),
}

impl Node for SendTemplate {
    fn kind(&self) -> &'static str {
        "send.template"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = send(&mut talk).await;
            talk.end(outcome)
        })
    }
}

async fn send(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let input: Input = talk.input()?;
    limits::chars("name", &input.name, 1, limits::TEMPLATE_NAME_CHARS_MAX)?;
    let is_allowed = |char: char| matches!(char, 'a'..='z' | '0'..='9' | '_');
    if !input.name.chars().all(is_allowed) {
        return Err(failed("limit", "name: a template's name has only a-z, 0-9 and _"));
    }
    let setting = talk.account("whatsapp")?.setting("language");
    let language = input.language.as_deref().filter(|language| !language.is_empty());
    let language = language.or(setting).unwrap_or(LANGUAGE);
    let mut content = json!({"name": input.name, "language": {"code": language}});
    let parameters = match input.params {
        Some(params) => parameters(params)?,
        None => Vec::new(),
    };
    if !parameters.is_empty() {
        content["components"] = json!([{"type": "body", "parameters": parameters}]);
    }
    whatsapp::send(talk, "template", content).await
}

fn parameters(params: Params) -> Result<Vec<Value>, Outcome> {
    match params {
        Params::Positional(values) => {
            let one = |(at, value): (usize, Value)| {
                Ok(json!({"type": "text", "text": text(&format!("params[{at}]"), value)?}))
            };
            values.into_iter().enumerate().map(one).collect()
        }
        Params::Named(values) => {
            let one = |(name, value): (String, Value)| {
                let text = text(&format!("params.{name}"), value)?;
                Ok(json!({"type": "text", "parameter_name": name, "text": text}))
            };
            values.into_iter().map(one).collect()
        }
    }
}

/// Numbers and booleans are said as texts; an empty text, or anything deeper, WhatsApp would refuse.
fn text(field: &str, value: Value) -> Result<String, Outcome> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return Err(failed("input", format!("{field}: must be a text"))),
    };
    limits::chars(field, &text, 1, limits::PARAMETER_CHARS_MAX)?;
    Ok(text)
}
