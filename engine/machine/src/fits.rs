//! Whether an instance can go on with another version of its definition.

use crate::{configuration, state::State};
use workflows::{chart::Source, definition::Definition};

/// Whether a state has its place in a definition: its active states exist there and can be active together, and each of
/// its open steps is still invoked by the state that waits for it. `Err` names the first thing that is missing, for people.
pub fn fits(definition: &Definition, state: &State) -> Result<(), String> {
    let chart = &definition.chart;
    configuration::load(chart, &state.configuration).map_err(|failure| failure.message)?;
    for (id, open) in &state.memo.steps {
        let owner = chart.at(&open.state).map(|owner| chart.state(owner));
        let invoke = owner.and_then(|owner| owner.invokes.iter().find(|invoke| invoke.id == *id));
        let Some(invoke) = invoke else {
            return Err(format!(
                "the state `{}` does not invoke `{id}` in this version, and that step is open",
                open.state
            ));
        };
        if matches!(invoke.source, Source::Workflow { detach: true, .. }) {
            return Err(format!(
                "the state `{}` does not wait for `{id}` in this version, and that step is open",
                open.state
            ));
        }
    }
    Ok(())
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

    /// Waits for a step and a child.
    fn waiting() -> State {
        let states = json!({ "a": { "initial": "b", "states": { "b": { "invoke": [
            { "id": "step", "src": "noop" }, { "id": "child", "src": "workflow:w" }
        ] } } } });
        let begin = Start {
            at: chrono::DateTime::UNIX_EPOCH,
            seed: "s".to_owned(),
            input: json!({}),
            scope: Value::Null,
            trigger: None,
        };
        start(&definition(states), begin).state
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
