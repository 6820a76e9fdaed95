//! Writes one archive: reads rows, puts them into a file, and notes the file in the tables.
//!
//! **Invariant:** an instance is noted only if its turns in the file have no gap and end where the instance stands. One with a gap
//! stays in the tables, and is told.

use super::{
    Kind,
    draft::{Draft, Row},
};
use crate::{
    Result, fault,
    limits::{ARCHIVE_BYTES_MAX, ARCHIVE_INSTANCES_MAX, ARCHIVE_TURNS_PAGE},
    store::archives::{self, Entry, InstanceText, TurnText, TurnsWanted},
};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use std::{collections::HashMap, path::Path};
use uuid::Uuid;

/// Instances whose turns are read in one statement: each of them may have a page of turns to be sorted.
const INSTANCES_AT_ONCE: usize = 20;

/// The year 9999, which no turn is in, as Postgres can store it.
const END_S: i64 = 253_370_764_800;

/// An archive that is being written.
pub(crate) struct Writer {
    pool: PgPool,
    /// Whose.
    pub(crate) tenant: Uuid,
    draft: Draft,
    entries: Vec<Entry>,
}

/// The numbers of an instance's turns, as they came.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: i64,
    last: i64,
    has_gap: bool,
}

/// An instance that lives on, whose turns of a month are kept in a file.
#[derive(Debug, Clone)]
pub(crate) struct Living {
    pub(crate) id: Uuid,
    pub(crate) definition: String,
    pub(crate) conversation: Option<Uuid>,
}

impl Writer {
    /// Begins one in `folder`.
    pub(crate) async fn create(
        pool: &PgPool,
        folder: &Path,
        tenant: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let draft = Draft::create(folder, tenant, now).await?;
        Ok(Self { pool: pool.clone(), tenant, draft, entries: Vec::new() })
    }

    /// Whether it should be closed before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= ARCHIVE_INSTANCES_MAX || self.draft.content_bytes >= ARCHIVE_BYTES_MAX
    }

    /// Adds finished instances with all they have.
    pub(crate) async fn add_finished(mut self, ids: &[Uuid]) -> Result<Self> {
        let found = archives::instances(&self.pool, self.tenant, ids).await?;
        let ids: Vec<Uuid> = found.iter().map(|i| i.id).collect();
        let checkpoints = archives::checkpoints(&self.pool, self.tenant, &ids).await?;
        let kept: HashMap<Uuid, i64> = checkpoints.iter().map(|c| (c.instance_id, c.seq)).collect();
        let mut rows: Vec<Row> = found.iter().map(instance_row).collect();
        rows.extend(checkpoints.into_iter().map(|c| turn_row(Kind::Checkpoint, c)));
        self.draft = self.draft.add(rows).await?;
        let end = DateTime::from_timestamp(END_S, 0).unwrap_or_default();
        let all = (DateTime::UNIX_EPOCH, end);
        let (draft, runs) = add_turns(&self.pool, self.draft, (self.tenant, &ids), all).await?;
        self.draft = draft;
        for instance in found {
            let run = runs.get(&instance.id).copied();
            // Without a turn, the last one left with its month, and the checkpoint stands for it.
            let checkpoint = kept.get(&instance.id).copied();
            let is_whole = match run {
                Some(run) => {
                    let begins = run.first == 1 || checkpoint.is_some_and(|c| c + 1 >= run.first);
                    begins && !run.has_gap && run.last == instance.seq
                }
                None => checkpoint == Some(instance.seq),
            };
            if !is_whole {
                tracing::error!(
                    instance.id = %instance.id, seq = instance.seq, turns = ?run,
                    "its history has a gap or a new turn; it is not deleted"
                );
                continue;
            }
            self.entries.push(Entry {
                instance: instance.id,
                definition: instance.definition,
                conversation: instance.conversation_id,
                first_seq: run.map_or(instance.seq, |run| run.first),
                last_seq: instance.seq,
                is_over: true,
            });
        }
        Ok(self)
    }

    /// Adds the turns of a time of instances that live on, with their checkpoints.
    pub(crate) async fn add_living(
        mut self,
        living: &[Living],
        time: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Self> {
        let ids: Vec<Uuid> = living.iter().map(|l| l.id).collect();
        let checkpoints = archives::checkpoints(&self.pool, self.tenant, &ids).await?;
        let rows = checkpoints.into_iter().map(|c| turn_row(Kind::Checkpoint, c)).collect();
        self.draft = self.draft.add(rows).await?;
        let (draft, runs) = add_turns(&self.pool, self.draft, (self.tenant, &ids), time).await?;
        self.draft = draft;
        for instance in living {
            let Some(run) = runs.get(&instance.id) else { continue };
            self.entries.push(Entry {
                instance: instance.id,
                definition: instance.definition.clone(),
                conversation: instance.conversation,
                first_seq: run.first,
                last_seq: run.last,
                is_over: false,
            });
        }
        Ok(self)
    }

    /// Ends the file and notes it; how many instances are in it.
    pub(crate) async fn close(self) -> Result<usize> {
        if self.entries.is_empty() {
            self.draft.discard().await;
            return Ok(0);
        }
        let manifest = self.draft.finish().await?;
        archives::insert(&self.pool, &manifest, &self.entries).await?;
        fault::point("archive.noted");
        tracing::info!(
            tenant.id = %self.tenant, file = manifest.file, instances = self.entries.len(),
            turns = manifest.turns, bytes = manifest.bytes, "an archive was written"
        );
        Ok(self.entries.len())
    }
}

async fn add_turns(
    pool: &PgPool,
    mut draft: Draft,
    (tenant, ids): (Uuid, &[Uuid]),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(Draft, HashMap<Uuid, Run>)> {
    let mut runs: HashMap<Uuid, Run> = HashMap::new();
    for instances in ids.chunks(INSTANCES_AT_ONCE) {
        let mut after = (Uuid::nil(), 0);
        loop {
            let limit = ARCHIVE_TURNS_PAGE;
            let wanted = TurnsWanted { tenant, instances, after, from, to, limit };
            let page = archives::turns(pool, &wanted).await?;
            let Some(last) = page.last() else { break };
            after = (last.instance_id, last.seq);
            for turn in &page {
                let run = Run { first: turn.seq, last: turn.seq - 1, has_gap: false };
                let run = runs.entry(turn.instance_id).or_insert(run);
                run.has_gap |= turn.seq != run.last + 1;
                run.last = turn.seq;
            }
            let rows = page.into_iter().map(|turn| turn_row(Kind::Turn, turn)).collect();
            draft = draft.add(rows).await?;
        }
    }
    Ok((draft, runs))
}

fn instance_row(instance: &InstanceText) -> Row {
    let (id, seq, text) = (instance.id, instance.seq, instance.row.clone());
    Row { line: Kind::Instance, instance: id, seq, at: None, text }
}

fn turn_row(line: Kind, turn: TurnText) -> Row {
    let TurnText { instance_id, seq, at, row } = turn;
    let at = (line == Kind::Turn).then_some(at);
    Row { line, instance: instance_id, seq, at, text: row }
}
