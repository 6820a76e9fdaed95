//! `backfill`: makes up for the ticks of a span, once each, however often it is asked for.

use super::{
    Doer, Schedules, TickDone, locked, next,
    start::{self, Starting},
};
use crate::{
    Error, Result,
    detached::detached,
    store::schedules::{self as rows, ScheduleRow},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};
use workflows::schedule::Overlap;

/// Most ticks of one backfill.
pub(super) const BACKFILL_MAX: usize = 1_000;

/// A tick that nothing was done about.
const WOULD_START: &str = "would_start";

/// Which ticks, and how.
#[derive(Debug, Clone)]
pub struct Backfill {
    /// The first moment of the span.
    pub from: DateTime<Utc>,
    /// The moment after it. Ticks to come are not made up for.
    pub until: DateTime<Utc>,
    /// Most ticks, up to a thousand.
    pub limit: usize,
    /// Only tells what would be done.
    pub dry_run: bool,
    /// What a tick does while the one before runs: all at once, unless told otherwise.
    pub overlap: Overlap,
}

/// What became of the ticks of a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backfilled {
    /// Ticks, oldest first; those that had an outcome already are `before`.
    pub items: Vec<TickDone>,
    /// Where to go on, if the limit was reached.
    pub next: Option<DateTime<Utc>>,
    /// Whether nothing was done.
    pub dry_run: bool,
}

impl Schedules {
    /// Starts an instance for each tick of the rule in a span that has no outcome yet. `NotFound`; `Refused` if the span
    /// ends before it begins, or the rule cannot be computed.
    pub async fn backfill(&self, name: &str, wanted: Backfill, doer: Doer) -> Result<Backfilled> {
        if wanted.from >= wanted.until {
            return Err(Error::Refused(
                "the span is empty: `until` is not after `from`".to_owned(),
            ));
        }
        let (schedules, name) = (self.clone(), name.to_owned());
        detached(async move {
            let now = schedules.clock.now();
            let mut transaction = schedules.pool.begin().await?;
            let row = locked(&mut transaction, doer.tenant, &name).await?;
            let tenant = rows::tenant(&mut transaction, doer.tenant).await?;
            let (rule, _) = next::rule(&row, &tenant).map_err(Error::Refused)?;
            let limit = wanted.limit.clamp(1, BACKFILL_MAX);
            let before = wanted.from - TimeDelta::microseconds(1);
            let until = wanted.until.min(now);
            let mut ticks = rule.upcoming(before, limit + 1);
            ticks.retain(|tick| *tick < until);
            let next = (ticks.len() > limit).then(|| ticks.pop()).flatten();
            let mut items = rehearse(&mut transaction, &row, &ticks).await?;
            if wanted.dry_run {
                return Ok(Backfilled { items, next, dry_run: true });
            }
            let fresh = items.iter().filter(|item| item.outcome == WOULD_START);
            let starting = Starting {
                row: &row,
                before: start::so_far(&row),
                ticks: fresh.map(|item| item.tick).collect(),
                missed: None,
                overlap: wanted.overlap,
                actor: &doer.actor,
                tenant: &tenant,
            };
            let started = start::start(&mut transaction, &[starting], now).await?;
            let started: HashMap<_, _> =
                started.into_iter().flatten().map(|done| (done.tick, done.outcome)).collect();
            for item in &mut items {
                item.outcome = started.get(&item.tick).copied().unwrap_or(item.outcome);
            }
            let detail = json!({
                "from": wanted.from, "until": wanted.until, "overlap": wanted.overlap, "ticks": started.len(),
            });
            doer.record(&mut transaction, "schedule.backfill", format!("schedule {name}"), detail)
                .await?;
            transaction.commit().await?;
            schedules.started();
            schedules.changed();
            Ok(Backfilled { items, next, dry_run: false })
        })
        .await
    }
}

/// Which ticks have their outcome, and which would get one.
async fn rehearse(
    connection: &mut PgConnection,
    row: &ScheduleRow,
    ticks: &[DateTime<Utc>],
) -> Result<Vec<TickDone>> {
    let noted: Vec<DateTime<Utc>> =
        sqlx::query_scalar(include_str!("../store/sql/select_schedule_ticks.sql"))
            .bind(row.tenant_id)
            .bind(row.id)
            .bind(ticks)
            .fetch_all(connection)
            .await?;
    let noted: HashSet<DateTime<Utc>> = noted.into_iter().collect();
    let told = |tick: &DateTime<Utc>| TickDone {
        tick: *tick,
        outcome: if noted.contains(tick) { "before" } else { WOULD_START },
        instance: next::instance_id(row.id, *tick),
    };
    Ok(ticks.iter().map(told).collect())
}
