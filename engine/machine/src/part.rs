//! Whose result an open step's result is: an invoke's own, one item's of its `each`, or an undo step's.

use crate::state::Memo;

/// What an open step is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// The invoke itself.
    Whole,
    /// `<invoke>[<index>]`.
    Item { invoke: String, index: u32 },
    /// The undo step that runs.
    Undo,
}

/// Told by the bookkeeping; a name alone means nothing.
pub(crate) fn part_of(memo: &Memo, id: &str) -> Part {
    if memo.compensation.as_ref().is_some_and(|compensation| compensation.step() == id) {
        return Part::Undo;
    }
    let item = id.strip_suffix(']').and_then(|id| id.rsplit_once('['));
    let item = item.filter(|(invoke, _)| memo.each.contains_key(*invoke));
    match item.and_then(|(invoke, index)| Some((invoke, index.parse().ok()?))) {
        Some((invoke, index)) => Part::Item { invoke: invoke.to_owned(), index },
        None => Part::Whole,
    }
}

/// The id of an item's step.
pub(crate) fn item_id(invoke: &str, index: u32) -> String {
    format!("{invoke}[{index}]")
}
