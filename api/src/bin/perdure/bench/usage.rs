//! What a stretch of work cost: log written, commits, processor time.

use sqlx::{PgPool, Row};
use std::{fs, time::Instant};

/// Clock ticks of `/proc` per second; 100 on every Linux.
const TICKS_PER_S: f64 = 100.0;
/// Fields of `/proc/<pid>/stat` after the name: parent, user time and system time.
const STAT_PARENT: usize = 1;
const STAT_USER: usize = 11;
const STAT_SYSTEM: usize = 12;

/// The counters at one moment.
pub(super) struct Usage {
    at: Instant,
    wal_bytes: f64,
    commits: i64,
    cpu_s: f64,
}

/// The difference of two moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    pub(super) seconds: f64,
    pub(super) wal_bytes: f64,
    pub(super) commits: i64,
    /// Of this process, and of Postgres when it is a private one.
    pub(super) cpu_s: f64,
}

impl Usage {
    /// Reads the counters. `postmaster` is the process id of a private Postgres.
    pub(super) async fn read(pool: &PgPool, postmaster: Option<u32>) -> anyhow::Result<Self> {
        let row = sqlx::query(
            // Transactions that wrote, by the number the next one gets: exact at once, which the
            // statistics are not.
            "select (pg_current_wal_lsn() - '0/0')::float8 as wal_bytes,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint as commits",
        )
        .fetch_one(pool)
        .await?;
        let cpu_s = cpu_seconds(postmaster);
        Ok(Self { at: Instant::now(), wal_bytes: row.try_get(0)?, commits: row.try_get(1)?, cpu_s })
    }

    /// From then to now.
    pub(super) fn until(&self, later: &Usage) -> Spent {
        Spent {
            seconds: (later.at - self.at).as_secs_f64(),
            wal_bytes: later.wal_bytes - self.wal_bytes,
            commits: later.commits - self.commits,
            cpu_s: later.cpu_s - self.cpu_s,
        }
    }
}

fn cpu_seconds(postmaster: Option<u32>) -> f64 {
    let own = std::process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ticks = entries.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name may hold anything, so the fields are counted from its end.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
        let parent = number(STAT_PARENT)?;
        let is_ours = pid == own || Some(pid) == postmaster || Some(parent) == postmaster;
        is_ours
            .then(|| f64::from(number(STAT_USER).unwrap_or(0) + number(STAT_SYSTEM).unwrap_or(0)))
    });
    ticks.sum::<f64>() / TICKS_PER_S
}
