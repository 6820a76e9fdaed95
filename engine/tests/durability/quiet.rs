//! A chosen part once more without `NOTIFY`, and behind a transaction pooler: polling and dates find everything, and nothing needs a
//! session. (The whole suite runs either way, with the same variables.)

use std::process::Command;

/// What is switched off by which environment, and which tests feel it.
const CASES: [(&str, &str, &[&str]); 2] = [
    ("PERDURE_NOTIFY", "off", &["processes::engines_come", "processes::one_that"]),
    (
        "PERDURE_POOLER",
        "transaction",
        &[
            "earlier::",
            "faults::",
            "processes::engines_come",
            "processes::one_that",
            "settlement::",
            "timers::",
        ],
    ),
];

/// This very test binary, once per case.
#[test]
fn several_processes_without_being_told() {
    if CASES.iter().any(|(name, ..)| std::env::var(name).is_ok()) {
        return;
    }
    for (name, value, tests) in CASES {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(tests).args(["--test-threads", "2"]).env(name, value);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}={value}:\n{told}");
        assert!(!told.contains(" 0 passed"), "{name}={value}: nothing ran");
    }
}
