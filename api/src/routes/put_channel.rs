//! `POST /v1/channels`: makes a channel account, or changes the one of the same provider account.

use super::list_channels::shown;
use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Json as Body,
    problem::Problem,
    routes::check_text,
};
use axum::{Json, extract::State, http::StatusCode};
use engine::{
    channel::ChannelNew,
    ops::audit::{self, Deed},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use workflows::step::Secret;

/// Kinds of channels there are.
const KINDS: [&str; 1] = ["whatsapp"];

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
    kind: String,
    name: String,
    external_id: String,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

/// 201 with the channel; its credentials can be written and never read.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = caller.may(Action::WriteAccounts)?;
    if !KINDS.contains(&new.kind.as_str()) {
        let detail = format!("/kind: there is {}", KINDS.join(", "));
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/kind"));
    }
    for (pointer, text) in [("/name", &new.name), ("/external_id", &new.external_id)] {
        check_text(pointer, text)?;
    }
    let deed = Deed {
        tenant,
        actor: caller.actor(),
        verb: "channel.put",
        target: format!("{} {}", new.kind, new.external_id),
        reason: None,
        detail: json!({ "secrets": new.secrets.keys().collect::<Vec<_>>() }),
    };
    audit::record(app.engine.pool(), deed).await?;
    let secrets = new.secrets.into_iter().map(|(name, text)| (name, Secret::new(text))).collect();
    let channel = ChannelNew {
        tenant,
        kind: new.kind,
        name: new.name,
        external_id: new.external_id,
        settings: Value::Object(new.settings),
        secrets,
    };
    let channel = app.conversations.channels().upsert(channel).await?;
    Ok((StatusCode::CREATED, Json(shown(&channel))))
}
