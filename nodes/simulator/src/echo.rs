//! Any HTTP service: says back what it was sent.

use crate::gate::{Answer, Call, Label, Provider};
use serde_json::{Map, Value, json};

/// `/echo/{*path}`.
pub(crate) static PROVIDER: Provider =
    Provider { name: "http", label, answer: |_, call| echo(call) };

fn label(call: &Call) -> Label {
    Label { to: None, key: call.header("idempotency-key").map(str::to_owned) }
}

fn echo(call: &Call) -> Answer {
    let headers: Map<String, Value> = call
        .headers
        .iter()
        .filter(|(name, _)| *name != "authorization")
        .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
        .collect();
    let body = json!({"method": call.method, "path": call.path, "query": call.query,
        "headers": headers, "body": call.body});
    Answer::done(200, body)
}
