//! Nodes that need little, and what to say of those that have no counterpart.

use super::draw::{Drawn, Site, Way};
use crate::{import::text::definition_name, json::Json};

/// What to put in the place of a node that has no counterpart.
pub(super) fn note(kind: &str) -> &'static str {
    match kind {
        "code" | "function" | "functionItem" | "executeCommand" => {
            "Scripts are not run here: compute with expressions in a `set` node, or let a program of yours do it behind `http.request`."
        }
        "splitInBatches" => {
            "Use a `loop` around the nodes of one round, or a `map` that calls a workflow for each item."
        }
        "splitOut" | "itemLists" | "aggregate" | "summarize" | "sort" | "limit"
        | "removeDuplicates" => {
            "Lists are values here: compute with expressions in a `set` node, or use a `map` node."
        }
        "respondToWebhook" => {
            "A workflow answers with its output when it ends; use an `end` with `output`."
        }
        "dateTime" | "crypto" | "html" | "xml" | "markdown" => {
            "Compute with an expression in a `set` node."
        }
        "googleSheets" | "airtable" | "postgres" | "mySql" | "supabase" | "notion" => {
            "Call it over HTTP with `http.request`."
        }
        "gmail" | "emailSend" | "sendGrid" => "Call your mail provider with `http.request`.",
        "formTrigger" | "form" => "Ask in a conversation with `ask` nodes.",
        kind if kind.starts_with("tool")
            || kind.starts_with("memory")
            || kind.starts_with("outputParser") =>
        {
            "Models have no tools, memories or parsers here: call what they need before, and put it into the prompt."
        }
        kind if kind.starts_with("lm")
            || kind.starts_with("embeddings")
            || kind.starts_with("vectorStore") =>
        {
            "The model is a field of `llm.reply` and `llm.extract`; its keys are a connection."
        }
        kind if kind.ends_with("Trigger") => {
            "Start the workflow over the API: POST /v1/instances from the program that knows the occasion."
        }
        _ => "Call it with `http.request` if it has an API, or replace it.",
    }
}

/// A disabled node passes on what it gets.
pub(super) fn disabled(site: &mut Site<'_, '_>) -> Vec<Way> {
    let note = format!("Disabled in n8n, where it was a `{}` node.", site.node.kind);
    site.push(site.make("set").with("assign", Json::Object(Vec::new())).with("note", note));
    site.warn("this node was disabled, so it does nothing here", "Remove it, or draw what it did.");
    vec![site.way("default", 0)]
}

/// A node that only holds connections together.
pub(super) fn pass(site: &mut Site<'_, '_>) -> Drawn {
    site.push(site.make("set").with("assign", Json::Object(Vec::new())));
    if site.node.kind == "merge" {
        let message = "no fork leads here, so whoever comes goes on at once, and nothing is merged";
        site.warn(message, "Read what the nodes before gave from the context.");
    }
    Ok(vec![site.way("default", 0)])
}

/// A Merge in which branches meet.
pub(super) fn join(site: &mut Site<'_, '_>) -> Drawn {
    site.push(site.make("join").with("mode", "all"));
    let mode = site.node.text("mode");
    if !matches!(mode, "" | "append" | "chooseBranch") {
        let message = format!(
            "the mode `{mode}` is left out: the branches meet, and what they gave is not merged"
        );
        site.warn(&message, "Read what each gave from the context.");
    }
    Ok(vec![site.way("default", 0)])
}

pub(super) fn fail(site: &mut Site<'_, '_>) -> Drawn {
    let reason = match site.template("errorMessage")? {
        reason if reason.trim().is_empty() => site.node.name.to_owned(),
        reason => reason,
    };
    site.push(site.make("fail").with("reason", reason));
    site.drop_others(&["errorMessage", "errorType"]);
    Ok(Vec::new())
}

pub(super) fn call(site: &mut Site<'_, '_>) -> Drawn {
    let locator = site.node.parameter("workflowId");
    let value = locator.and_then(|l| l.as_str().or_else(|| l.get("value")?.as_str()));
    let called = locator.map_or("", |locator| locator.text_of("cachedResultName"));
    let value = value.unwrap_or_default();
    if value.starts_with('=') || value.is_empty() {
        return Err(
            "Which workflow is called must be written, not computed; use `call`.".to_owned()
        );
    }
    let name = definition_name(if called.is_empty() { value } else { called }, None, "workflow");
    let mut node = site.make("call").with("workflow", name.as_str());
    if let Some(inputs) = site.node.at(&["workflowInputs", "value"]) {
        node.set("input", site.here().json(inputs)?);
    }
    let waits = site.node.at(&["options", "waitForSubWorkflow"]).and_then(Json::as_bool);
    if waits == Some(false) {
        node.set("mode", "detach");
    }
    node.set("saveAs", site.node.id.as_str());
    site.push(node);
    let message = format!("it calls the workflow `{name}`");
    site.warn(&message, "Import that workflow too, under this name.");
    site.drop_others(&["workflowId", "workflowInputs", "options", "source"]);
    let mut ways = vec![site.way("done", 0)];
    match site.node.on_error() {
        "continueErrorOutput" => ways.push(site.way("failed", 1)),
        "continueRegularOutput" => ways.push(site.way("failed", 0)),
        _ => {}
    }
    Ok(ways)
}
