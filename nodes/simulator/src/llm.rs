//! An OpenAI-compatible model whose answers are the same every time: scripted, extracted by rules, or a friendly reply.
//!
//! **Invariant:** an answer to a `json_schema` request fits the schema's types and required fields, unless scripted.

mod extract;
mod words;

use crate::{
    gate::{Answer, Call, Label, Provider},
    world::{World, now},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// `/v1/chat/completions`.
pub(crate) static PROVIDER: Provider = Provider { name: "openai", label, answer };

/// How much of a message a friendly reply repeats.
const QUOTE_CHARS_MAX: usize = 80;

/// An answer given to every request that contains `match`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scripted {
    #[serde(rename = "match")]
    contains: String,
    /// A text is the content itself, anything else is sent as JSON.
    answer: Value,
}

/// The scripted answers.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<Scripted>);

impl Script {
    /// A later answer for the same text replaces the earlier one.
    pub(crate) fn add(&mut self, answers: Vec<Scripted>) {
        for answer in answers {
            self.0.retain(|known| known.contains != answer.contains);
            self.0.push(answer);
        }
    }

    fn find(&self, messages: &[String]) -> Option<String> {
        let all = messages.join("\n").to_lowercase();
        let found = self.0.iter().find(|known| all.contains(&known.contains.to_lowercase()))?;
        Some(match &found.answer {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        })
    }
}

fn label(call: &Call) -> Label {
    Label { to: None, key: call.header("x-client-request-id").map(str::to_owned) }
}

fn answer(world: &mut World, call: &Call) -> Answer {
    if call.bearer().is_none() {
        return refuse(401, "invalid_api_key", "You didn't provide an API key.");
    }
    let body = &call.body;
    let Some(model) = body["model"].as_str() else {
        return refuse(400, "missing_required_parameter", "you must provide a model parameter");
    };
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return refuse(400, "missing_required_parameter", "messages must not be empty");
    }
    let texts: Vec<String> = messages.iter().map(|message| text_of(&message["content"])).collect();
    let asked = messages.iter().rposition(|message| message["role"] == "user");
    let asked = asked.map_or("", |at| texts[at].as_str());
    let format = &body["response_format"];
    let content = match world.llm.find(&texts) {
        Some(content) => content,
        None if format["type"] == "json_schema" => {
            extract::fill(&format["json_schema"]["schema"], asked, now().date_naive()).to_string()
        }
        None if format["type"] == "json_object" => "{}".to_owned(),
        None => friendly(asked),
    };
    let (sent, made) = (tokens(&texts.join(" ")), tokens(&content));
    let said = json!({"id": world.next_id("chatcmpl-SIM"), "object": "chat.completion",
        "created": now().timestamp(), "model": model, "choices": [{"index": 0,
        "finish_reason": "stop", "logprobs": null, "message": {"role": "assistant",
        "content": content, "refusal": null}}], "usage": {"prompt_tokens": sent,
        "completion_tokens": made, "total_tokens": sent + made}});
    Answer::done(200, said)
}

fn refuse(status: u16, code: &str, message: &str) -> Answer {
    Answer::refused(
        status,
        json!({"error": {"message": message, "type": "invalid_request_error",
        "param": null, "code": code}}),
    )
}

/// The text of a message, whether its content is one text or parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// About what a tokenizer would count.
fn tokens(text: &str) -> usize {
    text.len() / 4 + 1
}

fn friendly(asked: &str) -> String {
    let line = asked.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut quote: String = line.chars().take(QUOTE_CHARS_MAX).collect();
    if quote.len() < line.len() {
        quote.push('…');
    }
    format!("Thanks for your message! About \"{quote}\": I am happy to help. What comes next?")
}
