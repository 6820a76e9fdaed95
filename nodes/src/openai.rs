//! Chat completions of OpenAI and of servers that speak like it.
//!
//! **Invariant:** asking twice costs, and changes nothing: every lost answer is a `Retry`, never an `Unknown`.

use crate::{
    http::Reply,
    outcome::{Safety, failed, of_status, retry, retry_after},
    talk::Talk,
};
use reqwest::Method;
use serde_json::{Value, json};
use workflows::step::Outcome;

/// 429s that waiting does not cure: money or a limit someone has set.
const QUOTA_CODES: [&str; 6] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "enforced_spend_limit_reached",
];

/// What is asked.
pub(crate) struct Question {
    pub(crate) system: Option<String>,
    pub(crate) user: String,
    /// Overrides the connection's.
    pub(crate) model: Option<String>,
    pub(crate) max_tokens: Option<u32>,
    /// `response_format`, if the answer must have a shape.
    pub(crate) format: Option<Value>,
}

/// Asks, and gives the text of the answer.
pub(crate) async fn ask(talk: &mut Talk<'_>, question: Question) -> Result<String, Outcome> {
    let account = talk.account("openai")?;
    let model = question.model.as_deref().filter(|model| !model.is_empty());
    let Some(model) = model.or_else(|| account.setting("model")) else {
        return Err(failed("input", "neither the step nor its connection names a model"));
    };
    let mut messages = Vec::new();
    if let Some(system) = question.system.filter(|system| !system.is_empty()) {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": question.user}));
    let mut body = json!({"model": model, "messages": messages});
    if let Some(max_tokens) = question.max_tokens {
        // Other vendors still want `max_tokens`, so the name is a setting.
        let name = account.setting("max_tokens_field").unwrap_or("max_completion_tokens");
        body[name] = json!(max_tokens);
    }
    if let Some(format) = question.format {
        body["response_format"] = format;
    }
    let mut request = account.request(Method::POST, "chat/completions", body);
    // Not an idempotency key, there is none: it lets a person find the call at the provider.
    request.headers.push(("x-client-request-id".to_owned(), talk.attempt.key.clone()));
    let reply = talk.call(request).await.map_err(|lost| lost.outcome(Safety::Safe))?;
    if !reply.is_success() {
        return Err(refusal(&reply));
    }
    content(&reply.body)
}

fn content(body: &Value) -> Result<String, Outcome> {
    let choice = &body["choices"][0];
    if let Some(refusal) = choice["message"]["refusal"].as_str() {
        return Err(failed("refused", refusal));
    }
    match choice["finish_reason"].as_str() {
        Some("length") => return Err(failed("length", "the answer was cut at its longest")),
        Some("content_filter") => return Err(failed("refused", "the content filter stopped it")),
        _ => {}
    }
    match choice["message"]["content"].as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(failed("empty", "the model said nothing")),
    }
}

fn refusal(reply: &Reply) -> Outcome {
    let error = &reply.body["error"];
    // Local servers send the error as a plain text.
    let message = error["message"].as_str().or_else(|| error.as_str()).unwrap_or("no message");
    let message = format!("HTTP {}: {message}", reply.status);
    let code = error["code"].as_str().or_else(|| error["type"].as_str()).unwrap_or_default();
    let is_quota = [&error["code"], &error["type"]]
        .iter()
        .any(|name| name.as_str().is_some_and(|name| QUOTA_CODES.contains(&name)));
    let after = retry_after(&reply.headers);
    let advice = reply.headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    match (reply.status, advice) {
        (429, _) if is_quota => failed("quota", message),
        (401 | 403, _) => failed("auth", message),
        (_, Some("true")) => retry(after, "unavailable", message),
        (status, Some("false")) => failed(code_or_status(code, status), message),
        (409, _) => retry(after, "http-409", message),
        (status @ 400..=499, _) if !matches!(status, 408 | 425 | 429) => {
            failed(code_or_status(code, status), message)
        }
        (status, _) => of_status(status, &reply.headers, Safety::Safe, message),
    }
}

fn code_or_status(code: &str, status: u16) -> String {
    if code.is_empty() { format!("http-{status}") } else { code.to_owned() }
}
