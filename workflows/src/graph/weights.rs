//! `[{id, weight}]`: ways to go, and how much of the traffic each gets.

use super::{
    fields::Checker,
    options::{duplicate, items, text},
};
use serde_json::Value;
use std::collections::HashSet;

/// Most ways of one node. They become one expression, a condition within a condition.
const WAYS_MAX: usize = 20;
/// Largest weight; with the most ways there can be, their sum is still exact in a double.
const WEIGHT_MAX: i64 = 1_000_000;

/// Checks a list of ways. `error` is the exit of a failure everywhere else, so no way may be called so.
pub(super) fn check(checker: &mut Checker<'_>, name: &str, value: &Value, at: &str) {
    let Some(ways) = items(checker, name, value, at) else { return };
    if !(1..=WAYS_MAX).contains(&ways.len()) {
        let message = format!("there are {} ways to go, and 1 to {WAYS_MAX} can be", ways.len());
        checker.error("limit", at, message).help("For more, split in two steps.");
    }
    let mut ids = HashSet::new();
    for (index, way) in ways.iter().enumerate() {
        let at = format!("{at}/{index}");
        let Some(way) = way.as_object() else {
            let help = "It is {\"id\": \"a\", \"weight\": 50}.";
            checker.wrong(&at, &format!("{name}/{index}"), "an object", help);
            continue;
        };
        checker.known_keys(way, &["id", "weight", "label", "title"], &at);
        if let Some(id) = text(checker, way, "id", &at) {
            if !ids.insert(id) {
                duplicate(checker, &format!("{at}/id"), "way", id);
            }
            if matches!(id, "default" | "error") {
                let message = format!("a way cannot be called `{id}`");
                checker
                    .error("reserved-id", &format!("{at}/id"), message)
                    .help("Give it an id of its own, e.g. `a`.");
            }
        }
        let at = format!("{at}/weight");
        match way.get("weight") {
            Some(weight) if is_weight(weight) => {}
            None => checker
                .error("missing-field", &at, "`weight` is missing")
                .help("Weights are shares: with 3 and 1 the first gets three quarters."),
            Some(_) => {
                let wanted = format!("a whole number from 1 to {WEIGHT_MAX}");
                let help = "A way that nobody should go is left out.";
                checker.wrong(&at, "weight", &wanted, help);
            }
        }
    }
}

fn is_weight(weight: &Value) -> bool {
    weight.as_i64().is_some_and(|weight| (1..=WEIGHT_MAX).contains(&weight))
}
