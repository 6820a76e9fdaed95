//! Retention: what is over for longer than its definition keeps it is written to a file and deleted.
//!
//! First the files that an earlier round left open are settled: what they hold is deleted. Then, definition by definition, what is
//! past its time is written, and the file is settled as any other. So there is one way to delete what is in a file.
//!
//! **Invariant:** an instance is deleted by a statement that names its `seq`: one that had a turn since it was written stays, and
//! is written again.
//! **Invariant:** pages by key, small transactions, a pause between them: turns come first.

use super::Keeping;
use crate::{
    Result,
    archive::{self, blocking, read, writer::Writer},
    chore::Claim,
    detached::detached,
    fault,
    limits::{RETIRE_PAGE, RETIRE_PAUSE},
    ops::purge::remove_replaced,
    store::retired::{self, ExpiredWanted, OpenArchive, Retention},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use std::path::Path;
use uuid::Uuid;

/// Definitions looked up at once.
const DEFINITIONS_PAGE: i64 = 100;

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Retired {
    /// Finished instances that were written to files.
    pub archived: usize,
    /// Finished instances that were deleted.
    pub deleted: usize,
}

/// One round.
pub(crate) struct Round<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) keeping: &'a Keeping,
    pub(crate) now: DateTime<Utc>,
    /// The chore; `None` when a person asked.
    pub(crate) claim: Option<&'a mut Claim>,
}

/// Does one round because somebody asked for it. Safe beside the chore.
pub async fn retire(pool: &PgPool, keeping: &Keeping, now: DateTime<Utc>) -> Result<Retired> {
    Round { pool, keeping, now, claim: None }.run().await
}

impl Round<'_> {
    /// Deletes what may be deleted, until everything is looked at, or another process took the chore over.
    pub(crate) async fn run(&mut self) -> Result<Retired> {
        let mut retired = Retired::default();
        self.settle_all(&mut retired).await?;
        let mut after = (Uuid::nil(), String::new());
        loop {
            let default_ms = self.keeping.retention_ms();
            let place = (after.0, after.1.as_str());
            let page = retired::retentions(self.pool, place, default_ms, DEFINITIONS_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.tenant_id, last.name.clone());
            for kept in &page {
                if !self.definition(kept, &mut retired).await? {
                    return Ok(retired);
                }
            }
        }
        self.settle_all(&mut retired).await?;
        Ok(retired)
    }

    /// Whether to go on.
    async fn go_on(&mut self) -> Result<bool> {
        tokio::time::sleep(RETIRE_PAUSE).await;
        match &mut self.claim {
            Some(claim) => claim.renew().await,
            None => Ok(true),
        }
    }

    /// What a definition keeps no longer; false when this process should stop.
    async fn definition(&mut self, kept: &Retention, retired: &mut Retired) -> Result<bool> {
        let Some(before) = kept.retention_ms.and_then(|ms| before(self.now, ms)) else {
            return Ok(true);
        };
        let mut after = (DateTime::UNIX_EPOCH, Uuid::nil());
        let mut writer: Option<Writer> = None;
        loop {
            let (now, limit) = (self.now, RETIRE_PAGE);
            let wanted = ExpiredWanted { kept, before, after, now, limit };
            let page = retired::expired(self.pool, &wanted).await?;
            let Some(last) = page.last() else { break };
            after = (last.created_at, last.id);
            match &self.keeping.archive_dir {
                None => {
                    let ids = page.iter().map(|e| (e.id, e.seq)).collect();
                    retired.deleted += delete(self.pool, kept.tenant_id, ids).await?;
                }
                Some(folder) => {
                    // What was brought back from a file, and is in it as it is, only needs to be deleted again.
                    for archive in page.iter().filter_map(|e| e.archive_id) {
                        retired::set_status(self.pool, kept.tenant_id, archive, "written").await?;
                    }
                    let ids: Vec<Uuid> =
                        page.iter().filter(|e| e.archive_id.is_none()).map(|e| e.id).collect();
                    let open = match writer.take() {
                        Some(writer) => writer,
                        None => Writer::create(self.pool, folder, kept.tenant_id, now).await?,
                    };
                    let open = open.add_finished(&ids).await?;
                    match open.is_full() {
                        true => retired.archived += open.close().await?,
                        false => writer = Some(open),
                    }
                }
            }
            if !self.go_on().await? {
                return Ok(false);
            }
        }
        if let Some(writer) = writer {
            retired.archived += writer.close().await?;
        }
        Ok(true)
    }

    /// Deletes what the files hold.
    async fn settle_all(&mut self, retired: &mut Retired) -> Result<()> {
        let Some(folder) = self.keeping.archive_dir.clone() else { return Ok(()) };
        remove_replaced(self.pool, &folder).await?;
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let page = retired::open_archives(self.pool, after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.tenant_id, last.id);
            for archive in page {
                match verify(&folder, &archive).await {
                    Ok(()) => {
                        if !self.settle(&archive, retired).await? {
                            return Ok(());
                        }
                    }
                    // Another process may see it; here nothing is deleted that cannot be read back.
                    Err(error) => {
                        tracing::error!(%error, "a file cannot be trusted; what it holds is not deleted");
                    }
                }
            }
        }
    }

    /// Deletes what one file holds; false when this process should stop.
    async fn settle(&mut self, archive: &OpenArchive, retired: &mut Retired) -> Result<bool> {
        let mut after = Uuid::nil();
        loop {
            let page =
                retired::open_instances(self.pool, archive, after, self.now, RETIRE_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.0;
            retired.deleted += delete(self.pool, archive.tenant_id, page).await?;
            if !self.go_on().await? {
                return Ok(false);
            }
        }
        retired::set_status(self.pool, archive.tenant_id, archive.id, "settled").await?;
        Ok(true)
    }
}

/// The moment before which what ended is kept no longer.
pub(crate) fn before(now: DateTime<Utc>, retention_ms: i64) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::try_milliseconds(retention_ms)?)
}

async fn verify(folder: &Path, archive: &OpenArchive) -> Result<()> {
    let (folder, file) = (folder.to_owned(), archive.file.clone());
    blocking(move || {
        let path = folder.join(&file);
        let manifest = read::manifest(&path)?;
        if manifest.file != file {
            return Err(archive::broken(&path, "its manifest is of another file"));
        }
        read::verify(&folder, &manifest)
    })
    .await
}

async fn delete(pool: &PgPool, tenant: Uuid, finished: Vec<(Uuid, i64)>) -> Result<usize> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = pool.begin().await?;
        let deleted = retired::delete(&mut transaction, tenant, &finished).await?;
        transaction.commit().await?;
        fault::point("retire.deleted");
        Ok(deleted)
    })
    .await
}
