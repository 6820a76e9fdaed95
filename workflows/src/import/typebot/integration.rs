//! Integrations: what calls a web address becomes `http.request`; of the others it is said what to use instead.

use super::{
    block::{Drawn, Exit, Site, Way},
    variable::Variables,
};
use crate::{import::draft::Node, json::Json};

/// Methods a request may have.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What to put in the place of a block that has no counterpart.
pub(super) fn note(kind: &str) -> &'static str {
    match kind {
        "Code" => {
            "Scripts are not run here: compute with expressions in a `set` node, or let a program of yours do it behind `http.request`."
        }
        "Google Sheets" => "Call the Sheets API with `http.request`, or keep the table elsewhere.",
        "Email" | "gmail" => "Call your mail provider with `http.request`.",
        "Chatwoot" | "zendesk" => "Tell your team with `slack.post` or `http.request`.",
        "Google Analytics" | "Pixel" | "segment" | "posthog" => {
            "Send the event with `http.request`; what a browser tracked is not there in a chat."
        }
        "payment input" => {
            "Make a payment link with `http.request`, send it, and wait with `wait.webhook` until it is paid."
        }
        "otp input" => "Send a code with an approved template, ask for it, and compare.",
        "cards input" => "Ask with the choices of an `ask` node, and send the pictures before it.",
        "Return" => "A workflow that was called returns at its `end`.",
        "cal-com" => "Send a link to the calendar, and wait with `wait.webhook` for the booking.",
        _ => "Call it with `http.request` if it has an API, or replace it.",
    }
}

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let block = site.block;
    // Before version 6 the request stood beside the options.
    let request = block.option("webhook").or_else(|| block.json.get("webhook"));
    let request = request.unwrap_or(&Json::Null);
    let url = request.text_of("url");
    if url.is_empty() {
        return Err("It has no address to call; use `http.request`.".to_owned());
    }
    let method = request.text_of("method").to_ascii_uppercase();
    let method = if METHODS.contains(&method.as_str()) { method } else { "POST".to_owned() };
    let save_as = site.draft.paths.path(&format!("response_{}", site.id), "response");
    let url = address(site, url, request);
    let mut node = site.node("http.request").with("method", method.as_str()).with("url", url);
    let headers = pairs(request.get("headers"), site.variables());
    if !headers.is_empty() {
        node.set("headers", Json::Object(headers));
    }
    set_body(site, &mut node, request, &method);
    node.set("saveAs", save_as.as_str());
    if let Some(seconds) = block.option("timeout").and_then(Json::as_i64) {
        let timeout = format!("{}s", seconds.clamp(1, 600));
        node.set("policy", crate::json::object([("timeout", timeout.into())]));
    }
    site.push(node);
    if block.is_on("isExecutedOnClient") {
        site.drop_option(
            "isExecutedOnClient",
            "the engine calls",
            "Check that it may be called from there.",
        );
    }
    site.drop_option("proxyCredentialsId", "no proxy is used", "Make a connection for it.");
    // Typebot goes on without an answer.
    let on_error = site.next("error");
    Ok(match map_answer(site, &save_as, "") {
        Some(set) => vec![site.way("default", Exit::Node(set.clone())), on(set), on_error],
        None => vec![site.next("default"), on_error],
    })
}

/// The way on from a node behind the block's own.
pub(super) fn on<'a>(node: String) -> Way<'a> {
    Way { from: node, handle: "default".to_owned(), to: Exit::Next }
}

fn pairs(list: Option<&Json>, variables: &Variables) -> Vec<(String, Json)> {
    list.map_or(&[][..], Json::list)
        .iter()
        .filter(|pair| !pair.text_of("key").is_empty())
        .map(|pair| {
            (pair.text_of("key").to_owned(), variables.template(pair.text_of("value")).into())
        })
        .collect()
}

