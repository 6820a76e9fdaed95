//! What ticks do, inside the transaction that fires them: start, skip, queue, cancel what runs.
//!
//! **Invariant:** nothing is started for a tick that was noted before.

use super::next;
use crate::{
    Result,
    store::{
        inbox::{self, Enqueued},
        schedules::{self as rows, Done, ScheduleRow, TickNew, Won},
    },
    turn::Started,
};
use chrono::{DateTime, Utc};
use machine::event::kind;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;
use workflows::schedule::Overlap;

/// Most ticks of one schedule that wait for the instance before them; those beyond are skipped.
const QUEUED_MAX: i32 = 100;

/// Ticks of one schedule, to be dealt with.
pub(super) struct Starting<'a> {
    pub(super) row: &'a ScheduleRow,
    pub(super) before: Won,
    pub(super) ticks: Vec<DateTime<Utc>>,
    pub(super) missed: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(super) overlap: Overlap,
    pub(super) actor: &'a str,
    /// The tenant as expressions see it.
    pub(super) tenant: &'a Value,
}

/// What became of a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TickDone {
    /// The tick.
    pub tick: DateTime<Utc>,
    /// `started`, `skipped`, `queued`; `before` if it had its outcome already; `would_start` when nothing was done.
    pub outcome: &'static str,
    /// The instance it starts, or would have.
    pub instance: Uuid,
}

