//! Which published definitions a message starts.

use crate::outside::Outside;
use std::sync::Arc;
use workflows::definition::{Definition, Trigger, TriggerOn, TriggerPolicy};

/// A trigger that holds.
#[derive(Debug, Clone)]
pub(super) struct Starter {
    pub(super) definition: Arc<Definition>,
    pub(super) policy: TriggerPolicy,
}

/// What a tenant's published definitions start on.
#[derive(Debug, Default)]
pub(super) struct Starters {
    published: Vec<(String, String)>,
    /// Message triggers with their definitions, first come first asked.
    triggers: Vec<(Trigger, Arc<Definition>)>,
}

impl Starters {
    /// From names and digests as the store has them, and the definitions among them that could be read.
    pub(super) fn of(published: Vec<(String, String)>, definitions: Vec<Arc<Definition>>) -> Self {
        let mut triggers = Vec::new();
        for definition in definitions {
            let on_message = definition.triggers.iter().filter(|t| t.on == TriggerOn::Message);
            let found: Vec<_> = on_message.cloned().collect();
            triggers.extend(found.into_iter().map(|t| (t, Arc::clone(&definition))));
        }
        triggers.sort_by(|(a, of_a), (b, of_b)| {
            b.priority.cmp(&a.priority).then_with(|| of_a.name.cmp(&of_b.name))
        });
        Self { published, triggers }
    }

    /// Whether it was made from just these.
    pub(super) fn is_of(&self, published: &[(String, String)]) -> bool {
        self.published == published
    }

    /// Those with a condition that holds, the first one first.
    pub(super) fn matching(&self, occasion: &Outside<'_>) -> Vec<Starter> {
        let holds = |(trigger, definition): &&(Trigger, Arc<Definition>)| {
            let Some(when) = &trigger.when else { return false };
            let test = occasion.evaluate(definition, |scope, fuel| when.test(scope, fuel));
            test.unwrap_or_else(|error| {
                tracing::debug!(definition = definition.name, error = error.message, "no trigger");
                false
            })
        };
        self.triggers.iter().filter(holds).map(starter).collect()
    }

    /// Those without a condition: for messages that nobody else wants.
    pub(super) fn catch_all(&self) -> Vec<Starter> {
        self.triggers.iter().filter(|(trigger, _)| trigger.when.is_none()).map(starter).collect()
    }
}

fn starter((trigger, definition): &(Trigger, Arc<Definition>)) -> Starter {
    Starter { definition: Arc::clone(definition), policy: trigger.policy }
}
