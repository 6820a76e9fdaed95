//! Random charts, random events: the machine and XState must tell the same lines.
//!
//! `PERDURE_CONFORMANCE_CHARTS` says how many charts (2,000 without it), `PERDURE_CONFORMANCE_SEED` where to begin. A
//! difference is shrunk to the smallest chart and script that still show it, and printed with its seed.
//!
//! **Invariant:** a chart counts as the same when every line is. One that XState runs otherwise by a known difference is
//! counted under that difference's name, and only when XState without that difference tells our lines, or, where it cannot
//! be taken out, those before it.
//! **Invariant:** our configuration is legal in every line, whatever XState's is.

use crate::{
    emit::{self, Dialect},
    generate,
    model::Case,
    ours::{self, Played},
    shrink::shrink,
    xstate::{Answer, XState},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Charts of a run that is not told otherwise.
const CHARTS: u64 = 2_000;
/// Most differences that are shrunk and shown.
const SHOWN: usize = 3;

/// Known differences after which XState cannot be compared any more: its lines end before them.
const UNREPAIRED: [&str; 3] =
    ["history-of-parallel", "history-from-inside", "illegal-configuration"];

/// What comparing one case gave.
pub(crate) enum Verdict {
    /// Every line is the same; so many.
    Same(usize),
    /// The lines are the same once these known differences are taken out of XState.
    Known(Vec<String>),
    /// We refuse the upload; the first reason's code and message.
    Refused(String, String),
    /// XState does not take the chart.
    Unheard(String),
    /// The first line that differs: its index, ours, XState's.
    Different(usize, Box<Value>, Box<Value>),
}

/// Plays a case on both.
pub(crate) fn compare(case: &Case, xstate: &mut XState) -> Verdict {
    let script: Vec<Value> = case.script.iter().map(emit::entry).collect();
    xstate.ask(&emit::machine(case, Dialect::JavaScript), &script);
    let ours = ours::play(&emit::machine(case, Dialect::Cel), &script);
    let answer = xstate.answer().started();
    let ours = match ours {
        Played::Ran(lines) => lines,
        Played::Refused(reasons) => {
            let (code, message) = reasons.into_iter().next().unwrap_or_default();
            return Verdict::Refused(code, message);
        }
    };
    let ours = from_a_start(ours);
    // Whatever XState does: a configuration that is none has no value.
    if let Some(index) = ours.iter().position(|line| line["value"] == json!({})) {
        return Verdict::Different(index, Box::new(ours[index].clone()), Box::default());
    }
    match answer {
        Answer::Refused(why) => Verdict::Unheard(why),
        Answer::Ran { lines, .. } if lines == ours => Verdict::Same(ours.len()),
        Answer::Ran { repaired: Some((lines, by)), .. } if is_all_of(&lines, &ours, &by) => {
            Verdict::Known(by)
        }
        Answer::Ran { lines, repaired } => {
            let theirs = repaired.map_or(lines, |(lines, _)| lines);
            let shorter = ours.len().min(theirs.len());
            let index = (0..shorter).find(|line| ours[*line] != theirs[*line]).unwrap_or(shorter);
            let at = |lines: &[Value]| Box::new(lines.get(index).cloned().unwrap_or_default());
            Verdict::Different(index, at(&ours), at(&theirs))
        }
    }
}

/// Whether XState, known differences taken out, tells our lines: all of them, or those before the one that stays.
fn is_all_of(theirs: &[Value], ours: &[Value], by: &[String]) -> bool {
    match by.iter().any(|name| UNREPAIRED.contains(&name.as_str())) {
        true => ours.starts_with(theirs),
        false => ours == theirs,
    }
}

impl Answer {
    /// All its lines, as [`from_a_start`] tells them.
    fn started(self) -> Self {
        match self {
            Self::Ran { lines, repaired } => Self::Ran {
                lines: from_a_start(lines),
                repaired: repaired.map(|(lines, by)| (from_a_start(lines), by)),
            },
            refused => refused,
        }
    }
}

/// An instance that fails in its first turn has no state; XState shows the one it was about to have.
fn from_a_start(lines: Vec<Value>) -> Vec<Value> {
    match lines.first() {
        Some(first) if first["status"] == "error" => vec![json!({ "status": "error" })],
        _ => lines,
    }
}

#[derive(Default)]
struct Tally {
    charts: u64,
    same: u64,
    lines: usize,
    known: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    /// For each code of a refusal, a seed and its message.
    examples: BTreeMap<String, (u64, String)>,
    unheard: BTreeMap<String, u64>,
    different: Vec<u64>,
}

impl Tally {
    fn add(&mut self, seed: u64, verdict: Verdict) {
        self.charts += 1;
        let counted = match verdict {
            Verdict::Same(lines) => {
                self.same += 1;
                self.lines += lines;
                return;
            }
            Verdict::Known(names) => self.known.entry(names.join("+")),
            Verdict::Refused(code, message) => {
                self.examples.entry(code.clone()).or_insert((seed, message));
                self.refused.entry(code)
            }
            Verdict::Unheard(why) => self.unheard.entry(why),
            Verdict::Different(..) => return self.different.push(seed),
        };
        *counted.or_default() += 1;
    }
}

#[test]
fn random_charts_run_as_in_xstate() {
    let from = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let charts = from("PERDURE_CONFORMANCE_CHARTS").unwrap_or(CHARTS);
    let first = from("PERDURE_CONFORMANCE_SEED").unwrap_or(0);
    let middle = first + charts / 2;
    // Half of them beside, so that both cores are used.
    let second = std::thread::spawn(move || run(middle..first + charts));
    let mut tally = run(first..middle);
    let other = second.join().unwrap();
    tally.merge(other);
    tally.print();
    let mut xstate = XState::start();
    for seed in tally.different.iter().take(SHOWN) {
        show(*seed, &mut xstate);
    }
    assert!(tally.different.is_empty(), "seeds that differ: {:?}", tally.different);
    assert!(tally.unheard.is_empty(), "charts that XState does not take: {:?}", tally.unheard);
    let compared = tally.same + tally.known.values().sum::<u64>();
    assert!(compared * 10 >= charts * 9, "only {compared} of {charts} charts were compared");
}

fn run(seeds: std::ops::Range<u64>) -> Tally {
    let mut xstate = XState::start();
    let mut tally = Tally::default();
    for seed in seeds {
        tally.add(seed, compare(&generate::case(seed), &mut xstate));
    }
    tally
}

impl Tally {
    fn merge(&mut self, other: Self) {
        self.charts += other.charts;
        self.same += other.same;
        self.lines += other.lines;
        self.examples.extend(other.examples);
        self.different.extend(other.different);
        let lists = [
            (&mut self.known, other.known),
            (&mut self.refused, other.refused),
            (&mut self.unheard, other.unheard),
        ];
        for (mine, theirs) in lists {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }

    fn print(&self) {
        println!(
            "{} random charts against XState: {} the same in every line, {} but for a known \
             difference, {} different; {} lines",
            self.charts,
            self.same,
            self.known.values().sum::<u64>(),
            self.different.len(),
            self.lines
        );
        for (name, count) in &self.known {
            println!("  {count:>6} but for a known difference: {name}");
        }
        for (code, count) in &self.refused {
            let (seed, message) = &self.examples[code];
            println!("  {count:>6} refused at upload: {code} (seed {seed}: {message})");
        }
        for (why, count) in &self.unheard {
            println!("  {count:>6} not taken by XState: {why}");
        }
    }
}

/// Prints the smallest case that still shows what a seed showed.
fn show(seed: u64, xstate: &mut XState) {
    let is_different =
        |case: &Case, xstate: &mut XState| matches!(compare(case, xstate), Verdict::Different(..));
    let case = shrink(generate::case(seed), |case| is_different(case, xstate));
    let Verdict::Different(index, ours, theirs) = compare(&case, xstate) else { return };
    println!("seed {seed}, shrunk:\n{}", emit::machine(&case, Dialect::Cel));
    for (number, entry) in case.script.iter().enumerate() {
        println!("  entry {}: {}", number + 1, emit::entry(entry));
    }
    println!("line {index}\n  ours   {ours}\n  xstate {theirs}");
}
