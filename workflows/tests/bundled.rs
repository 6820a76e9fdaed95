//! The definitions we ship compile without a single diagnostic.

use perdure_workflows::compile::compile;
use std::fs;

#[test]
fn bundled_definitions_are_spotless() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folders = ["workflows/definitions", "examples/control"].into_iter();
    let bundled = folders.flat_map(|folder| fs::read_dir(format!("{root}/{folder}")).unwrap());
    let mut files: Vec<_> = bundled.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.push(format!("{root}/examples/hello/workflow.json").into());
    files.push(format!("{root}/examples/xstate/machine.json").into());
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let compiled = compile(&fs::read(&file).unwrap(), Some(stem));
        assert!(compiled.diagnostics.is_empty(), "{}: {:#?}", file.display(), compiled.diagnostics);
        assert!(compiled.is_publishable(), "{}", file.display());
    }
}
