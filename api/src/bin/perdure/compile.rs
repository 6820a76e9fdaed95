//! `perdure compile FILE`: prints the statechart, so that the lowering of a graph can be read.

use crate::{
    diagnostics,
    failure::{Exit, Failure},
    files,
    screen::Screen,
};
use std::path::{Path, PathBuf};
use workflows::{compile::Compiled, diagnostic::Diagnostic};

/// Arguments of `compile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A definition, React Flow graph, machine config, Typebot or n8n export; `-` reads standard input
    file: PathBuf,
}

/// Prints the machine JSON as far as it could be made; diagnostics go to stderr. No, when there are
/// errors.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let compiled = read(&args.file)?;
    tell(&args.file, &compiled.diagnostics, screen)?;
    if let Some(machine) = &compiled.machine {
        screen.line(serde_json::to_string_pretty(machine)?)?;
    }
    Ok(if compiled.is_publishable() { Exit::Fine } else { Exit::No })
}

/// Compiles the content of a file; one that cannot be read has one diagnostic.
pub(crate) fn read(path: &Path) -> Result<Compiled, Failure> {
    match files::read(path) {
        Ok(bytes) => Ok(workflows::compile::compile(&bytes, files::name_hint(path).as_deref())),
        Err(why) => {
            let unreadable =
                Diagnostic::error("unreadable", "", format!("the file cannot be read: {why}"));
            Ok(Compiled::refused(vec![unreadable]))
        }
    }
}

/// Diagnostics on stderr.
pub(crate) fn tell(path: &Path, found: &[Diagnostic], screen: Screen) -> anyhow::Result<()> {
    let (file, text) = (path.display().to_string(), files::text(path));
    for diagnostic in found {
        let value = serde_json::to_value(diagnostic)?;
        crate::screen::Screen::aside(format!(
            "{}\n",
            diagnostics::block(screen, &file, &text, &value)
        ));
    }
    Ok(())
}
