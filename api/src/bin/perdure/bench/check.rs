//! `check`: how long an upload of many nodes is looked at, as a drawing and as a statechart. Needs no database.

use super::tenths;
use crate::{files, screen::Screen};
use serde_json::{Value, json};
use std::time::Instant;
use workflows::compile::compile;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Nodes, or states, of the upload
    #[arg(long, default_value_t = 9_900, value_parser = files::at_least_one)]
    nodes: usize,
    /// Repetitions; the line tells the least and the median time
    #[arg(long, default_value_t = 5, value_parser = files::at_least_one)]
    repetitions: usize,
}

/// Compiles each upload as often as asked, from bytes to the list of diagnostics.
pub(super) fn run(args: &Args, screen: Screen) -> anyhow::Result<()> {
    for (form, upload) in [("graph", graph(args.nodes)), ("machine", machine(args.nodes))] {
        let bytes = serde_json::to_vec(&upload)?;
        let mut times_ms = Vec::new();
        let mut told = 0;
        for _ in 0..args.repetitions {
            let since = Instant::now();
            let compiled = compile(&bytes, Some("long"));
            times_ms.push(since.elapsed().as_secs_f64() * 1_000.0);
            anyhow::ensure!(compiled.is_publishable(), "the generated {form} is refused");
            told = compiled.diagnostics.len();
        }
        times_ms.sort_by(f64::total_cmp);
        let line = json!({ "job": "check", "form": form, "nodes": args.nodes, "bytes": bytes.len(),
            "least_ms": tenths(times_ms[0]), "median_ms": tenths(times_ms[times_ms.len() / 2]), "warnings": told });
        super::tell(screen, &line)?;
    }
    Ok(())
}

/// A chain of steps, each of which keeps its result and reads those of earlier ones, with branches and ways back.
fn machine(n_states: usize) -> Value {
    let mut states = serde_json::Map::new();
    for index in 0..n_states {
        let next = format!("s{}", index + 1);
        let read = index.saturating_sub(7);
        let result = format!("r{index}");
        let kept =
            json!({ "type": "@xstate.assign", "context": {result: {"@expr": "event.output.id"}} });
        let input = json!({ "n": {"@expr": format!("context.r{read} + 1")} });
        let mut invoke = json!({ "id": format!("i{index}"), "src": "noop", "onDone": {"target": next, "actions": kept} });
        if index > 0 {
            invoke["input"] = input;
        }
        if index % 5 == 0 {
            let skipped = (index + 3).min(n_states);
            invoke["onError"] = json!({ "target": format!("s{skipped}") });
        }
        let mut state = json!({ "invoke": invoke });
        if index % 50 == 49 {
            state["on"] = json!({ "back": format!("s{}", index - 30) });
        }
        states.insert(format!("s{index}"), state);
    }
    states.insert(format!("s{n_states}"), json!({ "type": "final" }));
    json!({ "id": "long", "initial": "s0", "states": states })
}

/// The same as a drawing: one long row of steps, assignments and messages.
fn graph(n_nodes: usize) -> Value {
    let mut nodes = vec![json!({ "id": "t", "type": "trigger", "data": {"on": "start"} })];
    let mut edges = vec![json!({ "source": "t", "target": "n0" })];
    for index in 0..n_nodes {
        let id = format!("n{index}");
        let read = index.saturating_sub(1);
        nodes.push(match index % 3 {
            0 => json!({ "id": id, "type": "noop", "data": {"saveAs": format!("r{index}")} }),
            1 => json!({ "id": id, "type": "set", "data": {"assign": {format!("r{index}"): format!("context.r{read}")}} }),
            _ => json!({ "id": id, "type": "send.text", "data": {"text": format!("Hi {{{{ context.r{read} }}}}")} }),
        });
        if index + 1 < n_nodes {
            edges.push(json!({ "source": id, "target": format!("n{}", index + 1) }));
        }
    }
    json!({ "nodes": nodes, "edges": edges })
}
