//! What can go wrong in the engine itself. A step that fails is an outcome, a bad definition is a list of diagnostics;
//! neither is an error of this kind.

use uuid::Uuid;
use workflows::diagnostic::Diagnostic;

/// An error of the engine. `Display` never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing in this tenant.
    #[error("{0} not found")]
    NotFound(String),
    /// A live instance of this definition has this key already.
    #[error("a live instance already has this key: {0}")]
    KeyTaken(Uuid),
    /// An instance with this id exists already.
    #[error("instance {0} exists already")]
    Exists(Uuid),
    /// The definition has errors; it was not stored.
    #[error("the definition has errors")]
    Invalid(Vec<Diagnostic>),
    /// What was sent cannot be accepted: too big, too deep, not of the right form.
    #[error("{0}")]
    Refused(String),
    /// The instance has ended.
    #[error("instance {0} has ended")]
    Over(Uuid),
    /// As many instances as may are running under the start's concurrency key, and the definition says that nobody waits.
    #[error("as many instances of `{0}` as may are running under its concurrency key")]
    Full(String),
    /// The start is stored, and waits for a place under its concurrency key; the instance's id.
    #[error("the start waits for a place under its concurrency key")]
    Queued(Uuid),
    /// Somebody else changed it in between.
    #[error("{0} was changed by someone else")]
    Conflict(String),
    /// The instance cannot go on with this version.
    #[error("it cannot go on with version {version}: {why}")]
    Unfit {
        /// The version.
        version: i32,
        /// What is missing there.
        why: String,
    },
    /// The event was taken and did not come to its turn in the time given; it will.
    #[error("the event was accepted, and its turn is not finished yet")]
    Pending(Uuid),
    /// This process is stopping: nothing was accepted.
    #[error("the engine is stopping")]
    Stopping,
    /// A stored row cannot be read back.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt {
        /// Which row.
        what: String,
        /// Why.
        why: String,
    },
    /// A file of an archive cannot be written, read or trusted.
    #[error("the archive {file} cannot be used: {why}")]
    Archive {
        /// Which file.
        file: String,
        /// Why.
        why: String,
    },
    /// A task of ours panicked: our bug.
    #[error("internal error")]
    Panicked,
    /// Of the servers that a database URL names, none is what is needed; the sentence says why, for each.
    #[error("{0}")]
    NoServer(String),
    /// The database refused or could not be reached.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// The migrations could not be applied.
    #[error("migrations")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// What the engine's functions return.
pub type Result<T> = std::result::Result<T, Error>;
