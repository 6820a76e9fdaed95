//! The rows of a purge, table by table, a page at a time.

use super::Purged;
use crate::{
    Error, Result, fault, ids,
    limits::PURGE_PAGE,
    store::{
        as_i64,
        history::{self, HistoryRow},
        instances::{self, Instance},
        purges,
    },
    turn::{TurnTexts, digest, status},
};
use chrono::{DateTime, Utc};
use machine::{CommandId, Event, State, state::Memo};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// Instances emptied in one transaction.
const INSTANCES_AT_ONCE: usize = 100;
/// How often it is tried again when an instance had a turn in between.
const TRIES_MAX: usize = 20;

/// What is to be emptied.
pub(super) struct Sweep<'a> {
    pub(super) pool: &'a PgPool,
    pub(super) tenant: Uuid,
    pub(super) conversations: &'a [Uuid],
    pub(super) instances: &'a [Uuid],
    pub(super) needles: &'a [String],
    pub(super) now: DateTime<Utc>,
    pub(super) actor: &'a str,
    pub(super) reason: Option<&'a str>,
}

/// What stands in the place of what was purged.
fn tombstone() -> Value {
    json!({ "purged": true })
}

impl Sweep<'_> {
    /// Empties everything but the contact's own rows.
    pub(super) async fn run(&self, purged: &mut Purged) -> Result<()> {
        self.inbox(purged).await?;
        // First the instances: whoever has one in memory forgets it, so no turn that comes after brings anything back.
        for page in self.instances.chunks(INSTANCES_AT_ONCE) {
            purged.add("instance", self.empty(page).await?);
        }
        for instance in self.instances {
            self.history(*instance, purged).await?;
        }
        self.messages(purged).await?;
        self.answers(purged).await?;
        self.audit(purged).await
    }

    /// Gives each instance its last turn, which leaves nothing of it but its place; how many had one.
    async fn empty(&self, page: &[Uuid]) -> Result<u64> {
        let mut emptied = 0;
        for _ in 0..TRIES_MAX {
            let keys: Vec<(Uuid, Uuid)> = page.iter().map(|id| (self.tenant, *id)).collect();
            let mut turns = Vec::new();
            for ((_, id), loaded) in instances::load(self.pool, &keys).await? {
                let loaded = loaded?;
                if *loaded.state.context != tombstone() {
                    turns.push((id, loaded.state.seq, self.turn(loaded)));
                }
            }
            if turns.is_empty() {
                return Ok(emptied);
            }
            let mut transaction = self.pool.begin().await?;
            let given: Vec<(Uuid, i64)> =
                turns.iter().map(|(id, seq, _)| (*id, as_i64(*seq))).collect();
            let done =
                purges::empty_instances(&mut transaction, self.tenant, &given, self.now).await?;
            let rows = turns.iter().filter(|(id, _, _)| done.contains(id));
            let rows: Vec<_> = rows.map(|(id, _, turn)| (self.tenant, *id, turn)).collect();
            history::insert(&mut transaction, &rows).await?;
            transaction.commit().await?;
            emptied += done.len() as u64;
        }
        Err(Error::Conflict("an instance of the contact".to_owned()))
    }

    /// The turn after which nothing is left but the instance's place.
    fn turn(&self, before: Instance) -> HistoryRow {
        let Instance { meta, state, updated_at, .. } = before;
        let after = State {
            seq: state.seq + 1,
            memo: Arc::new(Memo { seed: state.memo.seed.clone(), ..Memo::default() }),
            context: Arc::new(tombstone()),
            ..state
        };
        let mut event = Map::from_iter([
            ("type".to_owned(), Value::from("ops.purge")),
            ("purged".to_owned(), Value::from(true)),
        ]);
        event.extend(self.reason.map(|reason| ("reason".to_owned(), Value::from(reason))));
        let at = self.now.max(updated_at);
        HistoryRow {
            seq: after.seq,
            at,
            event_id: Uuid::now_v7(),
            verdict: machine::Verdict::Applied.as_str(),
            texts: TurnTexts::of(
                &Event { at, body: event },
                [&after.configuration, &after.configuration],
                &json!([]),
            ),
            context_patch: Some(json!({ "replace": tombstone() })),
            version: meta.version,
            actor: self.actor.to_owned().into(),
            status: status(&after),
            state_digest: digest(&after),
        }
    }

    /// Turns, with what providers told about their steps: the keys of steps are made of commands, so they are found before
    /// the commands are emptied.
    async fn history(&self, instance: Uuid, purged: &mut Purged) -> Result<()> {
        let key = (self.tenant, instance);
        let loaded = instances::load(self.pool, &[key]).await?.pop();
        let Some((_, Ok(loaded))) = loaded else { return Ok(()) };
        let last = i64::try_from(loaded.state.seq).unwrap_or(i64::MAX);
        let mut after = 0;
        while after < last {
            let turns = (after, after + PURGE_PAGE);
            let commands = purges::steps(self.pool, key, turns).await?;
            let commands = commands.iter().filter_map(|id| id.parse::<CommandId>().ok());
            let keys: Vec<String> =
                commands.map(|id| ids::step_key(self.tenant, instance, id)).collect();
            let told = purges::confirmations(self.pool, self.tenant, &keys).await?;
            purged.add("dedupe", told);
            purged.add("history", purges::history(self.pool, key, turns).await?);
            after += PURGE_PAGE;
            fault::point("purge.page");
        }
        Ok(())
    }

    async fn messages(&self, purged: &mut Purged) -> Result<()> {
        loop {
            let n =
                purges::messages(self.pool, self.tenant, self.conversations, PURGE_PAGE).await?;
            purged.add("message", n);
            if n == 0 {
                break;
            }
        }
        let mut after = 0;
        loop {
            let place = (self.tenant, after);
            let (next, n) = purges::strays(self.pool, place, self.needles, PURGE_PAGE).await?;
            purged.add("message", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    async fn inbox(&self, purged: &mut Purged) -> Result<()> {
        let mut after = 0;
        loop {
            let place = (self.tenant, after);
            let swept = purges::inbox(self.pool, place, self.instances, self.needles, PURGE_PAGE);
            let (next, n) = swept.await?;
            purged.add("inbox", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    /// Answers that are remembered name a conversation or an instance where they do not name the person.
    async fn answers(&self, purged: &mut Purged) -> Result<()> {
        let ids = self.conversations.iter().chain(self.instances).map(Uuid::to_string);
        let needles: Vec<String> = self.needles.iter().cloned().chain(ids).collect();
        let mut after = (String::new(), String::new());
        loop {
            let swept = purges::dedupe(self.pool, (self.tenant, &after), &needles, PURGE_PAGE);
            let (next, n) = swept.await?;
            purged.add("dedupe", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    async fn audit(&self, purged: &mut Purged) -> Result<()> {
        let mut after = Uuid::nil();
        loop {
            let place = (self.tenant, after);
            let (next, n) = purges::audit(self.pool, place, self.needles, PURGE_PAGE).await?;
            purged.add("audit", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }
}
