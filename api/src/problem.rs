//! The one form of a refusal: `application/problem+json` (RFC 9457) with a stable `code`.
//!
//! **Invariant:** what a 5xx is about stands in the log, once, and not in the answer.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::Error;
use serde_json::{Map, Value, json};
use workflows::diagnostic::Diagnostic;

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    members: Map<String, Value>,
}

impl Problem {
    /// A refusal with a stable kebab-case code and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), members: Map::new() }
    }

    /// What was sent does not parse.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// What was sent parses and cannot be taken.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// What was asked for is not possible as things stand.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// There is no such thing in this tenant.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("{what} not found"))
    }

    /// The body is longer than `bytes_max`.
    pub fn too_large(bytes_max: usize) -> Self {
        let detail = format!("the body may have {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    /// Our fault; the reason is in the log.
    pub fn internal() -> Self {
        let detail = "something went wrong on our side; the request id finds it in the log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// Not at the moment; nothing was done, and it may be asked again.
    pub fn unavailable(code: &'static str) -> Self {
        let detail = "not possible at the moment; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// Adds a member beside the standard ones.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The definition that was sent has errors.
    pub fn invalid(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|d| d.is_error()).count();
        let detail = format!("the definition has {errors} errors; nothing was stored");
        Self::unprocessable("invalid-definition", detail).with("diagnostics", json!(diagnostics))
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    fn body(&self) -> Value {
        let mut body = self.members.clone();
        body.insert("type".to_owned(), json!(format!("urn:perdure:problem:{}", self.code)));
        body.insert("title".to_owned(), json!(self.code.replace('-', " ")));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("code".to_owned(), json!(self.code));
        body.insert("detail".to_owned(), json!(self.detail));
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body().to_string()).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let problem = match &error {
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            Error::KeyTaken(id) => {
                Self::conflict("key-taken", detail).with("instance", id.to_string())
            }
            Error::Exists(id) => Self::conflict("exists", detail).with("instance", id.to_string()),
            Error::Invalid(diagnostics) => Self::invalid(diagnostics),
            Error::Refused(_) => Self::unprocessable("refused", detail),
            Error::Over(_) => Self::conflict("instance-over", detail),
            Error::Full(_) => Self::conflict("concurrency", detail),
            Error::Queued(id) => Self::unavailable("queued").with("instance", id.to_string()),
            Error::Conflict(_) => Self::conflict("conflict", detail),
            Error::Unfit { .. } => Self::conflict("not-possible", detail),
            Error::Pending(id) => Self::unavailable("pending").with("event_id", id.to_string()),
            Error::Stopping | Error::NoServer(_) => Self::unavailable("unavailable"),
            Error::Database(source) => database(source),
            Error::Corrupt { .. } | Error::Archive { .. } | Error::Panicked | Error::Migrate(_) => {
                Self::internal()
            }
        };
        if problem.status.is_server_error() {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, source, code = problem.code, "a request failed");
        }
        problem
    }
}

fn database(error: &sqlx::Error) -> Problem {
    let Some(known) = error.as_database_error() else {
        return match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Problem::unavailable("unavailable")
            }
            _ => Problem::internal(),
        };
    };
    let code = known.code().unwrap_or_default();
    match (code.as_ref(), code.get(..2)) {
        ("57014", _) => Problem::unavailable("too-slow"),
        // Not connected, out of resources, deadlock, being shut down, read only: it passes.
        (_, Some("08" | "40" | "53" | "55" | "57" | "25")) => Problem::unavailable("unavailable"),
        (_, Some("22")) => {
            Problem::unprocessable("refused", "it holds text or a number that cannot be stored")
        }
        _ => Problem::internal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_error_has_its_answer() {
        let id = Uuid::nil();
        for (error, status, code) in [
            (Error::NotFound("instance x".to_owned()), 404, "not-found"),
            (Error::KeyTaken(id), 409, "key-taken"),
            (Error::Exists(id), 409, "exists"),
            (Error::Invalid(Vec::new()), 422, "invalid-definition"),
            (Error::Refused("too deep".to_owned()), 422, "refused"),
            (Error::Over(id), 409, "instance-over"),
            (Error::Full("hello".to_owned()), 409, "concurrency"),
            (Error::Queued(id), 503, "queued"),
            (Error::Conflict("instance x".to_owned()), 409, "conflict"),
            (Error::Unfit { version: 2, why: "no state".to_owned() }, 409, "not-possible"),
            (Error::Pending(id), 503, "pending"),
            (Error::Stopping, 503, "unavailable"),
            (Error::Panicked, 500, "internal"),
            (Error::Corrupt { what: "row".to_owned(), why: "canary".to_owned() }, 500, "internal"),
            (Error::Database(sqlx::Error::PoolTimedOut), 503, "unavailable"),
            (Error::Database(sqlx::Error::RowNotFound), 500, "internal"),
        ] {
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
            let body = problem.body().to_string();
            assert!(!body.contains("canary"), "{body}");
            assert!(body.contains(&format!("\"code\":\"{code}\"")), "{body}");
        }
    }
}
