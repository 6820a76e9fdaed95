//! `schedule`: waits for the next time of a rule like "every Monday at nine".

use super::{NEXT, TIME_ZONE, check_zone, required, zone};
use crate::{
    expr,
    graph::{
        Checker,
        emit::{self, Object, Site, text_literal},
        model::Node,
    },
    spec::{NodeSpec, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "schedule",
    title: "Wait for a time of day",
    summary: "Waits until the next time of a rule, e.g. every weekday at nine.",
    fields: &[
        required(
            "cron",
            Shape::Text,
            "The rule, as cron writes it: 0 9 * * MON-FRI is nine on weekdays.",
        ),
        TIME_ZONE,
    ],
    ports: NEXT,
    effect: None,
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let cron = data.get("cron").and_then(Value::as_str).unwrap_or_default();
    if !cron.trim().is_empty()
        && let Err(message) = expr::parse_cron(cron)
    {
        checker
            .error("wrong-shape", "/cron", message)
            .help("Five fields: minute, hour, day of the month, month, day of the week, e.g. 0 9 * * MON-FRI.");
    }
    check_zone(data, checker);
}

/// The next time of the rule after the state was entered.
pub(super) fn moment(node: &Node<'_>) -> Option<String> {
    let cron = node.text("cron");
    let zone = zone(node);
    (!cron.is_empty()).then(|| format!("next_time({}, {zone})", text_literal(cron.trim())))
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    emit::object(json!({ "after": site.after("default") }))
}
