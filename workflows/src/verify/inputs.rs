//! The inputs of steps in machine JSON, checked as the data of nodes is: what must be there, what may be there, how long.

use super::{Subject, place::Places};
use crate::{
    chart::{Source, StateId},
    diagnostic::Diagnostic,
    graph::Checker,
    kinds,
};
use serde_json::Value;

pub(super) fn check(subject: &Subject<'_>, places: &Places<'_>, out: &mut Vec<Diagnostic>) {
    for (id, state) in (0..).map(StateId).zip(&subject.chart.states) {
        for invoke in &state.invokes {
            let Source::Kind(kind) = &invoke.source else { continue };
            let Some(spec) = kinds::find(kind) else { continue };
            let at = format!("{}/input", invoke.pointer);
            let input = places.resolve(id, &at).map(crate::json::Json::to_value);
            // Computed as a whole; what it will be nobody knows.
            if input.as_ref().is_some_and(|input| input.get("@expr").is_some()) {
                continue;
            }
            let input = match input {
                Some(Value::Object(input)) => input,
                None => Default::default(),
                Some(_) => {
                    let error =
                        Diagnostic::error("wrong-shape", &at, "the input of a step is an object");
                    out.push(error.on(subject.name(id).unwrap_or_default()));
                    continue;
                }
            };
            let node = subject.name(id);
            let each = invoke.each.as_ref();
            let names: Vec<&str> =
                each.iter().flat_map(|each| [each.name.as_str(), "index"]).collect();
            let mut checker = Checker::new(at, node.as_deref(), subject.types, out);
            checker.check_input(spec, &input, &names);
        }
    }
}
