//! Database work that its caller cannot cancel.
//!
//! **Invariant:** a future that talks to the database runs in a task of its own. Dropping the caller (an HTTP client that
//! hangs up) never leaves a connection inside an open transaction.

use crate::{Error, Result};
use std::future::Future;

/// Runs `work` to its end, whether or not anybody waits for it.
pub(crate) async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.unwrap_or(Err(Error::Panicked))
}
