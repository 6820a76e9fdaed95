//! `POST /v1/connections`: makes a connection, or changes the one with the same name.

use super::list_connections::shown;
use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Json as Body,
    problem::Problem,
    routes::check_text,
};
use axum::{Json, extract::State, http::StatusCode};
use engine::{
    channel::ConnectionNew,
    ops::audit::{self, Deed},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use workflows::step::Secret;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
    name: String,
    provider: String,
    base_url: String,
    #[serde(default)]
    settings: Map<String, Value>,
    token: Option<String>,
}

/// 201 with the connection; its credential can be written and never read.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = caller.may(Action::WriteAccounts)?;
    for (pointer, text) in [("/name", &new.name), ("/provider", &new.provider)] {
        check_text(pointer, text)?;
    }
    if !["http://", "https://"].iter().any(|scheme| new.base_url.starts_with(scheme)) {
        let detail = "/base_url: an address that begins with https:// or http://";
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/base_url"));
    }
    let deed = Deed {
        tenant,
        actor: caller.actor(),
        verb: "connection.put",
        target: new.name.clone(),
        reason: None,
        detail: json!({ "provider": new.provider, "sets_token": new.token.is_some() }),
    };
    audit::record(app.engine.pool(), deed).await?;
    let connection = ConnectionNew {
        tenant,
        name: new.name,
        provider: new.provider,
        base_url: new.base_url.trim_end_matches('/').to_owned(),
        settings: Value::Object(new.settings),
        token: new.token.map(Secret::new),
    };
    let connection = app.conversations.channels().upsert_connection(connection).await?;
    Ok((StatusCode::CREATED, Json(shown(&connection))))
}
