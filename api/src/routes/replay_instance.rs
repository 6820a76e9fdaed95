//! `POST /v1/instances/{id}/replay`: folds an instance's history through a definition. Nothing is called, nothing is stored.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, OptionalJson},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::{
    InstanceView,
    ops::{
        history,
        replay::{self, Replayed},
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use uuid::Uuid;
use workflows::definition::Definition;

/// The body: a candidate, a stored version, or neither for the definition each turn ran with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Against {
    definition: Option<Box<RawValue>>,
    version: Option<i32>,
}

/// How many turns were folded, and the first one that went another way.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    OptionalJson(against): OptionalJson<Against>,
) -> Result<Json<Replayed>, Problem> {
    let tenant = caller.may(Action::OperateInstances)?;
    let view = match app.engine.instance(tenant, id).await {
        Ok(view) => view,
        Err(error) => return Err(history::gone(app.engine.pool(), tenant, id, error).await.into()),
    };
    let candidate = candidate(&app, tenant, &view, against).await?;
    Ok(Json(replay::instance(&app.engine, tenant, id, candidate).await?))
}

/// What every turn is to be folded through; `None` for what each of them ran with.
async fn candidate(
    app: &App,
    tenant: Uuid,
    view: &InstanceView,
    against: Against,
) -> Result<Option<Arc<Definition>>, Problem> {
    match (against.definition, against.version) {
        (Some(_), Some(_)) => {
            let detail = "either a definition or a version, not both";
            Err(Problem::unprocessable("json-shape", detail).with("pointer", "/version"))
        }
        (Some(candidate), None) => {
            let name = view.definition.clone();
            // Milliseconds of computing for a big graph: not on a thread that others wait for.
            let compiled = tokio::task::spawn_blocking(move || {
                workflows::compile::compile(candidate.get().as_bytes(), Some(&name))
            });
            let compiled = compiled.await.map_err(|_| Problem::internal())?;
            match compiled.definition {
                Some(definition) => Ok(Some(Arc::new(definition))),
                None => Err(Problem::invalid(&compiled.diagnostics)),
            }
        }
        (None, Some(version)) => {
            let stored = app.engine.definition(tenant, &view.definition, Some(version)).await?;
            Ok(Some(stored.definition))
        }
        (None, None) => Ok(None),
    }
}
