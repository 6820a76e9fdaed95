//! What comes in, parsed at the edge: JSON bodies, queries, ids.
//!
//! **Invariant:** whatever the bytes are, the answer is a value or a problem that says where it went wrong; limits of length,
//! depth and text are met before anything is built.

use crate::problem::Problem;
use axum::{
    Extension, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
    http::{StatusCode, request::Parts},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::error::Category;
use std::time::Duration;
use uuid::Uuid;
use workflows::{duration::parse_duration_ms, limits::JSON_DEPTH_MAX};

/// Largest JSON body, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Rows of a page when the request names no limit.
const PAGE_ROWS: u32 = 50;
/// Longest time a body may take to arrive.
const BODY_READ_MAX: Duration = Duration::from_secs(30);
/// Longest time a request waits for a turn.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// How much of what was sent stands in an answer.
const SHOWN_CHARS_MAX: usize = 60;

/// How long a body may be on this route; stands beside axum's own limit, which cannot be read back.
#[derive(Debug, Clone, Copy)]
struct BodyMax(usize);

/// Limits the bodies of these routes.
pub(crate) fn limited<S>(routes: Router<S>, bytes_max: usize) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    routes.layer(DefaultBodyLimit::max(bytes_max)).layer(Extension(BodyMax(bytes_max)))
}

/// The body as it came.
pub(crate) async fn read_body(request: Request) -> Result<Bytes, Problem> {
    let bytes_max = request.extensions().get::<BodyMax>().map_or(BODY_BYTES_MAX, |max| max.0);
    let read = tokio::time::timeout(BODY_READ_MAX, Bytes::from_request(request, &())).await;
    let Ok(read) = read else {
        let detail = "the body did not arrive in time";
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail));
    };
    read.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::too_large(bytes_max)
        }
        _ => Problem::bad_request("body-unreadable", "the body could not be read"),
    })
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        parse_body(&read_body(request).await?).map(Self)
    }
}

/// A JSON body that may be missing.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let bytes = read_body(request).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(T::default()));
        }
        parse_body(&bytes).map(Self)
    }
}

/// Without the mark that editors on Windows put in front of a text, and that JSON does not allow.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Parses a body, which is an object on every route. A list would else be taken for the fields in their order.
fn parse_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = without_mark(bytes);
    if bytes.trim_ascii_start().first().is_some_and(|byte| *byte != b'{') {
        parse::<IgnoredAny>(bytes)?;
        let detail = "the body should be a JSON object";
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", ""));
    }
    parse(bytes)
}

/// Parses JSON.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    scan(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let parsed = parsed.map_err(|error| refusal(&error))?;
    deserializer.end().map_err(|error| syntax(&error))?;
    Ok(parsed)
}

fn refusal(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.classify() != Category::Data {
        return syntax(inner);
    }
    let pointer = pointer(error.path());
    let place = if pointer.is_empty() { "the body" } else { pointer.as_str() };
    // Without the place in the text, which the pointer tells better.
    let message = inner.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Problem::unprocessable("json-shape", format!("{place}: {message}")).with("pointer", pointer)
}

