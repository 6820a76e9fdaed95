//! What goes into a batch: who comes first when more is ready than fits.
//!
//! **Invariant:** neither what somebody waits for nor what piled up starves the other: each has an eighth of a batch, if there is so
//! much of it. The rest is for whatever has been ready for longer.
//! **Invariant:** what somebody waits for keeps its order.
//! **Invariant:** while something older piled up in another track, what somebody waits for has its part and no more: the tracks share
//! the cores.

use crate::{
    limits::BATCH_TURNS_MAX,
    shards::ShardSet,
    tracks::{Lane, Message, Track, Way},
    work::Work,
};
use tokio::sync::oneshot;

/// The part of a batch that is kept for each way.
const PART: usize = BATCH_TURNS_MAX / 8;

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
    let goes_on =
        collected.take(first) && track.lanes.iter_mut().all(|lane| collected.take_of(lane, PART));
    let elsewhere = track.oldest_elsewhere();
    let may_go = |way, since| way == Way::Backlog || elsewhere.is_none_or(|older| since <= older);
    while goes_on && collected.works.len() < BATCH_TURNS_MAX {
        let lanes = Way::ALL.into_iter().zip(&mut track.lanes);
        let ready = lanes.filter_map(|(way, lane)| Some((way, lane.ready_since()?, lane)));
        let may = ready.filter(|(way, since, _)| may_go(*way, *since));
        let oldest = may.map(|(_, since, lane)| (since, lane)).min_by_key(|(since, _)| *since);
        let Some(message) = oldest.and_then(|(_, lane)| lane.take_ready()) else { break };
        if !collected.take(message) {
            break;
        }
    }
    track.tell_left();
    collected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tracks::Tracks, turn::Given, work::What};
    use chrono::DateTime;
    use machine::Event;
    use serde_json::json;
    use uuid::Uuid;

    /// An event of one instance, ready since this second.
    fn work(n: usize, second: i64) -> Work {
        let at = DateTime::from_timestamp(second, 0).unwrap_or_default();
        let event = Event::new(at, "told", json!({ "n": n }));
        let (event_id, actor) = (Uuid::nil(), "test".into());
        let given = Given { event_id, event, actor, claim: None, halt: None };
        let (tenant, instance) = (Uuid::nil(), Uuid::nil());
        Work { tenant, instance, what: What::Event, given, ticket: None, reply: None }
    }

    #[tokio::test]
    async fn what_somebody_waits_for_keeps_its_order_and_its_part() {
        let (tracks, mut ends) = Tracks::make(1);
        // Two batches of timers, all of them older than what somebody waits for.
        for n in 0..2 * BATCH_TURNS_MAX {
            assert!(tracks.send(Way::Backlog, work(n, 1)).await.is_ok());
        }
        for n in 0..BATCH_TURNS_MAX {
            assert!(tracks.send(Way::Prompt, work(n, 2)).await.is_ok());
        }
        let mut prompt = Vec::new();
        for _ in 0..3 {
            let Some(first) = ends[0].next().await else { panic!("there is more") };
            let works = collect(first, &mut ends[0]).works;
            assert!(works.len() <= BATCH_TURNS_MAX, "{}", works.len());
            let events = works.iter().map(|work| &work.given.event);
            let own = events.filter(|event| event.at.timestamp() == 2);
            let own: Vec<_> = own.map(|event| event.body["n"].as_u64()).collect();
            assert!(own.len() > PART, "{} in a batch", own.len());
            prompt.extend(own);
        }
        assert!(prompt.is_sorted(), "{prompt:?}");
    }
}
