//! What a chain of turns does to the rows around an instance, folded: what was made and dropped again in one chain leaves
//! no trace, so the order of inserts and deletes in the transaction does not matter.

use crate::{
    ids, json, outbox, priority,
    store::{
        RowId,
        inbox::Enqueued,
        incidents::IncidentRow,
        instances::Meta,
        steps::{StepRow, StepStatus},
        timers::TimerRow,
    },
    tenants,
};
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use machine::{Command, CommandId, State, event::kind, state::OpenStep};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Rows to be made, changed and dropped.
#[derive(Debug, Default)]
pub struct Effects {
    /// Steps to open.
    pub(crate) steps: LiteMap<CommandId, Box<StepRow>>,
    /// Steps to make ready again.
    pub(crate) retried: BTreeSet<CommandId>,
    /// Steps whose result made the instance stuck, with the fence the result named.
    pub(crate) parked: BTreeMap<CommandId, i64>,
    /// As `parked`, of steps that have no row: they get one.
    pub(crate) parked_unwritten: BTreeMap<CommandId, StepRow>,
    /// Steps to drop; with the fence the result named, if a result is why.
    pub(crate) closed: BTreeMap<CommandId, Option<i64>>,
    /// Steps that were settled and have no row.
    pub(crate) settled_unwritten: Vec<CommandId>,
    /// Timers to set.
    pub(crate) timers: LiteMap<CommandId, TimerRow>,
    /// Timers to drop; true if one fired, and so must be there.
    pub(crate) stopped: LiteMap<CommandId, bool>,
    /// Inbox rows that were applied.
    pub(crate) consumed: Vec<i64>,
    /// Events for other instances.
    pub(crate) sent: Vec<Enqueued>,
    /// `Some(None)`: the incident is over.
    pub(crate) incident: Option<Option<IncidentRow>>,
}

impl Effects {
    /// Whether there is nothing in it but steps without rows and timers: rows that depend on the instance alone.
    pub(crate) fn is_plain(&self) -> bool {
        self.parked.is_empty()
            && self.parked_unwritten.is_empty()
            && self.retried.is_empty()
            && self.closed.is_empty()
            && self.consumed.is_empty()
            && self.sent.is_empty()
            && self.incident.is_none()
            && self.steps.values().all(|step| !step.is_written)
    }

    /// Adds what one turn did.
    pub(crate) fn add(&mut self, meta: &Meta, turn: &Difference<'_>, commands: Vec<Command>) {
        let open = sorted(turn.after.memo.steps.values().map(|step| step.id));
        let set = sorted(turn.after.memo.timers.values().map(|timer| timer.id));
        for command in commands {
            match &command {
                // What the turn itself gave up again leaves no trace.
                Command::RunStep { id, .. } if open.binary_search(id).is_err() => {}
                Command::SetTimer { id, .. } if set.binary_search(id).is_err() => {}
                _ => self.add_command(meta, turn, command),
            }
        }
        self.close_steps(turn, &open);
        self.stop_timers(turn, &set);
        self.tell_parent(meta, turn);
        self.note_incident(meta, turn);
    }

