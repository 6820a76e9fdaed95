//! The counters, and what a turn took of them.

use anyhow::Result;
use serde_json::{Value, json};
use sqlx::PgPool;
use stats_alloc::INSTRUMENTED_SYSTEM;

/// Marks the statements of this test, which are not the engine's.
pub(crate) const OURS: &str = "/* of the test */";

/// The counters at one moment.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct Counted {
    wal_bytes: f64,
    commits: i64,
    statements: i64,
}

/// All counters at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counters {
    counted: Counted,
    allocations: usize,
}

impl Counters {
    pub(crate) async fn read(pool: &PgPool) -> Result<Self> {
        let counted = sqlx::query_as(
            "select /* of the test */ (pg_current_wal_insert_lsn() - '0/0')::float8 as wal_bytes,
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint as commits,
                coalesce((select sum(calls) from pg_stat_statements
                    where query not like '%/* of the test */%'), 0)::bigint as statements",
        )
        .fetch_one(pool)
        .await?;
        Ok(Self { counted, allocations: INSTRUMENTED_SYSTEM.stats().allocations })
    }

    /// Statements of the engine, in all.
    pub(crate) fn statements(&self) -> i64 {
        self.counted.statements
    }

    /// What so many turns took.
    pub(crate) fn per_turn(&self, later: &Self, turns: f64) -> Cost {
        let (before, after) = (&self.counted, &later.counted);
        Cost {
            wal_bytes: (after.wal_bytes - before.wal_bytes) / turns,
            commits: (after.commits - before.commits) as f64 / turns,
            statements: (after.statements - before.statements) as f64 / turns,
            allocations: (later.allocations - self.allocations) as f64 / turns,
        }
    }
}

/// What one turn took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    wal_bytes: f64,
    commits: f64,
    statements: f64,
    allocations: f64,
}

impl Cost {
    /// The least of each.
    pub(crate) fn least(self, other: Self) -> Self {
        Self {
            wal_bytes: self.wal_bytes.min(other.wal_bytes),
            commits: self.commits.min(other.commits),
            statements: self.statements.min(other.statements),
            allocations: self.allocations.min(other.allocations),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let rounded = |figure: f64| (figure * 1_000.0).round() / 1_000.0;
        json!({ "wal_bytes_turn": rounded(self.wal_bytes), "commits_turn": rounded(self.commits),
            "statements_turn": rounded(self.statements), "allocations_turn": rounded(self.allocations) })
    }
}
