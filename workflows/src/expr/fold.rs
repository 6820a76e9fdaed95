//! The macros over lists and maps: `all`, `exists`, `exists_one`, `map`, `filter`, `sortBy`; and those that name a value:
//! `optMap`, `optFlatMap`, `cel.bind`.
//!
//! **Invariant:** they are the only loops of the language; each round is paid with fuel.

use super::ast::{Fold, Node};
use super::eval::{Evaluator, Outcome};
use super::list;
use super::value::Val;

impl<'e> Evaluator<'e> {
    /// Runs a macro over the items of a list, or the keys of a map.
    pub(super) fn fold(
        &mut self,
        (fold, slot): (Fold, usize),
        range: &'e Node,
        bodies: &'e [Node],
        node: &'e Node,
    ) -> Outcome<Val<'e>> {
        let work = self.work(node);
        let value = self.eval(range)?;
        if matches!(fold, Fold::Bind | Fold::OptionalMap | Fold::OptionalFlatMap) {
            return self.named((fold, slot), value, bodies, node);
        }
        let items = match (value.items(), value.n_entries()) {
            (Some(items), _) => items,
            (None, Some(n_entries)) => {
                work.spend(n_entries)?;
                let keys = Val::list(value.keys().unwrap_or_default());
                let Some(keys) = keys.items() else { return Ok(keys) };
                keys
            }
            _ => {
                let message = format!("`{}` is {}, not a list", self.text_of(range), value.what());
                return Err(self.work(range).error("wrong-type", message));
            }
        };
        let (Some(first), last) = (bodies.first(), bodies.last()) else { return Ok(Val::Null) };
        let mut round = Round { first, last: last.unwrap_or(first), made: Vec::new(), hits: 0 };
        let mut failure = None;
        self.slots.truncate(slot);
        for item in items.iter() {
            work.spend(1)?;
            work.spend_copy(&item)?;
            self.slots.push(item);
            let step = self.round(fold, &mut round);
            self.slots.truncate(slot);
            match step {
                Ok(None) => {}
                Ok(Some(decided)) => return Ok(decided),
                // As with `&&` and `||`: a later item may still decide.
                Err(error) if fold_absorbs(fold) && !error.is_fatal() => {
                    failure.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(match fold {
                Fold::All => Val::Bool(true),
                Fold::Exists => Val::Bool(false),
                Fold::ExistsOne => Val::Bool(round.hits == 1),
                Fold::SortBy => return list::sorted_by(&items, round.made, &work),
                _ => Val::list(round.made),
            }),
        }
    }

    /// The macros that give one value a name.
    fn named(
        &mut self,
        (fold, slot): (Fold, usize),
        value: Val<'e>,
        bodies: &'e [Node],
        node: &'e Node,
    ) -> Outcome<Val<'e>> {
        let value = match (fold, value) {
            (Fold::Bind, value) => value,
            (_, Val::Optional(Some(value))) => {
                self.pay_copy(&value, node)?;
                (*value).clone()
            }
            (_, Val::Optional(None)) => return Ok(Val::Optional(None)),
            (_, other) => {
                let message = format!("this needs an optional value, not {}", other.what());
                return Err(self.work(node).error("wrong-type", message));
            }
        };
        let Some(body) = bodies.first() else { return Ok(Val::Null) };
        self.slots.truncate(slot);
        self.slots.push(value);
        let result = self.eval(body);
        self.slots.truncate(slot);
        match (fold, result?) {
            (Fold::OptionalMap, value) => Ok(Val::optional(Some(value))),
            (Fold::OptionalFlatMap, value) if !matches!(value, Val::Optional(_)) => {
                let message = format!("`optFlatMap` gives an optional value, not {}", value.what());
                Err(self.work(body).error("wrong-type", message))
            }
            (_, value) => Ok(value),
        }
    }

    /// One item; gives the result when it is decided.
    fn round(&mut self, fold: Fold, round: &mut Round<'e>) -> Outcome<Option<Val<'e>>> {
        match fold {
            Fold::All => Ok((!self.truth(round.first)?).then_some(Val::Bool(false))),
            Fold::Exists => Ok(self.truth(round.first)?.then_some(Val::Bool(true))),
            Fold::ExistsOne => {
                round.hits += usize::from(self.truth(round.first)?);
                Ok(None)
            }
            // The keys; items are put in their order at the end.
            Fold::Map | Fold::SortBy => {
                round.made.push(self.eval(round.first)?);
                Ok(None)
            }
            Fold::FilterMap => {
                if self.truth(round.first)? {
                    round.made.push(self.eval(round.last)?);
                }
                Ok(None)
            }
            // The others have no rounds.
            Fold::Filter | Fold::Bind | Fold::OptionalMap | Fold::OptionalFlatMap => {
                if self.truth(round.first)? {
                    round.made.extend(self.slots.last().cloned());
                }
                Ok(None)
            }
        }
    }
}

struct Round<'e> {
    first: &'e Node,
    last: &'e Node,
    made: Vec<Val<'e>>,
    hits: usize,
}

fn fold_absorbs(fold: Fold) -> bool {
    matches!(fold, Fold::All | Fold::Exists)
}
