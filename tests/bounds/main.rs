//! What a turn may cost, where the cost does not depend on the machine: bytes of log, commits, statements, allocations, and
//! what a process asks of the database while it has nothing to do.
//!
//! The bounds stand in `tests/bounds.json`. What exceeds one fails; what has become clearly cheaper is told. After a change that
//! is meant to cost what it costs: `UPDATE_EXPECT=1 cargo test -p perdure-tests --test bounds`, and the diff is read.
//!
//! **Invariant:** the database is a private one without page images and without autovacuum, and nobody else is in it, so two
//! runs differ only by how turns fall into batches; the best of three counts.

#![expect(clippy::print_stdout, reason = "the figures are for people")]

mod cost;
mod stage;
mod workload;

use anyhow::{Context, Result};
use cost::Cost;
use serde_json::{Map, Value, json};
use stage::Stage;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, fs, path::PathBuf};
use workload::WORKLOADS;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The best of so many runs counts: what is left then is what cannot be avoided.
const RUNS: usize = 3;
/// By how much a figure may exceed what was measured when it was blessed, and below which part of its bound a figure, with
/// that much added, has left the bound behind. Batches depend on timing; bytes hardly do.
const FIGURES: [(&str, f64, f64); 5] = [
    ("wal_bytes_turn", 1.03, 0.9),
    ("allocations_turn", 1.10, 0.9),
    ("commits_turn", 2.0, 0.6),
    ("statements_turn", 2.0, 0.6),
    ("statements_s", 1.25, 0.8),
];

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bounds.json")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_costs_no_more_than_it_did() -> Result<()> {
    let Some(stage) = Stage::set_up().await? else {
        println!(
            "skipped: the programs of Postgres are not here, and another database would not count alone"
        );
        return Ok(());
    };
    let mut measured = Map::new();
    for workload in WORKLOADS {
        let mut best: Option<Cost> = None;
        for _ in 0..RUNS {
            let cost = stage.measure(workload).await.with_context(|| workload.name.to_owned())?;
            best = Some(best.map_or(cost, |best| best.least(cost)));
        }
        let cost = best.context("at least one run")?;
        measured.insert(workload.name.to_owned(), cost.json());
    }
    measured.insert("rest".to_owned(), json!({ "statements_s": stage.rest().await? }));
    stage.close().await?;
    println!("{:#}", Value::Object(measured.clone()));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let text = format!("{:#}\n", Value::Object(blessed(&measured)));
        return fs::write(path(), text).context("writing the bounds");
    }
    let bounds: Map<String, Value> = serde_json::from_str(&fs::read_to_string(path())?)?;
    let compared = compare(&measured, &bounds);
    for told in &compared.cheaper {
        println!("{told}");
    }
    assert!(compared.exceeded.is_empty(), "{}", compared.exceeded.join("\n"));
    Ok(())
}

/// Each figure with the name of its workload.
fn figures(measured: &Map<String, Value>) -> impl Iterator<Item = (&str, &str, f64)> {
    measured.iter().flat_map(|(workload, figures)| {
        let figures = figures.as_object().into_iter().flatten();
        figures
            .map(|(name, value)| (workload.as_str(), name.as_str(), value.as_f64().unwrap_or(0.0)))
    })
}

/// (slack, left behind) of a figure.
fn margins(name: &str) -> (f64, f64) {
    let found = FIGURES.iter().find(|(known, ..)| *known == name);
    found.map_or((1.0, 1.0), |(_, slack, left)| (*slack, *left))
}

/// The bounds that fit what was measured.
fn blessed(measured: &Map<String, Value>) -> Map<String, Value> {
    let mut bounds = Map::new();
    for (workload, name, figure) in figures(measured) {
        let bound = (figure * margins(name).0 * 1_000.0).ceil() / 1_000.0;
        bounds.entry(workload).or_insert_with(|| json!({}))[name] = json!(bound);
    }
    bounds
}

#[derive(Default)]
struct Compared {
    exceeded: Vec<String>,
    cheaper: Vec<String>,
}

fn compare(measured: &Map<String, Value>, bounds: &Map<String, Value>) -> Compared {
    const BLESS: &str = "UPDATE_EXPECT=1 cargo test -p perdure-tests --test bounds";
    let mut compared = Compared::default();
    for (workload, name, figure) in figures(measured) {
        let (slack, left) = margins(name);
        let bound = bounds.get(workload).and_then(|bounds| bounds[name].as_f64());
        match bound {
            None => compared.exceeded.push(format!("{workload} {name} has no bound yet: {BLESS}")),
            Some(bound) if figure > bound => compared.exceeded.push(format!(
                "{workload} {name} is {figure:.3}, and {bound:.3} is the most; if it is worth that: {BLESS}"
            )),
            Some(bound) if figure * slack < bound * left => compared.cheaper.push(format!(
                "{workload} {name} is {figure:.3}: its bound {bound:.3} can be tightened: {BLESS}"
            )),
            Some(_) => {}
        }
    }
    compared
}

#[test]
fn bounds_are_compared() {
    let bounds = json!({ "five": {"wal_bytes_turn": 1000.0} });
    let cases = [(900.0, 0, 0), (1000.0, 0, 0), (1000.1, 1, 0), (800.0, 0, 1)];
    for (figure, exceeded, cheaper) in cases {
        let measured = json!({ "five": {"wal_bytes_turn": figure} });
        let (Some(measured), Some(bounds)) = (measured.as_object(), bounds.as_object()) else {
            panic!("objects");
        };
        let compared = compare(measured, bounds);
        assert_eq!(
            (compared.exceeded.len(), compared.cheaper.len()),
            (exceeded, cheaper),
            "{figure}"
        );
    }
}
