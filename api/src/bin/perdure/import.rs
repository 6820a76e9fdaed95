//! `perdure import FILE`: makes a definition file of what another product exported.

use crate::{
    compile,
    failure::{Exit, Failure},
    files,
    screen::Screen,
};
use clap::ValueEnum;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};
use workflows::{
    diagnostic::{self, Diagnostic},
    import::{self, Product},
    json::Json,
};

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the other product exported; `-` reads standard input
    file: PathBuf,
    /// Whose export it is; told by its shape if not given
    #[arg(long, value_enum)]
    from: Option<From>,
    /// Writes the definition file there instead of to standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// A product whose exports can be read.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum From {
    Typebot,
    N8n,
}

/// The whole answer for programs.
#[derive(Serialize)]
struct Answer<'a> {
    file: &'a Json,
    notes: &'a [Diagnostic],
}

/// Prints the definition file; what needs rewriting goes to stderr. No, when something must be rewritten before the
/// definition can be published.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let name = args.file.display().to_string();
    let bytes = files::read(&args.file)
        .map_err(|why| Failure::usage(format!("{name} cannot be read: {why}")))?;
    let json: Json = serde_json::from_slice(&bytes)
        .map_err(|why| Failure::usage(format!("{name} is not JSON: {why}")))?;
    let product = product(args, &json, &name)?;
    let hint = files::name_hint(&args.file);
    let mut imported = import::import(&json, product, hint.as_deref());
    diagnostic::locate(&bytes, &mut imported.diagnostics);
    let text = serde_json::to_string_pretty(&imported.file)?;
    if let Some(path) = &args.output {
        write(path, &text)?;
    }
    let notes = &imported.diagnostics;
    if screen.is_json() {
        screen.json(&Answer { file: &imported.file, notes })?;
    } else {
        compile::tell(&args.file, notes, screen)?;
        crate::screen::Screen::aside(summary(&imported.file, notes));
        if args.output.is_none() {
            screen.line(text)?;
        }
    }
    Ok(if notes.iter().any(Diagnostic::is_error) { Exit::No } else { Exit::Fine })
}

fn product(args: &Args, json: &Json, name: &str) -> Result<Product, Failure> {
    let asked = args.from.map(|from| match from {
        From::Typebot => Product::Typebot,
        From::N8n => Product::N8n,
    });
    asked.or_else(|| import::detect(json)).ok_or_else(|| {
        Failure::usage(format!("{name} is neither a Typebot nor an n8n export")).help(
            "a Typebot export has `groups` and `edges`, an n8n export `nodes` and `connections`",
        )
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, format!("{text}\n"))
        .map_err(|why| Failure::usage(format!("{} cannot be written: {why}", path.display())))
}

fn summary(file: &Json, notes: &[Diagnostic]) -> String {
    let nodes = file.get("graph").and_then(|graph| graph.get("nodes"));
    let n_nodes = nodes.map_or(0, |nodes| nodes.items().len());
    let n_errors = notes.iter().filter(|note| note.is_error()).count();
    let n_warnings = notes.len() - n_errors;
    format!(
        "{n_nodes} nodes; to be rewritten before it can be published: {n_errors}; left out or changed: {n_warnings}"
    )
}
