//! `llm.reply`: a text written by a language model.

use crate::{
    http::Http,
    node::Node,
    openai::{self, Question},
    outcome::done,
    talk::Talk,
};
use serde::Deserialize;
use serde_json::json;
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"text"}`.
pub(crate) struct LlmReply;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    prompt: String,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    max_tokens: Option<u32>,
}

impl Node for LlmReply {
    fn kind(&self) -> &'static str {
        "llm.reply"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = reply(&mut talk).await;
            talk.end(outcome)
        })
    }
}

async fn reply(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let Input { prompt, system, model, max_tokens } = talk.input()?;
    let question = Question { system, user: prompt, model, max_tokens, format: None };
    let text = openai::ask(talk, question).await?;
    Ok(done(json!({ "text": text.trim() })))
}
