//! What people and programs ask beside the turn: lists, histories, explanations, replays, and the rows around a request.
//!
//! **Invariant:** nothing here changes an instance. Ops verbs are events and enter by the same door as every other event.
//! **Invariant:** every statement of a list names its tenant, ends within three seconds (`limit_reading.sql`), and reads at
//! most a page; all of it runs in a task of its own, so a caller that goes away cancels no statement half way.

pub mod audit;
pub mod conversations;
pub mod counters;
pub mod credential;
pub mod definitions;
pub mod explain;
pub mod health;
pub mod history;
pub mod incidents;
pub mod list;
pub mod purge;
pub mod replay;
pub mod request;
pub mod retry;
pub mod scenario;
pub mod send;
pub mod steps;
mod waits;

use crate::{Result, detached::detached};
use serde::Serialize;
use sqlx::{PgPool, Postgres, Transaction};

/// Most rows of one page.
pub const PAGE_ROWS_MAX: u32 = 200;

/// A part of a list, and where the next part begins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to pass as `after`; `None` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of one row more than asked for: the extra row only tells that there is more.
    pub(crate) fn of(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| has_more).map(key);
        Self { items: rows, next }
    }
}

/// How many rows to ask for: the page, and one that tells whether there are more.
pub(crate) fn one_more(limit: u32) -> i64 {
    i64::from(limit.min(PAGE_ROWS_MAX)) + 1
}

/// A transaction for reading, whose statements end in time. Dropped, it is rolled back.
pub(crate) async fn reading(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let mut transaction = pool.begin().await?;
    sqlx::query(include_str!("store/sql/limit_reading.sql")).execute(&mut *transaction).await?;
    Ok(transaction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_whether_there_is_more() {
        type Case<'a> = (&'a [u8], u32, &'a [u8], Option<&'a str>);
        let cases: [Case<'_>; 3] =
            [(&[1, 2, 3], 2, &[1, 2], Some("2")), (&[1, 2], 2, &[1, 2], None), (&[], 2, &[], None)];
        for (rows, limit, items, next) in cases {
            let page = Page::of(rows.to_vec(), limit, u8::to_string);
            assert_eq!((page.items.as_slice(), page.next.as_deref()), (items, next));
        }
    }
}
