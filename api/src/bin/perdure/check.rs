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
    /// Definitions, React Flow graphs, machine configs, Typebot or n8n exports; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Does not play the scenarios in the files
    #[arg(long)]
    no_tests: bool,
}

/// What was found in one file.
#[derive(Serialize)]
struct Checked {
    file: String,
    ok: bool,
    diagnostics: Vec<Diagnostic>,
    /// What the file says, to show lines of it.
    #[serde(skip)]
    text: String,
}

/// The whole answer for programs.
#[derive(Serialize)]
struct Report<'a> {
    files: &'a [Checked],
}

/// Checks every file. No, when one of them cannot be published.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let files: Vec<Checked> = args.files.iter().map(|path| check(path, args.no_tests)).collect();
    let is_ok = files.iter().all(|file| file.ok);
    match screen.is_json() {
        true => screen.json(&Report { files: &files })?,
        false => files.iter().try_for_each(|file| tell(file, screen))?,
    }
    Ok(if is_ok { Exit::Fine } else { Exit::No })
}

fn check(path: &Path, no_tests: bool) -> Checked {
    let file = path.display().to_string();
    match files::read(path) {
        Ok(bytes) => {
            let name = files::name_hint(path);
            let compiled = match no_tests {
                true => compile::compile(&bytes, name.as_deref()),
                false => machine::scenario::checked(&bytes, name.as_deref()),
            };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Checked { file, ok: compiled.is_publishable(), diagnostics: compiled.diagnostics, text }
        }
        Err(why) => {
            let unreadable =
                Diagnostic::error("unreadable", "", format!("the file cannot be read: {why}"));
            Checked { file, ok: false, diagnostics: vec![unreadable], text: String::new() }
        }
    }
}

fn tell(checked: &Checked, screen: Screen) -> anyhow::Result<()> {
    let Checked { file, text, diagnostics: found, .. } = checked;
    for diagnostic in found {
        let block = diagnostics::block(screen, file, text, &serde_json::to_value(diagnostic)?);
        screen.line(format!("{block}\n"))?;
    }
    let verdict = match checked.ok {
        true => screen.paint(Style::Green, "can be published"),
        false => screen.paint(Style::Red, "cannot be published"),
    };
    Ok(screen.line(format!("{file}: {verdict}{}", summary(found)))?)
}

/// How many there are of each sort. Accepted warnings are told, and not counted among the warnings.
fn summary(found: &[Diagnostic]) -> String {
    let count = |is_meant: fn(&Diagnostic) -> bool| found.iter().filter(|d| is_meant(d)).count();
    let accepted = match count(|d| d.accepted.is_some()) {
        0 => String::new(),
        n => format!("{n} accepted"),
    };
    match (count(Diagnostic::is_error), count(Diagnostic::is_open_warning)) {
        (0, 0) if accepted.is_empty() => String::new(),
        (0, 0) => format!(" ({accepted})"),
        (errors, warnings) => {
            let (errors, warnings) = (counted(errors, "error"), counted(warnings, "warning"));
            let comma = if accepted.is_empty() { "" } else { ", " };
            format!(" ({errors}, {warnings}{comma}{accepted})")
        }
    }
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
