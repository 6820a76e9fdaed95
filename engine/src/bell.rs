//! The bell: tells whoever owns them that something waits in their shards. In this process at once; other processes by one
//! `NOTIFY` for all that gathered within a few milliseconds.
//!
//! A `NOTIFY` takes a lock of the whole database at commit, so it never stands in a turn's transaction, and never one per
//! event: 20,000 commits a second fall to 6,000 with one each (measured, 8 clients).
//!
//! **Invariant:** a ring may be lost, or switched off: rows are the truth, and polling finds them.

use crate::{
    shards::{ShardSet, Shards},
    work::Stop,
};
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// The channel of `NOTIFY`.
const CHANNEL: &str = "perdure";
/// How long rings gather.
const GATHER: Duration = Duration::from_millis(5);
/// The wait before listening is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Rings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bell {
    shards: Shards,
    /// Rung for the reader of the inbox.
    pub(crate) inbox: Arc<Rung>,
    /// Rung for the router.
    pub(crate) messages: Arc<Notify>,
    /// Rung for the keeper of the lease: a process came, or let shards go.
    pub(crate) members: Arc<Notify>,
    outgoing: Option<Arc<Outgoing>>,
}

/// The shards that were rung since somebody last looked.
#[derive(Default)]
pub(crate) struct Rung {
    shards: Mutex<ShardSet>,
    wake: Notify,
}

impl Rung {
    pub(crate) fn ring(&self, shards: &ShardSet) {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).add(shards);
        self.wake.notify_one();
    }

    /// Waits until some are, and takes them. Nothing is lost if nobody waits for the end of it.
    pub(crate) async fn heard(&self) -> ShardSet {
        self.wake.notified().await;
        std::mem::take(&mut *self.shards.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What other processes are to be told.
#[derive(Default)]
struct Outgoing {
    due: Mutex<Due>,
    wake: Notify,
}

#[derive(Default)]
struct Due {
    inbox: ShardSet,
    messages: ShardSet,
    members: bool,
}

impl Bell {
    /// With `NOTIFY`, or without: then other processes find what waits by polling.
    pub(crate) fn new(shards: Shards, notifies: bool) -> Self {
        let outgoing = notifies.then(Arc::default);
        let (inbox, messages, members) = Default::default();
        Self { shards, inbox, messages, members, outgoing }
    }

    /// Rows were put into the inbox of these shards.
    pub(crate) fn inbox(&self, shards: ShardSet) {
        self.ring(shards, |here| self.inbox.ring(here), |due| &mut due.inbox);
    }

    /// Messages came on channels of these shards.
    pub(crate) fn messages(&self, shards: ShardSet) {
        self.ring(shards, |_| self.messages.notify_one(), |due| &mut due.messages);
    }

    fn ring(
        &self,
        shards: ShardSet,
        tell: impl Fn(&ShardSet),
        field: impl Fn(&mut Due) -> &mut ShardSet,
    ) {
        let owned = self.shards.owned();
        let here = shards.both(&owned);
        if !here.is_empty() {
            tell(&here);
        }
        let elsewhere = shards.minus(&owned);
        if let Some(outgoing) = self.outgoing.as_ref().filter(|_| !elsewhere.is_empty()) {
            let mut due = outgoing.due.lock().unwrap_or_else(PoisonError::into_inner);
            field(&mut due).add(&elsewhere);
            outgoing.wake.notify_one();
        }
    }

    /// Whether other processes tell this one anything.
    pub(crate) fn hears(&self) -> bool {
        self.outgoing.is_some()
    }

    /// A process came, or let shards go.
    pub(crate) fn members(&self) {
        if let Some(outgoing) = &self.outgoing {
            outgoing.due.lock().unwrap_or_else(PoisonError::into_inner).members = true;
            outgoing.wake.notify_one();
        }
    }

    /// Tells other processes until told to stop, and then what is left.
    pub(crate) async fn tell(self, pool: PgPool, mut stop: Stop) {
        let Some(outgoing) = self.outgoing else { return };
        loop {
            tokio::select! {
                () = outgoing.wake.notified() => tokio::time::sleep(GATHER).await,
                () = stop.wait() => {}
            }
            let due =
                std::mem::take(&mut *outgoing.due.lock().unwrap_or_else(PoisonError::into_inner));
            let words = due.to_text();
            match (words.is_empty(), stop.is_set()) {
                (true, true) => return,
                (true, false) => continue,
                (false, _) => {}
            }
            let told = sqlx::query(include_str!("store/sql/notify.sql"))
                .bind(CHANNEL)
                .bind(words)
                .execute(&pool)
                .await;
            if let Err(error) = told {
                tracing::debug!(%error, "other processes were not told, and will find out");
            }
        }
    }

    /// Listens to other processes until told to stop.
    pub(crate) async fn listen(self, pool: PgPool, mut stop: Stop) {
        if self.outgoing.is_none() {
            return;
        }
        while !stop.is_set() {
            tokio::select! {
                result = self.hear(&pool) => if let Err(error) = result {
                    tracing::debug!(%error, "cannot listen to other processes yet");
                },
                () = stop.wait() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = stop.wait() => return,
            }
        }
    }

    async fn hear(&self, pool: &PgPool) -> sqlx::Result<()> {
        // A connection of its own: it is never given back, and the pool's are for statements.
        let own = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let own = own.connect_with(pool.connect_options().as_ref().clone()).await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // What was told before we listened, or while the connection was gone, is found by looking once.
            self.heard(&Due { inbox: ShardSet::ALL, messages: ShardSet::ALL, members: true });
            while let Some(notification) = listener.try_recv().await? {
                self.heard(&Due::from_text(notification.payload()));
            }
        }
    }

    fn heard(&self, due: &Due) {
        let owned = self.shards.owned();
        let inbox = due.inbox.both(&owned);
        if !inbox.is_empty() {
            self.inbox.ring(&inbox);
        }
        if due.messages.meets(&owned) {
            self.messages.notify_one();
        }
        if due.members {
            self.members.notify_one();
        }
    }
}

impl Due {
    fn to_text(&self) -> String {
        let mut words = Vec::new();
        for (name, set) in [("inbox", &self.inbox), ("messages", &self.messages)] {
            if !set.is_empty() {
                words.push(format!("{name}:{}", set.to_hex()));
            }
        }
        words.extend(self.members.then(|| "members".to_owned()));
        words.join(" ")
    }

    /// Words of a later release mean nothing here.
    fn from_text(text: &str) -> Self {
        let mut due = Self::default();
        for word in text.split(' ') {
            match word.split_once(':') {
                Some(("inbox", hex)) => due.inbox = ShardSet::from_hex(hex).unwrap_or_default(),
                Some(("messages", hex)) => {
                    due.messages = ShardSet::from_hex(hex).unwrap_or_default();
                }
                _ => due.members |= word == "members",
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard() {
        let some = ShardSet::from_iter([3, 200]);
        let due = Due { inbox: some, messages: ShardSet::default(), members: true };
        let heard = Due::from_text(&due.to_text());
        assert_eq!((heard.inbox, heard.messages, heard.members), (some, ShardSet::default(), true));
        assert!(!Due::from_text("later:00 words").members);
        assert!(due.to_text().len() < 1_000, "a payload has at most 8,000 bytes");
    }
}
