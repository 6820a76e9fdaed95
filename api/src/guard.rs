//! Around every request: a task of its own, an id, a span, a count, and the headers that browsers want.
//!
//! **Invariant:** once a request was read, it is worked on to its end. axum drops the handler of a client that hangs up; here
//! that only drops the wait for the answer.
//! **Invariant:** one line per request, with its route and never its content; a panic costs one request.

use crate::{app::App, problem::Problem};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id taken from the client.
const REQUEST_ID_CHARS_MAX: usize = 64;
/// Set unless the route has set its own.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
];

/// Runs the rest of the request.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %method, route, request.id = id.to_str().unwrap_or_default());
    let since = Instant::now();
    let uri = request.uri();
    let mut response = match has_nul(uri.path()) || uri.query().is_some_and(has_nul) {
        true => Problem::bad_request("nul", "the address holds the character NUL").into_response(),
        false => {
            let task = tokio::spawn(next.run(request).instrument(span.clone()));
            task.await.unwrap_or_else(|error| {
                span.in_scope(|| tracing::error!(%error, "a request's task panicked"));
                Problem::internal().into_response()
            })
        }
    };
    let status = response.status();
    app.metrics.answered(status);
    let elapsed_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status = status.as_u16(), elapsed_ms, "answered"));
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

/// The client's own id for the request if it is harmless, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=REQUEST_ID_CHARS_MAX).contains(&bytes.len()) && bytes.iter().all(is_plain)
    };
    headers.get(REQUEST_ID).filter(is_harmless).cloned().unwrap_or_else(|| {
        let id = Uuid::new_v4().simple().to_string();
        HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
    })
}

/// Postgres stores no NUL, and nothing that is named by one exists.
fn has_nul(text: &str) -> bool {
    text.contains("%00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_request_ids_are_taken() {
        let long = "x".repeat(REQUEST_ID_CHARS_MAX + 1);
        for (given, is_taken) in [("abc-1", true), ("a b", false), ("<x>", false), (&long, false)] {
            let headers =
                HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(given).unwrap())]);
            assert_eq!(request_id(&headers).to_str().unwrap() == given, is_taken, "{given}");
        }
    }
}
