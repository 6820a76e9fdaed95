//! `POST /v1/definitions?publish=&name=`: stores a definition, a React Flow object or a machine config.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Params, read_body, without_mark},
    problem::Problem,
};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use engine::ops::audit::{self, Deed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use workflows::{diagnostic::Diagnostic, limits::DEFINITION_BYTES_MAX};

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    #[serde(default)]
    publish: bool,
    name: Option<String>,
}

/// What was stored.
#[derive(Serialize)]
pub(crate) struct Answer {
    name: String,
    version: i32,
    digest: String,
    status: String,
    diagnostics: Vec<Diagnostic>,
}

/// 201, 200 if the same content was there already, 422 with every diagnostic.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
    request: Request,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let tenant = caller.may(Action::WriteDefinitions)?;
    let bytes = read_body(request).await?;
    if bytes.len() > DEFINITION_BYTES_MAX {
        return Err(Problem::too_large(DEFINITION_BYTES_MAX));
    }
    // The text is stored as it came, and read again by what knows nothing of marks.
    let source = without_mark(&bytes);
    let since = app.engine.clock().now();
    let stored = app.engine.upload(tenant, source.to_vec(), query.name, query.publish).await?;
    let pool = app.engine.pool();
    let deed = Deed {
        tenant,
        actor: caller.actor(),
        verb: "definition.upload",
        target: stored.name.clone(),
        reason: None,
        detail: json!({ "version": stored.version, "digest": stored.digest, "status": stored.status }),
    };
    audit::record(pool, deed).await?;
    let (name, version) = (stored.name.clone(), stored.version);
    let row = engine::ops::definitions::version(pool, tenant, name, version).await?;
    let status = match row.listed.created_at < since {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let engine::Uploaded { name, version, digest, status: state, diagnostics } = stored;
    Ok((status, Json(Answer { name, version, digest, status: state, diagnostics })))
}
