//! `Idempotency-Key` on every POST under `/v1`: asked twice, done once, answered the same.
//!
//! Only what was done is remembered. A refusal changed nothing, so the same request may be tried again under its key.
//!
//! **Invariant:** a key belongs to one credential, with the rights it had, and one path; nobody is answered what another was.
//! **Invariant:** a request that was cut off and comes again gets the id it had ([`ReservedId`]), so it makes nothing twice.

use crate::{app::App, auth::Caller, extract::read_body, problem::Problem};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use engine::ops::request::{self, Answer, Key, Reservation, Reserved};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use uuid::Uuid;

/// Longest key.
const KEY_CHARS_MAX: usize = 255;
/// Longest answer that is kept.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The id for what a request makes, if it carries a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReservedId(pub(crate) Uuid);

/// Answers a request that was answered before; lets every other one through.
pub(crate) async fn once(
    State(app): State<App>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key("idempotency-key") {
        return next.run(request).await;
    }
    answer(&app, &caller, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(
    app: &App,
    caller: &Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = Key {
        tenant: caller.tenant(),
        scope: scope(caller, &request),
        key: key(request.headers())?,
    };
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body)).await?;
    let (pool, now) = (app.engine.pool(), app.engine.clock().now());
    match request::reserve(pool, &key, digest(&parts, &body), now).await? {
        Reserved::Done(answer) => Ok(replayed(answer)),
        Reserved::InProgress => {
            let detail = "a request with this key is being worked on";
            Err(Problem::conflict("idempotency-in-progress", detail))
        }
        Reserved::Mismatch => {
            let detail = "this key was used for another request";
            Err(Problem::unprocessable("idempotency-mismatch", detail))
        }
        Reserved::Yours(reservation) => {
            let mut request = Request::from_parts(parts, Body::from(body));
            request.extensions_mut().insert(ReservedId(reservation.id));
            let response = next.run(request).await;
            settle(app, &key, &reservation, response).await
        }
    }
}

/// Keeps the answer of what was done, and gives the key back where nothing was.
async fn settle(
    app: &App,
    key: &Key,
    reservation: &Reservation,
    response: Response,
) -> Result<Response, Problem> {
    let pool = app.engine.pool();
    if !response.status().is_success() {
        request::release(pool, key, reservation).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|_| Problem::internal())?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let answer = Answer { status: parts.status.as_u16(), body: text };
    let now = app.engine.clock().now();
    if let Err(error) = request::finish(pool, key, reservation, answer, now).await {
        // It was done all the same; asked again, it meets what it made.
        tracing::warn!(%error, "an answer was not kept for its idempotency key");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replayed(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

fn scope(caller: &Caller, request: &Request) -> String {
    format!("http {} {}", caller.fingerprint(), request.uri().path())
}

/// The key of a request that carries one.
pub(crate) fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let value = values.next().filter(|_| values.next().is_none());
    let text = value.and_then(|value| value.to_str().ok()).map(str::trim);
    let text = text.filter(|text| (1..=KEY_CHARS_MAX).contains(&text.len()));
    let detail = "one `Idempotency-Key` of 1 to 255 visible ASCII characters";
    text.map(str::to_owned).ok_or_else(|| Problem::bad_request("idempotency-key", detail))
}

fn digest(parts: &Parts, body: &Bytes) -> String {
    let mut hash = Sha256::new();
    hash.update(parts.uri.query().unwrap_or_default());
    hash.update([0]);
    hash.update(body);
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let long = "k".repeat(KEY_CHARS_MAX + 1);
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["order-1"], Some("order-1")),
            (&[""], None),
            (&["a", "b"], None),
            (&["é"], None),
            (&[long.as_str()], None),
        ];
        for (values, wanted) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers
                    .append("idempotency-key", HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            assert_eq!(key(&headers).ok().as_deref(), wanted, "{values:?}");
        }
    }

    #[test]
    fn content_is_query_and_body() {
        let of = |uri: &str, body: &'static str| {
            let (parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
            digest(&parts, &Bytes::from_static(body.as_bytes()))
        };
        assert_eq!(of("/a?b=1", "x"), of("/a?b=1", "x"));
        for (uri, body) in [("/a?b=2", "x"), ("/a?b=1", "y"), ("/a", "b=1x")] {
            assert_ne!(of("/a?b=1", "x"), of(uri, body));
        }
    }
}
