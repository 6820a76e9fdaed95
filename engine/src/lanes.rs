//! The ways to the owners: each instance has its lane, and each lane its owner, so that lanes work side by side and an
//! instance's events stay in their order.
//!
//! **Invariant:** an instance is always in the same lane, whichever shard it is in and whoever owns that shard.

use crate::{error::Error, limits::WORK_QUEUE_MAX, shards::ShardSet, work::Work};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// What a lane carries.
pub(crate) enum Message {
    /// An event.
    Work(Box<Work>),
    /// Drops what it keeps of these shards; told when everything sent before is stored.
    Forget(ShardSet, oneshot::Sender<()>),
}

/// The receiving end of one lane.
pub(crate) struct Lane {
    /// What somebody waits for: callers, messages, results.
    pub(crate) prompt: mpsc::Receiver<Message>,
    /// What may have piled up: timers.
    pub(crate) backlog: mpsc::Receiver<Message>,
}

/// The sending ends of all lanes. Cheap to clone; a lane ends when all clones are gone.
#[derive(Clone)]
pub(crate) struct Lanes {
    prompt: Vec<mpsc::Sender<Message>>,
    backlog: Vec<mpsc::Sender<Message>>,
}

impl Lanes {
    /// This many lanes.
    pub(crate) fn make(n: usize) -> (Self, Vec<Lane>) {
        let mut lanes = Self { prompt: Vec::new(), backlog: Vec::new() };
        let ends = (0..n.max(1)).map(|_| {
            let (send_prompt, prompt) = mpsc::channel(WORK_QUEUE_MAX);
            let (send_backlog, backlog) = mpsc::channel(WORK_QUEUE_MAX);
            lanes.prompt.push(send_prompt);
            lanes.backlog.push(send_backlog);
            Lane { prompt, backlog }
        });
        let ends = ends.collect();
        (lanes, ends)
    }

    /// Hands an event over; waits when the lane is full. `Stopping` when nobody takes it any more.
    pub(crate) async fn send(&self, work: Work) -> Result<(), Error> {
        self.into_lane(&self.prompt, work).await
    }

    /// As [`send`](Self::send), behind what somebody waits for.
    pub(crate) async fn send_backlog(&self, work: Work) -> Result<(), Error> {
        self.into_lane(&self.backlog, work).await
    }

    async fn into_lane(&self, lanes: &[mpsc::Sender<Message>], work: Work) -> Result<(), Error> {
        let lane = &lanes[place(work.instance, lanes.len())];
        lane.send(Message::Work(Box::new(work))).await.map_err(|_| Error::Stopping)
    }

    /// Lets every lane drop what it keeps of these shards; returns when what was sent before is stored.
    pub(crate) async fn forget(&self, shards: &ShardSet) {
        for lane in self.prompt.iter().chain(&self.backlog) {
            let (done, told) = oneshot::channel();
            if lane.send(Message::Forget(*shards, done)).await.is_ok() {
                // A lane that ended keeps nothing.
                let _ = told.await;
            }
        }
    }
}

/// The lane of an instance. Not by its last byte: that decides the shard, and a process may own only some.
fn place(instance: Uuid, lanes: usize) -> usize {
    usize::from(instance.as_bytes()[14]) % lanes
}
