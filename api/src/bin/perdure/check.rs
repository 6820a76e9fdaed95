//! `perdure check FILE…`: says what an upload would say, without a server.

use crate::{
    diagnostics,
    failure::Exit,
    files,
    screen::{Screen, Style},
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use workflows::{compile, diagnostic::Diagnostic};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Definitions, React Flow graphs or machine configs; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What was found in one file.
#[derive(Serialize)]
struct Checked {
    file: String,
    ok: bool,
    diagnostics: Vec<Diagnostic>,
}

/// The whole answer for programs.
#[derive(Serialize)]
struct Report<'a> {
    files: &'a [Checked],
}

/// Checks every file. No, when one of them cannot be published.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let files: Vec<Checked> = args.files.iter().map(|path| check(path)).collect();
    let is_ok = files.iter().all(|file| file.ok);
    match screen.is_json() {
        true => screen.json(&Report { files: &files })?,
        false => files.iter().try_for_each(|file| tell(file, screen))?,
    }
    Ok(if is_ok { Exit::Fine } else { Exit::No })
}

fn check(path: &Path) -> Checked {
    let file = path.display().to_string();
    match files::read(path) {
        Ok(bytes) => {
            let compiled = compile::compile(&bytes, files::name_hint(path).as_deref());
            Checked { file, ok: compiled.is_publishable(), diagnostics: compiled.diagnostics }
        }
        Err(why) => {
            let unreadable =
                Diagnostic::error("unreadable", "", format!("the file cannot be read: {why}"));
            Checked { file, ok: false, diagnostics: vec![unreadable] }
        }
    }
}

fn tell(checked: &Checked, screen: Screen) -> anyhow::Result<()> {
    for diagnostic in &checked.diagnostics {
        let block = diagnostics::block(screen, &checked.file, &serde_json::to_value(diagnostic)?);
        screen.line(format!("{block}\n"))?;
    }
    let errors = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = checked.diagnostics.len() - errors;
    let verdict = match checked.ok {
        true => screen.paint(Style::Green, "can be published"),
        false => screen.paint(Style::Red, "cannot be published"),
    };
    let counts = match (errors, warnings) {
        (0, 0) => String::new(),
        (errors, warnings) => {
            format!(" ({}, {})", counted(errors, "error"), counted(warnings, "warning"))
        }
    };
    Ok(screen.line(format!("{}: {verdict}{counts}", checked.file))?)
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
