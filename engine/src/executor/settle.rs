//! The result of a try, on its way to its turn.

use super::{Back, Shared};
use crate::{
    error::{Error, Result},
    fault, json,
    store::steps::StepRow,
    tracks::Way,
    turn::{Claim, Given, Settlement},
    work::{Answer, Reply, What, Work},
};
use machine::{Event, event::kind};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;
use workflows::step::Exchange;

/// A step whose result waits for its turn. The executor is told when that is over, one way or another.
pub(crate) struct Settling {
    shared: Arc<Shared>,
    row: Arc<StepRow>,
    /// Somebody else goes on with it.
    is_given: bool,
}

impl Settling {
    /// The turn is stored, or can never be.
    pub(crate) fn finish(mut self, result: Result<Answer>) {
        fault::point("step.after_settle");
        let key = &self.row.key;
        match result {
            Ok(_) => {}
            Err(Error::Conflict(_)) => {
                tracing::info!(step.key = key, "its state was left, or somebody else claimed it");
                if !self.row.is_written && !self.shared.shards.settles(self.row.shard) {
                    self.is_given = true;
                    self.tell(Back::HandedOver(self.row.clone()));
                }
            }
            Err(error) => tracing::warn!(step.key = key, %error, "a result was not taken"),
        }
    }

    fn tell(&self, back: Back) {
        // Nobody listens any more only when the process ends.
        let _ = self.shared.give_back.send(back);
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        if !self.is_given {
            self.tell(Back::Finished(self.row.id, None));
        }
    }
}

/// Hands the result to the instance.
pub(super) async fn settle(
    shared: &Arc<Shared>,
    row: Box<StepRow>,
    told: &str,
    fields: Value,
    exchange: Option<Exchange>,
) -> Back {
    fault::point("step.before_settle");
    let body = body(&row, fields, exchange);
    // Done, but nothing that fits came back: the workflow must not go on as if there were a result.
    let is_cut = told == kind::STEP_DONE && body.contains_key("error");
    let kind = if is_cut { kind::STEP_FAILED } else { told };
    let event = Event::new(shared.clock.now(), kind, Value::Object(body));
    let (id, row) = (row.id, Arc::<StepRow>::from(row));
    let work = Work {
        tenant: id.tenant,
        instance: id.instance,
        what: What::Event,
        given: Given {
            event_id: Uuid::now_v7(),
            event,
            actor: "executor".into(),
            claim: Some(Claim::Step(Settlement {
                step: id.command,
                fence: row.fence,
                // Its result counts only if its turn is ours.
                unwritten: (!row.is_written).then(|| row.clone()),
            })),
            halt: None,
        },
        ticket: None,
        reply: Some(Reply::Executor(Settling { shared: shared.clone(), row, is_given: false })),
    };
    // One that nobody takes any more is dropped, and tells so itself.
    let _ = shared.tracks.send(Way::Prompt, work).await;
    Back::Tried(id)
}

/// The body of a result, within the bounds of an event: without the exchange if that is too big, as a failure if the
/// output is.
fn body(row: &StepRow, fields: Value, exchange: Option<Exchange>) -> Map<String, Value> {
    let mut body = match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    body.insert("id".to_owned(), json!(row.invoke));
    body.insert("step".to_owned(), json!(row.id.command.to_string()));
    body.insert("attempts".to_owned(), json!(row.attempt));
    if let Some(exchange) = exchange.and_then(|e| serde_json::to_value(e).ok()) {
        body.insert("exchange".to_owned(), exchange);
    }
    if json::accept(&mut body).is_ok() {
        return body;
    }
    body.remove("exchange");
    if let Err(error) = json::accept(&mut body) {
        body.remove("output");
        let error = json!({ "code": "output-too-big", "message": error.to_string() });
        body.insert("error".to_owned(), error);
    }
    body
}
