//! Rules of the tree that no compiler holds: who may depend on whom, how long a file may be, what belongs together.

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Longest file, before its own tests.
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file of ours, with its path from the root.
fn sources() -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let read =
        |name: &str| fs::read_to_string(root().join(name)).ok().map(|text| (name.to_owned(), text));
    names.lines().filter_map(read).collect()
}

/// Our crates and whom of ours each may use (DESIGN section 3). A new line here is a decision.
const MAY_USE: &[(&str, &[&str])] = &[
    ("perdure-workflows", &[]),
    ("perdure-machine", &["perdure-workflows"]),
    ("perdure-engine", &["perdure-machine", "perdure-workflows"]),
    ("perdure-nodes", &["perdure-workflows"]),
    ("perdure-simulator", &[]),
    (
        "perdure",
        &[
            "perdure-engine",
            "perdure-machine",
            "perdure-nodes",
            "perdure-simulator",
            "perdure-workflows",
        ],
    ),
];

/// What the pure crates may not even know.
const PURE: &[(&str, &[&str])] = &[
    ("perdure-workflows", &["tokio", "sqlx", "reqwest", "axum", "uuid", "tracing"]),
    ("perdure-machine", &["tokio", "sqlx", "reqwest", "axum", "uuid", "tracing"]),
    ("perdure-engine", &["reqwest", "axum", "perdure-nodes"]),
    ("perdure-nodes", &["sqlx", "axum", "perdure-engine"]),
];

fn dependencies() -> Vec<(String, BTreeSet<String>)> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let used = |package: &Value| {
        let used = package["dependencies"].as_array().unwrap().iter();
        let used = used.filter(|dependency| dependency["kind"] != "dev");
        used.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), used(package))).collect()
}

#[test]
fn dependencies_run_one_way() {
    let mut wrong = Vec::new();
    for (name, used) in dependencies() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(crate_name, _)| *crate_name == name) else {
            continue;
        };
        let ours =
            used.iter().filter(|other| MAY_USE.iter().any(|(crate_name, _)| crate_name == other));
        wrong.extend(
            ours.filter(|other| !allowed.contains(&other.as_str()))
                .map(|o| format!("{name} -> {o}")),
        );
        let forbidden =
            PURE.iter().find(|(crate_name, _)| *crate_name == name).map_or(&[][..], |(_, f)| f);
        wrong.extend(
            forbidden.iter().filter(|f| used.contains(**f)).map(|f| format!("{name} -> {f}")),
        );
    }
    assert!(wrong.is_empty(), "not allowed by DESIGN section 3: {wrong:?}");
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let before_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = before_tests.lines().count();
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not begin with what it is (//!)"));
        }
        if lines > LINES_MAX {
            wrong.push(format!("{name} has {lines} lines, {LINES_MAX} are the most"));
        }
        if text.contains(concat!("Being ", "written")) {
            wrong.push(format!("{name} is not written yet"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_effect_kind_has_its_node_and_its_cases() {
    let described: BTreeSet<_> = workflows::kinds::all()
        .iter()
        .filter(|spec| spec.effect.is_some() && !workflows::kinds::is_run_by_engine(spec.kind))
        .map(|spec| spec.kind.to_owned())
        .collect();
    let run: BTreeSet<_> = nodes::Nodes::kinds().map(str::to_owned).collect();
    assert_eq!(described, run, "kinds that the builder knows and kinds that can run");
    for kind in run {
        let cases = root().join(format!("nodes/testdata/{}.json", kind.replace('.', "_")));
        let either = root().join(format!("nodes/testdata/{kind}.json"));
        assert!(cases.exists() || either.exists(), "{} is missing", cases.display());
    }
}

#[test]
fn only_the_clock_asks_for_the_time_in_the_engine() {
    let asks = |(name, text): &(String, String)| {
        name.starts_with("engine/")
            && name.contains("/src/")
            && !name.ends_with("clock.rs")
            && !name.contains("/tests")
            && text.split("#[cfg(test)]").next().is_some_and(|code| code.contains("Utc::now()"))
    };
    let wrong: Vec<_> =
        sources().into_iter().filter(|source| asks(source)).map(|(name, _)| name).collect();
    assert!(wrong.is_empty(), "time enters as data: {wrong:?}");
}
