//! A stored configuration that its definition does not allow is refused at load: nothing runs, and the event is kept.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use perdure_machine::{Event, Life, Start, State, Verdict, start, step};
use serde_json::{Value, json};
use workflows::{compile::compile, definition::Definition};

fn definition() -> Definition {
    let machine = json!({ "id": "m", "initial": "a", "states": {
        "a": {"id": "first", "on": {"GO": "p"}},
        "p": {"type": "parallel", "states": {
            "x": {"initial": "x1", "states": {"x1": {}, "x2": {}, "h": {"type": "history"}}},
            "y": {"initial": "y1", "states": {"y1": {"on": {"GO": "#first"}}}}}} } });
    compile(machine.to_string().as_bytes(), Some("m")).definition.unwrap()
}

/// What becomes of `GO` with these leaves stored: the verdict, and the incident if there is one.
fn check(leaves: &[&str], wanted: (Verdict, &str)) {
    let (definition, at) = (definition(), "2026-01-01T00:00:00Z".parse().unwrap());
    let begin = Start { at, seed: "s".into(), input: json!({}), scope: Value::Null, trigger: None };
    let legal = start(&definition, begin).state;
    let configuration: Vec<String> = leaves.iter().map(|leaf| (*leaf).to_owned()).collect();
    let stored = State { configuration: configuration.clone(), ..legal };
    let after = step(&definition, stored, &Event::new(at, "GO", json!({})));
    let memo = &after.state.memo;
    let told = memo.incident.as_ref().map_or("", |incident| incident.message.as_str());
    assert_eq!((after.verdict, told), wanted, "{leaves:?}");
    if wanted.0 == Verdict::Stuck {
        assert_eq!((after.state.life, after.commands.len()), (Life::Stuck, 0));
        assert_eq!((after.state.configuration, memo.held.len()), (configuration, 1));
    }
}

#[test]
fn configurations() {
    let stuck = |message| (Verdict::Stuck, message);
    check(&["a"], (Verdict::Applied, ""));
    check(&["p.x.x2", "p.y.y1"], (Verdict::Applied, ""));
    check(&["gone"], stuck("the state `gone` does not exist in this version"));
    check(&["first"], stuck("the state `first` does not exist in this version"));
    check(&["p.x.x1"], stuck("`p` cannot be active like this in this version"));
    check(&["p"], stuck("`p` cannot be active like this in this version"));
    check(&["a", "p.x.x1", "p.y.y1"], stuck("`m` cannot be active like this in this version"));
    check(
        &["p.x.x1", "p.x.x2", "p.y.y1"],
        stuck("`p.x` cannot be active like this in this version"),
    );
    check(&["p.x.h", "p.y.y1"], stuck("`p.x.h` cannot be active like this in this version"));
}
