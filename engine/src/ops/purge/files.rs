//! The archive's files of a purge: each that holds something of the contact is written again without it, and removed.
//!
//! **Invariant:** the new file is whole and verified before the old one loses its place; the old one keeps a row that says
//! `replaced` until it is gone from the disk, so none is forgotten there.

use crate::{
    Engine, Error, Result,
    archive::{
        Kind, Line, Manifest, blocking, broken,
        draft::{Draft, Row},
        read,
    },
    limits::ARCHIVE_TURNS_PAGE,
    store::retired::OpenArchive,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgPool;
use std::{collections::HashSet, path::Path};
use tokio::sync::mpsc;
use uuid::Uuid;

/// The files that hold something of these.
pub(super) async fn of(
    pool: &PgPool,
    tenant: Uuid,
    conversations: &[Uuid],
    instances: &[Uuid],
) -> Result<Vec<String>> {
    let rows = list(pool, tenant, conversations, instances).await?;
    Ok(rows.into_iter().map(|(_, file)| file).collect())
}

/// Writes them again without these; which ones they were. `Refused` if there are some and this process sees no folder.
pub(super) async fn purge(
    engine: &Engine,
    tenant: Uuid,
    conversations: &[Uuid],
    instances: &[Uuid],
) -> Result<Vec<String>> {
    let pool = engine.pool();
    let rows = list(pool, tenant, conversations, instances).await?;
    let folder = engine.keeping().archive_dir.clone();
    if rows.is_empty() && folder.is_none() {
        return Ok(Vec::new());
    }
    let Some(folder) = folder else {
        let why = "archives hold something of the contact; set PERDURE_ARCHIVE_DIR to their folder";
        return Err(Error::Refused(why.to_owned()));
    };
    let mut files = Vec::new();
    for (archive, file) in rows {
        let gone: Vec<Uuid> =
            sqlx::query_scalar(include_str!("../../store/sql/purge_list_archived.sql"))
                .bind(tenant)
                .bind(archive)
                .bind(conversations)
                .bind(instances)
                .fetch_all(pool)
                .await?;
        let now = engine.clock().now();
        let without = rewrite(&folder, &file, tenant, gone.iter().copied().collect(), now).await?;
        replace(pool, archive, &gone, &without).await?;
        if without.instances + without.turns == 0 {
            let path = folder.join(&without.file);
            blocking(move || remove(&path)).await?;
        }
        files.push(file);
    }
    remove_replaced(pool, &folder).await?;
    Ok(files)
}

/// Removes the files that were replaced.
pub(crate) async fn remove_replaced(pool: &PgPool, folder: &Path) -> Result<()> {
    let mut after = (Uuid::nil(), Uuid::nil());
    loop {
        let page: Vec<OpenArchive> =
            sqlx::query_as(include_str!("../../store/sql/list_archives_replaced.sql"))
                .bind(after.0)
                .bind(after.1)
                .fetch_all(pool)
                .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.tenant_id, last.id);
        for archive in page {
            let path = folder.join(&archive.file);
            blocking(move || remove(&path)).await?;
            sqlx::query(include_str!("../../store/sql/delete_archive.sql"))
                .bind(archive.tenant_id)
                .bind(archive.id)
                .execute(pool)
                .await?;
        }
    }
}

async fn list(
    pool: &PgPool,
    tenant: Uuid,
    conversations: &[Uuid],
    instances: &[Uuid],
) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query_as(include_str!("../../store/sql/purge_list_files.sql"))
        .bind(tenant)
        .bind(conversations)
        .bind(instances)
        .fetch_all(pool)
        .await?;
    Ok(rows)
}

/// A file with the lines of another, but for those of these instances.
async fn rewrite(
    folder: &Path,
    file: &str,
    tenant: Uuid,
    gone: HashSet<Uuid>,
    now: DateTime<Utc>,
) -> Result<Manifest> {
    let path = folder.join(file);
    // A few pages in memory: the reader waits for the writer.
    let (sender, mut pages) = mpsc::channel::<Vec<Row>>(2);
    let reading = tokio::task::spawn_blocking(move || send_rest(&path, &gone, &sender));
    let mut draft = Draft::create(folder, tenant, now).await?;
    while let Some(page) = pages.recv().await {
        draft = draft.add(page).await?;
    }
    if let Err(error) = reading.await.map_err(|_| Error::Panicked)? {
        draft.discard().await;
        return Err(error);
    }
    draft.finish().await
}

fn send_rest(path: &Path, gone: &HashSet<Uuid>, pages: &mpsc::Sender<Vec<Row>>) -> Result<()> {
    #[derive(Deserialize)]
    struct At {
        at: DateTime<Utc>,
    }
    let most = usize::try_from(ARCHIVE_TURNS_PAGE).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    let stopped = || broken(path, "the file in its place could not be written");
    read::lines(path, |_, line| {
        if gone.contains(&line.instance) {
            return Ok(());
        }
        let Line { line, instance, seq, row } = line;
        let at = match line {
            Kind::Turn => {
                let at: At = serde_json::from_str(row.get()).map_err(|e| broken(path, e))?;
                Some(at.at)
            }
            Kind::Instance | Kind::Checkpoint => None,
        };
        page.push(Row { line, instance, seq, at, text: row.get().to_owned() });
        if page.len() < most {
            return Ok(());
        }
        pages.blocking_send(std::mem::take(&mut page)).map_err(|_| stopped())
    })?;
    pages.blocking_send(page).map_err(|_| stopped())
}

async fn replace(pool: &PgPool, old: Uuid, gone: &[Uuid], new: &Manifest) -> Result<()> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sqlx::query(include_str!("../../store/sql/purge_replace_archive.sql"))
        .bind(new.tenant)
        .bind(old)
        .bind(gone)
        .bind(new.archive)
        .bind(&new.file)
        .bind(i32::try_from(new.instances).unwrap_or(i32::MAX))
        .bind(count(new.turns))
        .bind(count(new.bytes))
        .bind(&new.sha256)
        .bind(new.first_at)
        .bind(new.last_at)
        .bind(new.made_at)
        .execute(pool)
        .await?;
    Ok(())
}

/// Removes a file and its manifest; one that is gone already is what was wanted.
fn remove(path: &Path) -> Result<()> {
    for path in [path, &read::manifest_path(path)] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(broken(path, error));
            }
            _ => {}
        }
    }
    Ok(())
}
