//! What the parts of an expression were worth, for `explain`.
//!
//! **Invariant:** looking does not touch: draws of `random()` are made on a copy of the counter.

use std::cell::Cell;

use super::Operand;
use super::ast::{Kind, Literal, Node, Root};
use super::eval::Evaluator;
use super::scope::{Fuel, Scope};

/// Most operands shown.
const OPERANDS_MAX: usize = 64;

/// Every maximal path from a root (`context.order.total`), every operand of a comparison and every macro under `root`,
/// in source order and each once, evaluated alone.
pub(super) fn operands(source: &str, root: &Node, scope: &Scope<'_>) -> Vec<Operand> {
    let mut found = Vec::new();
    collect(root, false, &mut found);
    let mut operands: Vec<Operand> = Vec::new();
    for node in found {
        let text = source.get(node.span()).unwrap_or_default();
        if operands.len() >= OPERANDS_MAX || operands.iter().any(|known| known.source == text) {
            continue;
        }
        let draws = Cell::new(scope.draws.get());
        let scope = Scope { draws: &draws, ..*scope };
        let fuel = Fuel::default();
        let mut evaluator = Evaluator::new(&scope, &fuel, source);
        let value = evaluator.eval(node).and_then(|value| value.to_json(&evaluator.work(node)));
        operands.push(Operand {
            source: text.to_owned(),
            value: value.map_err(|error| error.message.clone()),
        });
    }
    operands
}

fn collect<'n>(node: &'n Node, is_operand: bool, found: &mut Vec<&'n Node>) {
    match &node.kind {
        _ if is_path(node) => found.push(node),
        Kind::Literal(_) | Kind::Name(_) => {}
        // The variable of a macro has no value outside of it, so only the whole has one.
        Kind::Fold { range, .. } => {
            collect(range, false, found);
            found.push(node);
        }
        Kind::Has(_) => found.push(node),
        _ => {
            let is_call = matches!(node.kind, Kind::Call { .. } | Kind::Matches { .. });
            if is_operand && !is_constant(node) || is_call && is_bare(node) {
                found.push(node);
            }
            let is_comparison = matches!(node.kind, Kind::Compare(..));
            node.children(&mut |child| collect(child, is_comparison, found));
        }
    }
}

/// A root with fields and literal indices after it.
fn is_path(node: &Node) -> bool {
    match &node.kind {
        Kind::Name(root) => !matches!(root, Root::Slot(_) | Root::Type(_)),
        Kind::Select { of, .. } | Kind::OptionalSelect { of, .. } => is_path(of),
        Kind::Index(pair) | Kind::OptionalIndex(pair) => {
            let is_literal = matches!(
                pair[1].kind,
                Kind::Literal(Literal::String(_) | Literal::Int(_) | Literal::Uint(_))
            );
            is_literal && is_path(&pair[0])
        }
        _ => false,
    }
}

/// Whether nothing below it would be shown: `in_state("waiting")`, `random()`.
fn is_bare(node: &Node) -> bool {
    let mut below = Vec::new();
    node.children(&mut |child| collect(child, false, &mut below));
    below.is_empty()
}

fn is_constant(node: &Node) -> bool {
    let mut is_constant = !matches!(node.kind, Kind::Name(_) | Kind::Call { .. });
    node.children(&mut |child| is_constant &= self::is_constant(child));
    is_constant
}