/// The address with its query.
fn address(site: &mut Site<'_, '_>, url: &str, request: &Json) -> String {
    let mut address = site.variables().template(url.trim());
    let query = request.get("queryParams").map_or(&[][..], Json::list);
    for pair in query.iter().filter(|pair| !pair.text_of("key").is_empty()) {
        let (key, value) = (pair.text_of("key"), pair.text_of("value"));
        if !site.variables().is_literal(value) {
            let message = format!(
                "`{key}` stands in the address as it is, without percent signs for blanks and the like"
            );
            site.warn(message, "Send it in the body if it can hold any text.");
        }
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(&format!("{key}={}", site.variables().template(value)));
    }
    address
}

fn set_body(site: &mut Site<'_, '_>, node: &mut Node, request: &Json, method: &str) {
    let text = request.text_of("body");
    if matches!(method, "GET" | "HEAD") {
        return;
    }
    if text.is_empty() || site.block.option("isCustomBody") == Some(&Json::Bool(false)) {
        let message = "all answers were sent as the body, and no body is sent here";
        site.warn(message, "Write the body, e.g. {\"name\": \"{{ context.name }}\"}.");
        return;
    }
    let variables = site.variables();
    let body = match serde_json::from_str::<Json>(text) {
        Ok(json @ (Json::Object(_) | Json::Array(_))) => templates(&json, variables),
        _ => variables.template(text).into(),
    };
    node.set("body", body);
}

/// JSON whose texts are templates. As deep as the text it was read from, which serde_json bounds.
fn templates(json: &Json, variables: &Variables) -> Json {
    match json {
        Json::String(text) => variables.template(text).into(),
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| templates(item, variables)).collect())
        }
        Json::Object(members) => Json::Object(
            members.iter().map(|(key, value)| (key.clone(), templates(value, variables))).collect(),
        ),
        other => other.clone(),
    }
}

/// The `set` node that keeps parts of an answer in variables; its id, if any part is kept.
pub(super) fn map_answer(site: &mut Site<'_, '_>, answer: &str, prefix: &str) -> Option<String> {
    let mappings = site.block.option("responseVariableMapping")?;
    let mut assign = Vec::new();
    for (index, mapping) in mappings.list().iter().enumerate() {
        let path = site.variables().path(mapping.text_of("variableId"));
        let (Some(path), Some(of)) = (path, answer_path(mapping.text_of("bodyPath"))) else {
            let pointer = format!("{}/options/responseVariableMapping/{index}", site.block.pointer);
            let message = format!("`{}` of the answer is not kept", mapping.text_of("bodyPath"));
            site.draft.warn(&site.id, &pointer, message, "Keep it with a `set` node.");
            continue;
        };
        let of = format!("default(context.{answer}{prefix}{of}, null)");
        assign.push((path.to_owned(), of.into()));
    }
    if assign.is_empty() {
        return None;
    }
    let id = site.draft.ids.id(&format!("{}_keep", site.id), "keep");
    let node = Node::new(id.clone(), "set", site.block.pointer.clone());
    site.push(node.with("assign", Json::Object(assign)));
    Some(id)
}

/// `data.items[0].name` as what follows the answer in an expression.
fn answer_path(path: &str) -> Option<String> {
    let mut rest = path.trim();
    let mut out = String::new();
    rest = match rest.strip_prefix("data") {
        Some(below) if below.is_empty() || below.starts_with(['.', '[']) => {
            out.push_str(".body");
            below
        }
        _ if rest == "statusCode" => return Some(".status".to_owned()),
        _ => return None,
    };
    while !rest.is_empty() {
        if let Some(below) = rest.strip_prefix('[') {
            let (index, below) = below.split_once(']')?;
            let index = index.trim_matches(['\'', '"']);
            match index.parse::<u32>() {
                Ok(index) => out.push_str(&format!("[{index}]")),
                Err(_) => out.push_str(&format!("[{}]", crate::import::text::quoted(index))),
            }
            rest = below;
        } else {
            let below = rest.strip_prefix('.')?;
            let end = below.find(['.', '[']).unwrap_or(below.len());
            let (name, below) = below.split_at(end);
            if name.is_empty() {
                return None;
            }
            match crate::import::names::is_field(name) {
                true => out.push_str(&format!(".{name}")),
                false => out.push_str(&format!("[{}]", crate::import::text::quoted(name))),
            }
            rest = below;
        }
    }
    Some(out)
}
