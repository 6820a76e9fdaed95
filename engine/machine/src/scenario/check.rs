//! The scenarios of an upload, as diagnostics: what `POST /v1/definitions` and `perdure check` say of them.
//!
//! **Invariant:** an upload costs a bounded time, whatever its scenarios ask for: so many of them, so many turns together.

use super::{Failure, Scenario, play, read};
use serde_json::Value;
use workflows::{
    compile::{Compiled, compile},
    definition::Definition,
    diagnostic::{self, Diagnostic},
};

/// Most turns that the scenarios of one upload may take together.
pub const UPLOAD_TURNS_MAX: usize = 100_000;
/// Most scenarios that are played at an upload.
pub const UPLOAD_SCENARIOS_MAX: usize = 200;
/// Most lines of a transcript that a diagnostic shows.
const SHOWN_LINES_MAX: usize = 12;

/// Compiles an upload and plays its scenarios. One that fails is an error as any other: then there is no definition.
pub fn checked(bytes: &[u8], name_hint: Option<&str>) -> Compiled {
    let mut compiled = compile(bytes, name_hint);
    let Some(definition) = &compiled.definition else { return compiled };
    let mut found = check(definition, compiled.defers, &compiled.tests);
    diagnostic::locate(bytes, &mut found);
    if found.iter().any(Diagnostic::is_error) {
        compiled.definition = None;
    }
    compiled.diagnostics.extend(found);
    compiled
}

/// Plays them. Mistakes in them, those that fail (`scenario-failed`), and `scenario-limit` for what is too much; nothing
/// when all is well.
pub fn check(definition: &Definition, defers: bool, tests: &[(Value, String)]) -> Vec<Diagnostic> {
    let (scenarios, mut diagnostics) = read::read(definition, tests);
    let mut turns_left = UPLOAD_TURNS_MAX;
    for (nth, scenario) in scenarios.iter().enumerate() {
        if nth == UPLOAD_SCENARIOS_MAX || turns_left == 0 {
            diagnostics.push(too_much(scenario, nth));
            break;
        }
        let (turns, played) = play::play_within(scenario, definition, defers, turns_left);
        turns_left = turns_left.saturating_sub(turns);
        diagnostics.extend(played.err().map(|failure| failed(scenario, &failure)));
    }
    diagnostics
}

fn too_much(scenario: &Scenario, nth: usize) -> Diagnostic {
    let message = match nth {
        UPLOAD_SCENARIOS_MAX => {
            format!("{UPLOAD_SCENARIOS_MAX} scenarios are the most that are played at an upload")
        }
        _ => format!(
            "the scenarios before this one take more than {UPLOAD_TURNS_MAX} turns together, the most at an upload"
        ),
    };
    Diagnostic::error("scenario-limit", &scenario.pointer, message).help(
        "Keep the others in a file beside the definition, <name>.tests.json; `perdure test` plays them.",
    )
}

/// The sentence and both sides; what happened until then is the help.
fn failed(scenario: &Scenario, failure: &Failure) -> Diagnostic {
    let sides = match (&failure.expected, &failure.actual) {
        (Value::Null, Value::Null) => String::new(),
        (expected, actual) => format!(" (expected {}, is {})", short(expected), short(actual)),
    };
    let message = format!("the scenario `{}` fails: {}{sides}", scenario.name, failure.message);
    let text = failure.told_until_then();
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[lines.len().saturating_sub(SHOWN_LINES_MAX)..].join("\n");
    let help = format!("At {}. What happened until then:\n{shown}", failure.pointer);
    Diagnostic::error("scenario-failed", &scenario.pointer, message).help(help)
}

fn short(value: &Value) -> String {
    super::transcript::shorten(&value.to_string())
}
