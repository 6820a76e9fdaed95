//! `hours`: goes on when it is business time: at once, or when the next opening comes.
//!
//! With the exit `closed` wired it does not wait: it goes by `closed` when it is not business time.

use super::{TIME_ZONE, check_zone, optional, zone};
use crate::{
    graph::{
        Checker,
        emit::{self, Object, Site},
        model::Node,
    },
    spec::{NodeSpec, Port, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "hours",
    title: "Business hours",
    summary: "Waits for business hours; during them it goes on at once.",
    fields: &[
        optional(
            "hours",
            Shape::Hours,
            "When it is business time, e.g. {\"mon\": [[\"09:00\", \"18:00\"]]}, or a calendar like tenant.calendars.shop; the opening hours of the tenant if empty.",
        ),
        TIME_ZONE,
    ],
    ports: &[Port { name: "default", required: false }, Port { name: "closed", required: false }],
    effect: None,
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    check_zone(data, checker);
}

/// The next opening. Without a wait there is none.
pub(super) fn moment(node: &Node<'_>) -> Option<String> {
    let waits = !node.exits.contains_key("closed");
    waits.then(|| format!("next_open({}, {})", hours(node), zone(node)))
}

pub(super) fn lower(site: &Site<'_>) -> Object {
    let node = site.node;
    let is_open = format!("in_hours(now, {}, {})", hours(node), zone(node));
    let open = emit::guarded(&is_open, site.go("default"));
    match site.is_wired("closed") {
        true => emit::object(json!({ "always": [open, site.go("closed")] })),
        false => emit::object(json!({ "always": [open], "after": site.after("default") })),
    }
}

/// The opening hours, as an expression.
fn hours(node: &Node<'_>) -> String {
    match node.field("hours") {
        None => "default(tenant.hours, {})".to_owned(),
        Some(Value::String(expression)) => expression.clone(),
        // JSON reads as an expression, and hours hold no template.
        Some(literal) => literal.to_string(),
    }
}
