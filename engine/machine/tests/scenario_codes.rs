//! The examples of the catalogue's scenario codes: each has its code, and cured it has none and plays as it says.

use perdure_machine::scenario;
use workflows::diagnostic::catalogue::{self, Sample};

/// The codes of the errors that an upload with the example has.
fn codes(sample: Sample) -> Option<Vec<&'static str>> {
    let compiled = scenario::checked(sample.upload()?.as_bytes(), None);
    Some(compiled.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect())
}

#[test]
fn scenario_codes_are_shown_by_their_examples() {
    let entries: Vec<_> = catalogue::all().filter(|e| e.code.starts_with("scenario-")).collect();
    assert!(!entries.is_empty());
    for entry in entries {
        if let Some(codes) = codes(entry.wrong) {
            assert!(codes.contains(&entry.code), "{}: {codes:?}", entry.code);
        }
        if let Some(codes) = codes(entry.right) {
            assert_eq!(codes, [""; 0], "{}", entry.code);
        }
    }
}
