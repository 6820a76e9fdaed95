//! What the results of steps and children do: the whole invoke's become events of the chart, a part's are kept until the
//! whole is there.

use crate::{
    Verdict,
    command::CommandId,
    event::Event,
    invoke::{done, failed},
    macrostep,
    part::{Part, part_of},
    run::{Failure, Run},
    state::OpenStep,
};
use serde_json::{Value, json};

/// `step.done`.
pub(crate) fn step_done(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    let Some((id, _)) = take(run, event) else { return Ok(Verdict::Dropped) };
    let output = event.body.get("output").cloned().unwrap_or(Value::Null);
    match part_of(&run.memo, &id) {
        Part::Whole => announce(run, &id, done(&id, output)).map(|_| ()),
        Part::Item { invoke, index } => match run.settle_item((&invoke, index), Ok(output))? {
            Some(event) => announce(run, &invoke, event).map(|_| ()),
            None => Ok(()),
        },
        Part::Undo => match run.undone()? {
            Some(over) if over.is_ending() => {
                run.end_with(over.purpose);
                Ok(())
            }
            Some(over) => {
                let event = done(&over.invoke, Value::Null);
                announce(run, &over.invoke, event).map(|_| ())
            }
            None => Ok(()),
        },
    }?;
    Ok(Verdict::Applied)
}

/// `step.failed`: a transition that takes it, or an incident.
pub(crate) fn step_failed(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    let Some((id, open)) = take(run, event) else { return Ok(Verdict::Dropped) };
    let told = event.body.get("error").cloned();
    let error = told.unwrap_or_else(|| json!({ "code": "failed", "message": "" }));
    let is_taken = match part_of(&run.memo, &id) {
        Part::Whole => announce(run, &id, failed(&id, error.clone()))?,
        Part::Item { invoke, index } => {
            let result = Err(error.clone());
            match run.settle_item((&invoke, index), result)? {
                Some(event) => {
                    let is_failure = event.get("error").is_some();
                    announce(run, &invoke, event)? || !is_failure
                }
                None => true,
            }
        }
        Part::Undo if run.is_ending() => false,
        Part::Undo => {
            let invoke = run.memo.compensation.as_ref().map(|c| c.invoke.clone());
            let invoke = invoke.unwrap_or_default();
            // Whoever takes the failure goes on without the rest, which stays registered.
            run.leave_compensation(None);
            announce(run, &invoke, failed(&invoke, error.clone()))?
        }
    };
    match is_taken {
        true => Ok(Verdict::Applied),
        false => Err(failure("step-failed", &id, &open, &error)),
    }
}

/// `step.unknown`: a person decides.
pub(crate) fn step_unknown(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    let Some((id, open)) = take(run, event) else { return Ok(Verdict::Dropped) };
    let error = event.body.get("error").cloned().unwrap_or(Value::Null);
    Err(failure("step-unknown", &id, &open, &error))
}

/// Takes the open step a result is for out of the books; `None` when its state was left, or when it is an older try's
/// result.
fn take(run: &mut Run<'_>, event: &Event) -> Option<(String, OpenStep)> {
    let invoke = event.text("id")?;
    let open = run.memo.steps.get(invoke)?;
    let id = event.text("step").and_then(|id| id.parse().ok());
    if id.is_some_and(|id: CommandId| id != open.id) {
        return None;
    }
    let open = run.memo_mut().steps.remove(invoke)?;
    Some((invoke.to_owned(), open))
}

/// Raises the event of an invoke that is over; its timeout ends with it. Whether a transition took it.
fn announce(run: &mut Run<'_>, invoke: &str, event: Value) -> Result<bool, Failure> {
    let timeout = format!("xstate.timeout.actor.{invoke}");
    if let Some(timer) = run.memo_mut().timers.remove(&timeout) {
        run.cancel_timer(timeout, timer.id);
    }
    macrostep::macrostep(run, event)
}

fn failure(code: &str, invoke: &str, open: &OpenStep, error: &Value) -> Failure {
    let text = |field: &str| error.get(field).and_then(Value::as_str).unwrap_or_default();
    let message = format!("{} `{invoke}`: {} ({})", open.kind, text("message"), text("code"));
    // An undo step of an instance that has ended belongs to no state.
    let state = Some(open.state.clone()).filter(|state| !state.is_empty());
    Failure { state, step: Some(invoke.to_owned()), ..Failure::new(code, message) }
}
