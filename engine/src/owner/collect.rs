//! What goes into a batch: who comes first when more is ready than fits.
//!
//! **Invariant:** no way starves another: each has its part of a batch, if there is so much of it. The rest is for whatever has been
//! ready for longer.

use crate::{
    limits::BATCH_TURNS_MAX,
    shards::ShardSet,
    tracks::{Lane, Message, Track, Way},
    work::Work,
};
use tokio::sync::oneshot;

/// The part of a batch that is kept for each way. For results the least: they come from what had its turn a moment ago, and when much
/// has piled up, its results would take that time from what is older.
const PARTS: [usize; Way::ALL.len()] =
    [BATCH_TURNS_MAX / 4, BATCH_TURNS_MAX / 8, BATCH_TURNS_MAX / 4];

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
    let mut lanes = track.lanes.iter_mut().zip(PARTS);
    let goes_on = collected.take(first) && lanes.all(|(lane, part)| collected.take_of(lane, part));
    while goes_on && collected.works.len() < BATCH_TURNS_MAX {
        let ready = track.lanes.iter_mut().filter_map(|lane| Some((lane.ready_since()?, lane)));
        let oldest = ready.min_by_key(|(since, _)| *since);
        let Some(message) = oldest.and_then(|(_, lane)| lane.take_ready()) else { break };
        if !collected.take(message) {
            break;
        }
    }
    collected
}
