//! Turns as most are, written by one statement: instances started and moved on, their history, their timers, and which steps they
//! opened. The statement is joined by `build.rs` from those of the single tables, in two forms: for any number of rows, and for a turn
//! that is alone, as it is at rest.

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
use sqlx::PgConnection;
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

/// What the database answers when a compare-and-set missed.
const MISSED: &str = "PD001";

impl Turns<'_> {
    /// The form that takes all of it.
    fn form(&self) -> Form {
        let most = [self.turned.len(), self.stopped.len(), self.emptied.len()];
        if most.into_iter().all(|rows| rows <= 1) { Form::One } else { Form::Many }
    }
}

/// Writes and commits all of it, or nothing: false if an instance was not as expected.
pub(crate) async fn write(connection: &mut PgConnection, turns: Turns<'_>) -> sqlx::Result<bool> {
    let wanted = i64::try_from(turns.born.len() + turns.turned.len()).unwrap_or(i64::MAX);
    let form = turns.form();
    let mut arguments = Arguments::default();
    instances::add_born(&mut arguments, &turns.born);
    instances::add_turned(arguments.in_form(form), &turns.turned);
    history::add(arguments.in_form(Form::Many), &turns.history);
    timers::add(&mut arguments, &turns.timers);
    turns.stopped.add(arguments.in_form(form));
    let (tenants, ids, steps) = outbox::columns(turns.opened);
    arguments.add(turns.process).add(turns.now).add(tenants).add(ids).add(steps);
    arguments
        .column(turns.emptied, |(tenant, _)| *tenant)
        .column(turns.emptied, |(_, id)| *id)
        .add(wanted);
    let statement = match form {
        Form::Many => include_str!(concat!(env!("OUT_DIR"), "/write_turns.sql")),
        Form::One => include_str!(concat!(env!("OUT_DIR"), "/write_turn.sql")),
    };
    let arguments = arguments.ready()?;
    let written: sqlx::Result<i64> =
        sqlx::query_scalar_with(statement, arguments).fetch_one(connection).await;
    match written {
        Ok(_) => Ok(true),
        Err(error)
            if error.as_database_error().and_then(|e| e.code()).as_deref() == Some(MISSED) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
