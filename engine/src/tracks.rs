//! The ways to the owners: each instance has its track, and each track its owner, so that tracks work side by side and an
//! instance's events stay in their order.
//!
//! **Invariant:** an instance is always in the same track, whichever shard it is in and whoever owns that shard.

mod backlogs;

use crate::{
    error::Error,
    limits::{BATCH_TURNS_MAX, WORK_QUEUE_MAX},
    shards::ShardSet,
    work::Work,
};
use backlogs::Backlogs;
use chrono::{DateTime, Utc};
use std::{sync::Arc, time::Instant};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// What a track carries.
pub(crate) enum Message {
    /// An event.
    Work(Box<Work>),
    /// Drops what it keeps of these shards; told when everything sent before is stored.
    Forget(ShardSet, oneshot::Sender<()>),
}

impl Message {
    fn ready_since(&self) -> DateTime<Utc> {
        match self {
            Self::Work(work) => work.given.event.at,
            Self::Forget(..) => DateTime::UNIX_EPOCH,
        }
    }
}

/// How an event travels: each way has a lane of its own, so that none of them waits behind all of another.
///
/// **Invariant:** results go the way of messages. A customer answers what a step has sent: taken before that step's result, the
/// answer would meet a state that does not wait for it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Somebody waits for it: callers, messages, results.
    Prompt,
    /// It may have piled up: timers.
    Backlog,
}

impl Way {
    /// All of them, in the order in which they go first when they are equally old.
    pub(crate) const ALL: [Self; 2] = [Self::Prompt, Self::Backlog];
}

/// The receiving end of one track: a lane for each [`Way`], in their order.
pub(crate) struct Track {
    pub(crate) lanes: [Lane; Way::ALL.len()],
    place: usize,
    backlogs: Arc<Backlogs>,
}

impl Track {
    /// About how many messages there are, and at most as many as a batch takes.
    pub(crate) fn len(&self) -> usize {
        let waiting: usize = self.lanes.iter().map(|lane| lane.queue.len()).sum();
        (waiting + 1).min(BATCH_TURNS_MAX)
    }

    /// The next message, waited for; `None` when no more will come. May be cancelled.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let [prompt, backlog] = &mut self.lanes;
        tokio::select! {
            biased;
            Some(message) = prompt.next() => Some(message),
            Some(message) = backlog.next() => Some(message),
            else => None,
        }
    }

    /// Lets the other tracks go first, for a moment, if nothing piled up here and something older than this did there.
    pub(crate) async fn give_way(&mut self, first: &Message) {
        if self.backlog_since().is_none() {
            self.backlogs.wait(self.place, first.ready_since()).await;
        }
    }

    /// Since when the oldest of what piled up in the other tracks has been ready.
    pub(crate) fn oldest_elsewhere(&self) -> Option<DateTime<Utc>> {
        self.backlogs.oldest_elsewhere(self.place, Instant::now())
    }

    /// Tells the other tracks what is left to do here.
    pub(crate) fn tell_left(&mut self) {
        let since = self.backlog_since();
        self.backlogs.tell(self.place, since);
    }

    fn backlog_since(&mut self) -> Option<DateTime<Utc>> {
        self.lanes[Way::Backlog as usize].ready_since()
    }

    /// Takes no more than what is in it.
    pub(crate) fn close(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.queue.close());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lanes.iter().all(|lane| lane.queue.is_closed())
    }
}

/// One of a track's queues, of which the first message can be looked at.
pub(crate) struct Lane {
    queue: mpsc::Receiver<Message>,
    first: Option<Message>,
}

impl Lane {
    async fn next(&mut self) -> Option<Message> {
        match self.first.take() {
            Some(first) => Some(first),
            None => self.queue.recv().await,
        }
    }

    /// The next message, if there is one now.
    pub(crate) fn take_ready(&mut self) -> Option<Message> {
        self.first.take().or_else(|| self.queue.try_recv().ok())
    }

    /// Since when the next message has been ready, if there is one now.
    pub(crate) fn ready_since(&mut self) -> Option<DateTime<Utc>> {
        if self.first.is_none() {
            self.first = self.queue.try_recv().ok();
        }
        self.first.as_ref().map(Message::ready_since)
    }
}

/// The sending ends of all tracks. Cheap to clone; a track ends when all clones are gone.
#[derive(Clone)]
pub(crate) struct Tracks(Vec<[mpsc::Sender<Message>; Way::ALL.len()]>);

impl Tracks {
    /// This many tracks.
    pub(crate) fn make(n: usize) -> (Self, Vec<Track>) {
        let lane = |_| {
            let (sender, queue) = mpsc::channel(WORK_QUEUE_MAX);
            (sender, Lane { queue, first: None })
        };
        let n = n.max(1);
        let backlogs = Arc::new(Backlogs::of(n));
        let track = |place| {
            let [prompt, backlog] = Way::ALL.map(lane);
            let backlogs = backlogs.clone();
            ([prompt.0, backlog.0], Track { lanes: [prompt.1, backlog.1], place, backlogs })
        };
        let (senders, ends) = (0..n).map(track).unzip();
        (Self(senders), ends)
    }

    /// Hands an event over; waits when its lane is full. `Stopping` when nobody takes it any more.
    ///
    /// Boxed before anything is waited for, so that the room of an event is not part of everybody's future.
    pub(crate) fn send(
        &self,
        way: Way,
        work: Work,
    ) -> impl Future<Output = Result<(), Error>> + '_ {
        let lane = &self.0[place(work.instance, self.0.len())][way as usize];
        let message = Message::Work(Box::new(work));
        async move { lane.send(message).await.map_err(|_| Error::Stopping) }
    }

    /// Lets every track drop what it keeps of these shards; returns when what was sent before is stored.
    pub(crate) async fn forget(&self, shards: &ShardSet) {
        for lane in self.0.iter().flatten() {
            let (done, told) = oneshot::channel();
            if lane.send(Message::Forget(*shards, done)).await.is_ok() {
                // A track that ended keeps nothing.
                let _ = told.await;
            }
        }
    }
}

/// The track of an instance. Not by its last byte: that decides the shard, and a process may own only some.
fn place(instance: Uuid, tracks: usize) -> usize {
    usize::from(instance.as_bytes()[14]) % tracks
}
