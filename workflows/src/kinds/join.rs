//! `join`: where the branches of a `fork` meet. When it has waited for enough of them the others are stopped.

use super::{NEXT, optional};
use crate::{
    graph::{
        Checker,
        emit::{Object, Site},
    },
    spec::{NodeSpec, Shape},
};
use serde_json::{Value, json};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "join",
    title: "Join",
    summary: "Waits for the branches of a fork: for all of them, for the first, or for some.",
    fields: &[
        optional(
            "mode",
            Shape::Choice(&["all", "any", "n"]),
            "Wait for all branches, for any one, or for `n` of them; all if empty. The rest are stopped.",
        ),
        optional("n", Shape::Integer, "How many branches to wait for, with mode `n`."),
    ],
    ports: NEXT,
    effect: None,
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    let is_counted = data.get("mode").is_some_and(|mode| mode == "n");
    match data.get("n").filter(|n| !n.is_null()) {
        None if is_counted => {
            checker
                .error(
                    "missing-field",
                    "/n",
                    "the join does not say how many branches it waits for",
                )
                .help("Add `n`, e.g. 2; or use the mode `all` or `any`.");
        }
        Some(n) if is_counted && n.as_i64().is_some_and(|n| n < 1) => {
            checker
                .error("limit", "/n", "a join waits for one branch at least")
                .help("Write a number from 1 up.");
        }
        Some(_) if !is_counted => {
            checker
                .warning("unknown-field", "/n", "`n` is read only with the mode `n`")
                .help("Add \"mode\": \"n\", or remove it.");
        }
        _ => {}
    }
}

/// The branches have ended before it is reached, so it goes on at once.
pub(super) fn lower(site: &Site<'_>) -> Object {
    let always: Value = json!([site.go("default")]);
    Object::from_iter([("always".to_owned(), always)])
}
