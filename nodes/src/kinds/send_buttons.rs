//! `send.buttons`: a text with up to three buttons to answer with.

use crate::{
    http::Http,
    node::Node,
    talk::Talk,
    whatsapp::{self, limits},
};
use serde::Deserialize;
use serde_json::{Value, json};
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"messageId"}`.
pub(crate) struct SendButtons;

#[derive(Deserialize)]
struct Input {
    text: String,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    footer: Option<String>,
    buttons: Vec<Button>,
}

#[derive(Deserialize)]
struct Button {
    id: String,
    title: String,
}

impl Node for SendButtons {
    fn kind(&self) -> &'static str {
        "send.buttons"
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
    check(&input)?;
    let button = |button: &Button| json!({"type": "reply", "reply": {"id": button.id, "title": button.title}});
    let buttons: Vec<Value> = input.buttons.iter().map(button).collect();
    let mut content = json!({"type": "button", "body": {"text": input.text},
        "action": {"buttons": buttons}});
    if let Some(header) = input.header {
        content["header"] = json!({"type": "text", "text": header});
    }
    if let Some(footer) = input.footer {
        content["footer"] = json!({ "text": footer });
    }
    whatsapp::send(talk, "interactive", content).await
}

fn check(input: &Input) -> Result<(), Outcome> {
    limits::chars("text", &input.text, 1, limits::INTERACTIVE_CHARS_MAX)?;
    limits::optional("header", input.header.as_deref(), limits::MARGIN_CHARS_MAX)?;
    limits::optional("footer", input.footer.as_deref(), limits::MARGIN_CHARS_MAX)?;
    limits::items("buttons", input.buttons.len(), limits::BUTTONS_MAX)?;
    for (at, button) in input.buttons.iter().enumerate() {
        let title = format!("buttons[{at}].title");
        limits::chars(&title, &button.title, 1, limits::BUTTON_TITLE_CHARS_MAX)?;
        limits::chars(&format!("buttons[{at}].id"), &button.id, 1, limits::BUTTON_ID_CHARS_MAX)?;
    }
    limits::unique("buttons.title", input.buttons.iter().map(|button| button.title.as_str()))?;
    limits::unique("buttons.id", input.buttons.iter().map(|button| button.id.as_str()))
}
