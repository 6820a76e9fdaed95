//! What goes into a batch: who comes first when more is ready than fits.
//!
//! **Invariant:** neither what somebody waits for nor what piled up starves the other: each has a quarter of a batch, if there is so
//! much of it. The rest is for whatever has been ready for longer.

use crate::{
    limits::BATCH_TURNS_MAX,
    shards::ShardSet,
    tracks::{Lane, Message, Track},
    work::Work,
};
use tokio::sync::oneshot;

/// The part of a batch that is kept for each.
const PART: usize = BATCH_TURNS_MAX / 4;

/// What was collected for a batch.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) works: Vec<Box<Work>>,
    /// Shards to be forgotten after them.
    pub(super) forget: Vec<(ShardSet, oneshot::Sender<()>)>,
}

impl Collected {
    /// Takes a message in; false if nothing may follow in this batch.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Work(work) => {
                self.works.push(work);
                true
            }
            Message::Forget(shards, done) => {
                self.forget.push((shards, done));
                false
            }
        }
    }

    /// Takes at most this many.
    fn take_of(&mut self, lane: &mut Lane, most: usize) -> bool {
        (0..most).map_while(|_| lane.take_ready()).all(|message| self.take(message))
    }
}

/// What is ready, at most a batch. Nothing is waited for: what arrives during a commit makes the next batch, so batches grow
/// with the load, and at rest an event goes alone and at once.
pub(super) fn collect(first: Message, track: &mut Track) -> Collected {
    let mut collected = Collected::default();
    collected.works.reserve(track.len());
    let goes_on = collected.take(first)
        && collected.take_of(&mut track.prompt, PART)
        && collected.take_of(&mut track.backlog, PART);
    while goes_on && collected.works.len() < BATCH_TURNS_MAX {
        let (prompt, backlog) = (track.prompt.ready_since(), track.backlog.ready_since());
        let lane = match (prompt, backlog) {
            (None, None) => break,
            (Some(prompt), Some(backlog)) if backlog < prompt => &mut track.backlog,
            (Some(_), _) => &mut track.prompt,
            (None, Some(_)) => &mut track.backlog,
        };
        let Some(message) = lane.take_ready() else { break };
        if !collected.take(message) {
            break;
        }
    }
    collected
}
