//! Fuzz targets: bytes nobody would write, and what must hold all the same.
//!
//! Each target is a function over bytes that panics when a promise is broken: no input makes the compiler, the
//! expressions or the machine panic, answer twice differently, or work without bound (libFuzzer's own timeout watches
//! that). `script/fuzz` runs them with coverage; the test in `tests/corpus.rs` replays the corpus with every test run.

mod definition;
mod expression;
mod import;
mod scope;
mod step;
mod template;

pub use definition::definition;
pub use expression::expression;
pub use import::{n8n, typebot};
pub use step::step;
pub use template::template;

/// A target: panics when a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by the name of its program and its folder of the corpus.
pub const TARGETS: [(&str, Target); 6] = [
    ("definition", definition),
    ("typebot", typebot),
    ("n8n", n8n),
    ("expression", expression),
    ("template", template),
    ("step", step),
];
