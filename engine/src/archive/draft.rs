//! A file of an archive while it is written.
//!
//! **Invariant:** until [`Draft::finish`] it has a name that ends in `.tmp`, and means nothing. `finish` forces it to disk, names
//! it, forces the folder, and reads it back before it answers.

use super::{FORMAT, Kind, Line, Manifest, blocking, broken, hex, read};
use crate::{Result, fault};
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// How hard it is compressed: the level at which zstd is as fast as a disk.
const LEVEL: i32 = 3;

/// A row to be written.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: Kind,
    pub(crate) instance: Uuid,
    pub(crate) seq: i64,
    /// Of turns.
    pub(crate) at: Option<DateTime<Utc>>,
    /// The row's JSON.
    pub(crate) text: String,
}

/// A file that grows.
pub(crate) struct Draft {
    folder: PathBuf,
    unnamed: PathBuf,
    encoder: zstd::Encoder<'static, BufWriter<File>>,
    content: Sha256,
    /// Bytes of the lines so far.
    pub(crate) content_bytes: u64,
    manifest: Manifest,
}

impl Draft {
    /// Begins a file of a tenant below `folder`.
    pub(crate) async fn create(folder: &Path, tenant: Uuid, now: DateTime<Utc>) -> Result<Self> {
        let folder = folder.to_owned();
        blocking(move || {
            let archive = Uuid::now_v7();
            let file = format!("{tenant}/{}/{archive}.jsonl.zst", now.format("%Y-%m"));
            let path = folder.join(&file);
            let unnamed = path.with_extension("tmp");
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|e| broken(parent, e))?;
            }
            let made = File::create(&unnamed).map_err(|e| broken(&unnamed, e))?;
            let encoder =
                zstd::Encoder::new(BufWriter::new(made), LEVEL).map_err(|e| broken(&unnamed, e))?;
            let manifest = Manifest {
                format: FORMAT,
                tenant,
                archive,
                file,
                instances: 0,
                turns: 0,
                checkpoints: 0,
                bytes: 0,
                sha256: String::new(),
                content_sha256: String::new(),
                first_at: None,
                last_at: None,
                made_at: now,
            };
            let content = Sha256::new();
            Ok(Self { folder, unnamed, encoder, content, content_bytes: 0, manifest })
        })
        .await
    }

    /// Adds rows.
    pub(crate) async fn add(mut self, rows: Vec<Row>) -> Result<Self> {
        blocking(move || {
            for row in rows {
                self.add_row(row)?;
            }
            Ok(self)
        })
        .await
    }

    fn add_row(&mut self, row: Row) -> Result<()> {
        let Row { line, instance, seq, at, text } = row;
        let count = match line {
            Kind::Instance => &mut self.manifest.instances,
            Kind::Turn => &mut self.manifest.turns,
            Kind::Checkpoint => &mut self.manifest.checkpoints,
        };
        *count += 1;
        if let Some(at) = at {
            let first = self.manifest.first_at.map_or(at, |first| first.min(at));
            let last = self.manifest.last_at.map_or(at, |last| last.max(at));
            (self.manifest.first_at, self.manifest.last_at) = (Some(first), Some(last));
        }
        let fail = |e: &dyn ToString| broken(&self.unnamed, e.to_string());
        let row = RawValue::from_string(text).map_err(|e| fail(&e))?;
        let mut text =
            serde_json::to_vec(&Line { line, instance, seq, row }).map_err(|e| fail(&e))?;
        text.push(b'\n');
        self.content.update(&text);
        self.content_bytes += text.len() as u64;
        self.encoder.write_all(&text).map_err(|e| broken(&self.unnamed, e))
    }

    /// Ends the file, and proves that it holds what was added. What it answers is on disk.
    pub(crate) async fn finish(self) -> Result<Manifest> {
        blocking(move || self.finish_now()).await
    }

    fn finish_now(self) -> Result<Manifest> {
        let Self { folder, unnamed, encoder, content, mut manifest, .. } = self;
        let fail = |e: std::io::Error| broken(&unnamed, e);
        let buffer = encoder.finish().map_err(fail)?;
        let file = buffer.into_inner().map_err(|e| fail(e.into_error()))?;
        file.sync_all().map_err(fail)?;
        manifest.bytes = file.metadata().map_err(fail)?.len();
        manifest.sha256 = read::sha256_of(&unnamed)?;
        manifest.content_sha256 = hex(&content.finalize());
        fault::point("archive.unnamed");
        let path = folder.join(&manifest.file);
        name(&unnamed, &path)?;
        read::verify(&folder, &manifest)?;
        write_manifest(&folder, &manifest)?;
        fault::point("archive.named");
        Ok(manifest)
    }

    /// Forgets it.
    pub(crate) async fn discard(self) {
        let unnamed = self.unnamed;
        let removed = blocking(move || fs::remove_file(&unnamed).map_err(|e| broken(&unnamed, e)));
        if let Err(error) = removed.await {
            tracing::warn!(%error, "an unfinished file is left behind");
        }
    }
}

/// Writes the manifest beside its file.
pub(super) fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let path = read::manifest_path(&folder.join(&manifest.file));
    let unnamed = path.with_extension("tmp");
    let text = serde_json::to_vec_pretty(manifest).map_err(|e| broken(&path, e))?;
    let mut file = File::create(&unnamed).map_err(|e| broken(&unnamed, e))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(|e| broken(&unnamed, e))?;
    name(&unnamed, &path)
}

/// Gives a file its name, for good: the folder is forced to disk too, and the folders that were made for it.
fn name(unnamed: &Path, path: &Path) -> Result<()> {
    fs::rename(unnamed, path).map_err(|e| broken(path, e))?;
    for folder in path.ancestors().skip(1).take(3) {
        let forced = File::open(folder).and_then(|folder| folder.sync_all());
        forced.map_err(|e| broken(folder, e))?;
    }
    Ok(())
}
