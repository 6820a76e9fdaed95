//! HTTP Request, versions 1 to 4.

use super::draw::{Drawn, Site};
use crate::json::{Json, object};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// First version whose lists are switched on by themselves.
const SWITCHES_SINCE: f64 = 3.0;

pub(super) fn draw(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let method = [node.text("method"), node.text("requestMethod")];
    let method = method.into_iter().find(|m| !m.is_empty()).unwrap_or("GET");
    if !METHODS.contains(&method) {
        return Err("Its method is computed; use `http.request` with a fixed one.".to_owned());
    }
    let mut url = site.template("url")?;
    if url.is_empty() {
        return Err("It has no address; use `http.request`.".to_owned());
    }
    for (name, value) in pairs(site, "sendQuery", &["queryParameters", "queryParametersUi"])? {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&format!("{name}={}", value.as_str().unwrap_or_default()));
    }
    let mut made = site.make("http.request").with("method", method).with("url", url);
    let headers = pairs(site, "sendHeaders", &["headerParameters", "headerParametersUi"])?;
    if !headers.is_empty() {
        made.set("headers", Json::Object(headers));
    }
    if let Some(body) = body(site)? {
        made.set("body", body);
    }
    made.set("saveAs", site.node.id.as_str());
    if let Some(ms) = node.at(&["options", "timeout"]).and_then(Json::as_i64) {
        // Retries have a policy of their own below; a node has one.
        if node.json.get("retryOnFail").and_then(Json::as_bool) != Some(true) {
            let timeout = format!("{}ms", ms.clamp(1, 600_000));
            made.set("policy", object([("timeout", timeout.into())]));
        }
    }
    drop_options(site);
    site.push_step(made)
}

/// Names with values: `{parameters: [{name, value}]}`, or `{parameter: […]}` in old versions.
fn pairs(site: &Site<'_, '_>, switch: &str, keys: &[&str]) -> Result<Vec<(String, Json)>, String> {
    let node = site.node;
    if node.version >= SWITCHES_SINCE
        && node.parameter(switch).and_then(Json::as_bool) != Some(true)
    {
        return Ok(Vec::new());
    }
    let json_key = format!("specify{}", switch.trim_start_matches("send"));
    if node.text(&json_key) == "json" {
        let key = if switch == "sendQuery" { "jsonQuery" } else { "jsonHeaders" };
        let json: Json = serde_json::from_str(node.text(key))
            .map_err(|_| format!("`{key}` is computed; write it in `http.request`."))?;
        let read = site.here().json(&json)?;
        return Ok(read.entries().to_vec());
    }
    let list = keys.iter().find_map(|key| {
        let holder = node.parameter(key)?;
        holder.get("parameters").or_else(|| holder.get("parameter"))
    });
    let pairs = list.map_or(&[][..], Json::list).iter();
    pairs
        .filter(|pair| !pair.text_of("name").is_empty())
        .map(|pair| {
            let value = site.here().template(pair.text_of("value"))?;
            Ok((pair.text_of("name").to_owned(), value.into()))
        })
        .collect()
}

fn body(site: &Site<'_, '_>) -> Result<Option<Json>, String> {
    let node = site.node;
    let is_on = node.version < SWITCHES_SINCE
        || node.parameter("sendBody").and_then(Json::as_bool) == Some(true);
    if !is_on {
        return Ok(None);
    }
    let json = [node.text("jsonBody"), node.text("bodyParametersJson")];
    if let Some(text) = json.into_iter().find(|text| !text.is_empty()) {
        return json_body(site, text).map(Some);
    }
    if !node.text("body").is_empty() {
        return Ok(Some(site.template("body")?.into()));
    }
    let fields = pairs(site, "sendBody", &["bodyParameters", "bodyParametersUi"])?;
    Ok((!fields.is_empty()).then_some(Json::Object(fields)))
}

/// A body as JSON text: read as JSON where that is possible, so that values keep their types.
fn json_body(site: &Site<'_, '_>, text: &str) -> Result<Json, String> {
    let Some(script) = text.strip_prefix('=') else {
        return match serde_json::from_str::<Json>(text) {
            Ok(json) => site.here().json(&json),
            Err(_) => Ok(crate::import::text::literal(text).into()),
        };
    };
    let whole = script.trim();
    if whole.starts_with("{{") && whole.ends_with("}}") && whole.matches("{{").count() == 1 {
        return Ok(object([("@expr", site.here().expression(&text.into())?.source.into())]));
    }
    // `{"a": "{{ x }}"}`: JSON with computed texts in it.
    match serde_json::from_str::<Json>(script) {
        Ok(json) => site.here().json(&with_marks(&json)),
        Err(_) => Ok(site.here().template(text)?.into()),
    }
}

/// JSON that was computed as a whole: its texts are computed each by itself.
fn with_marks(json: &Json) -> Json {
    match json {
        Json::String(text) if text.contains("{{") => format!("={text}").into(),
        Json::Array(items) => Json::Array(items.iter().map(with_marks).collect()),
        Json::Object(members) => Json::Object(
            members.iter().map(|(key, value)| (key.clone(), with_marks(value))).collect(),
        ),
        other => other.clone(),
    }
}

fn drop_options(site: &mut Site<'_, '_>) {
    let options = site.node.parameter("options").map_or(&[][..], Json::entries);
    for (key, value) in options {
        if value.is_empty()
            || matches!(key.as_str(), "timeout" | "response" | "redirect" | "fullResponse")
        {
            continue;
        }
        let message = format!("the option `{key}` is left out");
        site.warn(&message, "Look whether it matters, e.g. for paging or proxies.");
    }
    site.drop_others(&[
        "method",
        "requestMethod",
        "url",
        "sendQuery",
        "queryParameters",
        "queryParametersUi",
        "specifyQuery",
        "jsonQuery",
        "sendHeaders",
        "headerParameters",
        "headerParametersUi",
        "specifyHeaders",
        "jsonHeaders",
        "sendBody",
        "bodyParameters",
        "bodyParametersUi",
        "bodyParametersJson",
        "jsonBody",
        "body",
        "specifyBody",
        "contentType",
        "rawContentType",
        "authentication",
        "nodeCredentialType",
        "genericAuthType",
        "options",
        "jsonParameters",
    ]);
}
