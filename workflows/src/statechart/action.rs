//! Entry, exit and transition actions: the built-in ones, and names that stand for lists of them.

use super::Parser;
use crate::{
    chart::{Action, Mapper},
    diagnostic::pointer_token,
    json::Json,
    limits,
};

impl Parser<'_> {
    /// Every action written at one place.
    pub(super) fn actions(&mut self, json: Option<&Json>, pointer: &str) -> Vec<Action> {
        self.actions_within(json, pointer, 0)
    }

    fn actions_within(&mut self, json: Option<&Json>, pointer: &str, depth: usize) -> Vec<Action> {
        let Some(json) = json else { return Vec::new() };
        let is_list = matches!(json, Json::Array(_));
        let mut actions = Vec::new();
        for (index, item) in json.items().into_iter().enumerate() {
            let at = if is_list { format!("{pointer}/{index}") } else { pointer.to_owned() };
            actions.extend(self.action(item, &at, depth));
        }
        actions
    }

    fn action(&mut self, json: &Json, pointer: &str, depth: usize) -> Vec<Action> {
        if json.get("@code").is_some() {
            self.refuse_code(pointer);
            return Vec::new();
        }
        let Some(name) = json.as_str().or_else(|| json.get("type").and_then(Json::as_str)) else {
            self.error("action-shape", pointer, "an action is a name or an object with `type`");
            return Vec::new();
        };
        // v5 writes the built-in's fields under `params`, v6 beside `type`.
        let fields = match (name.strip_prefix("xstate."), json.get("params")) {
            (Some(_), Some(params)) => params,
            _ => json,
        };
        let action = match name.strip_prefix('@').unwrap_or(name) {
            "xstate.assign" => self.assign(fields, pointer),
            "xstate.raise" => self.raise(fields, pointer),
            "xstate.cancel" => {
                let id =
                    fields.get("id").map(|id| self.mapper(id, &format!("{pointer}/id"), false));
                id.map(|id| Action::Cancel { id })
            }
            "xstate.emit" => self.event(fields, pointer).map(|event| Action::Emit { event }),
            "xstate.log" => Some(Action::Log { message: self.log_message(fields, pointer) }),
            "perdure.undo" if name.starts_with('@') => {
                return self.undo(json, pointer).into_iter().collect();
            }
            other
                if name.starts_with("@xstate.")
                    || other.starts_with("xstate.")
                    || name.starts_with("@perdure.") =>
            {
                self.error_with_help(
                    "not-supported",
                    pointer,
                    format!("the action `{name}` is not run here"),
                    "what acts on the world is an invoked step; see the node kinds",
                );
                return Vec::new();
            }
            _ => return self.named_action(name, json, pointer, depth),
        };
        if action.is_none() {
            self.error("action-shape", pointer, format!("`{name}` misses a field it needs"));
        }
        action.into_iter().collect()
    }

    fn assign(&mut self, fields: &Json, pointer: &str) -> Option<Action> {
        let (patch, key) = ["context", "assignment"]
            .into_iter()
            .find_map(|key| fields.get(key).map(|patch| (patch, key)))?;
        self.context_patch(patch, &format!("{pointer}/{key}"))
    }

    fn raise(&mut self, fields: &Json, pointer: &str) -> Option<Action> {
        let event = self.event(fields, pointer)?;
        let delay = match fields.get("delay") {
            Some(delay) => Some(self.delay(delay, &format!("{pointer}/delay"))?),
            None => None,
        };
        Some(Action::Raise {
            event,
            delay,
            id: fields.get("id").and_then(Json::as_str).map(str::to_owned),
        })
    }

    /// `event`: an object with `type`, or just the type.
    fn event(&mut self, fields: &Json, pointer: &str) -> Option<Mapper> {
        let event = fields.get("event")?;
        let pointer = format!("{pointer}/event");
        if let Some(kind) = event.as_str() {
            return Some(Mapper::Literal(serde_json::json!({ "type": kind })));
        }
        if event.get("type").is_none() && event.get("@expr").is_none() {
            self.error("action-shape", &pointer, "an event needs a `type`");
        }
        Some(self.mapper(event, &pointer, false))
    }

    fn log_message(&mut self, fields: &Json, pointer: &str) -> Mapper {
        let (message, key) = match (fields.get("args"), fields.get("message")) {
            (Some(args), _) => (args, "args"),
            (None, Some(message)) => (message, "message"),
            (None, None) => return Mapper::Literal(serde_json::Value::Null),
        };
        self.mapper(message, &format!("{pointer}/{key}"), true)
    }

    fn named_action(
        &mut self,
        name: &str,
        json: &Json,
        pointer: &str,
        depth: usize,
    ) -> Vec<Action> {
        let machine = self.machine;
        let Some(body) = machine.get("actions").and_then(|actions| actions.get(name)) else {
            self.error_with_help(
                "unknown-action",
                pointer,
                format!("there is no action `{name}`"),
                "define it under the machine's `actions`, or invoke a step of a node kind instead",
            );
            return Vec::new();
        };
        if depth > limits::JSON_DEPTH_MAX {
            self.error(
                "action-cycle",
                pointer,
                format!("the action `{name}` is defined by itself"),
            );
            return Vec::new();
        }
        let body_pointer = format!("{}/actions/{}", self.at, pointer_token(name));
        let Some(params) = json.get("params") else {
            return self.actions_within(Some(body), &body_pointer, depth + 1);
        };
        let params = self.mapper(params, &format!("{pointer}/params"), false);
        let actions =
            self.with_params(|parser| parser.actions_within(Some(body), &body_pointer, depth + 1));
        vec![Action::With { params, actions }]
    }
}
