//! The tests of several processes once more without `NOTIFY`, and without session locks: polling and dates find everything.

use std::process::Command;

/// What is switched off by which environment.
const CASES: [(&str, &str); 2] = [("PERDURE_NOTIFY", "off"), ("PERDURE_POOLER", "transaction")];

/// This very test binary, once per case.
#[test]
fn several_processes_without_being_told() {
    if CASES.iter().any(|(name, _)| std::env::var(name).is_ok()) {
        return;
    }
    for (name, value) in CASES {
        let mut tests = Command::new(std::env::current_exe().unwrap());
        tests.args(["processes::engines_come", "processes::one_that", "--test-threads", "1"]);
        tests.env(name, value);
        let output = tests.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}={value}:\n{told}");
        assert!(!told.contains(" 0 passed"), "{name}={value}: nothing ran");
    }
}
