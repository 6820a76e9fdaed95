//! `perdure export FILE --as FORM`: writes a definition in the form another program reads.

use crate::{
    compile,
    failure::{Exit, Failure},
    files,
    screen::Screen,
};
use clap::ValueEnum;
use std::path::PathBuf;
use workflows::export::{self, Form};

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A definition, React Flow graph, machine config, or an export of Typebot or n8n; `-` reads standard input
    file: PathBuf,
    /// The form
    #[arg(long = "as", value_enum, default_value_t = As::File)]
    form: As,
}

/// A form a definition can be written in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum As {
    /// The definition file, with everything in it
    File,
    /// What React Flow's toObject() gave, of a definition that was drawn
    ReactFlow,
    /// XState's machine JSON
    Xstate,
}

/// Prints the definition in the other form. No, with diagnostics on stderr, when it has no such form.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let name = args.file.display().to_string();
    let bytes = files::read(&args.file)
        .map_err(|why| Failure::usage(format!("{name} cannot be read: {why}")))?;
    let form = match args.form {
        As::File => Form::File,
        As::ReactFlow => Form::ReactFlow,
        As::Xstate => Form::XState,
    };
    match export::export(&bytes, files::name_hint(&args.file).as_deref(), form) {
        Ok(json) => {
            screen.line(serde_json::to_string_pretty(&json)?)?;
            Ok(Exit::Fine)
        }
        Err(found) => {
            compile::tell(&args.file, &found, screen)?;
            Ok(Exit::No)
        }
    }
}
