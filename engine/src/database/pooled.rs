//! The same behind a transaction pooler: one that gives a connection to somebody else between two transactions, as PgBouncer
//! does with `pool_mode = transaction`.
//!
//! **Invariant:** nothing here, and nothing that runs on these pools, counts on a session: no setting, no lock and no `LISTEN` lives
//! longer than its transaction. Prepared statements do, and the pooler must carry them; one that does not is refused at once,
//! because it would fail later, in the middle of the work and only under load.

use super::{Far, Wanted, dress, failover::Moved, hosts::Hosts, migrator, pool_options};
use crate::error::{Error, Result};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use std::time::Duration;

/// How often two servers are sought. A pooler with more than one gives another at the first try.
const TRIES: u32 = 3;
/// Longest that they are sought.
const SEEK_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest that one server is held while another is waited for. With one there is no second, and if as many processes as there are
/// servers start at once, each holds what the next one waits for.
const HELD_MAX: Duration = Duration::from_millis(100);
/// No such statement; one of this name is there; a protocol violation (another one of this name takes other parameters).
const STATEMENT_LOST: [&str; 3] = ["26000", "42P05", "08P01"];

/// As [`super::connect`].
pub async fn connect(url: &str, connections_max: u32) -> Result<PgPool> {
    super::connect_hosts(Hosts::writing(url)?, connections_max, Far::Pooler).await
}

/// As [`super::connect_replica`].
pub async fn connect_replica(url: &str, connections_max: u32) -> Result<PgPool> {
    super::connect_hosts(Hosts::reading(url)?, connections_max, Far::Pooler).await
}

/// As [`super::connect_with`].
pub async fn connect_with(options: PgConnectOptions, connections_max: u32) -> Result<PgPool> {
    let options = dress(options);
    look_at(&options).await?;
    let far = (Wanted::Writing, Far::Pooler);
    Ok(pool_options(connections_max, far, Moved::default()).connect_with(options).await?)
}

/// As [`super::migrate`]. The driver's lock is a session's, so this one takes a transaction's. No timeout of the role is lifted: an
/// index on a large table is better made past the pooler.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    let mut lock = pool.begin().await?;
    sqlx::query(include_str!("../store/sql/lock_migrations.sql")).execute(&mut *lock).await?;
    let mut connection = pool.connect_options().connect().await?;
    migrator().set_locking(false).run(&mut connection).await?;
    connection.close().await?;
    lock.rollback().await?;
    Ok(())
}

/// Refuses a pooler that loses prepared statements, and tells if nothing limits what hangs behind it.
pub(super) async fn look_at(options: &PgConnectOptions) -> Result<()> {
    let mut one = options.connect().await?;
    let mut other = options.connect().await?;
    match tokio::time::timeout(SEEK_TIMEOUT, seek_two_servers(&mut one, &mut other)).await {
        Ok(Err(error)) => return Err(or_pooler(error.into())),
        Ok(Ok(true)) => {}
        Ok(Ok(false)) | Err(_) => {
            tracing::debug!(
                "the pooler has one server, and whether it carries statements cannot be seen"
            );
            return Ok(());
        }
    }
    let is_limited: bool = sqlx::query_scalar(include_str!("../store/sql/select_is_limited.sql"))
        .fetch_one(&mut one)
        .await?;
    if !is_limited {
        tracing::warn!(
            "behind a pooler no timeout can be set per connection, and this role has none: run \
             `alter role {0} set statement_timeout = '300s'` and \
             `alter role {0} set idle_in_transaction_session_timeout = '60s'`",
            options.get_username()
        );
    }
    // They have answered; how the connections end changes nothing.
    let (_, _) = (one.close().await, other.close().await);
    Ok(())
}

/// Refuses a pooler that nobody told us of: locks and `LISTEN` would go to whoever is given the server next.
pub(crate) async fn refuse_unsaid(pool: &PgPool) -> Result<()> {
    let options = pool.connect_options();
    let mut one = options.connect().await?;
    let mut other = options.connect().await?;
    let sought = tokio::time::timeout(SEEK_TIMEOUT, seek_two_servers(&mut one, &mut other)).await;
    if sought.unwrap_or(Ok(false)).map_err(|error| or_pooler(error.into()))? {
        return Err(Error::Refused(
            "a transaction pooler stands before the database: say so with PERDURE_POOLER=transaction".to_owned(),
        ));
    }
    let (_, _) = (one.close().await, other.close().await);
    Ok(())
}

/// Prepares a statement and runs it on two servers; whether there were two. While one connection has a transaction open, the other
/// is given another server; or any, when the transaction has ended because that took long.
async fn seek_two_servers(one: &mut PgConnection, other: &mut PgConnection) -> sqlx::Result<bool> {
    for _ in 0..TRIES {
        let before = server_of(one).await?;
        let mut held = other.begin().await?;
        server_of(&mut held).await?;
        let mut asked = std::pin::pin!(server_of(one));
        let soon = tokio::time::timeout(HELD_MAX, &mut asked).await;
        held.rollback().await?;
        let after = match soon {
            Ok(after) => after?,
            Err(_) => asked.await?,
        };
        if before != after {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn server_of(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::query_scalar(include_str!("../store/sql/select_server.sql")).fetch_one(connection).await
}

/// The error, or what it means when a pooler loses prepared statements.
pub(super) fn or_pooler(error: Error) -> Error {
    let Error::Database(driver) = &error else { return error };
    let Some(told) = driver.as_database_error() else { return error };
    if !told.code().is_some_and(|code| STATEMENT_LOST.contains(&code.as_ref())) {
        return error;
    }
    Error::Refused(format!(
        "the pooler before the database loses prepared statements between transactions ({}): use PgBouncer 1.21 or later with \
         max_prepared_statements = 200, or pool_mode = session, or name Postgres itself in the database URL",
        told.message()
    ))
}
