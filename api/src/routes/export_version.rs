//! `GET /v1/definitions/{name}/versions/{version}/export?as=`: a version in the form another program reads.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Names, Params},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::definitions;
use serde::Deserialize;
use serde_json::json;
use workflows::{
    diagnostic::Diagnostic,
    export::{self, Form},
    json::Json as Ordered,
};

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    #[serde(rename = "as")]
    form: Option<String>,
}

/// The definition file unless another form is asked for: `file`, `react-flow`, `xstate`. 400 for a form there is not, 422
/// when this definition has no such form, with the reason in the diagnostics.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names((name, version)): Names<(String, i32)>,
    Params(query): Params<Query>,
) -> Result<Json<Ordered>, Problem> {
    let tenant = caller.may(Action::ReadDefinitions)?;
    let form = query.form.as_deref().unwrap_or("file");
    let Some(form) = Form::named(form) else {
        let known: Vec<&str> = Form::ALL.iter().map(|(name, _)| *name).collect();
        let detail = format!("`as` is one of {}", known.join(", "));
        return Err(Problem::bad_request("no-such-form", detail));
    };
    let row = definitions::version(app.engine.pool(), tenant, name.clone(), version).await?;
    let source = row.source;
    let exported = tokio::task::spawn_blocking(move || {
        export::export(source.get().as_bytes(), Some(&name), form)
    });
    let exported = exported.await.map_err(|error| {
        tracing::error!(%error, "a definition cannot be exported");
        Problem::internal()
    })?;
    exported.map(Json).map_err(|found| refused(&found))
}

/// Why there is no such form of it.
fn refused(found: &[Diagnostic]) -> Problem {
    let why = found.iter().find(|told| told.is_error()).or_else(|| found.first());
    let detail = why.map_or("it cannot be exported", |told| told.message.as_str()).to_owned();
    Problem::unprocessable("not-exportable", detail).with("diagnostics", json!(found))
}
