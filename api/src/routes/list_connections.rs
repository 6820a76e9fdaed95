//! `GET /v1/connections`: the accounts at other providers, without their credentials.

use crate::{
    app::App,
    auth::{Action, Caller},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::channel::Connection;
use serde_json::{Value, json};

/// By name.
pub(crate) async fn handle(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::ReadAccounts)?;
    let connections = app.conversations.channels().connections(tenant).await?;
    let items: Vec<Value> = connections.iter().map(shown).collect();
    Ok(Json(json!({ "items": items, "next": null })))
}

/// A connection; of its credential only that there is one.
pub(crate) fn shown(connection: &Connection) -> Value {
    let account = &connection.account;
    json!({
        "id": connection.id,
        "name": account.name,
        "provider": account.provider,
        "base_url": account.base_url,
        "settings": account.settings,
        "has_token": account.token.is_some(),
        "created_at": connection.created_at,
    })
}
