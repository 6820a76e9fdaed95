//! Conditions that are the same whatever the data is, found before anything runs.

use std::cell::Cell;

use serde_json::Value;

use super::ast::{Kind, Literal, Node};
use super::eval::Evaluator;
use super::scope::{Fuel, Scope};
use super::texts::Texts;

/// What a condition always is; `None` when data, chance or anything it calls may decide.
pub(super) fn constant(source: &str, node: &Node) -> Option<bool> {
    match &node.kind {
        Kind::Literal(Literal::Bool(truth)) => Some(*truth),
        Kind::Not(inner) => constant(source, inner).map(|truth| !truth),
        // One operand decides, whatever becomes of the others; so does evaluation.
        Kind::And(operands) => decided(source, operands, false),
        Kind::Or(operands) => decided(source, operands, true),
        _ if is_closed(node) => evaluated(source, node),
        _ => None,
    }
}

fn decided(source: &str, operands: &[Node], deciding: bool) -> Option<bool> {
    let mut all = Some(!deciding);
    for operand in operands {
        match constant(source, operand) {
            Some(truth) if truth == deciding => return Some(deciding),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

/// Whether nothing in it depends on anything.
fn is_closed(node: &Node) -> bool {
    let is_open = matches!(
        &node.kind,
        Kind::Name(_) | Kind::Call { .. } | Kind::Fold { .. } | Kind::Invalid(..)
    );
    let mut are_closed = !is_open;
    node.children(&mut |child| are_closed = are_closed && is_closed(child));
    are_closed
}

fn evaluated(source: &str, node: &Node) -> Option<bool> {
    let scope = Scope {
        context: &Value::Null,
        event: &Value::Null,
        input: &Value::Null,
        contact: &Value::Null,
        tenant: &Value::Null,
        channel: &Value::Null,
        now: chrono::DateTime::UNIX_EPOCH,
        locals: &Value::Null,
        in_state: &|_| false,
        seed: "",
        seq: 0,
        draws: &Cell::new(0),
        texts: &Texts::default(),
        time_zone: "UTC",
        locale: "en",
        resume: None,
    };
    Evaluator::new(&scope, &Fuel::default(), source).truth(node).ok()
}
