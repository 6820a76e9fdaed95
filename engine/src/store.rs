//! The tables, by noun. One statement per file under `sql`, one thin typed function per statement.
//!
//! **Invariant:** no statement leaves out the tenant, except those of the owner itself (due rows, its inbox, shards), which
//! work for all tenants.
//! **Invariant:** nothing here decides anything; what a turn means is in [`crate::turn`], what belongs together in one
//! transaction in [`crate::commit`].

pub(crate) mod admissions;
pub(crate) mod archives;
pub(crate) mod arguments;
pub(crate) mod channels;
pub(crate) mod checkpoints;
pub(crate) mod chores;
pub(crate) mod contacts;
pub mod conversations;
pub mod dedupe;
pub mod definitions;
pub(crate) mod follow;
pub mod history;
pub mod inbox;
pub mod incidents;
pub mod instances;
pub(crate) mod json_text;
pub mod lanes;
pub mod messages;
pub(crate) mod months;
pub(crate) mod outbox;
pub(crate) mod pacing;
pub(crate) mod purges;
pub(crate) mod retired;
pub mod schedules;
pub mod shards;
pub(crate) mod shared;
pub(crate) mod statuses;
pub mod steps;
pub mod timers;
pub(crate) mod turns;

use machine::CommandId;
use uuid::Uuid;

/// Every statement by name, for the test that describes them against a migrated database.
pub fn statements() -> &'static [(&'static str, &'static str)] {
    include!(concat!(env!("OUT_DIR"), "/statements.rs"))
}

/// Names a row that belongs to one command of one instance: a step or a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// Whose.
    pub tenant: Uuid,
    /// Of which instance.
    pub instance: Uuid,
    /// The command that made it.
    pub command: CommandId,
}

/// [`RowId`]s as the arrays that statements take.
#[derive(Debug, Default)]
pub(crate) struct RowIds {
    pub(crate) tenants: Vec<Uuid>,
    pub(crate) instances: Vec<Uuid>,
    pub(crate) seqs: Vec<i64>,
    pub(crate) indexes: Vec<i32>,
}

impl RowIds {
    pub(crate) fn push(&mut self, id: RowId) {
        self.tenants.push(id.tenant);
        self.instances.push(id.instance);
        self.seqs.push(as_i64(id.command.seq));
        self.indexes.push(i32::try_from(id.command.index).unwrap_or(i32::MAX));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.tenants.len()
    }

    /// As four arguments.
    pub(crate) fn add(&self, arguments: &mut arguments::Arguments) {
        arguments
            .column(&self.tenants, |tenant| *tenant)
            .column(&self.instances, |instance| *instance)
            .column(&self.seqs, |seq| *seq)
            .column(&self.indexes, |index| *index);
    }
}

/// The columns of a [`RowId`], as statements return them.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct RowKey {
    tenant_id: Uuid,
    instance_id: Uuid,
    seq: i64,
    index: i32,
}

impl From<RowKey> for RowId {
    fn from(row: RowKey) -> Self {
        Self {
            tenant: row.tenant_id,
            instance: row.instance_id,
            command: command(row.seq, row.index),
        }
    }
}

/// A command's id from its columns. Neither is ever negative.
pub(crate) fn command(seq: i64, index: i32) -> CommandId {
    CommandId { seq: u64::try_from(seq).unwrap_or(0), index: u32::try_from(index).unwrap_or(0) }
}

/// A count as Postgres stores it. None of ours comes near the limit.
pub(crate) fn as_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
