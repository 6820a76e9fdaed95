//! History: one row per turn.

use super::{
    arguments::{Arguments, record_type},
    json_text::JsonText,
    shared::SharedTexts,
};
use crate::turn::TurnTexts;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, types::Json};
use std::{borrow::Cow, collections::HashSet};
use uuid::Uuid;

/// One turn, as history keeps it.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// The turn's number.
    pub seq: u64,
    /// When, for the instance.
    pub at: DateTime<Utc>,
    /// The event's own id.
    pub event_id: Uuid,
    /// What became of it: `applied`, `deferred`, `dropped`, `held`, `stuck`.
    pub verdict: &'static str,
    /// The event, the active leaves before and after, the commands.
    pub(crate) texts: TurnTexts,
    /// How the context changed; see [`crate::turn::patch`].
    pub context_patch: Option<Value>,
    /// The version it was computed with.
    pub version: i32,
    /// Who sent the event.
    pub actor: Cow<'static, str>,
    /// The instance's status after.
    pub status: &'static str,
    /// The first 16 bytes of SHA-256 of the state's JSON after.
    pub state_digest: [u8; 16],
}

/// A turn with its instance's key.
pub(crate) type Keyed<'a> = (Uuid, Uuid, &'a HistoryRow);

/// A turn as `insert_history.sql` takes it: the type `turn_record_2`.
#[derive(sqlx::Encode)]
struct Record<'a> {
    tenant_id: Uuid,
    instance_id: Uuid,
    seq: i64,
    at: DateTime<Utc>,
    event_id: Uuid,
    event: Option<JsonText<'a>>,
    event_shared: Option<i16>,
    verdict: &'a str,
    from: Option<JsonText<'a>>,
    from_shared: Option<i16>,
    to: Option<JsonText<'a>>,
    to_shared: Option<i16>,
    context_patch: Option<Json<&'a Value>>,
    commands: Option<JsonText<'a>>,
    commands_shared: Option<i16>,
    version: i32,
    semantics: i16,
    actor: &'a str,
    status: &'a str,
    state_digest: &'a [u8],
}
record_type!(Record<'_>, "turn_record_2");

impl<'a> Record<'a> {
    fn of((tenant_id, instance_id, turn): &Keyed<'a>, shared: &mut SharedTexts<'a>) -> Self {
        let (event, event_shared) = shared.place(turn.texts.event());
        let (from, from_shared) = shared.place(turn.texts.from());
        let (to, to_shared) = shared.place(turn.texts.to());
        let (commands, commands_shared) = shared.place(turn.texts.commands());
        Self {
            tenant_id: *tenant_id,
            instance_id: *instance_id,
            seq: super::as_i64(turn.seq),
            at: turn.at,
            event_id: turn.event_id,
            event,
            event_shared,
            verdict: turn.verdict,
            from,
            from_shared,
            to,
            to_shared,
            context_patch: turn.context_patch.as_ref().map(Json),
            commands,
            commands_shared,
            version: turn.version,
            semantics: crate::SEMANTICS,
            actor: &turn.actor,
            status: turn.status,
            state_digest: &turn.state_digest,
        }
    }
}

/// The arguments of `insert_history.sql`.
pub(crate) fn add(arguments: &mut Arguments, rows: &[Keyed<'_>]) {
    let mut shared = SharedTexts::of_rows(rows.len());
    arguments.column(rows, |row| Record::of(row, &mut shared)).add(shared.into_texts());
}

/// Appends turns.
pub(crate) async fn insert(connection: &mut PgConnection, rows: &[Keyed<'_>]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut arguments = Arguments::default();
    add(&mut arguments, rows);
    let statement = include_str!("sql/insert_history.sql");
    sqlx::query_with(statement, arguments.ready()?).execute(connection).await.map(drop)
}

/// Which of these events (tenant, instance, event) have had their turn.
pub(crate) async fn turned(
    pool: &PgPool,
    asked: &[(Uuid, Uuid, Uuid)],
) -> sqlx::Result<HashSet<Uuid>> {
    let found: Vec<Uuid> = sqlx::query_scalar(include_str!("sql/select_history_events.sql"))
        .bind(asked.iter().map(|a| a.0).collect::<Vec<_>>())
        .bind(asked.iter().map(|a| a.1).collect::<Vec<_>>())
        .bind(asked.iter().map(|a| a.2).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    Ok(found.into_iter().collect())
}

/// Whether this event was the first turn of the instance.
pub(crate) async fn is_born_of(
    pool: &PgPool,
    (tenant, instance): (Uuid, Uuid),
    event: Uuid,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(include_str!("sql/select_born_of.sql"))
        .bind(tenant)
        .bind(instance)
        .bind(event)
        .fetch_one(pool)
        .await
}
