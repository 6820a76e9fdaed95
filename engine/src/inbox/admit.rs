//! A start from the inbox asks for its place under a concurrency key.

use super::Inbox;
use crate::{
    admission::{Answer, Ask},
    definitions::Named,
    error::Error,
    owner::batch,
    turn::Started,
    work::{What, Work},
};
use machine::Start;

impl Inbox {
    /// Whether it may start. If not, the work is what is left to do about its row: nothing, when the start waits in the queue
    /// of its key; or telling the parent. Only a database that cannot be reached is an error.
    pub(super) async fn admit(
        &self,
        work: &mut Work,
        named: &Named,
        start: &Start,
        started: Started,
    ) -> Result<bool, Error> {
        let parent = started.parent.clone();
        let ask = Ask {
            tenant: work.tenant,
            instance: work.instance,
            definition: &named.definition,
            start,
            started: Started { version: Some(named.version), ..started },
            actor: &work.given.actor,
        };
        let refused = match self.admissions.ask(ask).await {
            Ok(Answer::In) => return Ok(true),
            Ok(Answer::Queued) => {
                work.what = What::Discard;
                return Ok(false);
            }
            Ok(Answer::Refused) => Error::Full(named.definition.name.clone()),
            Err(error @ Error::Database(_)) => return Err(error),
            Err(error) => error,
        };
        match parent {
            Some(parent) => batch::fail_parent(work, &parent, "concurrency", &refused.to_string()),
            None => {
                tracing::warn!(definition = named.definition.name, %refused, "a start is dropped");
                work.what = What::Discard;
            }
        }
        Ok(false)
    }
}
