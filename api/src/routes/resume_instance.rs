//! `POST|PUT /hooks/resume/{token}/{name}`: what the outside answers to a workflow that gave it the address.
//!
//! For a node that waits, the event is `resume.<name>` with `{body, query}`; for an approval it is `approval.<name>` with
//! `{decision, by, comment}`. An event that comes before the workflow waits for it is kept by the machine.
//!
//! **Invariant:** 200 only after a commit. The same request again (its `Idempotency-Key`, or else the same content) is the
//! same event.

use super::show_resume::{thanks, told};
use crate::{
    app::App,
    extract::{Names, parse, read_body},
    idempotency,
    page::Page,
    problem::Problem,
    resume::{Approval, Place, Stand, Target, bad_event, over, unstored},
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Form, FromRequest, Query, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use engine::{
    EventRequest,
    ops::send::{self, Sent},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{fmt::Write, time::Duration};
use uuid::Uuid;

/// How long the page after a decision waits for the decision to be taken.
const TURN_WAIT: Duration = Duration::from_secs(3);
/// Longest name of who decides.
const BY_CHARS_MAX: usize = 200;
/// Longest comment.
const COMMENT_CHARS_MAX: usize = 2_000;

/// 200 when it is stored, 404 for a link that is wrong in any way, 409 for a decision that is not asked for, 410 when the
/// workflow has ended, 422 for what cannot be taken, 429 when too much came before it was wanted, 503 when it could not be
/// stored.
pub(crate) async fn handle(
    State(app): State<App>,
    Names((token, name)): Names<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let answered = receive(&app, &token, name, request).await;
    app.metrics.webhook(answered.is_ok());
    answered
}

async fn receive(
    app: &App,
    token: &str,
    name: String,
    request: Request,
) -> Result<Response, Problem> {
    let target = Target::find(app, token, name).await?;
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let key = headers.contains_key("idempotency-key").then(|| idempotency::key(&headers));
    let key = key.transpose()?;
    let content = Content::of(&headers)?;
    let body = content.read(read_body(request).await?).await?;
    if target.is_full() {
        let detail = "many of these have come already, and the workflow has not come to them yet";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-early", detail));
    }
    match &target.place {
        Place::Webhook => {
            let query = query(&uri)?;
            let key = key.unwrap_or_else(|| digest(&body, &query));
            let fields = json!({ "body": body, "query": query });
            let sent = store(app, &target, fields, (key, Duration::ZERO)).await?;
            Ok(Json(json!({ "event_id": sent.event_id })).into_response())
        }
        Place::Approval(approval) => {
            let decision = Decision::read(approval, &body)?;
            let wants_page = matches!(content, Content::Form) || accepts_html(&headers);
            decide(app, (&target, approval), decision, (key, wants_page)).await
        }
    }
}

/// Puts the event on record and on its way.
async fn store(
    app: &App,
    target: &Target,
    fields: Value,
    (key, wait): (String, Duration),
) -> Result<Sent, Problem> {
    let event = target.event();
    let body = send::event_body(&event, fields).map_err(bad_event)?;
    let request = EventRequest {
        tenant: target.tenant,
        instance: target.instance.id,
        body,
        actor: "link".to_owned(),
        reason: None,
    };
    send::once(&app.engine, request, format!("{event} {key}"), wait).await.map_err(unstored)
}

/// What somebody decided.
struct Decision {
    choice: String,
    by: Option<String>,
    comment: Option<String>,
    /// Names the page it was made on.
    once: Option<String>,
}

impl Decision {
    fn read(approval: &Approval, body: &Value) -> Result<Self, Problem> {
        let text = |field: &str, chars_max: usize| {
            let text = body.get(field).and_then(Value::as_str).map(str::trim).unwrap_or_default();
            let text: String = text.chars().take(chars_max).collect();
            (!text.is_empty()).then_some(text)
        };
        let choice = text("decision", BY_CHARS_MAX).unwrap_or_default();
        if !approval.choices.iter().any(|(id, _)| *id == choice) {
            let ids: Vec<&str> = approval.choices.iter().map(|(id, _)| id.as_str()).collect();
            let detail = format!("`decision` is one of: {}", ids.join(", "));
            return Err(Problem::unprocessable("decision", detail).with("pointer", "/decision"));
        }
        let (by, comment) = (text("by", BY_CHARS_MAX), text("comment", COMMENT_CHARS_MAX));
        Ok(Self { choice, by, comment, once: text("once", BY_CHARS_MAX) })
    }
}

async fn decide(
    app: &App,
    (target, approval): (&Target, &Approval),
    decision: Decision,
    (key, wants_page): (Option<String>, bool),
) -> Result<Response, Problem> {
    let refused = |stand: &Stand| match wants_page {
        true => {
            Ok(Page::new(&target.definition.title).text(&told(stand)).answer(StatusCode::CONFLICT))
        }
        false if target.instance.state.life.is_over() => Err(over()),
        false => Err(Problem::conflict("not-possible", told(stand))),
    };
    let stand = approval.stand(&target.instance);
    if stand != Stand::Open {
        return refused(&stand);
    }
    let Decision { choice, by, comment, once } = decision;
    // Without a key two decisions are two: the same person may decide the same twice, in another round.
    let key = key.or(once).unwrap_or_else(|| Uuid::new_v4().to_string());
    let fields = json!({ "decision": choice, "by": by, "comment": comment });
    let sent = store(app, target, fields, (key, TURN_WAIT)).await?;
    if !wants_page {
        return Ok(Json(json!({ "event_id": sent.event_id })).into_response());
    }
    Ok(thanks(target, approval, &choice).answer(StatusCode::OK))
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Json,
    Form,
    Text,
    /// Nothing was said: JSON if it is, else a text.
    Unsaid,
}

impl Content {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(told) = headers.get(header::CONTENT_TYPE) else { return Ok(Self::Unsaid) };
        let told = told.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match told.to_ascii_lowercase().as_str() {
            "" => Ok(Self::Unsaid),
            "application/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            other if other.ends_with("+json") => Ok(Self::Json),
            other if other.starts_with("text/") => Ok(Self::Text),
            _ => {
                let detail = "a body is JSON, a form, or a text";
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", detail))
            }
        }
    }

    async fn read(self, bytes: Bytes) -> Result<Value, Problem> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        match self {
            Self::Json => parse(&bytes),
            Self::Form => form(bytes).await,
            Self::Text => text(&bytes),
            Self::Unsaid => parse(&bytes).or_else(|_| text(&bytes)),
        }
    }
}