fn syntax(error: &serde_json::Error) -> Problem {
    Problem::bad_request("json-syntax", format!("the body is not JSON: {error}"))
        .with("line", error.line())
        .with("column", error.column())
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => {
                pointer.push_str(&workflows::diagnostic::pointer_token(key));
            }
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// Looks at the bytes once before anything is built: how deep, and whether a text holds a NUL, which Postgres cannot store.
pub(crate) fn scan(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut is_text, mut at) = (0usize, false, 0);
    while let Some(byte) = bytes.get(at) {
        match (is_text, byte) {
            (_, b'"') => is_text = !is_text,
            (true, b'\\') => {
                if bytes.get(at + 1..at + 6) == Some(b"u0000") {
                    let detail = "a text holds the character NUL (\\u0000), which cannot be stored";
                    return Err(Problem::unprocessable("nul", detail).with("offset", at));
                }
                at += 1;
            }
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > JSON_DEPTH_MAX {
                    let detail = format!("nested deeper than {JSON_DEPTH_MAX} levels");
                    return Err(Problem::unprocessable("too-deep", detail).with("offset", at));
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The query of the URL.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(params) =
            Query::<T>::from_request_parts(parts, state).await.map_err(|rejection| {
                // Without the words of the parser, which say what the code says.
                let text = rejection.body_text();
                let detail = text.strip_prefix("Failed to deserialize query string: ");
                Problem::bad_request("query", detail.unwrap_or(&text))
            })?;
        Ok(Self(params))
    }
}

/// The id in a path. One that is none cannot exist: 404, not 400.
pub(crate) struct Id(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Names(text) = Names::<String>::from_request_parts(parts, state).await?;
        Uuid::try_parse(&text).map(Self).map_err(|_| {
            let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            let detail = format!("`{shown}` is not an id, so nothing has it");
            Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
        })
    }
}

/// The names in a path.
pub(crate) struct Names<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names)).map_err(|_| Problem::not_found("that"))
    }
}

/// Where a page begins, and how long it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParams {
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<u32>,
}

/// The rows of a page.
pub(crate) fn rows(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE_ROWS).clamp(1, engine::ops::PAGE_ROWS_MAX)
}

/// A cursor that `next` gave.
pub(crate) fn cursor<T: std::str::FromStr>(after: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(text) = after.filter(|text| !text.is_empty()) else { return Ok(None) };
    let detail = "`after` is not what `next` said";
    text.parse().map(Some).map_err(|_| Problem::bad_request("query", detail))
}

/// How long `?wait=` waits, at most half a minute.
pub(crate) fn wait(text: &str) -> Result<Duration, Problem> {
    let ms = parse_duration_ms(text).and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
    let detail = "`wait` is a duration like `5s` or `PT5S`";
    let ms = ms.ok_or_else(|| Problem::bad_request("query", detail))?;
    Ok(Duration::from_millis(ms).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its parsing is tested")]
        items: Vec<u8>,
    }

    #[test]
    fn bad_bodies() {
        let deep = "[".repeat(100_000);
        for (text, status, code) in [
            ("", 400, "json-syntax"),
            ("{", 400, "json-syntax"),
            ("{\"items\":[1]} x", 400, "json-syntax"),
            ("{\"items\":[1e999]}", 400, "json-syntax"),
            (r#"{"items":["\ud800"]}"#, 400, "json-syntax"),
            (r#"{"items":[300]}"#, 422, "json-shape"),
            (r#"{"items":[1],"other":1}"#, 422, "json-shape"),
            ("[]", 422, "json-shape"),
            ("[[1]]", 422, "json-shape"),
            ("5", 422, "json-shape"),
            ("[1", 400, "json-syntax"),
            (r#"{"items":["\u0000"]}"#, 422, "nul"),
            (deep.as_str(), 422, "too-deep"),
        ] {
            let problem = parse_body::<Body>(text.as_bytes()).unwrap_err();
            let start: String = text.chars().take(30).collect();
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code), "{start}");
        }
        for text in [r#"{"items":[1]}"#, " \n{\"items\":[]}", "\u{feff}{\"items\":[]}"] {
            assert!(parse_body::<Body>(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_escaped_backslash_is_no_nul() {
        for (text, is_fine) in
            [(r#""\\u0000""#, true), (r#""\\\u0000""#, false), (r#"{"a":"[[\"[["}"#, true)]
        {
            assert_eq!(parse::<Value>(text.as_bytes()).is_ok(), is_fine, "{text}");
        }
    }

    #[test]
    fn waits() {
        for (text, wanted_ms) in
            [("5s", Some(5_000)), ("PT1S", Some(1_000)), ("500ms", Some(500)), ("1h", Some(30_000))]
        {
            let ms = wait(text).ok().and_then(|d| u64::try_from(d.as_millis()).ok());
            assert_eq!(ms, wanted_ms, "{text}");
        }
        for text in ["", "5", "-5s", "0s", "soon"] {
            assert!(wait(text).is_err(), "{text}");
        }
    }
}
