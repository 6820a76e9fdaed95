//! `perdure diagnostics [CODE]`: what `check` and an upload may say, and what each of it means.

mod block;

pub(crate) use block::block;

use crate::{
    failure::{Exit, Failure},
    screen::{Screen, Style},
};
use serde_json::{Value, json};
use workflows::{
    diagnostic::catalogue::{self, Entry, Sample},
    suggest,
};

/// Arguments of `diagnostics`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Explains one code, with an example and its cure
    code: Option<String>,
}

/// Lists the codes, or explains one.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    match &args.code {
        Some(code) => {
            let Some(entry) = catalogue::find(code) else {
                let near = suggest::nearest(code, catalogue::all().map(|entry| entry.code));
                let help = near.map_or_else(
                    || "`perdure diagnostics` lists them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Failure::usage(format!("there is no code `{code}`")).help(help).into());
            };
            explain(entry, screen)?;
        }
        None if screen.is_json() => {
            let items: Vec<Value> = catalogue::all().map(as_json).collect();
            screen.json(&json!({ "items": items }))?;
        }
        None => {
            let row = |entry: &Entry| {
                vec![
                    entry.code.to_owned(),
                    entry.severity.name().to_owned(),
                    entry.title.to_owned(),
                ]
            };
            let mut rows: Vec<_> = catalogue::all().map(row).collect();
            rows.sort();
            screen.table(&["CODE", "SEVERITY", "WHAT IS WRONG"], &rows)?;
        }
    }
    Ok(Exit::Fine)
}

fn explain(entry: &Entry, screen: Screen) -> anyhow::Result<()> {
    if screen.is_json() {
        return screen.json(&as_json(entry));
    }
    let heading = |text: &str| screen.paint(Style::Bold, text);
    let shown = |sample: Sample| {
        sample.text().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    };
    screen.line(format!("{} · {}", heading(entry.code), entry.severity.name()))?;
    screen.line(format!("{}.\n\n{}\n{}\n", entry.title, entry.what, entry.why))?;
    screen.line(format!("{}\n{}\n", heading("Example"), shown(entry.wrong)))?;
    Ok(screen.line(format!("{}\n{}", heading("Cure"), shown(entry.right)))?)
}

fn as_json(entry: &Entry) -> Value {
    json!({
        "code": entry.code,
        "severity": entry.severity.name(),
        "title": entry.title,
        "what": entry.what,
        "why": entry.why,
        "example": entry.wrong.text(),
        "cure": entry.right.text(),
    })
}
