//! What was accepted once can always be opened again: rules of the checker that came later do not hold for it.

use perdure_workflows::compile::{compile, reopen};
use serde_json::{Value, json};

/// One state whose guard is this expression.
fn guarded_by(guard: &str) -> Value {
    json!({ "id": "m", "initial": "a", "context": { "n": 1, "name": "" }, "states": {
        "a": { "on": { "GO": { "target": "b", "guard": { "@expr": guard } } } },
        "b": { "type": "final" },
    } })
}

#[test]
fn what_is_accepted_is_the_same_when_it_is_opened_again() {
    let upload = guarded_by("context.n > 0").to_string();
    let compiled = compile(upload.as_bytes(), Some("m"));
    let (first, again) = (compiled.definition.unwrap(), reopen(upload.as_bytes(), "m").unwrap());
    assert_eq!((&first.digest, &first.machine), (&again.digest, &again.machine));
    assert_eq!(first.chart.states.len(), again.chart.states.len());
}

#[test]
fn a_stricter_check_does_not_close_what_is_stored() {
    for guard in
        ["context.nobody > 0", "context.name > 1", "1 / 0 == 1", "nothing()", "in_state('c')"]
    {
        let upload = guarded_by(guard).to_string();
        let compiled = compile(upload.as_bytes(), Some("m"));
        assert!(!compiled.is_publishable(), "{guard} is accepted today");
        assert!(reopen(upload.as_bytes(), "m").is_ok(), "{guard} is closed");
    }
}

#[test]
fn what_makes_no_chart_is_told() {
    let broken = json!({ "id": "m", "initial": "nowhere", "states": { "a": {} } }).to_string();
    let told = reopen(broken.as_bytes(), "m").unwrap_err();
    assert!(told.iter().any(|diagnostic| diagnostic.is_error()), "{told:?}");
}