    fn add_command(&mut self, meta: &Meta, turn: &Difference<'_>, command: Command) {
        let row = |command| RowId { tenant: meta.tenant, instance: meta.id, command };
        match command {
            Command::RunStep { id, invoke, kind, input, policy } => {
                let mut row = Box::new(StepRow {
                    id: row(id),
                    shard: meta.shard,
                    status: StepStatus::Ready,
                    attempt: 0,
                    fence: 0,
                    due: turn.at,
                    tries: Vec::new(),
                    invoke,
                    kind,
                    key: ids::step_key(meta.tenant, meta.id, id),
                    conversation: meta.conversation,
                    policy: priority::of_step(policy, &turn.after.memo.scope),
                    input,
                    is_written: false,
                });
                row.is_written = outbox::needs_row(&row);
                self.steps.insert(id, row);
            }
            // A step opened in this very chain is ready as it is.
            Command::RetryStep { step, .. } if !self.steps.contains_key(&step) => {
                self.retried.insert(step);
            }
            Command::SetTimer { id, name, due } => {
                let row = TimerRow {
                    id: row(id),
                    name,
                    shard: meta.shard,
                    fire_at: not_before(due),
                    basis: basis(turn.after, id),
                };
                self.timers.insert(id, row);
            }
            Command::StartChild { id, invoke, workflow, input, detach } => {
                let started = Started {
                    definition: workflow,
                    input,
                    scope: Value::clone(&turn.after.memo.scope),
                    conversation: meta.conversation,
                    parent: Some(crate::store::instances::Parent {
                        id: meta.id,
                        invoke: (!detach).then_some(invoke),
                        step: Some(id.to_string()),
                    }),
                    ..Started::default()
                };
                self.send(meta, ids::child_id(meta.id, id), started.into_body());
            }
            Command::CancelChild { child, .. } => {
                let body = json!({ "type": kind::CANCEL, "reason": "the parent left the state" });
                self.send(meta, ids::child_id(meta.id, child), object(body));
            }
            // Whatever is no longer open in the memo is closed below, with or without a command.
            Command::RetryStep { .. }
            | Command::CancelStep { .. }
            | Command::CancelTimer { .. } => {}
            // These say what happened; history has them.
            Command::Emit { .. } | Command::Log { .. } => {}
            Command::Complete { .. } | Command::Fail { .. } => {}
        }
    }

    fn send(&mut self, meta: &Meta, instance: uuid::Uuid, body: Map<String, Value>) {
        self.sent.push(Enqueued {
            tenant: meta.tenant,
            instance,
            // Family runs in one conversation, and so on one shard.
            conversation: meta.conversation,
            body,
            actor: format!("instance:{}", meta.id),
            event_id: None,
        });
    }

    /// Steps that were open and are not any more.
    fn close_steps(&mut self, turn: &Difference<'_>, open: &[CommandId]) {
        let is_open = |id: &CommandId| open.binary_search(id).is_ok();
        // One without a row leaves none to be dropped.
        let settled_unwritten = turn.settled.filter(|s| s.unwritten.is_some()).map(|s| s.step);
        // An awaited child is open too, and has no row here.
        let is_step = |s: &&OpenStep| !s.kind.starts_with("workflow:");
        let before = turn.before.memo.steps.values().filter(is_step).map(|s| s.id);
        for id in before.filter(|id| !is_open(id)) {
            self.retried.remove(&id);
            if self.steps.remove(&id).is_none() && settled_unwritten != Some(id) {
                self.closed.entry(id).or_insert(None);
            }
        }
        let Some(Settlement { step, fence, unwritten }) = turn.settled else { return };
        match (unwritten, is_open(step)) {
            (None, true) => drop(self.parked.insert(*step, *fence)),
            (None, false) if self.parked.contains_key(step) => {}
            (None, false) => drop(self.closed.insert(*step, Some(*fence))),
            (Some(row), true) => {
                let row =
                    StepRow { status: StepStatus::Parked, is_written: true, ..(**row).clone() };
                self.parked_unwritten.insert(*step, row);
            }
            (Some(_), false) => {
                self.closed.remove(step);
                if !self.settled_unwritten.contains(step) {
                    self.settled_unwritten.push(*step);
                }
            }
        }
    }

