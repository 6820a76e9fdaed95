//! Replays the corpus: what once reached something new, or once broke a promise, holds with every test run.

#![expect(clippy::unwrap_used, reason = "a corpus that cannot be read has failed")]

use perdure_fuzz::{TARGETS, Target};
use std::{fs, path::Path};

/// Every input of one target's folder, in the order of names.
fn replay(name: &str, target: Target) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus of {name} is empty");
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let held = std::panic::catch_unwind(|| target(&bytes));
        assert!(held.is_ok(), "{name}: {} broke a promise", path.display());
    }
}

#[test]
fn the_corpus_holds() {
    std::thread::scope(|scope| {
        for (name, target) in TARGETS {
            scope.spawn(move || replay(name, target));
        }
    });
}
