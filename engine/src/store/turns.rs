//! Turns as most are, written by one statement: instances started and moved on, their history, their timers, and which steps they
//! opened. The statement is joined by `build.rs` from those of the single tables, in two forms: for any number of rows, and for a turn
//! that is alone, as it is at rest. The second has only the parts the turn needs: with so little to write, most of the time goes into
//! setting the parts up.

use super::{
    RowIds,
    arguments::{Arguments, Form},
    history::{self, Keyed},
    instances, outbox,
    timers::{self, TimerRow},
};
use crate::{
    outbox::{OutboxId, OutboxRow},
    turn::Chain,
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, postgres::PgArguments};
use uuid::Uuid;

/// What the statement writes.
pub(crate) struct Turns<'a> {
    pub(crate) born: Vec<&'a Chain>,
    pub(crate) turned: Vec<&'a Chain>,
    pub(crate) history: Vec<Keyed<'a>>,
    pub(crate) timers: Vec<&'a TimerRow>,
    pub(crate) stopped: RowIds,
    pub(crate) opened: &'a [OutboxRow],
    pub(crate) emptied: &'a [OutboxId],
    /// Who writes.
    pub(crate) process: Uuid,
    pub(crate) now: DateTime<Utc>,
}

/// What the database answers when a compare-and-set missed, or an id or a key was taken.
const MISSED: [&str; 2] = ["PD001", "23505"];

/// The statement for a turn alone, by the bits of [`Turns::alone`].
static WRITE_TURN: [&str; 64] = include!(concat!(env!("OUT_DIR"), "/write_turn.rs"));

impl Turns<'_> {
    /// Whether it is one turn, or several of one instance: which parts it has, as `build.rs` counts them.
    fn alone(&self) -> Option<[bool; 6]> {
        let rows = [self.born.len() + self.turned.len(), self.stopped.len(), self.opened.len()];
        let is_alone = rows.into_iter().all(|rows| rows <= 1) && self.emptied.is_empty();
        is_alone.then_some([
            !self.born.is_empty(),
            !self.turned.is_empty(),
            self.history.len() != 1,
            !self.timers.is_empty(),
            !self.stopped.is_empty(),
            !self.opened.is_empty(),
        ])
    }

    /// The statement, and its arguments.
    fn statement(&self) -> sqlx::Result<(&'static str, PgArguments)> {
        let mut arguments = Arguments::default();
        let statement = match self.alone() {
            None => {
                self.add(&mut arguments, Form::Many, [true; 6]);
                include_str!(concat!(env!("OUT_DIR"), "/write_turns.sql"))
            }
            Some(parts) => {
                self.add(&mut arguments, Form::One, parts);
                WRITE_TURN[bits(parts)]
            }
        };
        let wanted = self.born.len() + self.turned.len();
        arguments.add(i64::try_from(wanted).unwrap_or(i64::MAX));
        Ok((statement, arguments.ready()?))
    }

    fn add(&self, arguments: &mut Arguments, form: Form, parts: [bool; 6]) {
        let [born, turned, several, set_timers, stopped, opened] = parts;
        arguments.in_form(form);
        if born {
            instances::add_born(arguments, &self.born);
        }
        if turned {
            instances::add_turned(arguments, &self.turned);
        }
        history::add(arguments.in_form(if several { Form::Many } else { form }), &self.history);
        if set_timers {
            timers::add(arguments.in_form(Form::Many), &self.timers);
        }
        arguments.in_form(form);
        if stopped {
            self.stopped.add(arguments);
        }
        if opened {
            outbox::add(arguments, (self.process, self.now), self.opened);
        }
        if form == Form::Many {
            arguments.column(self.emptied, |(tenant, _)| *tenant);
            arguments.column(self.emptied, |(_, id)| *id);
        }
    }
}

/// A bit for each, the first one lowest.
fn bits(parts: [bool; 6]) -> usize {
    parts.iter().rev().fold(0, |bits, part| bits << 1 | usize::from(*part))
}

/// Writes and commits all of it, or nothing: false if an instance was not as expected, or its id or key was taken.
pub(crate) async fn write(connection: &mut PgConnection, turns: Turns<'_>) -> sqlx::Result<bool> {
    let (statement, arguments) = turns.statement()?;
    let written: sqlx::Result<i64> =
        sqlx::query_scalar_with(statement, arguments).fetch_one(connection).await;
    match written {
        Ok(_) => Ok(true),
        Err(error) => {
            let code = error.as_database_error().and_then(|e| e.code());
            let has_missed = code.is_some_and(|code| MISSED.contains(&&*code));
            if has_missed { Ok(false) } else { Err(error) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_the_parts_that_are_asked_for() {
        let names = ["born", "turned", "recorded", "set_timers", "stopped", "opened"];
        for place in 0..names.len() {
            let parts: [bool; 6] = std::array::from_fn(|n| n == place);
            let statement = WRITE_TURN[bits(parts)];
            let told: Vec<&str> = names
                .into_iter()
                .filter(|name| statement.contains(&format!("{name} as (")))
                .collect();
            let mut wanted = vec![names[place], "recorded"];
            wanted.sort_by_key(|name| names.iter().position(|other| other == name));
            wanted.dedup();
            assert_eq!(told, wanted);
            assert!(!statement.contains("on conflict"), "{statement}");
            // Instances are counted, and nothing else is told.
            let told =
                [statement.matches("returning").count(), statement.matches("returning 1").count()];
            assert_eq!(told, [usize::from(place < 2); 2], "{statement}");
            // Only several turns, and timers, are given as arrays.
            assert_eq!(statement.contains("unnest("), [2, 3].contains(&place), "{statement}");
        }
    }
}
