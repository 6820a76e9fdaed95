//! `send.text`: one text message.

use crate::{
    http::Http,
    node::Node,
    talk::Talk,
    whatsapp::{self, limits},
};
use serde::Deserialize;
use serde_json::json;
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"messageId"}`.
pub(crate) struct SendText;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    text: String,
    #[serde(default)]
    preview_url: Option<bool>,
}

impl Node for SendText {
    fn kind(&self) -> &'static str {
        "send.text"
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
    limits::chars("text", &input.text, 1, limits::TEXT_CHARS_MAX)?;
    let content = json!({"body": input.text, "preview_url": input.preview_url.unwrap_or(false)});
    whatsapp::send(talk, "text", content).await
}
