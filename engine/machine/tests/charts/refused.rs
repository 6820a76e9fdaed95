//! Charts that are refused, and why.

use crate::script::check;
use expect_test::expect;
use serde_json::json;

#[test]
fn refused_charts() {
    check(
        json!({ "id": "m", "initial": "nope", "states": {
        "a": {"on": {"X": {"target": "zzz", "guard": "missing", "actions": ["gone", {"@code": "x"}]}}, "after": {"soon": "a"}},
        "b": {"invoke": {"src": "slack.pots"}, "entry": {"type": "@xstate.spawn"}},
        "c.d": {}, "p": {"type": "parallel"}, "h": {"type": "choice", "choice": [{"when": {"@expr": "1 +"}, "target": "a"}]} } }),
        &[],
        expect![[r#"
            id-characters /states/c.d: `c.d` cannot be the key of a state
            unknown-target /initial: `nope` is not a state inside this one
            unknown-target /states/a/on/X/target: `zzz` is not a state that can be reached from here
            unknown-guard /states/a/on/X/guard: there is no guard `missing`
            unknown-action /states/a/on/X/actions/0: there is no action `gone`
            code-refused /states/a/on/X/actions/1: `@code` is not run: a workflow computes only with expressions
            unknown-delay /states/a/after/soon: `soon` is not a length of time, and no delay has that name
            unknown-kind /states/b/invoke/src: `slack.pots` is not a kind of step
            not-supported /states/b/entry: the action `@xstate.spawn` is not run here
            expression-syntax /states/h/choice/0/when/@expr: the expression ends here: expected a value (column 4)
            state-shape /states/p: a compound or parallel state needs states inside
        "#]],
    );
}
