//! `@perdure.undo`: an action that registers the step which takes back what was just done.

use super::Parser;
use crate::{
    chart::{Action, Mapper, Source, Undo},
    json::Json,
};

const KNOWN: [&str; 5] = ["type", "id", "src", "input", "policy"];

impl Parser<'_> {
    /// `None` when it cannot be read; that has been told then.
    pub(super) fn undo(&mut self, json: &Json, at: &str) -> Option<Action> {
        self.known_fields(json, &KNOWN, at);
        let (source, policy) = self.source(json, at)?;
        if source == Source::Compensate {
            let message = "compensating cannot itself be an undo step".to_owned();
            let help = "name the step that takes this one back: a node kind or workflow:<name>";
            self.error_with_help("undo-shape", &format!("{at}/src"), message, help);
            return None;
        }
        let input = match json.get("input") {
            Some(input) => self.mapper(input, &format!("{at}/input"), true),
            None => Mapper::Literal(serde_json::json!({})),
        };
        let id = json.get("id").and_then(Json::as_str).map(str::to_owned);
        Some(Action::Undo(Box::new(Undo { id, source, input, policy })))
    }
}
