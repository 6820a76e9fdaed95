//! How long a customer may have been silent when a message is sent: after 24 hours WhatsApp takes only templates.
//!
//! **Invariant:** only what is surely long is told: a computed time may be anything, and beside other regions a message may
//! come there, so neither is warned about.

use super::{
    structure::{ids, name},
    ways::Ways,
};
use crate::{
    chart::{Chart, Delay, Descriptor, Kind, Source, StateId, Transition},
    diagnostic::Diagnostic,
};
use std::collections::VecDeque;

/// After this long without a message of the customer, only templates are delivered (24 hours).
const WINDOW_MS: i64 = 24 * 3_600 * 1_000;
/// A moment whose silence grew this often lies in a loop that adds to it.
const GROWTHS_MAX: u32 = 64;
/// Messages that are no templates.
const FREE_FORM: [&str; 4] = ["send.text", "send.buttons", "send.list", "send.media"];

pub(super) fn check(chart: &Chart, ways: &Ways, out: &mut Vec<Diagnostic>) {
    let silence = silences(chart, ways);
    for id in ids(chart) {
        let is_late = silence[Ways::entered(id)].is_some_and(|ms| ms >= WINDOW_MS);
        let is_beside = chart.ancestors(id).any(|s| chart.state(s).kind == Kind::Parallel);
        let mut kinds = chart.state(id).invokes.iter().filter(|invoke| match &invoke.source {
            Source::Kind(kind) => FREE_FORM.contains(&kind.as_str()),
            _ => false,
        });
        if let Some(invoke) = kinds.next().filter(|_| is_late && !is_beside) {
            let message = format!(
                "when `{}` is reached the customer may not have written for 24 hours, and then WhatsApp refuses this message",
                name(chart, id)
            );
            out.push(
                Diagnostic::warning("window", &invoke.pointer, message)
                    .on(name(chart, id))
                    .help("Send an approved template with `send.template`, and go on when the customer answers."),
            );
        }
    }
}

/// For each moment that is reached, the longest the customer may have been silent by then, up to the window.
fn silences(chart: &Chart, ways: &Ways) -> Vec<Option<i64>> {
    let mut found: Vec<Option<i64>> = vec![None; 3 * chart.states.len()];
    let mut growths = vec![0_u32; found.len()];
    let mut work = VecDeque::from([(Ways::entered(StateId::ROOT), 0)]);
    while let Some((moment, ms)) = work.pop_front() {
        // Capped before it is compared: beyond the window nothing grows, so the walk ends.
        let ms = if growths[moment] >= GROWTHS_MAX { WINDOW_MS } else { ms.min(WINDOW_MS) };
        if found[moment].is_some_and(|known| known >= ms) {
            continue;
        }
        growths[moment] += 1;
        found[moment] = Some(ms);
        let (state, which) = ways.split(moment);
        if which != 1 {
            work.extend(ways.next(chart, moment).into_iter().map(|next| (next, ms)));
            continue;
        }
        work.extend(chart.state(state).parent.map(|parent| (ways.active(parent), ms)));
        for transition in ways.takable(chart, state) {
            let ms = silence(chart, state, transition, ms);
            let mut next = Vec::new();
            ways.follow(chart, state, transition, &mut next);
            work.extend(next.into_iter().map(|next| (next, ms)));
        }
    }
    found
}

/// The silence after a transition that began after this one.
fn silence(chart: &Chart, source: StateId, transition: &Transition, ms: i64) -> i64 {
    let Some(Descriptor::Exact(event)) = &transition.event else { return ms };
    let of = chart.state(source);
    let fixed = |event: Option<&str>| {
        let timers = of.after.iter().filter(|after| event.is_none_or(|event| after.event == event));
        let times = timers.filter_map(|after| match after.delay {
            Delay::Fixed(ms) => Some(ms.max(0)),
            Delay::Computed(_) => None,
        });
        times.min()
    };
    let is_timer = of.after.iter().any(|after| after.event == *event);
    match event.as_str() {
        "message" => 0,
        event if is_timer => ms.saturating_add(fixed(Some(event)).unwrap_or(0)),
        event if event.starts_with("xstate.") => ms,
        // The sender decides when; at the latest when the time is up.
        _ => ms.saturating_add(fixed(None).unwrap_or(WINDOW_MS)),
    }
}
