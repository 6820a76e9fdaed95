//! What Postgres counts about the tables that change with every turn.

use serde_json::{Map, Value, json};
use sqlx::PgPool;

/// By the statistics, which lag by up to a second and are exact otherwise; the dead rows are an estimate.
const READ: &str = "
    select relname::text, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_dead_tup
    from pg_stat_user_tables
    where schemaname = current_schema()
        and (relname like 'history%' or relname in
            ('instance', 'inbox', 'step', 'timer', 'message', 'conversation', 'dedupe'))
    order by relname";

/// The counters at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// History rows written since the database was made.
    pub(super) turns: i64,
    updates: i64,
    hot_updates: i64,
    dead: Vec<(String, i64)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    relname: String,
    n_tup_ins: i64,
    n_tup_upd: i64,
    n_tup_hot_upd: i64,
    n_dead_tup: i64,
}

impl Tables {
    pub(super) async fn read(pool: &PgPool) -> anyhow::Result<Self> {
        let rows: Vec<Row> = sqlx::query_as(READ).fetch_all(pool).await?;
        let mut tables = Self::default();
        for row in rows {
            if row.relname.starts_with("history") {
                tables.turns += row.n_tup_ins;
                continue;
            }
            if row.relname == "instance" {
                (tables.updates, tables.hot_updates) = (row.n_tup_upd, row.n_tup_hot_upd);
            }
            tables.dead.push((row.relname, row.n_dead_tup));
        }
        Ok(tables)
    }

    /// Which part of the updates of `instance` since then stayed on their page; null without an update.
    pub(super) fn hot_since(&self, earlier: &Self) -> Value {
        let updates = (self.updates - earlier.updates) as f64;
        let hot = (self.hot_updates - earlier.hot_updates) as f64;
        match updates > 0.0 {
            true => json!((hot / updates * 1_000.0).round() / 1_000.0),
            false => Value::Null,
        }
    }

    /// Dead rows by table.
    pub(super) fn dead_json(&self) -> Value {
        let fields = self.dead.iter().map(|(name, dead)| (name.clone(), json!(dead)));
        Value::Object(fields.collect::<Map<_, _>>())
    }
}
