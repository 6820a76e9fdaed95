//! The definitions we ship compile without a single diagnostic.

use perdure_workflows::compile::compile;
use std::fs;

#[test]
fn bundled_definitions_are_spotless() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let bundled = fs::read_dir(format!("{root}/workflows/definitions")).unwrap();
    let mut files: Vec<_> = bundled.map(|entry| entry.unwrap().path()).collect();
    files.push(format!("{root}/examples/hello/workflow.json").into());
    files.push(format!("{root}/examples/xstate/machine.json").into());
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let compiled = compile(&fs::read(&file).unwrap(), Some(stem));
        assert!(compiled.diagnostics.is_empty(), "{}: {:#?}", file.display(), compiled.diagnostics);
        assert!(compiled.is_publishable(), "{}", file.display());
    }
}
