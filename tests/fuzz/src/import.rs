//! Exports of other builders, broken in any way: imported twice to the same, and what comes out is compiled.

use workflows::{
    compile::compile,
    import::{Product, import},
    json::Json,
};

/// A Typebot export of any bytes.
pub fn typebot(bytes: &[u8]) {
    imported(bytes, Product::Typebot);
}

/// An n8n workflow of any bytes.
pub fn n8n(bytes: &[u8]) {
    imported(bytes, Product::N8n);
}

fn imported(bytes: &[u8], product: Product) {
    let Ok(json) = serde_json::from_slice::<Json>(bytes) else { return };
    let (first, again) = (import(&json, product, None), import(&json, product, None));
    assert_eq!(first.file, again.file, "the same export, another file");
    assert_eq!(first.diagnostics, again.diagnostics, "the same export, other notes");
    let file = serde_json::to_vec(&first.file).expect("a file is JSON");
    let _ = compile(&file, Some("imported"));
}
