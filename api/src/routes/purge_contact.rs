//! `POST /v1/contacts/{id}/purge`: forgets a contact; without `"dry_run": false` only tells what that would change.
//!
//! **Invariant:** nothing is changed by a request that does not say so.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, OptionalJson},
    problem::Problem,
    routes::check_text,
};
use axum::{Json, extract::State};
use engine::ops::purge::{self, Purged, Wish};
use serde::Deserialize;
use uuid::Uuid;

/// The body.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Only tells; true if it is not there.
    dry_run: Option<bool>,
    /// Why; stands in the audit.
    reason: Option<String>,
    /// Cancels the instances that live on.
    #[serde(default)]
    cancel_live: bool,
    /// Instances about the person that ran in none of their conversations.
    #[serde(default)]
    instances: Vec<Uuid>,
}

/// What is there, or what was done.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(contact): Id,
    OptionalJson(request): OptionalJson<Request>,
) -> Result<Json<Purged>, Problem> {
    let tenant = caller.may(Action::PurgeContacts)?;
    let Request { dry_run, reason, cancel_live: cancels_live, instances } = request;
    if let Some(reason) = &reason {
        check_text("/reason", reason)?;
    }
    let actor = caller.actor();
    let wish = Wish { tenant, contact, instances, cancels_live, actor, reason };
    let purged = match dry_run {
        Some(false) => purge::contact(&app.engine, wish).await?,
        None | Some(true) => purge::look(&app.engine, &wish).await?,
    };
    Ok(Json(purged))
}
