//! Functions of lists: `sort`, `distinct`, `flatten`, `slice`, `first`, `last`, `reverse`, `lists.range`, `sets.*`.
//!
//! **Invariant:** every comparison and every item that is copied is paid with fuel.

use super::eval::{Outcome, Work};
use super::functions::Function;
use super::text::{self, expect_position, expect_text};
use super::value::{Items, Val};

/// Evaluates `function` over `args`, of which the parser has counted as many as it needs.
pub(super) fn call<'a>(function: Function, args: &[Val<'a>], work: &Work<'_>) -> Outcome<Val<'a>> {
    use Function as F;
    let [a, rest @ ..] = args else { return Ok(Val::Null) };
    match function {
        F::Range => range(a, work),
        F::Reverse if a.items().is_none() => reversed_text(a, work),
        _ => {
            let items = expect_list(a, work)?;
            match (function, rest) {
                (F::Sort, _) => sorted_by(&items, copied(&items, work)?, work),
                (F::Distinct, _) => distinct(&items, work),
                (F::Flatten, depth) => flatten(&items, depth.first(), work),
                (F::Slice, [from, to, ..]) => slice(&items, (from, to), work),
                (F::First, _) => one(items.get(0), work),
                (F::Last, _) => one(items.len().checked_sub(1).and_then(|at| items.get(at)), work),
                (F::Reverse, _) => {
                    let mut items = copied(&items, work)?;
                    items.reverse();
                    Ok(Val::list(items))
                }
                (function, [other, ..]) => {
                    sets(function, (&items, &expect_list(other, work)?), work)
                }
                _ => Ok(Val::Null),
            }
        }
    }
}

fn expect_list<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Items<'a>> {
    value.items().ok_or_else(|| {
        work.error("wrong-type", format!("a list is needed here, not {}", value.what()))
    })
}

/// An item that may not be there.
fn one<'a>(item: Option<Val<'a>>, work: &Work<'_>) -> Outcome<Val<'a>> {
    item.as_ref().map_or(Ok(()), |item| work.spend_copy(item))?;
    Ok(Val::optional(item))
}

/// The items, paid for.
fn copied<'a>(items: &Items<'a>, work: &Work<'_>) -> Outcome<Vec<Val<'a>>> {
    let mut copies = Vec::with_capacity(items.len());
    for item in items.iter() {
        work.spend(1)?;
        work.spend_copy(&item)?;
        copies.push(item);
    }
    Ok(copies)
}

/// The items in the order of their keys; items with equal keys stay as they are.
pub(super) fn sorted_by<'a>(
    items: &Items<'a>,
    keys: Vec<Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let mut sorted: Vec<(Val<'a>, Val<'a>)> = Vec::with_capacity(keys.len());
    for (key, item) in keys.into_iter().zip(items.iter()) {
        // Equal keys have no order of their own, so each must have one with itself.
        order(&key, &key, work)?;
        let (mut from, mut to) = (0, sorted.len());
        while from < to {
            work.spend(1)?;
            let middle = from.midpoint(to);
            match sorted.get(middle) {
                Some((other, _)) if order(other, &key, work)?.is_gt() => to = middle,
                _ => from = middle + 1,
            }
        }
        work.spend_copy(&item)?;
        sorted.insert(from, (key, item));
    }
    Ok(Val::list(sorted.into_iter().map(|(_, item)| item).collect()))
}

fn order(a: &Val<'_>, b: &Val<'_>, work: &Work<'_>) -> Outcome<std::cmp::Ordering> {
    a.compare(b).ok_or_else(|| {
        work.error("wrong-type", format!("{} and {} have no order", a.what(), b.what()))
    })
}

fn contains(items: &[Val<'_>], wanted: &Val<'_>, work: &Work<'_>) -> Outcome<bool> {
    for item in items {
        work.spend(1)?;
        if item.equals(wanted, work)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn distinct<'a>(items: &Items<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let mut kept: Vec<Val<'a>> = Vec::new();
    for item in items.iter() {
        work.spend(1)?;
        if !contains(&kept, &item, work)? {
            work.spend_copy(&item)?;
            kept.push(item);
        }
    }
    Ok(Val::list(kept))
}

fn flatten<'a>(items: &Items<'a>, depth: Option<&Val<'a>>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let depth = depth.map_or(Ok(1), |depth| expect_position(depth, work))?;
    let mut level = copied(items, work)?;
    // Values nest no deeper than JSON does, so the loop ends when nothing is a list.
    for _ in 0..depth {
        if !level.iter().any(|item| item.items().is_some()) {
            break;
        }
        let mut next = Vec::new();
        for item in level {
            match item.items() {
                Some(items) => {
                    work.spend_output(next.len() + items.len())?;
                    next.extend(copied(&items, work)?);
                }
                None => next.push(item),
            }
        }
        level = next;
    }
    Ok(Val::list(level))
}

fn slice<'a>(
    items: &Items<'a>,
    (from, to): (&Val<'a>, &Val<'a>),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let (from, to) = (expect_position(from, work)?, expect_position(to, work)?);
    if from > to || to > items.len() {
        let message = format!("there is no part from {from} to {to} in {} items", items.len());
        return Err(work.error("index-out-of-range", message));
    }
    let mut part = Vec::with_capacity(to - from);
    for item in (from..to).filter_map(|at| items.get(at)) {
        work.spend(1)?;
        work.spend_copy(&item)?;
        part.push(item);
    }
    Ok(Val::list(part))
}

/// `lists.range`: 0, 1, … as many as asked.
fn range<'a>(n: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let n = expect_position(n, work)?;
    work.spend(n)?;
    work.spend_output(n)?;
    Ok(Val::list((0..n).map(text::whole).collect()))
}

fn reversed_text<'a>(text: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let text = expect_text(text, work)?;
    work.spend_output(text.len())?;
    Ok(Val::text(text.chars().rev().collect::<String>()))
}

/// `sets.contains` (all of the second in the first), `sets.intersects`, `sets.equivalent`.
fn sets<'a>(
    function: Function,
    (a, b): (&Items<'a>, &Items<'a>),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let (a, b) = (copied(a, work)?, copied(b, work)?);
    let n_shared = |of: &[Val<'a>], within: &[Val<'a>]| -> Outcome<usize> {
        let mut n_shared = 0;
        for item in of {
            n_shared += usize::from(contains(within, item, work)?);
        }
        Ok(n_shared)
    };
    let n_in_a = n_shared(&b, &a)?;
    Ok(Val::Bool(match function {
        Function::SetsContains => n_in_a == b.len(),
        Function::SetsIntersects => n_in_a > 0,
        _ => n_in_a == b.len() && n_shared(&a, &b)? == a.len(),
    }))
}
