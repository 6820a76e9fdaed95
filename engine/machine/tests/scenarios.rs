//! Scenarios as data: each file of `testdata/scenarios` is a definition with scenarios, beside it stands what is told of
//! them. The definitions that are shipped must pass their own.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use expect_test::expect_file;
use perdure_machine::scenario;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};
use workflows::compile::compile;

/// What is told of the scenarios in a file: mistakes first, then each with its end.
fn report(path: &Path) -> String {
    let compiled = compile(&fs::read(path).unwrap(), None);
    let mut report = String::new();
    let Some(definition) = compiled.definition else {
        return format!("{:?}", compiled.diagnostics);
    };
    let (scenarios, mistakes) = scenario::read(&definition, &compiled.tests);
    for mistake in mistakes {
        writeln!(report, "{} {}: {}", mistake.code, mistake.pointer, mistake.message).unwrap();
        if let Some(help) = mistake.help {
            writeln!(report, "  {help}").unwrap();
        }
    }
    for scenario in scenarios {
        match scenario.run(&definition, compiled.defers) {
            Ok(()) => writeln!(report, "ok: {}", scenario.name()).unwrap(),
            Err(failure) => write!(report, "FAILED: {}\n{failure}", scenario.name()).unwrap(),
        }
    }
    report
}

fn definitions(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn reports() {
    for path in definitions("testdata/scenarios") {
        expect_file![path.with_extension("txt")].assert_eq(&report(&path));
    }
}

#[test]
fn a_scenario_gives_the_same_report_each_time() {
    for path in definitions("testdata/scenarios") {
        assert_eq!(report(&path), report(&path), "{}", path.display());
    }
}

#[test]
fn the_definitions_that_are_shipped_pass_their_own() {
    let examples = definitions("../../examples/control");
    for path in definitions("../../workflows/definitions").into_iter().chain(examples) {
        let report = report(&path);
        let wrong: Vec<_> = report.lines().filter(|line| !line.starts_with("ok: ")).collect();
        assert!(wrong.is_empty(), "{}\n{}", path.display(), wrong.join("\n"));
        assert!(!report.is_empty(), "{} has no scenarios", path.display());
    }
}
