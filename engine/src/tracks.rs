//! The ways to the owners: each instance has its track, and each track its owner, so that tracks work side by side and an
//! instance's events stay in their order.
//!
//! **Invariant:** an instance is always in the same track, whichever shard it is in and whoever owns that shard.

use crate::{error::Error, limits::WORK_QUEUE_MAX, shards::ShardSet, work::Work};
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
    pub(crate) prompt: mpsc::Receiver<Message>,
    /// What may have piled up: timers.
    pub(crate) backlog: mpsc::Receiver<Message>,
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
            Track { prompt, backlog }
        });
        let ends = ends.collect();
        (tracks, ends)
    }

    /// Hands an event over; waits when the track is full. `Stopping` when nobody takes it any more.
    pub(crate) async fn send(&self, work: Work) -> Result<(), Error> {
        self.onto_track(&self.prompt, work).await
    }

    /// As [`send`](Self::send), behind what somebody waits for.
    pub(crate) async fn send_backlog(&self, work: Work) -> Result<(), Error> {
        self.onto_track(&self.backlog, work).await
    }

    async fn onto_track(&self, tracks: &[mpsc::Sender<Message>], work: Work) -> Result<(), Error> {
        let track = &tracks[place(work.instance, tracks.len())];
        track.send(Message::Work(Box::new(work))).await.map_err(|_| Error::Stopping)
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

/// The track of an instance. Not by its last byte: that decides the shard, and a process may own only some.
fn place(instance: Uuid, tracks: usize) -> usize {
    usize::from(instance.as_bytes()[14]) % tracks
}
