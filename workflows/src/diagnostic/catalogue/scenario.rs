//! What is told of scenarios: the `tests` of a definition file, or the `<name>.tests.json` beside it.

use super::{
    Entry,
    Sample::{Scenario, Words},
    Severities::Error,
};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        code: "scenario-file",
        severity: Error,
        title: "The file of scenarios cannot be read",
        what: "A file `<name>.tests.json` holds a list of scenarios.",
        why: "None of its scenarios would be played.",
        wrong: Words("{\"name\": \"answers\"}"),
        right: Words("[{\"name\": \"answers\", \"script\": [{\"start\": {}}]}]"),
    },
    Entry {
        code: "scenario-shape",
        severity: Error,
        title: "Something else must stand here",
        what: "A part of a scenario is a text where an object belongs, and the like.",
        why: "The scenario would test something else than what was meant.",
        wrong: Scenario(r#"{"name": "answers", "script": [{"start": {}}, {"say": 5}]}"#),
        right: Scenario(r#"{"name": "answers", "script": [{"start": {}}, {"say": "Ana"}]}"#),
    },
    Entry {
        code: "scenario-field",
        severity: Error,
        title: "A field means nothing in a scenario",
        what: "A key is not known at this place, usually because it is misspelt.",
        why: "An expectation that is ignored passes always.",
        wrong: Scenario(
            r#"{"name": "answers", "script": [{"start": {}}, {"expect": {"sayd": "What is your name?"}}]}"#,
        ),
        right: Scenario(
            r#"{"name": "answers", "script": [{"start": {}}, {"expect": {"said": "What is your name?"}}]}"#,
        ),
    },
    Entry {
        code: "scenario-name",
        severity: Error,
        title: "A scenario has no name, or another's",
        what: "Every scenario beside one workflow has a name of its own that says what the workflow does.",
        why: "A failing test must say what is broken.",
        wrong: Scenario(r#"{"script": [{"start": {}}]}"#),
        right: Scenario(r#"{"name": "starts", "script": [{"start": {}}]}"#),
    },
    Entry {
        code: "scenario-start",
        severity: Error,
        title: "A script does not begin with a start",
        what: "The first line, and only the first, is `{\"start\": …}`.",
        why: "Nothing can happen to an instance that was not started, and it starts once.",
        wrong: Scenario(r#"{"name": "answers", "script": [{"say": "Ana"}]}"#),
        right: Scenario(r#"{"name": "answers", "script": [{"start": {}}, {"say": "Ana"}]}"#),
    },
    Entry {
        code: "scenario-line",
        severity: Error,
        title: "A line of a script is not one of those there are",
        what: "A line is an object with one field: `start`, `say`, `press`, `send`, `wait`, `step` or `expect`.",
        why: "What it means cannot be played.",
        wrong: Scenario(r#"{"name": "answers", "script": [{"start": {}}, {"says": "Ana"}]}"#),
        right: Scenario(r#"{"name": "answers", "script": [{"start": {}}, {"say": "Ana"}]}"#),
    },
    Entry {
        code: "scenario-node",
        severity: Error,
        title: "A scenario names a node or step that is not there",
        what: "A state, node or step that is expected, answered or given does not exist in this workflow.",
        why: "It was renamed or removed, and the scenario no longer tests it.",
        wrong: Scenario(
            r#"{"name": "asks", "script": [{"start": {}}, {"expect": {"state": "aks"}}]}"#,
        ),
        right: Scenario(
            r#"{"name": "asks", "script": [{"start": {}}, {"expect": {"state": "ask"}}]}"#,
        ),
    },
    Entry {
        code: "scenario-time",
        severity: Error,
        title: "This is no time",
        what: "A line waits for a length of time like `2h` or `PT10M`; `at` and timers may be moments like `2026-01-01T09:00:00Z`.",
        why: "The virtual clock could not be set.",
        wrong: Scenario(r#"{"name": "is late", "script": [{"start": {}}, {"wait": "two hours"}]}"#),
        right: Scenario(r#"{"name": "is late", "script": [{"start": {}}, {"wait": "2h"}]}"#),
    },
    Entry {
        code: "scenario-pattern",
        severity: Error,
        title: "A pattern cannot be read",
        what: "A text between slashes is a regular expression, and this one is wrong.",
        why: "It could never fit.",
        wrong: Scenario(
            r#"{"name": "asks", "script": [{"start": {}}, {"expect": {"said": "/name (/"}}]}"#,
        ),
        right: Scenario(
            r#"{"name": "asks", "script": [{"start": {}}, {"expect": {"said": "/name/"}}]}"#,
        ),
    },
    Entry {
        code: "scenario-failed",
        severity: Error,
        title: "A scenario fails",
        what: "The workflow does something else than one of its scenarios expects. The help shows what happened until then.",
        why: "Either the workflow is broken, and a customer would find out, or the scenario is no longer what is wanted; both are to be looked at before publishing.",
        wrong: Scenario(
            r#"{"name": "asks for the name", "script": [{"start": {}}, {"expect": {"said": "How old are you?"}}]}"#,
        ),
        right: Scenario(
            r#"{"name": "asks for the name", "script": [{"start": {}}, {"expect": {"said": "What is your name?"}}]}"#,
        ),
    },
    Entry {
        code: "scenario-limit",
        severity: Error,
        title: "There are too many scenarios or lines",
        what: "A workflow may have 1,000 scenarios, and a script 1,000 lines. At an upload 200 are played, with 100,000 turns together; the others belong into a file beside the definition.",
        why: "Tests that take minutes are not run.",
        wrong: Words("A script of 2,000 lines."),
        right: Words("The same in several scenarios, each for one thing the workflow does."),
    },
];
