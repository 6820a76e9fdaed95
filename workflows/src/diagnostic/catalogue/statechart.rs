//! What is told of a machine config.

use super::{
    Entry,
    Sample::Upload,
    Severities::{Error, Warning},
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "state-shape",
        severity: Error,
        title: "A state is put together wrongly",
        what: "A state is not an object, a final or history state has states inside, a compound or parallel one has none, or a state that is no choice has `choice`.",
        why: "Nothing says what being in that state would mean.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final", "states": {"locked": {}}}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "unknown-state-type",
        severity: Error,
        title: "There is no such type of state",
        what: "`type` is `atomic`, `compound`, `parallel`, `final`, `history` or `choice`.",
        why: "The state would behave in a way nobody meant.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "end"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "no-initial",
        severity: Error,
        title: "Nothing says where a state begins",
        what: "A state with states inside has no `initial`.",
        why: "Entering it, the engine would have to guess.",
        wrong: Upload(
            r#"{"id": "door", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "unknown-target",
        severity: Error,
        title: "A transition leads nowhere",
        what: "A target is no state that can be reached from here. Siblings are named by their key, children with a dot in front, any other state by `#id`.",
        why: "The event would arrive and nothing would happen.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shutt"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "transition-shape",
        severity: Error,
        title: "A transition cannot be read",
        what: "A transition is the name of a state, an object with `target`, `guard`, `actions`, or a list of these.",
        why: "It would never be taken.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": 1}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut"}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "event-name",
        severity: Error,
        title: "An event has no name",
        what: "A key of `on` is empty. A transition without an event is written under `always`.",
        why: "No event would ever fit.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"always": "shut"}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "choice-fallback",
        severity: Error,
        title: "A choice may have nowhere to go",
        what: "The last branch of a `choice` state has a condition or no target.",
        why: "When no branch fits, the instance would have no state to be in.",
        wrong: Upload(
            r#"{"id": "age", "initial": "check", "states": {"check": {"type": "choice", "choice": [{"when": {"@expr": "input.age >= 18"}, "target": "adult"}]}, "adult": {"type": "final"}, "child": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "age", "initial": "check", "states": {"check": {"type": "choice", "choice": [{"when": {"@expr": "input.age >= 18"}, "target": "adult"}, {"target": "child"}]}, "adult": {"type": "final"}, "child": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "timeout-pair",
        severity: Error,
        title: "A time-out is only half there",
        what: "`timeout` says when and `onTimeout` says where to; one without the other does nothing.",
        why: "The time would pass and nothing would happen, or there would be no time.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"timeout": "PT1H", "on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"timeout": "PT1H", "onTimeout": "shut", "on": {"push": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "unknown-delay",
        severity: Error,
        title: "This is no length of time",
        what: "A delay is milliseconds, an ISO-8601 duration like `PT10M`, a name in `delays`, or an expression.",
        why: "Nobody could say when to go on.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"after": {"soon": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "delays": {"soon": "PT10M"}, "states": {"open": {"after": {"soon": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "delay-range",
        severity: Error,
        title: "A delay is negative or too long",
        what: "A delay lies between 0 and 100 years.",
        why: "It is most likely a mistake of the unit: delays are milliseconds.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"after": {"-5": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"after": {"5000": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "context-shape",
        severity: Error,
        title: "The context is not an object",
        what: "The context holds what an instance knows, by name.",
        why: "Nothing could be kept or read by a name.",
        wrong: Upload(
            r#"{"id": "door", "context": [], "initial": "open", "states": {"open": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "context": {"pushes": 0}, "initial": "open", "states": {"open": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "action-shape",
        severity: Error,
        title: "An action cannot be read",
        what: "An action is a name or an object with a `type`, and has the fields its type needs.",
        why: "A value would not be kept, or an event not raised.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"entry": {"type": "@xstate.assign"}, "type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"entry": {"type": "@xstate.assign", "assignment": {"isOpen": true}}, "type": "final"}}}"#,
        ),
    },
    Entry {
        code: "unknown-action",
        severity: Error,
        title: "There is no such action",
        what: "An action is named that the machine's `actions` do not define. What acts on the world is an invoked step.",
        why: "Nothing would be done there.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"entry": "greet", "type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "actions": {"greet": {"type": "@xstate.log", "message": "Hello"}}, "states": {"open": {"entry": "greet", "type": "final"}}}"#,
        ),
    },
    Entry {
        code: "action-cycle",
        severity: Error,
        title: "An action is defined by itself",
        what: "Named actions lead back to one another.",
        why: "Running it would never end.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "actions": {"greet": ["greet"]}, "states": {"open": {"entry": "greet", "type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "actions": {"greet": [{"type": "@xstate.log", "message": "Hello"}]}, "states": {"open": {"entry": "greet", "type": "final"}}}"#,
        ),
    },
    Entry {
        code: "guard-shape",
        severity: Error,
        title: "A condition cannot be read",
        what: "A guard is `{\"@expr\": \"…\"}`, the name of one in `guards`, or `and`, `or`, `not` with a list of such.",
        why: "Nobody could say whether the transition is taken.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": 1}}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"@expr": "event.force > 1"}}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "guard-type",
        severity: Error,
        title: "A condition is neither true nor false",
        what: "The expression of a guard gives a number, a text or the like.",
        why: "There is no rule by which a text would be true, so the instance would get stuck.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"@expr": "1 + 1"}}}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"@expr": "event.force > 1"}}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "unknown-guard",
        severity: Error,
        title: "There is no such guard",
        what: "A guard is named that the machine's `guards` do not define.",
        why: "Nobody could say whether the transition is taken.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": "isFree"}}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "guards": {"isFree": {"when": {"@expr": "event.isFree == true"}}}, "states": {"open": {"on": {"push": {"target": "shut", "guard": "isFree"}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "guard-cycle",
        severity: Error,
        title: "A guard is defined by itself",
        what: "Named guards lead back to one another.",
        why: "Nobody could ever say whether it holds.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "guards": {"isFree": {"when": "isFree"}}, "states": {"open": {"on": {"push": {"target": "shut", "guard": "isFree"}}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "guards": {"isFree": {"when": {"@expr": "event.isFree == true"}}}, "states": {"open": {"on": {"push": {"target": "shut", "guard": "isFree"}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "shadowed",
        severity: Warning,
        title: "A transition can never be taken",
        what: "An earlier transition for the same event has no condition, so it is always taken first.",
        why: "Whoever wrote the second one expects it to happen.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": [{"target": "shut"}, {"target": "locked", "guard": {"@expr": "event.key == true"}}]}}, "shut": {"type": "final"}, "locked": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": [{"target": "locked", "guard": {"@expr": "event.key == true"}}, {"target": "shut"}]}}, "shut": {"type": "final"}, "locked": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "code-refused",
        severity: Error,
        title: "Code is not run here",
        what: "`{\"@code\": …}` holds JavaScript or another language. A workflow computes with expressions only.",
        why: "Code could run for ever, call anything and give another result in a replay. Its absence is what makes history enough.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"@code": "() => true"}}}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": {"target": "shut", "guard": {"@expr": "event.isFree == true"}}}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "expression-language",
        severity: Error,
        title: "Expressions are in another language",
        what: "`@exprLang` or `@lang` is not `cel`.",
        why: "Read as CEL they would mean something else.",
        wrong: Upload(
            r#"{"id": "door", "@exprLang": "jsonata", "initial": "open", "states": {"open": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "@exprLang": "cel", "initial": "open", "states": {"open": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "each-shape",
        severity: Error,
        title: "`each` cannot be read",
        what: "`each` of an invoke is `{\"items\": a list, \"as\", \"concurrency\", \"max\", \"onFailure\"}`.",
        why: "Nobody could say for what the step is run.",
        wrong: Upload(
            r#"{"id": "ship", "initial": "all", "states": {"all": {"invoke": {"src": "noop", "each": {"concurrency": 3}, "onDone": "done"}}, "done": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "ship", "initial": "all", "states": {"all": {"invoke": {"src": "noop", "each": {"items": {"@expr": "input.orders"}, "concurrency": 3}, "onDone": "done"}}, "done": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "route-shape",
        severity: Error,
        title: "A `route` cannot be read",
        what: "A state with `route` has an `id`, and `route` is an object that may hold a condition.",
        why: "Nothing could name the state that is meant.",
        wrong: Upload(
            r#"{"id": "shop", "initial": "home", "states": {"home": {"on": {"leave": "gone"}}, "cart": {"route": {}, "on": {"leave": "gone"}}, "gone": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "shop", "initial": "home", "states": {"home": {"on": {"leave": "gone"}}, "cart": {"id": "cart", "route": {}, "on": {"leave": "gone"}}, "gone": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "undo-shape",
        severity: Error,
        title: "An undo cannot be registered",
        what: "The action `@perdure.undo` names the step that takes something back: a node kind that acts, or `workflow:<name>`. Compensating is no such step.",
        why: "Taking back would begin to take back, and never end.",
        wrong: Upload(
            r#"{"id": "book", "initial": "done", "states": {"done": {"type": "final", "entry": {"type": "@perdure.undo", "src": "@perdure.compensate"}}}}"#,
        ),
        right: Upload(
            r#"{"id": "book", "initial": "done", "states": {"done": {"type": "final", "entry": {"type": "@perdure.undo", "src": "http.request", "input": {"url": "https://example.com/cancel"}}}}}"#,
        ),
    },
];
