//! Bringing an instance back from its files, so that its history can be read and replayed.
//!
//! **Invariant:** what is in the tables is never overwritten; doing it twice changes nothing.
//! **Invariant:** it is held before its first row is back, so retention does not take away what comes; after
//! [`RESTORED_TTL`] it does.

use super::{Kind, Line, blocking, list, read};
use crate::{
    Error, Result,
    detached::detached,
    everlasting::months::{self, Month},
    limits::{ARCHIVE_TURNS_PAGE, RESTORED_TTL},
    ops::audit::{self, Deed},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Who wants what back, and why.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose.
    pub tenant: Uuid,
    /// Which instance.
    pub instance: Uuid,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Files that were read.
    pub files: usize,
    /// Turns that are back; those that were there are not counted.
    pub turns: u64,
    /// Whether the instance itself was brought back.
    pub instance: bool,
    /// Until when it stays.
    pub until: Option<DateTime<Utc>>,
}

/// Brings an instance back from every file that holds something of it. `NotFound` if none does; `Archive` if one cannot be read.
pub async fn instance(
    pool: &PgPool,
    folder: &Path,
    wish: Wish,
    now: DateTime<Utc>,
) -> Result<Restored> {
    let Wish { tenant, instance, actor, reason } = wish;
    let parts = list::parts(pool, tenant, instance).await?;
    if parts.is_empty() {
        return Err(Error::NotFound(format!("archive of instance {instance}")));
    }
    let files: Vec<String> = parts.iter().map(|part| part.file.clone()).collect();
    let (verb, target) = ("archive.restore", format!("instance {instance}"));
    let detail = json!({ "files": files });
    audit::record(pool, Deed { tenant, actor, verb, target, reason, detail }).await?;
    let until = now + RESTORED_TTL;
    sqlx::query(include_str!("../store/sql/hold_restored.sql"))
        .bind(tenant)
        .bind(instance)
        .bind(until)
        .execute(pool)
        .await?;
    let mut restored = Restored { files: files.len(), until: Some(until), ..Restored::default() };
    for file in files {
        let lines = of_instance(folder.join(file), instance).await?;
        for kind in [Kind::Turn, Kind::Checkpoint, Kind::Instance] {
            let rows: Vec<&Line> = lines.iter().filter(|line| line.line == kind).collect();
            if kind == Kind::Turn {
                make_months(pool, &rows).await?;
            }
            let page = usize::try_from(ARCHIVE_TURNS_PAGE).unwrap_or(usize::MAX);
            for page in rows.chunks(page) {
                let inserted = insert(pool, tenant, kind, page).await?;
                match kind {
                    Kind::Turn => restored.turns += inserted,
                    Kind::Instance => restored.instance |= inserted > 0,
                    Kind::Checkpoint => {}
                }
            }
        }
    }
    Ok(restored)
}

/// The lines of one instance in a file whose digest is the one of its manifest.
async fn of_instance(file: PathBuf, instance: Uuid) -> Result<Vec<Line>> {
    blocking(move || {
        let manifest = read::manifest(&file)?;
        if read::sha256_of(&file)? != manifest.sha256 {
            return Err(super::broken(&file, "its digest is not the one of its manifest"));
        }
        let mut found = Vec::new();
        read::lines(&file, |_, line| {
            if line.instance == instance {
                found.push(line);
            }
            Ok(())
        })?;
        Ok(found)
    })
    .await
}

/// Makes the months of turns, so that none lands in the default partition.
async fn make_months(pool: &PgPool, turns: &[&Line]) -> Result<()> {
    #[derive(Deserialize)]
    struct At {
        at: DateTime<Utc>,
    }
    let mut made = std::collections::BTreeSet::new();
    for turn in turns {
        let at: At = serde_json::from_str(turn.row.get()).map_err(|e| Error::Corrupt {
            what: format!("turn {} of instance {} in an archive", turn.seq, turn.instance),
            why: e.to_string(),
        })?;
        let month = Month::of(at.at);
        if made.insert(month) {
            months::make(pool, month).await?;
        }
    }
    Ok(())
}

async fn insert(pool: &PgPool, tenant: Uuid, kind: Kind, rows: &[&Line]) -> Result<u64> {
    let statement = match kind {
        Kind::Turn => include_str!("../store/sql/restore_turns.sql"),
        Kind::Checkpoint => include_str!("../store/sql/restore_checkpoints.sql"),
        Kind::Instance => include_str!("../store/sql/restore_instances.sql"),
    };
    let texts: Vec<&str> = rows.iter().map(|row| row.row.get()).collect();
    let text = format!("[{}]", texts.join(","));
    let pool = pool.clone();
    detached(async move {
        let mut connection = pool.acquire().await?;
        let connection: &mut PgConnection = &mut connection;
        let insert = sqlx::query(statement).bind(tenant).bind(text).execute(connection).await?;
        Ok(insert.rows_affected())
    })
    .await
}
