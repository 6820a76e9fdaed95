//! `perdure kinds`: the node kinds a workflow may use, with their fields and exits.

use crate::{
    failure::{Exit, Failure},
    screen::{Screen, Style, text_of},
};
use serde_json::{Value, json};
use workflows::{
    kinds,
    spec::{Field, NodeSpec},
};

/// Arguments of `kinds`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shows one kind with its fields
    kind: Option<String>,
}

/// Lists the kinds, or shows one.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    match &args.kind {
        Some(name) => {
            let Some(spec) = kinds::find(name) else {
                let near = kinds::nearest(name);
                let help = near.map_or_else(
                    || "`perdure kinds` lists them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Failure::usage(format!("there is no kind `{name}`")).help(help).into());
            };
            show(spec, screen)?;
        }
        None if screen.is_json() => screen.json(&json!({ "items": kinds::all() }))?,
        None => {
            let row = |spec: &&NodeSpec| {
                vec![spec.kind.to_owned(), spec.title.to_owned(), spec.summary.to_owned()]
            };
            screen.table(
                &["KIND", "TITLE", "WHAT IT DOES"],
                &kinds::all().iter().map(row).collect::<Vec<_>>(),
            )?;
        }
    }
    Ok(Exit::Fine)
}

fn show(spec: &NodeSpec, screen: Screen) -> anyhow::Result<()> {
    if screen.is_json() {
        return screen.json(spec);
    }
    screen.line(format!(
        "{} – {}\n{}\n",
        screen.paint(Style::Bold, spec.kind),
        spec.title,
        spec.summary
    ))?;
    let row = |field: &Field| {
        let required = if field.required { "required" } else { "" };
        vec![
            field.name.to_owned(),
            shape(&json!(field.shape)),
            required.to_owned(),
            field.help.to_owned(),
        ]
    };
    screen.table(
        &["FIELD", "SHAPE", "", "WHAT IT IS"],
        &spec.fields.iter().map(row).collect::<Vec<_>>(),
    )?;
    let exits: Vec<&str> = spec.ports.iter().map(|port| port.name).collect();
    if !exits.is_empty() {
        screen.line(format!("\nexits: {}", exits.join(", ")))?;
    }
    Ok(())
}

/// `template`, or `choice: a, b`.
fn shape(shape: &Value) -> String {
    match shape.as_object().and_then(|object| object.iter().next()) {
        Some((name, Value::Array(words))) => format!("{name}: {}", text_of(&json!(words))),
        Some((name, _)) => name.clone(),
        None => text_of(shape),
    }
}
