//! The pool, the migrations, and what an error of the database means.
//!
//! **Invariant:** no statement and no idle transaction of ours holds a snapshot for minutes: a session ends them by itself, also
//! when the process that began them hangs. What people read ends sooner (`limit_reading.sql`).
//! **Invariant:** a connection never goes back to the pool inside a transaction. sqlx 0.9 can lose track of a `begin` that was
//! cancelled; the next user's statements would then be rolled back with it, although they were acknowledged.

mod failover;
mod hosts;
pub mod pooled;

use crate::error::Result;
use failover::{Follower, Moved};
use hosts::{Hosts, Wanted};
use sqlx::{
    Connection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::time::Duration;

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How old a connection of the pool gets. Postgres keeps the plans of its statements, and one that was made while a table of work was
/// nearly empty reads all of it when it has grown.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(60);
/// Prepared statements kept per connection; there are fewer of ours.
const STATEMENTS_CACHED: usize = 256;

/// What is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Far {
    /// A session of our own.
    Server,
    /// A pooler, whose servers are ours for a transaction at a time.
    Pooler,
}

/// Makes a pool with the rules every connection of ours follows. The URL may name several servers with commas between them:
/// the pool uses the one that takes writes, and follows when that changes. `NoServer` if none does.
pub async fn connect(url: &str, connections_max: u32) -> Result<PgPool> {
    connect_hosts(Hosts::writing(url)?, connections_max, Far::Server).await
}

/// As [`connect`], for reading what may be a little old: a standby if one answers. Never for a decision.
pub async fn connect_replica(url: &str, connections_max: u32) -> Result<PgPool> {
    connect_hosts(Hosts::reading(url)?, connections_max, Far::Server).await
}

/// As [`connect`], to a database that is named otherwise than by a URL.
pub async fn connect_with(options: PgConnectOptions, connections_max: u32) -> Result<PgPool> {
    let far = (Wanted::Writing, Far::Server);
    let pool = pool_options(connections_max, far, Moved::default());
    Ok(pool.connect_with(dress(options)).await?)
}

async fn connect_hosts(hosts: Hosts, connections_max: u32, far: Far) -> Result<PgPool> {
    let current = hosts.find().await.map_err(pooled::or_pooler)?;
    let moved = Moved::default();
    let options = dress(hosts.servers[current].options.clone());
    if far == Far::Pooler {
        pooled::look_at(&options).await?;
    }
    let pool = pool_options(connections_max, (hosts.wanted, far), moved.clone());
    let pool = pool.connect_with(options).await?;
    if hosts.servers.len() > 1 {
        tokio::spawn(Follower { pool: pool.clone(), hosts, current, moved }.run());
    }
    Ok(pool)
}

/// What every connection of ours is made with.
fn dress(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("perdure")
        .statement_cache_capacity(STATEMENTS_CACHED)
        // The driver asks for what every server since 12 does anyway, and poolers refuse to be asked for it.
        .extra_float_digits(None)
}

fn pool_options(connections_max: u32, (wanted, far): (Wanted, Far), moved: Moved) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(CONNECTION_AGE_MAX)
        // One round trip per acquire; a dead connection shows at its first statement, and statements are retried.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // A name may lead to another server than a moment ago.
                if wanted == Wanted::Writing {
                    let standing = hosts::standing(connection).await?;
                    if !standing.is(wanted) {
                        let why = format!("the database server is {}", standing.told());
                        return Err(sqlx::Error::Configuration(why.into()));
                    }
                }
                if far == Far::Pooler {
                    // It would be set for whoever is given that server next.
                    return Ok(());
                }
                let limits = include_str!("store/sql/limit_session.sql");
                sqlx::query(limits).execute(connection).await.map(drop)
            })
        })
        .before_acquire(move |_, meta| {
            let is_current = moved.is_current(meta.age);
            Box::pin(async move { Ok(is_current) })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                // Both words: a `rollback` alone warns, in the server's log too, whenever there is nothing to roll back.
                // In an aborted transaction `begin` fails, and the connection is closed.
                sqlx::raw_sql("begin; rollback").execute(connection).await?;
                Ok(true)
            })
        })
}

/// Applies the migrations. Safe to call from several processes at once.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    // On a connection of its own: an index on a large table takes longer than any statement of the engine may.
    let mut connection = pool.acquire().await?.detach();
    sqlx::raw_sql("set statement_timeout = 0").execute(&mut connection).await?;
    migrator().run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// A later release may have been here: its schema suits this one too, so that an upgrade can be taken back process by process.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../migrations");
    migrator.set_ignore_missing(true);
    migrator
}

/// What can be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// It passes: connections, deadlocks, a server that is restarting or full.
    Retry,
    /// It is in the data, and will come again.
    Data,
}

/// What can be done about this one.
pub(crate) fn remedy(error: &sqlx::Error) -> Remedy {
    let code = error.as_database_error().and_then(|e| e.code());
    match (error, code) {
        (_, Some(code)) => remedy_of(&code),
        (sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }, _) => {
            Remedy::Data
        }
        _ => Remedy::Retry,
    }
}

fn remedy_of(sqlstate: &str) -> Remedy {
    match sqlstate.get(..2) {
        // Data exception, constraint, program limit. (53, a full disk, passes; nothing is lost by waiting.)
        Some("22" | "23" | "54") => Remedy::Data,
        _ => Remedy::Retry,
    }
}

/// Whether nothing more can be done on the connection.
pub(crate) fn is_connection_lost(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|e| e.code()) {
        // Connection exception; operator intervention (shutdown, terminated); a server that is no primary any more.
        Some(code) => matches!(code.get(..2), Some("08" | "57")) || code == "25006",
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done() {
        let cases = [
            ("22P05", Remedy::Data),
            ("23505", Remedy::Data),
            ("54000", Remedy::Data),
            ("53100", Remedy::Retry),
            ("40P01", Remedy::Retry),
            ("57P01", Remedy::Retry),
            ("08006", Remedy::Retry),
            ("25006", Remedy::Retry),
        ];
        for (sqlstate, wanted) in cases {
            assert_eq!(remedy_of(sqlstate), wanted, "{sqlstate}");
        }
        assert_eq!(remedy(&sqlx::Error::PoolTimedOut), Remedy::Retry);
    }
}
