//! `each`: an invoke that runs once per item of a list, some at a time, with the results in the order of the list.
//!
//! The list is taken when the state is entered. An item's input is computed when the item starts: it sees the context as it
//! is then, and the event at which the state was entered.
//!
//! **Invariant:** never more items run than `concurrency`; every item has at most one open step, `<invoke>[<index>]`.
//! **Invariant:** the results do not depend on the order in which they come.

use crate::{
    invoke::{Ask, done, failed, kind_of},
    part::item_id,
    run::{Failure, Item, Run},
    size::kept_bytes,
    state::OpenEach,
};
use serde_json::{Value, json};
use workflows::{
    chart::{Each, Invoke, OnFailure, Source, StateId},
    limits,
};

impl Run<'_> {
    /// Takes the list and starts the first items. An empty list is done at once.
    pub(crate) fn begin_each(
        &mut self,
        invoke: &Invoke,
        each: &Each,
        owner: StateId,
    ) -> Result<(), Failure> {
        let state = self.chart.state(owner).path.clone();
        let stop = |message: String| Failure {
            state: Some(state.clone()),
            ..Failure::new("each-items", message)
        };
        self.fuel_of_one = limits::MAP_ITEMS_FUEL;
        let items = self.map(&each.items, owner);
        self.fuel_of_one = limits::EXPRESSION_FUEL;
        let items = match items? {
            Value::Array(items) => items,
            other => {
                let message = format!(
                    "`{}` runs once per item of a list, and `items` gave {}",
                    invoke.id,
                    name_of(&other)
                );
                return Err(stop(message));
            }
        };
        let total = u32::try_from(items.len()).unwrap_or(u32::MAX);
        if total > each.max {
            let message = format!(
                "`{}` would run for {total} items, and {} are the most; raise its `max` or pass fewer",
                invoke.id, each.max
            );
            return Err(stop(message));
        }
        if let Source::Workflow { name, detach: true } = &invoke.source {
            return self.start_all(invoke, each, (name, owner), items);
        }
        if total == 0 {
            self.queue.push_back(done(&invoke.id, json!([])));
            return Ok(());
        }
        let (items, event) = ((0..).zip(items).collect(), self.event.clone());
        let results = Default::default();
        let open = OpenEach { state, event, total, started: 0, items, results };
        self.memo_mut().each.insert(invoke.id.clone(), open);
        self.check_kept(&invoke.id)?;
        self.start_items(invoke, each, owner)
    }

    /// Children nobody waits for are all started now.
    fn start_all(
        &mut self,
        invoke: &Invoke,
        each: &Each,
        (name, owner): (&str, StateId),
        items: Vec<Value>,
    ) -> Result<(), Failure> {
        let mut children = Vec::new();
        for (index, item) in (0..).zip(items) {
            let input = self.item_input(invoke, each, owner, (index, item))?;
            children.push(self.start_detached(item_id(&invoke.id, index), name, input)?);
        }
        self.queue.push_back(done(&invoke.id, Value::Array(children)));
        Ok(())
    }

    /// Starts items, first to last, until as many run as may.
    fn start_items(&mut self, invoke: &Invoke, each: &Each, owner: StateId) -> Result<(), Failure> {
        while let Some(open) = self.memo_mut().each.get_mut(&invoke.id)
            && open.started < open.total
            && open.running() < each.concurrency
        {
            let index = open.started;
            open.started += 1;
            self.start_item(invoke, each, owner, index)?;
        }
        Ok(())
    }

    /// Asks for one item's step.
    pub(crate) fn start_item(
        &mut self,
        invoke: &Invoke,
        each: &Each,
        owner: StateId,
        index: u32,
    ) -> Result<(), Failure> {
        let Some(open) = self.memo.each.get(&invoke.id) else { return Ok(()) };
        let item = open.items.get(&index).cloned().unwrap_or(Value::Null);
        let outer = std::mem::replace(&mut self.event, open.event.clone());
        let input = self.item_input(invoke, each, owner, (index, item));
        self.event = outer;
        let (kind, state) = (kind_of(&invoke.source), self.chart.state(owner).path.clone());
        let (id, policy) = (item_id(&invoke.id, index), &invoke.policy);
        self.ask(Ask { id, kind, input: input?, policy, state })
    }

    fn item_input(
        &mut self,
        invoke: &Invoke,
        each: &Each,
        owner: StateId,
        (index, value): (u32, Value),
    ) -> Result<Value, Failure> {
        self.item = Some(Item { name: each.name.clone(), value, index });
        let input = self.map(&invoke.input, owner);
        self.item = None;
        input
    }

    /// Takes the result of an item whose step has been settled, and starts the next. The event to raise when this was the
    /// last, or when its failure stops the others; they are cancelled then.
    pub(crate) fn settle_item(
        &mut self,
        (id, index): (&str, u32),
        result: Result<Value, Value>,
    ) -> Result<Option<Value>, Failure> {
        let chart = self.chart;
        let owner = self.memo.each.get(id).and_then(|open| chart.at(&open.state));
        let found = owner.and_then(|owner| {
            let invoke = chart.state(owner).invokes.iter().find(|invoke| invoke.id == id)?;
            Some((owner, invoke, invoke.each.as_ref()?))
        });
        let Some((owner, invoke, each)) = found else {
            let message = format!("no state runs `{id}` once per item in this version");
            return Err(Failure::new("configuration", message));
        };
        let result = match (each.on_failure, result) {
            (OnFailure::Stop, Ok(output)) => output,
            (OnFailure::Stop, Err(error)) => {
                self.memo_mut().each.remove(id);
                let path = chart.state(owner).path.as_str();
                let prefix = format!("{id}[");
                self.cancel_steps(|step, open| open.state == path && step.starts_with(&prefix));
                let mut event = failed(id, error);
                event["index"] = json!(index);
                return Ok(Some(event));
            }
            (OnFailure::Collect, Ok(output)) => json!({ "output": output }),
            (OnFailure::Collect, Err(error)) => json!({ "error": error }),
        };
        let Some(open) = self.memo_mut().each.get_mut(id) else { return Ok(None) };
        open.items.remove(&index);
        open.results.insert(index, result);
        if open.items.is_empty() {
            let results =
                self.memo_mut().each.remove(id).map(|open| open.results).unwrap_or_default();
            return Ok(Some(done(id, results.into_values().collect())));
        }
        self.check_kept(id).map_err(|failure| Failure {
            // The step is done; to go on, somebody gives it a result that is smaller.
            step: Some(item_id(id, index)),
            ..failure
        })?;
        self.start_items(invoke, each, owner)?;
        Ok(None)
    }

    /// What an instance keeps for later is bounded.
    pub(crate) fn check_kept(&self, what: &str) -> Result<(), Failure> {
        if kept_bytes(&self.memo) <= limits::KEPT_BYTES_MAX {
            return Ok(());
        }
        let most = limits::KEPT_BYTES_MAX / 1024;
        let message = format!(
            "with `{what}` the instance would keep more than {most} KiB of items, results and undo steps"
        );
        Err(Failure::new("kept-size", message))
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
