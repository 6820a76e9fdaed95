//! The SCXML test suite (W3C's tests and SCION's), converted to machine JSON: every configuration must be as the suite says.
//!
//! `scxml/<group>.json` holds the converted tests with what they expect, and why each of the others was left out;
//! `scxml/convert.mjs` makes these files. A test of the W3C without a script waits for its own timers and must end in `pass`.

use crate::ours;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::{fs, path::Path};

/// Long enough for every delay in a test that ends by itself.
const END_MS: u64 = 60_000;

/// One folder of the suite.
#[derive(Deserialize)]
struct Group {
    tests: Vec<Test>,
    left_out: Vec<LeftOut>,
}

#[derive(Deserialize)]
struct Test {
    name: String,
    /// Whether XState 5's own run of the suite includes it.
    xstate: bool,
    /// As text: the order of its keys is document order.
    machine: Box<RawValue>,
    start: Vec<String>,
    script: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    after: u64,
    event: Value,
    then: Vec<String>,
}

#[derive(Deserialize)]
struct LeftOut {
    xstate: bool,
    why: String,
}

#[test]
fn the_suite_passes() {
    let mut files: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
    files.sort();
    let mut failed = Vec::new();
    let mut sums = [0; 5];
    println!(
        "{:>34} {:>6} {:>9} {:>6}  XState 5: {:>6} {:>9}",
        "SCXML", "passed", "converted", "tests", "passes", "of those here"
    );
    for path in files.iter().filter(|path| !is_input(path)) {
        let group = path.file_stem().unwrap().to_string_lossy().into_owned();
        let read: Group = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert!(
            read.left_out.iter().all(|test| !test.why.is_empty()),
            "{group}: a test is left out without a reason"
        );
        let wrong: Vec<_> =
            read.tests.iter().filter_map(|test| Some((test, check(test)?))).collect();
        let listed = read.tests.iter().filter(|test| test.xstate).count();
        let row = [
            read.tests.len() - wrong.len(),
            read.tests.len(),
            read.tests.len() + read.left_out.len(),
            listed + read.left_out.iter().filter(|test| test.xstate).count(),
            listed - wrong.iter().filter(|(test, _)| test.xstate).count(),
        ];
        print_row(&group, row);
        sums.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
        failed.extend(wrong.iter().map(|(test, why)| format!("{group}/{}: {why}", test.name)));
    }
    print_row("all", sums);
    let [passed, converted, tests, listed, common] = sums;
    println!(
        "SCXML suite: {converted} of {tests} tests converted, {passed} passed, among them {common} \
         of the {listed} that XState 5 runs"
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn print_row(name: &str, [passed, converted, tests, listed, common]: [usize; 5]) {
    println!("{name:>34} {passed:>6} {converted:>9} {tests:>6}            {listed:>6} {common:>9}");
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/scxml")
}

/// What the conversion reads, not what it wrote.
fn is_input(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "xstate5.json" || name == "excluded.json")
}

/// Runs a test; what went wrong, if something did.
fn check(test: &Test) -> Option<String> {
    let (mut simulation, mut told) = match ours::start(test.machine.get()) {
        Ok(started) => started,
        Err(reasons) => return Some(format!("refused: {reasons:?}")),
    };
    if test.script.is_empty() && test.start == ["pass"] {
        told = simulation.play(&json!({ "after": END_MS })).ok()?;
    }
    // What is sent without a delay has not arrived yet when the suite looks at the start.
    let first =
        if test.script.is_empty() { told.clone() } else { ours::at_rest(test.machine.get()) };
    let mut wrong = differs(&test.start, &first).map(|why| format!("at the start: {why}"));
    for (index, entry) in test.script.iter().enumerate() {
        let line = json!({ "after": entry.after, "event": entry.event });
        told = match simulation.play(&line) {
            Ok(told) => told,
            Err(why) => return Some(why),
        };
        wrong = wrong.or_else(|| {
            differs(&entry.then, &told).map(|why| format!("after event {}: {why}", index + 1))
        });
    }
    wrong
}

/// The keys of the active states beside those expected, in any order.
fn differs(expected: &[String], told: &Value) -> Option<String> {
    let paths = told["configuration"].as_array()?.iter().filter_map(Value::as_str);
    let mut keys: Vec<_> = paths.filter_map(|path| path.rsplit('.').next()).collect();
    keys.sort_unstable();
    let mut expected: Vec<_> = expected.iter().map(String::as_str).collect();
    expected.sort_unstable();
    (keys != expected).then(|| format!("{keys:?}, expected {expected:?}; {}", told["error"]))
}
