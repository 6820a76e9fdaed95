//! Archives: files of JSON lines, compressed with zstd, that hold what left the tables; one beside another, each with a manifest.
//!
//! A line is `{"line": "instance" | "turn" | "checkpoint", "instance": …, "seq": …, "row": {…}}`; `row` is the table's row as
//! Postgres writes it, so a later release can bring it back by the names of the columns. The file of a tenant lies in
//! `<folder>/<tenant>/<month>/<id>.jsonl.zst`, its manifest in `<id>.manifest.json`.
//!
//! **Invariant:** a file has its name only when it is whole and on disk; it is in the table `archive` only after it was read back
//! and found to hold what was read from the tables; rows are deleted only after that.
//! **Invariant:** rows travel as text. Nothing here parses a number of anybody's data.

pub(crate) mod draft;
pub mod list;
pub mod read;
pub mod restore;
pub(crate) mod writer;

use crate::{Error, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::path::Path;
use uuid::Uuid;

/// The format this release writes.
pub const FORMAT: u32 = 1;

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A row of `instance`.
    Instance,
    /// A row of `history`.
    Turn,
    /// A row of `checkpoint`.
    Checkpoint,
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// What it holds.
    pub line: Kind,
    /// Of which instance.
    pub instance: Uuid,
    /// The turn's number; of an instance the number of its turns.
    pub seq: i64,
    /// The row.
    pub row: Box<RawValue>,
}

/// What a file holds, and how to know that it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Whose.
    pub tenant: Uuid,
    /// The archive's id.
    pub archive: Uuid,
    /// The file, below the folder of archives.
    pub file: String,
    /// Lines of finished instances.
    pub instances: u64,
    /// Lines of turns.
    pub turns: u64,
    /// Lines of checkpoints.
    pub checkpoints: u64,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 of the lines before they were compressed.
    pub content_sha256: String,
    /// The first turn's time.
    pub first_at: Option<DateTime<Utc>>,
    /// The last turn's time.
    pub last_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// What is wrong with a file.
pub(crate) fn broken(file: &Path, why: impl ToString) -> Error {
    Error::Archive { file: file.display().to_string(), why: why.to_string() }
}

/// Work with files, on a thread that nobody else waits for.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Panicked)?
}

/// A digest as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
