//! Slack's Web API: `chat.postMessage` and `conversations.history`.
//!
//! **Invariant:** answers 200 also when it refuses, as Slack does; `ok` tells.

use crate::{
    gate::{Answer, Call, Label, Provider},
    world::{World, now},
};
use serde_json::{Value, json};

/// `/api/{method}`.
pub(crate) static PROVIDER: Provider = Provider { name: "slack", label, answer };

/// Longest text of a message.
const TEXT_CHARS_MAX: usize = 40_000;

/// The messages posted.
#[derive(Default)]
pub(crate) struct Store(Vec<Posted>);

struct Posted {
    channel: String,
    ts: String,
    text: Value,
    metadata: Value,
}

fn label(call: &Call) -> Label {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Label {
        to: text(&call.body["channel"]).or_else(|| call.parameter("channel")),
        key: text(&call.body["metadata"]["event_payload"]["key"]),
    }
}

fn answer(world: &mut World, call: &Call) -> Answer {
    if call.bearer().is_none() {
        return refuse("not_authed");
    }
    match call.path.as_str() {
        "/api/chat.postMessage" => post(world, &call.body),
        "/api/conversations.history" => history(&world.slack, call),
        _ => refuse("unknown_method"),
    }
}

fn refuse(error: &str) -> Answer {
    Answer::refused(200, json!({"ok": false, "error": error}))
}

/// A channel by name gets an id, as Slack answers with ids only.
fn channel_id(channel: &str) -> String {
    match channel.strip_prefix('#') {
        Some(name) => format!("C{}", name.to_uppercase().replace('-', "")),
        None => channel.to_owned(),
    }
}

fn post(world: &mut World, body: &Value) -> Answer {
    let Some(channel) = body["channel"].as_str().filter(|channel| !channel.is_empty()) else {
        return refuse("channel_not_found");
    };
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() && body["blocks"].as_array().is_none_or(Vec::is_empty) {
        return refuse("no_text");
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return refuse("msg_too_long");
    }
    let channel = channel_id(channel);
    let ts = format!("{}.{:06}", now().timestamp(), world.next_number());
    let said = json!({"ok": true, "channel": channel, "ts": ts, "message": {"type": "message",
        "user": "U9", "bot_id": "B1", "text": text, "ts": ts}});
    let metadata = body["metadata"].clone();
    world.slack.0.push(Posted { channel, ts, text: body["text"].clone(), metadata });
    Answer::done(200, said)
}

fn history(store: &Store, call: &Call) -> Answer {
    let given = call.body["channel"].as_str().map(str::to_owned);
    let Some(channel) = given.or_else(|| call.parameter("channel")) else {
        return refuse("channel_not_found");
    };
    if channel.starts_with('#') {
        return refuse("channel_not_found");
    }
    let wants_metadata =
        call.parameter("include_all_metadata").is_some_and(|value| value == "true" || value == "1")
            || call.body["include_all_metadata"] == true;
    let view = |posted: &Posted| {
        let mut message = json!({"type": "message", "user": "U9", "bot_id": "B1",
            "text": posted.text, "ts": posted.ts});
        if wants_metadata && posted.metadata.is_object() {
            message["metadata"] = posted.metadata.clone();
        }
        message
    };
    let newest_first = store.0.iter().rev().filter(|posted| posted.channel == channel);
    let limit = call.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
    let from = call.parameter("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let mut found: Vec<Value> = newest_first.skip(from).take(limit + 1).map(view).collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = if has_more { (from + limit).to_string() } else { String::new() };
    Answer::done(
        200,
        json!({"ok": true, "messages": found, "has_more": has_more,
        "response_metadata": {"next_cursor": next}}),
    )
}
