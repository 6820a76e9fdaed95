//! Every difference from XState that is known, and every place where XState is followed against SCXML, as a small chart
//! with what both sides make of it. When XState changes its mind, this tells.

use crate::{
    ours::{self, Played},
    xstate::{Answer, XState},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

#[derive(Deserialize)]
struct Difference {
    name: String,
    /// Why; for the reader, and for engine/machine/CONFORMANCE.md.
    about: String,
    /// As text: the order of its keys is document order. Its expressions mean the same in CEL and in JavaScript.
    machine: Box<RawValue>,
    script: Vec<Value>,
    /// Our last line.
    ours: Value,
    /// XState's last line.
    xstate: Value,
}

#[test]
fn known_differences_are_as_written() {
    let text = include_str!("differences.json");
    let differences: Vec<Difference> = serde_json::from_str(text).unwrap();
    let mut xstate = XState::start();
    let wrong: Vec<_> = differences.iter().filter_map(|one| check(one, &mut xstate)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(difference: &Difference, xstate: &mut XState) -> Option<String> {
    let Difference { name, about, machine, script, .. } = difference;
    assert!(!about.is_empty(), "{name} does not say why");
    let ours = match ours::play(machine.get(), script) {
        Played::Ran(lines) => lines.last().cloned().unwrap_or_default(),
        Played::Refused(reasons) => return Some(format!("{name}: refused, {reasons:?}")),
    };
    let theirs = match xstate.play(&machine.get().replace("\"@expr\"", "\"@js\""), script) {
        Answer::Ran { lines, .. } => lines.last().cloned().unwrap_or_default(),
        Answer::Refused(why) => return Some(format!("{name}: XState refuses it, {why}")),
    };
    let is_as_written = ours == difference.ours && theirs == difference.xstate;
    (!is_as_written).then(|| format!("{name}:\n  ours   {ours}\n  xstate {theirs}"))
}
