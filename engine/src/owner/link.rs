//! An owner's own connection to the database, and the plans that Postgres keeps for it.
//!
//! Postgres keeps the plan of a statement until the statistics of a table change. Made while a table of work was nearly empty, a plan
//! may look along any index that begins with the tenant (they cost the same then), and goes on to do so when the table has grown:
//! ten thousand timers that fell due at once took two seconds instead of a third of one. So plans do not get old here.

use super::Common;
use sqlx::{ConnectOptions, PgConnection};
use std::time::Duration;
use tokio::time::Instant;

/// How old a plan may get: making those of an owner anew costs a few milliseconds.
const PLANS_AGE_MAX: Duration = Duration::from_secs(5);
/// How old it gets at least: where every batch is slow, because the database is far or busy, new plans are no cure.
const PLANS_AGE_MIN: Duration = Duration::from_secs(1);
/// A batch that took longer may have had a plan that does not fit any more.
const SLOW: Duration = Duration::from_millis(50);

/// A connection.
pub(super) struct Link {
    connection: PgConnection,
    has_session: bool,
    plans: Plans,
}

impl Link {
    /// Connects. It looks for rows by keys only, where it keeps what is set: not behind a transaction pooler.
    pub(super) async fn open(common: &Common) -> sqlx::Result<Self> {
        let mut connection = common.pool.connect_options().connect().await?;
        if common.has_session {
            let keys = include_str!("../store/sql/prefer_keys.sql");
            sqlx::query(keys).execute(&mut connection).await?;
        }
        let plans = Plans { made: Instant::now(), was_slow: false };
        Ok(Self { connection, has_session: common.has_session, plans })
    }

    /// The connection, with plans that may be used.
    pub(super) async fn ready(&mut self) -> sqlx::Result<&mut PgConnection> {
        if self.has_session && self.plans.are_old(Instant::now()) {
            // Prepared statements stay; each is planned again when it is used next.
            sqlx::raw_sql("discard plans").execute(&mut self.connection).await?;
            self.plans = Plans { made: Instant::now(), was_slow: false };
        }
        Ok(&mut self.connection)
    }

    /// A batch took so long to write.
    pub(super) fn note(&mut self, took: Duration) {
        self.plans.was_slow |= took > SLOW;
    }
}

/// What is known of the plans.
struct Plans {
    made: Instant,
    was_slow: bool,
}

impl Plans {
    fn are_old(&self, now: Instant) -> bool {
        let most = if self.was_slow { PLANS_AGE_MIN } else { PLANS_AGE_MAX };
        now.duration_since(self.made) > most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_made_anew_when_old_or_slow() {
        let made = Instant::now();
        let second = Duration::from_secs(1);
        for (was_slow, age, are_old) in [
            (false, 2 * second, false),
            (false, 6 * second, true),
            (true, Duration::ZERO, false),
            (true, 2 * second, true),
        ] {
            assert_eq!(Plans { made, was_slow }.are_old(made + age), are_old, "{was_slow} {age:?}");
        }
    }
}
