//! `slack.post`: one message to a Slack channel.
//!
//! **Invariant:** every message carries the step's key in its metadata, so the channel's history tells whether a post
//! whose answer was lost has happened.

use crate::{
    http::{Body, Http, Reply, Request},
    node::Node,
    outcome::{Safety, done, failed, of_status, retry, retry_after, unknown},
    talk::{Account, Talk},
};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use workflows::step::{Attempt, Attempted, Checked, Outcome, Running};

/// Output: `{"channel", "ts"}`.
pub(crate) struct SlackPost;

/// `event_type` of the metadata.
const EVENT_TYPE: &str = "perdure_step";
/// Messages asked for at once when the history is searched.
const PAGE_MESSAGES: &str = "100";
/// Most pages searched; a post further back than this cannot be told.
const PAGES_MAX: usize = 5;

#[derive(Deserialize)]
struct Input {
    channel: String,
    text: String,
    #[serde(default)]
    blocks: Option<Vec<Value>>,
}

impl Node for SlackPost {
    fn kind(&self) -> &'static str {
        "slack.post"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = post(&mut talk).await;
            talk.end(outcome)
        })
    }

    fn check<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Checked> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            search(&mut talk).await.unwrap_or(Checked::CannotTell)
        })
    }
}

async fn post(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let Input { channel, text, blocks } = talk.input()?;
    let account = talk.account("slack")?;
    let payload = json!({"key": talk.attempt.key});
    let mut body = json!({"channel": channel, "text": text,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": payload}});
    if let Some(blocks) = blocks {
        body["blocks"] = Value::Array(blocks);
    }
    let request = account.request(Method::POST, "chat.postMessage", body);
    let reply = talk.call(request).await.map_err(|lost| lost.outcome(Safety::Unsafe))?;
    if !reply.is_success() || reply.body["ok"] != true {
        return Err(refusal(&reply));
    }
    match (reply.body["channel"].as_str(), reply.body["ts"].as_str()) {
        (Some(channel), Some(ts)) => Ok(done(json!({"channel": channel, "ts": ts}))),
        _ => Err(unknown("no-id", "the answer names no message")),
    }
}

/// Slack answers 200 also when it refuses, so `error` is asked first and the status only without it.
fn refusal(reply: &Reply) -> Outcome {
    let Some(error) = reply.body["error"].as_str() else {
        let message = format!("HTTP {} without a reason", reply.status);
        return match reply.is_success() {
            true => unknown("no-answer", "the answer is not Slack's"),
            false => of_status(reply.status, &reply.headers, Safety::Unsafe, message),
        };
    };
    let message = format!("Slack: {error}");
    match error {
        "ratelimited" | "rate_limited" => {
            retry(retry_after(&reply.headers), "rate-limited", message)
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            unknown(error, message)
        }
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive"
        | "missing_scope" => failed("auth", message),
        _ => failed(error, message),
    }
}

/// Looks for our key in the channel, newest first. Only a history read to its end says that it is not there.
async fn search(talk: &mut Talk<'_>) -> Result<Checked, Outcome> {
    let Input { channel, .. } = talk.input()?;
    let account = talk.account("slack")?;
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let request = page(account, &channel, &cursor)?;
        let reply = talk.call(request).await.map_err(|lost| lost.outcome(Safety::Safe))?;
        if reply.body["ok"] != true {
            return Ok(Checked::CannotTell);
        }
        let messages = reply.body["messages"].as_array().into_iter().flatten();
        let key = talk.attempt.key.as_str();
        let mut ours =
            messages.filter(|message| message["metadata"]["event_payload"]["key"] == key);
        if let Some(message) = ours.next() {
            let output = json!({"channel": channel, "ts": message["ts"]});
            return Ok(Checked::Happened { output });
        }
        cursor = match reply.body["response_metadata"]["next_cursor"].as_str() {
            Some(next) if !next.is_empty() => next.to_owned(),
            _ if reply.body["has_more"] == true => return Ok(Checked::CannotTell),
            _ => return Ok(Checked::DidNotHappen),
        };
    }
    Ok(Checked::CannotTell)
}

fn page<'a>(account: Account<'a>, channel: &str, cursor: &str) -> Result<Request<'a>, Outcome> {
    let mut request = account.request(Method::GET, "conversations.history", Value::Null);
    let mut url = Url::parse(&request.url).map_err(|error| failed("input", error.to_string()))?;
    url.query_pairs_mut().extend_pairs([
        ("channel", channel),
        ("include_all_metadata", "true"),
        ("limit", PAGE_MESSAGES),
    ]);
    if !cursor.is_empty() {
        url.query_pairs_mut().append_pair("cursor", cursor);
    }
    request.url = url.into();
    request.body = Body::Empty;
    Ok(request)
}
