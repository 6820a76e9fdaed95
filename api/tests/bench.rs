//! Every benchmark job, tiny: it ends well, and each line it prints is JSON with the figures it is there for.
//!
//! Needs the programs of Postgres. What the figures are is nobody's business here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::process::Command;

/// (the job and its arguments, a pointer to what one of its lines must tell).
const JOBS: &[(&str, &[&str])] = &[
    ("check --nodes 50 --repetitions 1", &["/median_ms"]),
    ("limit --batch 10 --repetitions 1 --seconds 1", &["/wal_bytes_turn", "/limit_turns_s"]),
    (
        "five --instances 20 --repetitions 1 --rest 30 --timers 60 --changing",
        &["/instances", "/turns_s", "/wal_bytes_turn", "/commits_turn", "/statements_turn"],
    ),
    ("idle --instances 5 --repetitions 1", &["/complete/p50_ms", "/started/p99_ms"]),
    (
        "signal --instances 10 --events 10 --burst 2 --repetitions 1",
        &["/until_step/p50_ms", "/events_s"],
    ),
    (
        "sleep --instances 20 --per-second 20 --seconds 1",
        &["/lateness/p50_ms", "/lateness/max_ms", "/woken_s"],
    ),
    ("timers --rows 100 --due 10", &["/nothing_due/p50_ms", "/lateness/p99_ms", "/wal_bytes_set"]),
    ("rest --rest 10 --timers 10 --seconds 1", &["/statements_s", "/resident_mib"]),
    (
        "mixed --rate 5 --duration 4s --every 2s --think 500ms --reader 1s",
        &["/turns_s", "/webhook/p50_ms", "/dead", "/resident_mib"],
    ),
];

#[test]
fn every_job_tells_its_figures() {
    for (arguments, wanted) in JOBS {
        check(arguments, wanted);
    }
}

fn check(arguments: &str, wanted: &[&str]) {
    let perdure = env!("CARGO_BIN_EXE_perdure");
    // A private database, whatever the surroundings name.
    let ran = Command::new(perdure)
        .args(["postgres", "--", perdure, "bench"])
        .args(arguments.split_whitespace())
        .args(["--format", "json"])
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let complained = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "bench {arguments}: {said}{complained}");
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for pointer in wanted {
        let told = lines.iter().any(|line| line.pointer(pointer).is_some_and(|v| !v.is_null()));
        assert!(told, "bench {arguments} does not tell {pointer}: {said}");
    }
    let early = lines.iter().filter_map(|line| line.get("early")).filter(|early| **early != 0);
    assert_eq!(early.count(), 0, "a timer fired early: {said}");
    assert!(!complained.contains("panicked"), "{complained}");
}
