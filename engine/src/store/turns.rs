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

/// The statement for a turn alone, by its parts: the bits of [`Turns::parts`].
static WRITE_TURN: [&str; 128] = include!(concat!(env!("OUT_DIR"), "/write_turn.rs"));

impl Turns<'_> {
    /// The form that takes all of it.
    fn form(&self) -> Form {
        let most = [self.turned.len(), self.stopped.len(), self.emptied.len()];
        if most.into_iter().all(|rows| rows <= 1) { Form::One } else { Form::Many }
    }

    /// Which parts have rows, in the order in which `build.rs` joins them.
    fn parts(&self) -> [bool; 7] {
        [
            !self.born.is_empty(),
            !self.turned.is_empty(),
            !self.history.is_empty(),
            !self.timers.is_empty(),
            !self.stopped.is_empty(),
            !self.opened.is_empty(),
            !self.emptied.is_empty(),
        ]
    }

    /// The statement, and its arguments.
    fn statement(&self) -> sqlx::Result<(&'static str, PgArguments)> {
        let form = self.form();
        let (statement, parts) = match form {
            Form::Many => (include_str!(concat!(env!("OUT_DIR"), "/write_turns.sql")), [true; 7]),
            Form::One => (WRITE_TURN[bits(self.parts())], self.parts()),
        };
        let mut arguments = Arguments::default();
        let [born, turned, recorded, set_timers, stopped, opened, emptied] = parts;
        if born {
            instances::add_born(&mut arguments, &self.born);
        }
        if turned {
            instances::add_turned(arguments.in_form(form), &self.turned);
        }
        arguments.in_form(Form::Many);
        if recorded {
            history::add(&mut arguments, &self.history);
        }
        if set_timers {
            timers::add(&mut arguments, &self.timers);
        }
        arguments.in_form(form);
        if stopped {
            self.stopped.add(&mut arguments);
        }
        if opened {
            let (tenants, ids, steps) = outbox::columns(self.opened);
            arguments.add(self.process).add(self.now).add(tenants).add(ids).add(steps);
        }
        if emptied {
            arguments.column(self.emptied, |(tenant, _)| *tenant);
            arguments.column(self.emptied, |(_, id)| *id);
        }
        let wanted = self.born.len() + self.turned.len();
        arguments.add(i64::try_from(wanted).unwrap_or(i64::MAX));
        Ok((statement, arguments.ready()?))
    }
}

/// A bit for each, the first one lowest.
fn bits(parts: [bool; 7]) -> usize {
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
        let names = ["born", "turned", "recorded", "set_timers", "stopped", "opened", "emptied"];
        for place in 0..names.len() {
            let parts: [bool; 7] = std::array::from_fn(|n| n == place);
            let statement = WRITE_TURN[bits(parts)];
            let told: Vec<&str> = names
                .into_iter()
                .filter(|name| statement.contains(&format!("{name} as (")))
                .collect();
            assert_eq!(told, [names[place]]);
        }
        assert!(names.iter().all(|name| WRITE_TURN[127].contains(&format!("{name} as ("))));
    }
}