    /// Steps that are named in the outbox no longer in vain or need it no longer.
    pub(crate) fn resolved(&self) -> impl Iterator<Item = CommandId> + '_ {
        let rows = self.parked.keys().chain(self.parked_unwritten.keys()).chain(self.closed.keys());
        rows.chain(&self.settled_unwritten).copied()
    }

    fn stop_timers(&mut self, turn: &Difference<'_>, set: &[CommandId]) {
        let before = turn.before.memo.timers.values().map(|t| t.id);
        for id in before.filter(|id| set.binary_search(id).is_err()) {
            if self.timers.remove(&id).is_none() {
                self.stopped.entry(id).or_insert(false);
            }
        }
        if let Some(fired) = turn.fired
            && self.timers.remove(&fired).is_none()
        {
            self.stopped.insert(fired, true);
        }
    }

    /// The end of a child that somebody waits for.
    fn tell_parent(&mut self, meta: &Meta, turn: &Difference<'_>) {
        if turn.before.life.is_over() || !turn.after.life.is_over() {
            return;
        }
        let Some(parent) = &meta.parent else { return };
        let Some(invoke) = &parent.invoke else { return };
        let result = turn.after.memo.result.clone().unwrap_or(Value::Null);
        let body = match turn.after.life {
            machine::Life::Completed => {
                json!({ "type": kind::STEP_DONE, "id": invoke, "step": parent.step, "output": result })
            }
            machine::Life::Cancelled => {
                let error = json!({ "code": "cancelled", "message": "the child was cancelled" });
                json!({ "type": kind::STEP_FAILED, "id": invoke, "step": parent.step, "error": error })
            }
            _ => {
                let error = child_error(result);
                json!({ "type": kind::STEP_FAILED, "id": invoke, "step": parent.step, "error": error })
            }
        };
        self.send(meta, parent.id, object(body));
    }

    fn note_incident(&mut self, meta: &Meta, turn: &Difference<'_>) {
        let (before, after) = (&turn.before.memo.incident, &turn.after.memo.incident);
        if before == after {
            return;
        }
        self.incident = Some(after.as_ref().map(|incident| IncidentRow {
            tenant: meta.tenant,
            instance: meta.id,
            seq: crate::store::as_i64(incident.seq),
            since: incident.since,
            code: incident.code.clone(),
            message: incident.message.clone(),
            fingerprint: ids::fingerprint(
                [&meta.definition, &incident.code, incident.state.as_deref().unwrap_or_default()],
                &incident.message,
            ),
            definition: meta.definition.clone(),
            version: meta.version,
            state: incident.state.clone(),
            step: incident.step.clone(),
        }));
    }
}

/// One turn, seen from outside.
pub(crate) struct Difference<'a> {
    pub(crate) at: DateTime<Utc>,
    pub(crate) before: &'a State,
    pub(crate) after: &'a State,
    /// The event is the result of a step.
    pub(crate) settled: Option<&'a Settlement>,
    /// The event is a timer.
    pub(crate) fired: Option<CommandId>,
}

/// A result, with the fence its try ran under.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The step.
    pub(crate) step: CommandId,
    /// The fence.
    pub(crate) fence: i64,
    /// The step itself, if it has no row.
    pub(crate) unwritten: Option<Arc<StepRow>>,
}

/// The fields of a `started` event in the inbox: what an instance is started with, by a parent or by the router.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Started {
    /// Name of the definition.
    pub definition: String,
    /// One of its versions; the one published last if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// At most one live instance per definition and key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its input.
    pub input: Value,
    /// `{contact, tenant, channel}`, or null.
    pub scope: Value,
    /// The conversation it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<uuid::Uuid>,
    /// The body of the message that triggered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Value>,
    /// The instance that starts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<crate::store::instances::Parent>,
}

impl Started {
    /// As the body of an inbox row.
    pub fn into_body(self) -> Map<String, Value> {
        let mut body = match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        };
        body.insert("type".to_owned(), Value::from("started"));
        json::canonical_map(&mut body);
        body
    }
}

fn sorted(ids: impl Iterator<Item = CommandId>) -> Vec<CommandId> {
    let mut ids: Vec<CommandId> = ids.collect();
    ids.sort_unstable();
    ids
}

/// The first moment the store can tell that is not before `due`: the store counts microseconds, and rounds.
fn not_before(due: DateTime<Utc>) -> DateTime<Utc> {
    let whole = due.timestamp_subsec_nanos() % 1_000;
    if whole == 0 { due } else { due + chrono::TimeDelta::nanoseconds(i64::from(1_000 - whole)) }
}

/// What a timer was computed with, if that can change.
fn basis(state: &State, id: CommandId) -> Option<i64> {
    let timer = state.memo.timers.values().find(|timer| timer.id == id)?;
    timer.rule.as_ref()?;
    Some(tenants::basis(state.memo.scope.get("tenant").unwrap_or(&Value::Null)))
}

/// The error of a child, in the form of a step's error.
fn child_error(result: Value) -> Value {
    let has_code = result.get("code").is_some_and(Value::is_string);
    if has_code {
        result
    } else {
        json!({ "code": "child-failed", "message": text_of(&result), "cause": result })
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "the child failed".to_owned(),
        Value::String(text) => text.clone(),
        other => {
            other.get("message").and_then(Value::as_str).unwrap_or("the child failed").to_owned()
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
