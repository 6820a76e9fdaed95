//! `http.request`: any HTTP service.
//!
//! **Invariant:** a connection's credential goes only to the origin of that connection; any other address is called
//! without it, and under the egress guard.

use crate::{
    http::{Body, Http, Reach, Reply, Request},
    node::Node,
    outcome::{Safety, done, failed, of_status},
    talk::Talk,
};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"status", "headers", "body"}`.
pub(crate) struct HttpRequest;

/// The header the key goes in, unless the step names another.
const IDEMPOTENCY_HEADER: &str = "Idempotency-Key";
/// Headers of an answer that an instance may see.
const HEADERS_KEPT: [&str; 6] =
    ["content-type", "etag", "last-modified", "link", "location", "x-request-id"];
/// Headers that belong to the connection itself: setting them could make two requests of one.
const HEADERS_REFUSED: [&str; 7] =
    ["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
    /// The header by which the service knows a request it has had; naming it says that twice is once.
    #[serde(default)]
    idempotency_header: Option<String>,
}

impl Node for HttpRequest {
    fn kind(&self) -> &'static str {
        "http.request"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = request(&mut talk).await;
            talk.end(outcome)
        })
    }
}

async fn request(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let input: Input = talk.input()?;
    let method = method(input.method.as_deref())?;
    let named = input.idempotency_header.as_deref().filter(|name| !name.is_empty());
    let is_safe = matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE);
    let safety = if is_safe || named.is_some() { Safety::Safe } else { Safety::Unsafe };
    let mut headers = headers(&input.headers)?;
    if matches!(method, Method::POST | Method::PATCH) {
        let name = named.unwrap_or(IDEMPOTENCY_HEADER).to_owned();
        headers.retain(|(given, _)| !given.eq_ignore_ascii_case(&name));
        headers.push((name, talk.attempt.key.clone()));
    }
    let mut request = addressed(talk, &input.url)?;
    request.method = method;
    request.headers = headers;
    request.body = match input.body {
        Value::Null => Body::Empty,
        Value::String(text) => Body::Text(text),
        json => Body::Json(json),
    };
    let has_token = request.token.is_some();
    let reply = talk.call(request).await.map_err(|lost| lost.outcome(safety))?;
    if reply.is_success() {
        return Ok(done(output(reply)));
    }
    let message = format!("HTTP {}", reply.status);
    Err(match reply.status {
        // A 403 may be about this one address; only a 401 says that the credential serves nowhere.
        401 if has_token => failed("auth", message),
        status => of_status(status, &reply.headers, safety, message),
    })
}

fn method(given: Option<&str>) -> Result<Method, Outcome> {
    match given.unwrap_or("GET").to_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        other => Err(failed("input", format!("method: \"{other}\" is not called"))),
    }
}

fn headers(given: &Map<String, Value>) -> Result<Vec<(String, String)>, Outcome> {
    let one = |(name, value): (&String, &Value)| {
        if HEADERS_REFUSED.contains(&name.to_lowercase().as_str()) {
            return Err(failed("input", format!("headers: \"{name}\" cannot be set")));
        }
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Ok((name.clone(), value))
    };
    given.iter().map(one).collect()
}

/// The request to a URL: a path of the connection, a full URL of its origin, or somebody else's.
fn addressed<'a>(talk: &Talk<'a>, url: &str) -> Result<Request<'a>, Outcome> {
    let stranger = |url: String| Request {
        reach: Reach::Open,
        method: Method::GET,
        url,
        token: None,
        headers: Vec::new(),
        body: Body::Empty,
    };
    let invalid = |error| failed("input", format!("url: {error}"));
    let is_full = Url::parse(url).is_ok_and(|url| url.has_host());
    let Some(connection) = &talk.attempt.connection else {
        return match is_full {
            true => Ok(stranger(url.to_owned())),
            false => Err(failed("input", "url: a full URL is needed without a connection")),
        };
    };
    let base = Url::parse(&connection.base_url).map_err(invalid)?;
    let full = match is_full {
        true => url.to_owned(),
        false => {
            let base = connection.base_url.trim_end_matches('/');
            format!("{base}/{}", url.trim_start_matches('/'))
        }
    };
    if Url::parse(&full).map_err(invalid)?.origin() != base.origin() {
        return Ok(stranger(full));
    }
    let (reach, token) = (Reach::Provider, connection.token.as_ref());
    Ok(Request { reach, token, ..stranger(full) })
}

fn output(reply: Reply) -> Value {
    let kept = HEADERS_KEPT.iter().filter_map(|name| {
        let value = reply.headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), json!(value)))
    });
    let headers: Map<String, Value> = kept.collect();
    json!({"status": reply.status, "headers": headers, "body": reply.body})
}
