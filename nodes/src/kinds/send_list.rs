//! `send.list`: a text with a button that opens up to ten rows to choose from.

use crate::{
    http::Http,
    node::Node,
    talk::Talk,
    whatsapp::{self, limits},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"messageId"}`.
pub(crate) struct SendList;

#[derive(Deserialize)]
struct Input {
    text: String,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    footer: Option<String>,
    button: String,
    sections: Vec<Section>,
}

#[derive(Deserialize, Serialize)]
struct Section {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize, Serialize)]
struct Row {
    id: String,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl Node for SendList {
    fn kind(&self) -> &'static str {
        "send.list"
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
    let mut content = json!({"type": "list", "body": {"text": input.text},
        "action": {"button": input.button, "sections": input.sections}});
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
    limits::chars("button", &input.button, 1, limits::BUTTON_TITLE_CHARS_MAX)?;
    limits::items("sections", input.sections.len(), limits::SECTIONS_MAX)?;
    for (at, section) in input.sections.iter().enumerate() {
        let field = format!("sections[{at}].title");
        let title = section.title.as_deref();
        match input.sections.len() {
            1 => limits::optional(&field, title, limits::ROW_TITLE_CHARS_MAX)?,
            // With several sections each needs its name.
            _ => limits::chars(&field, title.unwrap_or(""), 1, limits::ROW_TITLE_CHARS_MAX)?,
        }
    }
    let rows: Vec<&Row> = input.sections.iter().flat_map(|section| &section.rows).collect();
    limits::items("rows", rows.len(), limits::ROWS_MAX)?;
    for (at, row) in rows.iter().enumerate() {
        limits::chars(&format!("rows[{at}].id"), &row.id, 1, limits::ROW_ID_CHARS_MAX)?;
        limits::chars(&format!("rows[{at}].title"), &row.title, 1, limits::ROW_TITLE_CHARS_MAX)?;
        let description = row.description.as_deref();
        let field = format!("rows[{at}].description");
        limits::optional(&field, description, limits::ROW_DESCRIPTION_CHARS_MAX)?;
    }
    limits::unique("rows.id", rows.iter().map(|row| row.id.as_str()))
}
