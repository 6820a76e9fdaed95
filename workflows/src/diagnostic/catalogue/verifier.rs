//! What is told of data and of the ways it goes, on the compiled chart.

use super::{Entry, Sample::Upload, Severities::Warning};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "trap",
        severity: Warning,
        title: "Nothing leads on from here",
        what: "A final state ends the state it lies in, but that has no `onDone`, and nothing around it has a way out either.",
        why: "The instance would stay there for ever, neither waiting for anything nor ended.",
        wrong: Upload(
            r#"{"id": "shop", "initial": "order", "states": {"order": {"initial": "pay", "states": {"pay": {"on": {"paid": "payed"}}, "payed": {"type": "final"}}}}}"#,
        ),
        right: Upload(
            r##"{"id": "shop", "initial": "order", "states": {"order": {"initial": "pay", "onDone": "#done", "states": {"pay": {"on": {"paid": "payed"}}, "payed": {"type": "final"}}}, "done": {"id": "done", "type": "final"}}}"##,
        ),
    },
    Entry {
        code: "never-taken",
        severity: Warning,
        title: "A condition never holds",
        what: "The condition is false whatever the data is, so its transition is never taken.",
        why: "What was drawn behind it never happens.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": [{"guard": {"@expr": "1 > 2"}, "target": "ajar"}, {"target": "shut"}], "nudge": "ajar"}}, "ajar": {"type": "final"}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"on": {"push": [{"guard": {"@expr": "event.force < 2"}, "target": "ajar"}, {"target": "shut"}], "nudge": "ajar"}}, "ajar": {"type": "final"}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "never-done",
        severity: Warning,
        title: "A state with `onDone` is never done",
        what: "A state is done when a final state in it is reached; of a parallel state, one in every region. Here none can be.",
        why: "The workflow would wait for ever for something that cannot come.",
        wrong: Upload(
            r##"{"id": "desk", "initial": "both", "states": {"both": {"type": "parallel", "onDone": "#over", "states": {"one": {"initial": "a", "states": {"a": {"on": {"go": "b"}}, "b": {"type": "final"}}}, "two": {"initial": "c", "states": {"c": {"on": {"go": "d"}}, "d": {"on": {"back": "c"}}}}}}, "over": {"id": "over", "type": "final"}}}"##,
        ),
        right: Upload(
            r##"{"id": "desk", "initial": "both", "states": {"both": {"type": "parallel", "onDone": "#over", "states": {"one": {"initial": "a", "states": {"a": {"on": {"go": "b"}}, "b": {"type": "final"}}}, "two": {"initial": "c", "states": {"c": {"on": {"go": "d"}}, "d": {"type": "final"}}}}}, "over": {"id": "over", "type": "final"}}}"##,
        ),
    },
    Entry {
        code: "unheard-event",
        severity: Warning,
        title: "A raised event is taken by nothing",
        what: "An action raises an event, and no transition anywhere in the machine is for it.",
        why: "It is lost, or kept until it expires; either way nothing happens.",
        wrong: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"entry": {"type": "@xstate.raise", "event": {"type": "opend"}}, "on": {"opened": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "door", "initial": "open", "states": {"open": {"entry": {"type": "@xstate.raise", "event": {"type": "opened"}}, "on": {"opened": "shut"}}, "shut": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "spinning-loop",
        severity: Warning,
        title: "A loop does not end once its condition holds",
        what: "Eventless transitions lead round in a circle with one condition, and nothing on the circle changes what that condition reads.",
        why: "When the condition holds the circle is run until the engine stops it, and the instance is stuck.",
        wrong: Upload(
            r#"{"id": "count", "context": {"n": 0}, "initial": "one", "states": {"one": {"always": [{"guard": {"@expr": "context.n < 3"}, "target": "two"}], "on": {"go": "done"}}, "two": {"always": "one"}, "done": {"type": "final"}}}"#,
        ),
        right: Upload(
            r#"{"id": "count", "context": {"n": 0}, "initial": "one", "states": {"one": {"always": [{"guard": {"@expr": "context.n < 3"}, "target": "two"}], "on": {"go": "done"}}, "two": {"always": {"target": "one", "actions": {"type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}}}}}, "done": {"type": "final"}}}"#,
        ),
    },
    Entry {
        code: "may-be-too-long",
        severity: Warning,
        title: "A text may become longer than the channel takes",
        what: "By what the schemas say, what is put into the text can make it longer than its field may be.",
        why: "The provider refuses the message for exactly the customers with the long values.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "offer", "schema": {"type": "object", "properties": {"plan": {"type": "string", "maxLength": 40}}}, "context": {"plan": ""}, "machine": {"id": "offer", "initial": "show", "states": {"show": {"invoke": {"src": "send.buttons", "input": {"text": "Which?", "buttons": [{"id": "a", "title": "{{ context.plan }}"}]}, "onDone": "done"}}, "done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "offer", "schema": {"type": "object", "properties": {"plan": {"type": "string", "maxLength": 20}}}, "context": {"plan": ""}, "machine": {"id": "offer", "initial": "show", "states": {"show": {"invoke": {"src": "send.buttons", "input": {"text": "Which?", "buttons": [{"id": "a", "title": "{{ context.plan }}"}]}, "onDone": "done"}}, "done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "missing-translation",
        severity: Warning,
        title: "A text is missing in one language",
        what: "A text that other languages have is not in this one, nor in the language it is a variant of.",
        why: "Its readers suddenly get a message in another language.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "greet", "messages": {"en": {"hi": "Hello", "bye": "Bye"}, "es": {"hi": "Hola"}}, "machine": {"id": "greet", "initial": "hello", "states": {"hello": {"invoke": {"src": "send.text", "input": {"text": "{{ t('hi') }}"}, "onDone": "done"}}, "done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "greet", "messages": {"en": {"hi": "Hello", "bye": "Bye"}, "es": {"hi": "Hola", "bye": "Adiós"}}, "machine": {"id": "greet", "initial": "hello", "states": {"hello": {"invoke": {"src": "send.text", "input": {"text": "{{ t('hi') }}"}, "onDone": "done"}}, "done": {"type": "final"}}}}"#,
        ),
    },
    Entry {
        code: "uneven-translation",
        severity: Warning,
        title: "A text shows a value in one language only",
        what: "One language's text puts in a value that another's leaves out.",
        why: "Some customers are told something that others are not, most likely by a slip.",
        wrong: Upload(
            r#"{"perdure": 1, "name": "greet", "messages": {"en": {"hi": "Hello {{ name }}"}, "es": {"hi": "Hola"}}, "machine": {"id": "greet", "initial": "hello", "states": {"hello": {"invoke": {"src": "send.text", "input": {"text": "{{ t('hi', {'name': 'Ana'}) }}"}, "onDone": "done"}}, "done": {"type": "final"}}}}"#,
        ),
        right: Upload(
            r#"{"perdure": 1, "name": "greet", "messages": {"en": {"hi": "Hello {{ name }}"}, "es": {"hi": "Hola {{ name }}"}}, "machine": {"id": "greet", "initial": "hello", "states": {"hello": {"invoke": {"src": "send.text", "input": {"text": "{{ t('hi', {'name': 'Ana'}) }}"}, "onDone": "done"}}, "done": {"type": "final"}}}}"#,
        ),
    },
];