/// What is to become of the ticks of one schedule.
struct Decided {
    outcomes: Vec<(DateTime<Utc>, &'static str)>,
    /// What runs is cancelled.
    cancels: bool,
    /// Ticks that wait are skipped.
    forgets: bool,
}

/// The row as it was read is what it has done so far.
pub(super) fn so_far(row: &ScheduleRow) -> Won {
    Won {
        tenant_id: row.tenant_id,
        id: row.id,
        last_instance: row.last_instance,
        last_inbox: row.last_inbox,
        queued: row.queued,
    }
}

/// Deals with ticks of several schedules; what became of each, by schedule.
pub(super) async fn start(
    connection: &mut PgConnection,
    batch: &[Starting<'_>],
    now: DateTime<Utc>,
) -> Result<Vec<Vec<TickDone>>> {
    let running = running(connection, batch).await?;
    let mut decided = Vec::with_capacity(batch.len());
    for starting in batch {
        let before = &starting.before;
        let is_running = before.last_instance.is_some_and(|id| running.contains(&id));
        let decision = decide(starting, is_running);
        if decision.forgets {
            sqlx::query(include_str!("../store/sql/skip_queued_ticks.sql"))
                .bind(before.tenant_id)
                .bind(before.id)
                .bind(now)
                .execute(&mut *connection)
                .await?;
        }
        decided.push(decision);
    }
    let ticks: Vec<TickNew> =
        batch.iter().zip(&decided).flat_map(|(starting, d)| notes(starting, d)).collect();
    let noted = rows::insert_ticks(connection, &ticks, now).await?;
    let noted: HashSet<(Uuid, DateTime<Utc>)> = noted.into_iter().map(|n| (n.1, n.2)).collect();
    let events: Vec<Enqueued> = batch
        .iter()
        .zip(&decided)
        .flat_map(|(starting, decision)| events(starting, decision, &noted))
        .collect();
    let ids = inbox::insert(connection, &events, now).await?;
    let by_instance = |instance: Uuid| {
        let at = events.iter().rposition(|e| e.instance == instance && is_start(&e.body))?;
        ids.get(at).copied()
    };
    let mut done = Vec::new();
    let mut told = Vec::new();
    for (starting, decision) in batch.iter().zip(&decided) {
        let ticks = outcomes(starting, decision, &noted);
        let last = ticks.iter().rfind(|t| t.outcome == "started").map(|t| t.instance);
        let waits = ticks.iter().filter(|t| t.outcome == "queued").count();
        let waited = if decision.forgets { 0 } else { starting.before.queued };
        done.push(Done {
            tenant: starting.before.tenant_id,
            id: starting.before.id,
            instance: last,
            inbox: last.and_then(by_instance),
            queued: waited.saturating_add(i32::try_from(waits).unwrap_or(QUEUED_MAX)),
        });
        told.push(ticks);
    }
    rows::keep_done(connection, &done, now).await?;
    Ok(told)
}

/// Instances started last that live, of schedules that care.
async fn running(connection: &mut PgConnection, batch: &[Starting<'_>]) -> Result<HashSet<Uuid>> {
    let cares = |s: &&Starting<'_>| s.overlap != Overlap::Allow;
    let last = batch
        .iter()
        .filter(cares)
        .filter_map(|s| Some((s.before.tenant_id, s.before.last_instance?, s.before.last_inbox)));
    let running = rows::running(connection, &last.collect::<Vec<_>>()).await?;
    Ok(running.into_iter().map(|(_, id)| id).collect())
}

fn decide(starting: &Starting<'_>, is_running: bool) -> Decided {
    let Starting { ticks, overlap, before, .. } = starting;
    let is_free = !is_running && before.queued == 0;
    let last = ticks.len().saturating_sub(1);
    let room = usize::try_from(QUEUED_MAX - before.queued).unwrap_or(0);
    let outcome = |at: usize| match overlap {
        Overlap::Allow => "started",
        Overlap::Skip if is_free && at == 0 => "started",
        Overlap::Queue if is_free && at == 0 => "started",
        Overlap::Queue if at < room => "queued",
        Overlap::CancelOld if at == last && is_free => "started",
        // It starts when what runs has ended: one key may be held by one live instance.
        Overlap::CancelOld if at == last => "queued",
        Overlap::Skip | Overlap::Queue | Overlap::CancelOld => "skipped",
    };
    let replaces = *overlap == Overlap::CancelOld && !ticks.is_empty();
    Decided {
        outcomes: ticks.iter().enumerate().map(|(at, tick)| (*tick, outcome(at))).collect(),
        cancels: replaces && is_running,
        forgets: replaces && before.queued > 0,
    }
}

/// The ticks as rows.
fn notes(starting: &Starting<'_>, decided: &Decided) -> Vec<TickNew> {
    let row = starting.row;
    let note = |tick, outcome, until, instance| TickNew {
        tenant: row.tenant_id,
        schedule: row.id,
        tick,
        outcome,
        until,
        instance,
        actor: starting.actor.to_owned(),
    };
    let missed = starting.missed.map(|(from, until)| note(from, "missed", Some(until), None));
    let ticks = decided.outcomes.iter().map(|(tick, outcome)| {
        let instance = (*outcome != "skipped").then(|| next::instance_id(row.id, *tick));
        note(*tick, *outcome, None, instance)
    });
    missed.into_iter().chain(ticks).collect()
}

/// The starts and cancellations of one schedule.
fn events(
    starting: &Starting<'_>,
    decided: &Decided,
    noted: &HashSet<(Uuid, DateTime<Utc>)>,
) -> Vec<Enqueued> {
    let row = starting.row;
    let mut events = Vec::new();
    if let Some(running) = starting.before.last_instance.filter(|_| decided.cancels) {
        let reason = format!("schedule {} starts the next one", row.name);
        let body = json!({ "type": kind::CANCEL, "reason": reason });
        events.push(Enqueued {
            event_id: None,
            tenant: row.tenant_id,
            instance: running,
            conversation: None,
            body: body.as_object().cloned().unwrap_or_default(),
            actor: format!("schedule:{}", row.name),
        });
    }
    let starts = decided.outcomes.iter().filter(|(_, outcome)| *outcome == "started");
    let fresh = starts.filter(|(tick, _)| noted.contains(&(row.id, *tick)));
    events.extend(fresh.map(|(tick, _)| event(row, *tick, starting.tenant)));
    events
}

/// The start of the instance of a tick.
pub(super) fn event(row: &ScheduleRow, tick: DateTime<Utc>, tenant: &Value) -> Enqueued {
    let trigger = json!({ "type": "schedule", "schedule": row.name, "tick": tick });
    let started = Started {
        definition: row.definition.clone(),
        key: row.key.clone(),
        input: row.input.clone(),
        scope: json!({ "tenant": tenant }),
        trigger: Some(trigger),
        ..Started::default()
    };
    Enqueued {
        event_id: None,
        tenant: row.tenant_id,
        instance: next::instance_id(row.id, tick),
        conversation: None,
        body: started.into_body(),
        actor: format!("schedule:{}", row.name),
    }
}

fn is_start(body: &Map<String, Value>) -> bool {
    body.get("type").and_then(Value::as_str) == Some("started")
}

fn outcomes(
    starting: &Starting<'_>,
    decided: &Decided,
    noted: &HashSet<(Uuid, DateTime<Utc>)>,
) -> Vec<TickDone> {
    let id = starting.row.id;
    let told = |(tick, outcome): &(DateTime<Utc>, &'static str)| TickDone {
        tick: *tick,
        outcome: if noted.contains(&(id, *tick)) { outcome } else { "before" },
        instance: next::instance_id(id, *tick),
    };
    decided.outcomes.iter().map(told).collect()
}