fn text(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map(Value::from);
    text.map_err(|_| Problem::unprocessable("text", "the body is not text in UTF-8"))
}

async fn form(bytes: Bytes) -> Result<Value, Problem> {
    let refused = || Problem::bad_request("form", "the body is not a form");
    let request = Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(bytes))
        .map_err(|_| refused())?;
    let fields = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    fields.map(|Form(fields)| object(fields)).map_err(|_| refused())
}

fn query(uri: &Uri) -> Result<Value, Problem> {
    let fields = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let refused = |_| Problem::bad_request("query", "the query of the address cannot be read");
    fields.map(|Query(fields)| object(fields)).map_err(refused)
}

/// Fields by name; one that comes several times is a list.
fn object(fields: Vec<(String, String)>) -> Value {
    let mut object = Map::new();
    for (name, text) in fields {
        let text = Value::String(text);
        match object.get_mut(&name) {
            None => {
                object.insert(name, text);
            }
            Some(Value::Array(texts)) => texts.push(text),
            Some(one) => *one = json!([one.take(), text]),
        }
    }
    Value::Object(object)
}

/// Names a request that carries no key, by what it says.
fn digest(body: &Value, query: &Value) -> String {
    let hash = Sha256::digest(json!([body, query]).to_string());
    hash.iter().take(16).fold("content ".to_owned(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[tokio::test]
    async fn bodies() {
        for (content_type, body, wanted) in [
            (Some("application/json; charset=utf-8"), r#"{"a": [1]}"#, Ok(json!({"a": [1]}))),
            (Some("application/vnd.x+json"), "5", Ok(json!(5))),
            (Some("application/json"), "", Ok(Value::Null)),
            (Some("application/json"), "{", Err(400)),
            (Some("application/json"), r#"{"a": "\u0000"}"#, Err(422)),
            (
                Some("application/x-www-form-urlencoded"),
                "a=1+2&b=%C3%A9&b=&b=x",
                Ok(json!({"a": "1 2", "b": ["é", "", "x"]})),
            ),
            (Some("text/plain"), "{\"a\": 1}", Ok(json!("{\"a\": 1}"))),
            (None, "{\"a\": 1}", Ok(json!({"a": 1}))),
            (None, "paid", Ok(json!("paid"))),
            (Some("image/png"), "x", Err(415)),
            (Some("multipart/form-data; boundary=x"), "x", Err(415)),
        ] {
            let mut headers = HeaderMap::new();
            headers
                .extend(content_type.map(|t| (header::CONTENT_TYPE, HeaderValue::from_static(t))));
            let read = match Content::of(&headers) {
                Ok(content) => content.read(Bytes::from(body)).await,
                Err(problem) => Err(problem),
            };
            assert_eq!(read.map_err(|p| p.status().as_u16()), wanted, "{content_type:?} {body}");
        }
    }

    #[test]
    fn queries() {
        for (uri, wanted) in [
            ("/x", json!({})),
            ("/x?status=ok&id=7", json!({"status": "ok", "id": "7"})),
            ("/x?a=1&a=2", json!({"a": ["1", "2"]})),
        ] {
            assert_eq!(query(&Uri::from_static(uri)).unwrap(), wanted, "{uri}");
        }
    }
}
