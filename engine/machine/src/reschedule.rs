//! Timers that were computed from calendars, hours or zones, computed again when these have changed.
//!
//! **Invariant:** nothing but timers moves: no state is left or entered, no expression of the workflow sees the event.
//! **Invariant:** a timer that has fallen due is over, and stays as it was promised.

use crate::{command::Command, run::Run, state::OpenTimer};
use serde_json::json;

/// Computes every timer that has a rule again. One that cannot be computed any more stays where it is, and history says so.
pub(crate) fn reschedule(run: &mut Run<'_>) -> bool {
    let now = run.at;
    let is_ahead = |timer: &OpenTimer| timer.rule.is_some() && timer.due > now;
    let ahead = run.memo.timers.iter().filter(|(_, timer)| is_ahead(timer));
    let ahead: Vec<String> = ahead.map(|(name, _)| name.clone()).collect();
    let mut failed = Vec::new();
    for name in ahead {
        let Some(timer) = run.memo.timers.get(&name) else { continue };
        let Some(rule) = &timer.rule else { continue };
        match run.due_again(rule) {
            Ok(due) if due == timer.due => {}
            Ok(due) => {
                let Ok(id) = run.next_id() else { break };
                let Some(timer) = run.memo_mut().timers.get_mut(&name) else { continue };
                let old = std::mem::replace(&mut timer.id, id);
                timer.due = due;
                run.commands.push(Command::CancelTimer { timer: old, name: name.clone() });
                run.commands.push(Command::SetTimer { id, name, due });
            }
            Err(why) => failed.push((name, why)),
        }
    }
    if let Some((name, why)) = failed.first() {
        let message =
            json!({ "notRescheduled": { "timers": failed.len(), "timer": name, "why": why } });
        run.commands.push(Command::Log { message });
    }
    true
}
