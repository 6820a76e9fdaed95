//! Whether an instance can go on with another version of its definition.

use crate::{
    configuration,
    part::{Part, part_of},
    state::{Purpose, State},
};
use workflows::{
    chart::{Chart, Invoke, Source},
    definition::Definition,
};

/// Whether a state has its place in a definition: its active states exist there and can be active together, and each of
/// its open steps is still invoked by the state that waits for it. `Err` names the first thing that is missing, for people.
pub fn fits(definition: &Definition, state: &State) -> Result<(), String> {
    let chart = &definition.chart;
    configuration::load(chart, &state.configuration).map_err(|failure| failure.message)?;
    if let Some(compensation) = &state.memo.compensation
        && let Purpose::Invoke { state } = &compensation.purpose
        && !invoke_of(chart, state, &compensation.invoke)
            .is_some_and(|invoke| invoke.source == Source::Compensate)
    {
        return Err(format!(
            "the state `{state}` does not compensate by `{}` in this version, and that is under way",
            compensation.invoke
        ));
    }
    for (id, open) in &state.memo.steps {
        let (whole, is_item) = match part_of(&state.memo, id) {
            // Undo steps carry all they need.
            Part::Undo => continue,
            Part::Item { invoke, .. } => (invoke, true),
            Part::Whole => (id.clone(), false),
        };
        let Some(invoke) = invoke_of(chart, &open.state, &whole) else {
            return Err(format!(
                "the state `{}` does not invoke `{whole}` in this version, and that step is open",
                open.state
            ));
        };
        if is_item != invoke.each.is_some() {
            return Err(format!(
                "the state `{}` runs `{whole}` {} in this version, and that step is open",
                open.state,
                if is_item { "once" } else { "once per item of a list" }
            ));
        }
        if matches!(invoke.source, Source::Workflow { detach: true, .. }) {
            return Err(format!(
                "the state `{}` does not wait for `{id}` in this version, and that step is open",
                open.state
            ));
        }
    }
    Ok(())
}

fn invoke_of<'c>(chart: &'c Chart, path: &str, id: &str) -> Option<&'c Invoke> {
    let owner = chart.state(chart.at(path)?);
    owner.invokes.iter().find(|invoke| invoke.id == id)
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::{Start, State, start};
    use serde_json::{Value, json};
    use workflows::definition::Definition;

    fn definition(states: Value) -> Definition {
        let machine = json!({ "id": "m", "initial": "a", "states": states });
        let compiled = workflows::compile::compile(machine.to_string().as_bytes(), Some("m"));
        compiled.definition.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
    }

    fn started(states: Value) -> State {
        let begin = Start {
            at: chrono::DateTime::UNIX_EPOCH,
            seed: "s".to_owned(),
            input: json!({}),
            scope: Value::Null,
            trigger: None,
        };
        start(&definition(states), begin).state
    }

    /// Waits for a step and a child.
    fn waiting() -> State {
        let states = json!({ "a": { "initial": "b", "states": { "b": { "invoke": [
            { "id": "step", "src": "noop" }, { "id": "child", "src": "workflow:w" }
        ] } } } });
        started(states)
    }

    /// Waits for the items of a list, and for an undo step.
    fn parts() -> State {
        let states = json!({ "a": { "type": "parallel", "entry": {"type": "@perdure.undo", "src": "noop"}, "states": {
            "x": { "invoke": { "id": "list", "src": "noop", "each": { "items": [1, 2] } } },
            "y": { "invoke": { "id": "undo", "src": "@perdure.compensate" } } } } });
        started(states)
    }

    #[test]
    fn versions_that_run_parts() {
        let list = |each: Value| json!({ "invoke": { "id": "list", "src": "noop", "each": each } });
        let undo = json!({ "invoke": { "id": "undo", "src": "@perdure.compensate" } });
        let both = |x: Value, y: Value| json!({ "a": { "type": "parallel", "states": { "x": x, "y": y } } });
        let items = json!({ "items": [7], "concurrency": 3 });
        let cases = [
            (both(list(items.clone()), undo.clone()), ""),
            (
                both(json!({ "invoke": { "id": "list", "src": "noop" } }), undo),
                "the state `a.x` runs `list` once in this version, and that step is open",
            ),
            (
                both(list(items), json!({ "invoke": { "id": "undo", "src": "noop" } })),
                "the state `a.y` does not compensate by `undo` in this version, and that is under way",
            ),
        ];
        for (states, wanted) in cases {
            let found = fits(&definition(states.clone()), &parts()).err().unwrap_or_default();
            assert_eq!(found, wanted, "{states}");
        }
    }

    #[test]
    fn versions() {
        let step = json!({ "id": "step", "src": "noop" });
        let child = json!({ "id": "child", "src": "workflow:other" });
        let detached = json!({ "id": "child", "src": "workflow:w", "detach": true });
        let inside = |b: Value| json!({ "a": { "initial": "b", "states": { "b": b } } });
        // (states of the version, what is wrong with it)
        let cases = [
            (inside(json!({ "invoke": [step, child], "on": { "e": "#m" } })), ""),
            (json!({ "a": {} }), "the state `a.b` does not exist in this version"),
            (
                json!({ "a": { "initial": "b", "states": { "b": { "initial": "c", "states": { "c": {} } } } } }),
                "`a.b` cannot be active like this in this version",
            ),
            (
                inside(json!({ "invoke": [child] })),
                "the state `a.b` does not invoke `step` in this version, and that step is open",
            ),
            (
                inside(json!({ "invoke": [step, detached] })),
                "the state `a.b` does not wait for `child` in this version, and that step is open",
            ),
        ];
        for (states, wanted) in cases {
            let found = fits(&definition(states.clone()), &waiting()).err().unwrap_or_default();
            assert_eq!(found, wanted, "{states}");
        }
    }
}
