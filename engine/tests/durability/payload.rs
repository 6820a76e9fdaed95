//! What is too big is refused, or is a failure that the workflow can see; nothing is cut in silence, and the instance goes on.

use crate::support::{World, post};
use serde_json::{Value, json};

/// How an instance is made to meet something that is too big, and what it comes to.
struct Case {
    name: &'static str,
    /// What the step answers.
    script: Value,
    /// How long a text the event carries that it waits for.
    text_bytes: usize,
    /// Why the event is refused.
    refused: Option<&'static str>,
    /// Status and what the context holds.
    wanted: (&'static str, Value),
}

/// Runs the step; then keeps, twice, the text of an event.
fn machine(script: Value) -> Value {
    let keep = |field: &str, value: &str| json!([{ "type": "@xstate.assign", "context": { field: { "@expr": value } } }]);
    let mut step = post(script, json!({ "onUnknown": "ask" }));
    step["id"] = json!("work");
    step["onDone"] = json!("waiting");
    step["onError"] = json!({ "target": "over", "actions": keep("code", "event.error.code") });
    json!({
        "@exprLang": "cel",
        "context": { "code": "", "text": "" },
        "initial": "working",
        "states": {
            "working": { "invoke": step },
            "waiting": { "on": { "told": {
                "target": "over",
                "actions": keep("text", "event.text + event.text")
            } } },
            "over": { "type": "final" }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_big_is_told() {
    let kib = 1_024;
    let cases = [
        Case {
            name: "everything fits",
            script: json!("act"),
            text_bytes: 100 * kib,
            refused: None,
            wanted: ("completed", json!({ "code": "", "bytes": 200 * kib })),
        },
        Case {
            name: "an event beyond 256 KiB",
            script: json!("act"),
            text_bytes: 256 * kib,
            refused: Some("an event may have 262144 bytes"),
            wanted: ("waiting", json!({ "code": "", "bytes": 0 })),
        },
        Case {
            name: "a context beyond 256 KiB",
            script: json!("act"),
            text_bytes: 130 * kib,
            refused: None,
            wanted: ("stuck", json!({ "code": "", "bytes": 0 })),
        },
        Case {
            name: "an output beyond 256 KiB, and with it the exchange",
            script: json!("big"),
            text_bytes: 0,
            refused: None,
            wanted: ("completed", json!({ "code": "output-too-big", "bytes": 0 })),
        },
    ];
    let world = World::make().await;
    for (n, case) in cases.into_iter().enumerate() {
        let definition = format!("case{n}");
        world.publish(&definition, machine(case.script)).await;
        let id = world.begin(&definition, json!({})).await.unwrap().id;
        let rested = world.until(id, &["waiting", "completed"]).await;
        if rested.status == "waiting" {
            let text = "x".repeat(case.text_bytes);
            let told = world.send(id, json!({ "type": "told", "text": text })).await;
            let why = told.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(
                case.refused.map_or(why.is_empty(), |r| why.contains(r)),
                "{}: {why}",
                case.name
            );
        }
        let view = world.engine.instance(world.tenant, id).await.unwrap();
        let bytes = view.state.context["text"].as_str().map_or(0, str::len);
        let found = json!({ "code": view.state.context["code"], "bytes": bytes });
        assert_eq!((view.status.as_str(), found), case.wanted, "{}", case.name);
    }
    world.end().await;
}
