//! `GET /v1/kinds`: the node kinds, as the builder's palette and forms need them.

use crate::{
    auth::{Action, Caller},
    problem::Problem,
};
use axum::Json;
use serde::Serialize;
use workflows::spec::NodeSpec;

/// Every kind.
#[derive(Serialize)]
pub(crate) struct Kinds {
    items: &'static [&'static NodeSpec],
}

/// The kinds, in the order of the palette.
pub(crate) async fn handle(caller: Caller) -> Result<Json<Kinds>, Problem> {
    caller.may(Action::ReadDefinitions)?;
    Ok(Json(Kinds { items: workflows::kinds::all() }))
}
