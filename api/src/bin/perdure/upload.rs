//! `perdure upload FILE…`: stores definitions and publishes them.

use crate::{
    client::{Client, refusal},
    diagnostics,
    failure::{Exit, Failure},
    files,
    screen::{Screen, Style, text_of},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Arguments of `upload`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Definitions, React Flow graphs, machine configs, Typebot or n8n exports; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The name of a bare graph or machine [default: the file's]
    #[arg(long)]
    name: Option<String>,
    /// Publishes it, which is what happens anyway
    #[arg(long, conflicts_with = "draft")]
    publish: bool,
    /// Stores it without publishing
    #[arg(long)]
    draft: bool,
}

/// Uploads every file. No, when one of them was not publishable; the others are stored all the
/// same.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut answers = Vec::new();
    let mut exit = Exit::Fine;
    for path in &args.files {
        let (status, answer) = upload(args, path, client).await?;
        if status == StatusCode::UNPROCESSABLE_ENTITY && answer["diagnostics"].is_array() {
            exit = Exit::No;
        } else if !status.is_success() {
            return Err(refusal(status, &answer).into());
        }
        if !screen.is_json() {
            tell(path, status.is_success(), &answer, screen)?;
        }
        let (file, is_ok) = (path.display().to_string(), status.is_success());
        answers.push(json!({ "file": file, "ok": is_ok, "answer": answer }));
    }
    if screen.is_json() {
        screen.json(&json!({ "files": answers }))?;
    }
    Ok(exit)
}

async fn upload(args: &Args, path: &Path, client: &Client) -> anyhow::Result<(StatusCode, Value)> {
    let unreadable = |why| Failure::usage(format!("{} cannot be read: {why}", path.display()));
    let bytes = files::read(path).map_err(unreadable)?;
    let mut query = vec![("publish", (args.publish || !args.draft).to_string())];
    let name = args.name.clone().or_else(|| files::name_hint(path));
    query.extend(name.map(|name| ("name", name)));
    client.upload(&query, bytes).await
}

fn tell(path: &Path, is_stored: bool, answer: &Value, screen: Screen) -> anyhow::Result<()> {
    let (file, source) = (path.display().to_string(), files::text(path));
    for diagnostic in answer["diagnostics"].as_array().into_iter().flatten() {
        let block = diagnostics::block(screen, &file, &source, diagnostic);
        screen.line(format!("{block}\n"))?;
    }
    let text = |field: &str| text_of(&answer[field]);
    let verdict = match is_stored {
        true => format!(
            "{} {} version {}",
            screen.paint(Style::Green, text("status")),
            text("name"),
            text("version")
        ),
        false => screen.paint(Style::Red, "cannot be published"),
    };
    Ok(screen.line(format!("{file}: {verdict}"))?)
}
