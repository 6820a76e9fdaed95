//! What a stretch of work cost: log written, with and without the images of whole pages, commits, statements, processor
//! time.

use super::statements;
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
    lsn: String,
    wal_bytes: f64,
    commits: i64,
    transactions: i64,
    statements: u64,
    engine_cpu_s: f64,
    postgres_cpu_s: f64,
}

/// The difference of two moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    pub(super) seconds: f64,
    pub(super) wal_bytes: f64,
    /// Without the images of whole pages that the first change after a checkpoint logs; `None` where Postgres cannot
    /// tell.
    pub(super) wal_bytes_rows: Option<f64>,
    /// Transactions that wrote.
    pub(super) commits: i64,
    /// Transactions of this database as its statistics count them, which lags by up to a second.
    pub(super) transactions: i64,
    /// Statements of this process.
    pub(super) statements: u64,
    pub(super) engine_cpu_s: f64,
    /// Zero when Postgres is not a private one, whose processes could be told from others.
    pub(super) postgres_cpu_s: f64,
}

impl Usage {
    /// Reads the counters. `postmaster` is the process id of a private Postgres.
    pub(super) async fn read(pool: &PgPool, postmaster: Option<u32>) -> anyhow::Result<Self> {
        let row = sqlx::query(
            // Transactions that wrote, by the number the next one gets: exact at once, which the
            // statistics are not.
            "select pg_current_wal_lsn()::text, (pg_current_wal_lsn() - '0/0')::float8,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                    (select xact_commit + xact_rollback from pg_stat_database where datname = current_database())",
        )
        .fetch_one(pool)
        .await?;
        let [engine_cpu_s, postgres_cpu_s] = cpu_seconds(postmaster);
        Ok(Self {
            at: Instant::now(),
            lsn: row.try_get(0)?,
            wal_bytes: row.try_get(1)?,
            commits: row.try_get(2)?,
            transactions: row.try_get(3)?,
            statements: statements::sent(),
            engine_cpu_s,
            postgres_cpu_s,
        })
    }

    /// From then to now.
    pub(super) async fn until_now(
        &self,
        pool: &PgPool,
        postmaster: Option<u32>,
    ) -> anyhow::Result<Spent> {
        let later = Self::read(pool, postmaster).await?;
        let wal_bytes = later.wal_bytes - self.wal_bytes;
        let images = page_images(pool, &self.lsn, &later.lsn).await;
        Ok(Spent {
            seconds: (later.at - self.at).as_secs_f64(),
            wal_bytes,
            wal_bytes_rows: images.map(|bytes| wal_bytes - bytes),
            commits: later.commits - self.commits,
            transactions: later.transactions - self.transactions,
            statements: later.statements - self.statements,
            engine_cpu_s: later.engine_cpu_s - self.engine_cpu_s,
            postgres_cpu_s: later.postgres_cpu_s - self.postgres_cpu_s,
        })
    }
}

impl Spent {
    /// Of this process and of Postgres.
    pub(super) fn cpu_s(&self) -> f64 {
        self.engine_cpu_s + self.postgres_cpu_s
    }
}

/// Bytes of page images between two places of the log. `None` without the extension `pg_walinspect`, or when that part
/// of the log has been recycled: the figure is then left out, not guessed.
async fn page_images(pool: &PgPool, from: &str, to: &str) -> Option<f64> {
    if from == to {
        return Some(0.0);
    }
    sqlx::query_scalar(
        "select coalesce(sum(fpi_size), 0)::float8 from pg_get_wal_stats($1::pg_lsn, $2::pg_lsn)",
    )
    .bind(from)
    .bind(to)
    .fetch_one(pool)
    .await
    .ok()
}

/// Of this process, and of a private Postgres with its children.
fn cpu_seconds(postmaster: Option<u32>) -> [f64; 2] {
    let own = std::process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut seconds = [0.0; 2];
    for entry in entries {
        let Some(process) = process(&entry) else { continue };
        if process.pid == own {
            seconds[0] += process.cpu_s;
        } else if Some(process.pid) == postmaster || Some(process.parent) == postmaster {
            seconds[1] += process.cpu_s;
        }
    }
    seconds
}

struct Process {
    pid: u32,
    parent: u32,
    cpu_s: f64,
}

fn process(entry: &fs::DirEntry) -> Option<Process> {
    let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
    let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
    // The name may hold anything, so the fields are counted from its end.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
    let ticks = number(STAT_USER).unwrap_or(0) + number(STAT_SYSTEM).unwrap_or(0);
    Some(Process { pid, parent: number(STAT_PARENT)?, cpu_s: f64::from(ticks) / TICKS_PER_S })
}

/// Memory of this process that is in RAM, in MiB; `None` where `/proc` is not.
pub(super) fn resident_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}
