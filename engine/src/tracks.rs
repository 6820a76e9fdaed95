//! The ways to the owners: each instance has its track, and each track its owner, so that tracks work side by side and an
//! instance's events stay in their order.
//!
//! **Invariant:** an instance is always in the same track, whichever shard it is in and whoever owns that shard.

use crate::{
    error::Error,
    limits::{BATCH_TURNS_MAX, WORK_QUEUE_MAX},
    shards::ShardSet,
    work::Work,
};
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// What a track carries.
pub(crate) enum Message {
    /// An event.
    Work(Box<Work>),
    /// Drops what it keeps of these shards; told when everything sent before is stored.
    Forget(ShardSet, oneshot::Sender<()>),
}

/// The receiving end of one track.
pub(crate) struct Track {
    /// What somebody waits for: callers, messages, results.
    pub(crate) prompt: Lane,
    /// What may have piled up: timers.
    pub(crate) backlog: Lane,
}

impl Track {
    /// About how many messages there are, and at most as many as a batch takes.
    pub(crate) fn len(&self) -> usize {
        (self.prompt.queue.len() + self.backlog.queue.len() + 1).min(BATCH_TURNS_MAX)
    }
}

/// One of a track's two queues, of which the first message can be looked at.
pub(crate) struct Lane {
    queue: mpsc::Receiver<Message>,
    first: Option<Message>,
}

impl Lane {
    /// The next message, waited for; `None` when no more will come. May be cancelled.
    pub(crate) async fn next(&mut self) -> Option<Message> {
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
        self.first.as_ref().map(|message| match message {
            Message::Work(work) => work.given.event.at,
            Message::Forget(..) => DateTime::UNIX_EPOCH,
        })
    }

    /// Takes no more than what is in it.
    pub(crate) fn close(&mut self) {
        self.queue.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

/// The sending ends of all tracks. Cheap to clone; a track ends when all clones are gone.
#[derive(Clone)]
pub(crate) struct Tracks {
    prompt: Vec<mpsc::Sender<Message>>,
    backlog: Vec<mpsc::Sender<Message>>,
}

impl Tracks {
    /// This many tracks.
    pub(crate) fn make(n: usize) -> (Self, Vec<Track>) {
        let mut tracks = Self { prompt: Vec::new(), backlog: Vec::new() };
        let ends = (0..n.max(1)).map(|_| {
            let (send_prompt, prompt) = mpsc::channel(WORK_QUEUE_MAX);
            let (send_backlog, backlog) = mpsc::channel(WORK_QUEUE_MAX);
            tracks.prompt.push(send_prompt);
            tracks.backlog.push(send_backlog);
            let lane = |queue| Lane { queue, first: None };
            Track { prompt: lane(prompt), backlog: lane(backlog) }
        });
        let ends = ends.collect();
        (tracks, ends)
    }

    /// Hands an event over; waits when the track is full. `Stopping` when nobody takes it any more.
    pub(crate) fn send(&self, work: Work) -> impl Future<Output = Result<(), Error>> + '_ {
        onto_track(&self.prompt, work)
    }

    /// As [`send`](Self::send), behind what somebody waits for.
    pub(crate) fn send_backlog(&self, work: Work) -> impl Future<Output = Result<(), Error>> + '_ {
        onto_track(&self.backlog, work)
    }

    /// Lets every track drop what it keeps of these shards; returns when what was sent before is stored.
    pub(crate) async fn forget(&self, shards: &ShardSet) {
        for track in self.prompt.iter().chain(&self.backlog) {
            let (done, told) = oneshot::channel();
            if track.send(Message::Forget(*shards, done)).await.is_ok() {
                // A track that ended keeps nothing.
                let _ = told.await;
            }
        }
    }
}

/// Boxed before anything is waited for, so that the room of an event is not part of everybody's future.
fn onto_track(
    tracks: &[mpsc::Sender<Message>],
    work: Work,
) -> impl Future<Output = Result<(), Error>> + '_ {
    let track = &tracks[place(work.instance, tracks.len())];
    let message = Message::Work(Box::new(work));
    async move { track.send(message).await.map_err(|_| Error::Stopping) }
}

/// The track of an instance. Not by its last byte: that decides the shard, and a process may own only some.
fn place(instance: Uuid, tracks: usize) -> usize {
    usize::from(instance.as_bytes()[14]) % tracks
}
