//! What the verifier tells of data and its ways, case by case.

use perdure_workflows::{compile::compile, diagnostic::Diagnostic};
use serde_json::{Value, json};

fn line(diagnostic: &Diagnostic) -> String {
    let severity = if diagnostic.is_error() { "error" } else { "warning" };
    let within = diagnostic.position.map(|at| format!(" [{}..{}]", at.start, at.end));
    let node = diagnostic.node.as_deref().unwrap_or("-");
    let (code, pointer) = (diagnostic.code, &diagnostic.pointer);
    format!("{severity} {code} {node} {pointer}{}", within.unwrap_or_default())
}

#[test]
fn cases() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../testdata/verify.json")).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let compiled = compile(case["upload"].to_string().as_bytes(), Some("case"));
        let found: Vec<String> = compiled.diagnostics.iter().map(line).collect();
        if json!(found) != case["wanted"] {
            let messages: Vec<&str> =
                compiled.diagnostics.iter().map(|d| d.message.as_str()).collect();
            wrong.push(format!("{}\n  found {}\n  {messages:?}", case["case"], json!(found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
