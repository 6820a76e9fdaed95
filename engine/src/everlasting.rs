//! Everlasting data: instances may live for years, and the database stays small.
//!
//! History is cut into months ([`months`]). What is over for longer than its definition's retention is written to a file and
//! deleted ([`retire`]). A month that only instances need which live on is dropped, after the state of each of them was kept
//! as a checkpoint ([`expire`], [`checkpoint`]), so that they can be replayed for ever.
//!
//! **Invariant:** nothing is deleted before the file that holds it was written, forced to disk, read back and compared; if
//! there is a folder for files at all.
//! **Invariant:** everything here can be cut off anywhere and done again, by this process or another, also by two at once.

pub mod checkpoint;
pub mod expire;
pub mod months;
pub mod retire;

use std::{path::PathBuf, time::Duration};

/// What is kept, and for how long.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// How long finished instances are kept whose definition does not say it (`policies.retention`); `None`: for ever.
    pub retention: Option<Duration>,
    /// Where the files of what is deleted are written; `None`: it is deleted and gone. Every process of a database must see
    /// the same folder.
    pub archive_dir: Option<PathBuf>,
}

impl Keeping {
    /// The retention as statements take it.
    fn retention_ms(&self) -> Option<i64> {
        self.retention.map(|kept| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
    }
}
