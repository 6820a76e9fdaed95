//! Typebot: events, groups of blocks, edges, variables.
//!
//! A block becomes a node, a group a `group` around its nodes; a text in front of an input becomes the question of its
//! `ask`, since an `ask` says what it asks. A block leads to the next one of its group, the last by its edge. Typebot goes
//! on when a request fails, so `error` leads on as well; it ends where nothing follows, so that leads to an `end`.
//!
//! **Invariant:** every block and event is in the graph: as a node, in `data.ui.from` of one, or in `graph.jumps`.

mod ask;
mod block;
mod bubble;
mod choice;
mod condition;
mod document;
mod flow;
mod integration;
mod llm;
mod logic;
mod rich_text;
mod set_variable;
mod start;
mod variable;

use super::{Imported, Product, draft::Draft, draft::Title, text::definition_name};
use crate::json::Json;
use document::Document;
use flow::Flow;

/// What a description says of where the file comes from.
const DESCRIPTION: &str = "Imported from Typebot.";

pub(super) fn import(json: &Json, name_hint: Option<&str>) -> Imported {
    let mut draft = Draft::new(Product::Typebot);
    let document = Document::read(json, &mut draft);
    let flow = Flow::plan(&document, &mut draft);
    flow.draw(&mut draft);
    start::draw(&flow, &mut draft);
    remark_settings(json, &mut draft);
    let title = json.text_of("name");
    draft.finish(Title {
        name: definition_name(title, name_hint, "typebot"),
        title: if title.is_empty() { "Typebot" } else { title }.to_owned(),
        description: DESCRIPTION.to_owned(),
    })
}

/// What stands around the flow and changes how it runs. Theme, publishing and tracking do not.
fn remark_settings(json: &Json, draft: &mut Draft) {
    let general = json.at(&["settings", "general"]);
    if general.is_some_and(|g| g.get("isInputPrefillEnabled").and_then(Json::as_bool) == Some(true))
    {
        draft.remark(
            "/settings/general/isInputPrefillEnabled",
            "inputs were prefilled from variables, and that is not done here",
            "Ask only what is not known yet, with an `if` in front of the question.",
        );
    }
    if json.at(&["settings", "typingEmulation"]).is_some_and(|typing| !typing.is_empty()) {
        draft.remark(
            "/settings/typingEmulation",
            "typing was emulated with pauses, and messages are sent at once here",
            "Put `delay` nodes where a pause matters.",
        );
    }
}
