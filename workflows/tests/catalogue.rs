//! The catalogue of diagnostics against the sources that tell them, and its examples against the compiler.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use perdure_workflows::{
    compile::compile,
    diagnostic::{
        Diagnostic,
        catalogue::{self, Entry, Sample, Severities},
    },
};
use regex::Regex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Where codes are told, from the root of the tree.
const SOURCES: &[&str] = &[
    "workflows/src",
    "engine/machine/src/scenario",
    "engine/src/definitions",
    "api/src/bin/perdure",
];
/// Where texts that look like codes are none: words of languages, attributes, names of files.
const NO_CODES: &[&str] =
    &["workflows/src/expr/locale", "workflows/src/diagnostic/catalogue", "workflows/src/schema"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every source with its path from the root, without its own tests.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = SOURCES.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                found.push((name, code));
            }
        }
    }
    found.retain(|(name, _)| !NO_CODES.iter().any(|folder| name.starts_with(folder)));
    found
}

/// Codes by the file that tells them. In the compiler every text like `edge-target` is a code; evaluation has codes of its
/// own, so of expressions only what makes a problem counts; elsewhere only what makes a diagnostic.
fn told(sources: &[(String, String)]) -> BTreeMap<String, String> {
    let any = Regex::new(r#""([a-z][a-z0-9]*(?:-[a-z0-9]+)+)""#).unwrap();
    let problem = Regex::new(r#"Problem::new\(\s*"([a-z0-9-]+)""#).unwrap();
    let diagnostic = Regex::new(
        r#"(?:Diagnostic::(?:error|warning)|\.mistake|\.error_with_help)\(\s*"([a-z0-9-]+)""#,
    )
    .unwrap();
    let mut codes = BTreeMap::new();
    for (name, text) in sources {
        let how = match name.as_str() {
            name if name.starts_with("workflows/src/expr") => &problem,
            // Names of other products and their forms look like codes.
            name if name.starts_with("workflows/src/import") => &diagnostic,
            name if name.starts_with("workflows/src/export") => &diagnostic,
            name if name.starts_with("workflows/src/") => &any,
            _ => &diagnostic,
        };
        for found in how.captures_iter(text).chain(diagnostic.captures_iter(text)) {
            codes.entry(found[1].to_owned()).or_insert_with(|| name.clone());
        }
    }
    codes
}

#[test]
fn every_code_is_explained() {
    let sources = sources();
    let missing: Vec<String> = (told(&sources).into_iter())
        .filter(|(code, _)| catalogue::find(code).is_none())
        .map(|(code, file)| format!("  {code}, told in {file}"))
        .collect();
    assert!(
        missing.is_empty(),
        "these codes have no entry in workflows/src/diagnostic/catalogue/*.rs (add `Entry {{ code, severity, title, what, \
         why, wrong, right }}` with an example that has it and the same example cured, and a case to \
         workflows/testdata/diagnostics.json; then UPDATE_EXPECT=1 cargo test -p perdure-workflows --test docs). If it is \
         no code, name its file in NO_CODES of this test:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_entry_is_told_somewhere() {
    let sources = sources();
    let gone: Vec<&str> = (catalogue::all().map(|entry| entry.code))
        .filter(|code| !sources.iter().any(|(_, text)| text.contains(&format!("\"{code}\""))))
        .collect();
    assert!(gone.is_empty(), "no source tells these any more; remove their entries: {gone:?}");
}

#[test]
fn entries_are_whole() {
    let mut seen = BTreeSet::new();
    for entry in catalogue::all() {
        let code = entry.code;
        assert!(seen.insert(code), "{code} has two entries");
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        assert!(!entry.title.ends_with('.') && !entry.title.is_empty(), "{code}: title");
        for text in [entry.what, entry.why] {
            assert!(text.ends_with('.'), "{code}: {text}");
        }
    }
}

fn found(sample: Sample) -> Option<Vec<Diagnostic>> {
    Some(compile(sample.upload()?.as_bytes(), Some("sample")).diagnostics)
}

/// What is not as the entry says.
fn mistakes(entry: &Entry) -> Vec<String> {
    let code = entry.code;
    let mut mistakes = Vec::new();
    // Scenarios are read by the machine, and checked there.
    if code.starts_with("scenario-") {
        return mistakes;
    }
    if let Some(found) = found(entry.wrong) {
        let told: Vec<&Diagnostic> = found.iter().filter(|d| d.code == code).collect();
        if told.is_empty() {
            mistakes.push(format!("{code}: the example does not have it: {found:#?}"));
        }
        for diagnostic in told {
            let fits = match entry.severity {
                Severities::Error => diagnostic.is_error(),
                Severities::Warning => !diagnostic.is_error(),
                Severities::Either => true,
            };
            if !fits || diagnostic.place.is_none() {
                mistakes.push(format!("{code}: another severity, or no place: {diagnostic:#?}"));
            }
        }
    }
    if let Some(found) = found(entry.right) {
        let left: Vec<_> = found.iter().filter(|d| d.code == code || d.is_error()).collect();
        if !left.is_empty() {
            mistakes.push(format!("{code}: the cured example is not well: {left:#?}"));
        }
    }
    mistakes
}

#[test]
fn examples_have_their_code_and_cures_have_not() {
    let mistakes: Vec<String> = catalogue::all().flat_map(mistakes).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
