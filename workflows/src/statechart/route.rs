//! `route` on a state: the event `{"type": "xstate.route", "to": "#id"}` leads to it from wherever the machine is.

use super::{Parser, state_id};
use crate::{
    chart::{Descriptor, Guard, State, StateId, Transition},
    expr::Expression,
    json::Json,
};

/// The event that asks for a route.
const EVENT: &str = "xstate.route";
const KNOWN: [&str; 5] = ["guard", "reenter", "description", "meta", "input"];

impl Parser<'_> {
    /// Routes are transitions of the root, in document order.
    pub(super) fn routes(&mut self, states: &mut [State]) {
        for index in 1..states.len() {
            let route = self.route(state_id(index));
            if let (Some(route), Some(root)) = (route, states.first_mut()) {
                root.on.push(route);
            }
        }
    }

    fn route(&mut self, id: StateId) -> Option<Transition> {
        let sketch = self.outline.sketch(id);
        let (config, pointer) = (sketch.config, format!("{}/route", sketch.pointer));
        let json = config.get("route")?;
        if config.get("id").and_then(Json::as_str).is_none() {
            let message =
                "a state with a `route` needs an `id`, by which events name it".to_owned();
            self.error_with_help("route-shape", &pointer, message, "add \"id\" beside \"route\"");
            return None;
        }
        if !matches!(json, Json::Object(_)) {
            let message = "a `route` is an object; without conditions it is {}".to_owned();
            self.error_with_help("route-shape", &pointer, message, "write \"route\": {}");
            return None;
        }
        self.known_fields(json, &KNOWN, &pointer);
        let wanted = serde_json::Value::from(format!("#{}", self.outline.sketch(id).id));
        let is_meant = Expression::parse(&format!("has(event.to) && event.to == {wanted}")).ok()?;
        let mut guards = vec![Guard::Expression(Box::new(is_meant), None)];
        if let Some(guard) = json.get("guard") {
            guards.push(self.guard(guard, &format!("{pointer}/guard"))?);
        }
        let input = json.get("input");
        let input = input.map(|input| self.mapper(input, &format!("{pointer}/input"), false));
        self.transitions += 1;
        Some(Transition {
            event: Some(Descriptor::Exact(EVENT.to_owned())),
            guard: Some(Guard::And(guards)),
            targets: vec![id],
            actions: Vec::new(),
            reenter: json.get("reenter").and_then(Json::as_bool).unwrap_or(false),
            input,
            pointer,
        })
    }
}
