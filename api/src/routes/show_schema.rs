//! `GET /v1/schema`: the JSON Schema of a definition, for editors.

use crate::{
    auth::{Action, Caller},
    problem::Problem,
};
use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

/// The schema, in its own media type.
pub(crate) async fn handle(caller: Caller) -> Result<Response, Problem> {
    caller.may(Action::ReadDefinitions)?;
    let schema = workflows::schema::definition().to_string();
    Ok(([(CONTENT_TYPE, "application/schema+json")], schema).into_response())
}
