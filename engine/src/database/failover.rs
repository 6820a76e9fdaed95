//! Follows the server that is wanted when there are several: when the primary is lost and another server takes its place,
//! new connections go there, and those of before are not used any more.
//!
//! Nothing is decided here about who is the primary: that is the business of what runs the servers (Patroni, a cloud). A
//! failover shows to the rest of the engine as errors of the connection, which it survives anyway.
//!
//! **Invariant:** with one server in the URL there is nothing to follow, and nothing is asked.

use super::hosts::{self, Hosts, PROBE_TIMEOUT};
use crate::error::Result;
use sqlx::{ConnectOptions, PgConnection, PgPool};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the server in use is asked whether it still is what is wanted.
const LOOK: Duration = Duration::from_secs(2);
/// How often the others are asked while none is.
const LOOK_LOST: Duration = Duration::from_millis(250);

/// When the pool last went to another server. Connections older than that belong to the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved(Arc<Mutex<Option<Instant>>>);

impl Moved {
    /// Whether a connection of this age still leads to the server in use.
    pub(super) fn is_current(&self, age: Duration) -> bool {
        let moved = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moved.is_none_or(|moved| age < moved.elapsed())
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Looks after a pool until it is closed.
pub(super) struct Follower {
    pub(super) pool: PgPool,
    pub(super) hosts: Hosts,
    /// Which of the servers the pool uses.
    pub(super) current: usize,
    pub(super) moved: Moved,
}

impl Follower {
    pub(super) async fn run(mut self) {
        let mut connection = None;
        let mut is_lost = false;
        loop {
            let wait = if is_lost { LOOK_LOST } else { LOOK };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.pool.close_event() => return,
            }
            if !is_lost && self.still_is(&mut connection).await {
                continue;
            }
            connection = None;
            match self.follow().await {
                Ok(()) => is_lost = false,
                Err(error) if !is_lost => {
                    is_lost = true;
                    tracing::warn!(%error, "the database server is lost; looking for the one that takes its place");
                }
                Err(error) => tracing::debug!(%error, "no server yet"),
            }
        }
    }

    /// Asks the server in use over a connection of our own. No answer in time is a no.
    async fn still_is(&self, connection: &mut Option<PgConnection>) -> bool {
        let server = &self.hosts.servers[self.current];
        let asked = async {
            let connection = match connection {
                Some(connection) => connection,
                none => none.insert(server.options.connect().await?),
            };
            hosts::standing(connection).await
        };
        let answer = tokio::time::timeout(PROBE_TIMEOUT, asked).await;
        // A pool for reading stays where it is while it is answered: a standby that became the primary can be read.
        answer.is_ok_and(|standing: sqlx::Result<_>| {
            standing.is_ok_and(|is| {
                is.is(self.hosts.wanted) || self.hosts.wanted == hosts::Wanted::Reading
            })
        })
    }

    async fn follow(&mut self) -> Result<()> {
        let found = self.hosts.find().await?;
        let server = &self.hosts.servers[found];
        // Also when it is the same one again: it was lost in between, and so were the connections to it.
        self.pool.set_connect_options(super::dress(server.options.clone()));
        self.moved.now();
        if found != self.current {
            tracing::warn!(server = server.name, "the database is on another server");
        }
        self.current = found;
        Ok(())
    }
}
