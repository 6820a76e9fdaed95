//! Steps that change hands: taken over from an earlier owner, handed to the next one, and those of processes that are gone.
//!
//! **Invariant:** a step that is not kept here any more has a row, or is named in the outbox.

use super::{Back, Executor, attempt};
use crate::{
    fault,
    limits::{DATABASE_RETRY, LEASE_RENEWALS},
    shards::ShardSet,
    store::{
        outbox,
        steps::{self, StepRow},
    },
};
use tokio::{sync::oneshot, time::Instant};

impl Executor {
    /// Tries in these shards that an earlier owner began and did not end: nobody knows their outcome.
    pub(super) async fn take_over(&mut self, taken: ShardSet) {
        let rows = loop {
            match steps::started(&self.shared.pool, taken.filter().as_deref()).await {
                Ok(rows) => break rows,
                Err(error) => tracing::warn!(%error, "interrupted steps cannot be read yet"),
            }
            tokio::time::sleep(DATABASE_RETRY).await;
        };
        for row in rows {
            if self.running.contains(row.id) {
                continue;
            }
            fault::point("recovery.step");
            tracing::info!(instance.id = %row.id.instance, step.id = %row.id.command, "interrupted");
            self.running.insert(row.id, row.shard);
            self.spawn(row.id, attempt::interrupted(self.shared.clone(), Box::new(row)));
        }
        self.recovered = None;
        self.polled = None;
    }

    /// Hands shards over: what was not begun is left to their next owner, what runs is waited for.
    pub(super) async fn leave(&mut self, leaving: ShardSet, done: oneshot::Sender<()>) {
        for id in self.waiting.of_shards(&leaving) {
            let row = self.forget(id);
            self.put_down.extend(row.map(|row| *row));
        }
        let (theirs, ours) = std::mem::take(&mut self.resolved)
            .into_iter()
            .partition(|(row, _)| leaving.contains(row.shard));
        self.resolved = ours;
        for (row, _) in theirs {
            self.running.remove(row.id);
            self.put_down.push(*row);
        }
        self.write_down().await;
        self.leaving.push((leaving, done));
    }

    /// Leaves steps that are not kept to polling, here or by their next owner: those without a row get it, as they stand.
    pub(super) async fn write_down(&mut self) {
        self.put_down.retain(|row| !row.is_written);
        if self.put_down.is_empty() {
            return;
        }
        let rows: Vec<&StepRow> = self.put_down.iter().collect();
        let written = match self.shared.pool.acquire().await {
            Ok(mut connection) => steps::insert(&mut connection, &rows).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => {
                self.shared.outbox.resolve_all(rows.iter().map(|row| row.id));
                self.put_down.clear();
            }
            // The outbox still names them; they are tried again in the next round.
            Err(error) => tracing::warn!(%error, "steps have no row yet"),
        }
    }

    pub(super) fn tell_left(&mut self) {
        let running = &self.running;
        let is_idle = |set: &ShardSet| !running.is_in(set);
        let (left, leaving) =
            std::mem::take(&mut self.leaving).into_iter().partition(|(set, _)| is_idle(set));
        self.leaving = leaving;
        let left: Vec<(ShardSet, oneshot::Sender<()>)> = left;
        for (_, done) in left {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    /// Steps that have no row, and were opened by a process that is gone, get it.
    pub(super) async fn recover(&mut self) {
        let pause = self.shared.settings.lease / LEASE_RENEWALS;
        if self.recovered.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        match outbox::recover(&self.shared.pool, &[]).await {
            Ok(n) => {
                self.recovered = Some(Instant::now());
                if n > 0 {
                    tracing::info!(steps = n, "steps of a process that is gone were recovered");
                }
            }
            Err(error) => tracing::warn!(%error, "the outbox cannot be read yet"),
        }
    }

    /// Waits for the tries that run. What was not begun is left to the next owner.
    pub(super) async fn drain(mut self) {
        self.put_down.extend(std::mem::take(&mut self.waiting).into_rows().map(|row| *row));
        let until = Instant::now() + self.shared.settings.drain;
        while !self.running.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.back.recv()).await {
                Ok(Some(Back::Finished(id, next))) => {
                    self.running.remove(id);
                    self.put_down.extend(next.map(|row| *row));
                }
                Ok(Some(Back::Resolved(row, _))) => {
                    self.running.remove(row.id);
                    self.put_down.push(*row);
                }
                Ok(Some(Back::Tried(_))) => {}
                Ok(Some(Back::HandedOver(row))) => {
                    self.spawn(row.id, attempt::handed_over(self.shared.clone(), row));
                }
                Ok(None) | Err(_) => break,
            }
        }
        self.write_down().await;
    }
}
