//! The database a verb of the server side works on.

use crate::{failure::Failure, host};
use anyhow::Context;
use api::postgres::{self, Durability, Embedded};
use sqlx::PgPool;
use std::{env, error::Error, path::PathBuf};

/// Connections of a server's pool.
const CONNECTIONS_MAX: u32 = 20;
/// Connections to a replica.
const REPLICA_CONNECTIONS_MAX: u32 = 10;

/// `DATABASE_URL`, if it is set and says something.
pub(crate) fn url() -> Option<String> {
    env::var("DATABASE_URL").ok().filter(|url| !url.trim().is_empty())
}

/// `DATABASE_URL`, for verbs that make no database of their own.
pub(crate) fn url_needed() -> Result<String, Failure> {
    url().ok_or_else(|| {
        Failure::usage("DATABASE_URL is not set").help(
            "for example DATABASE_URL=postgres://user@localhost/perdure; `perdure dev` needs none",
        )
    })
}

/// `PERDURE_POOLER=transaction`: a pooler that gives connections away between transactions stands before the database.
pub(crate) fn is_pooled() -> Result<bool, Failure> {
    Ok(host::choice("PERDURE_POOLER", ["transaction", "none"])? == Some("transaction"))
}

/// A pool to `DATABASE_REPLICA_URL`, from which lists are read, if it is set. One that does not answer keeps no server from
/// starting: the primary has the same lists.
pub(crate) async fn replica() -> anyhow::Result<Option<PgPool>> {
    let url = env::var("DATABASE_REPLICA_URL").ok().filter(|url| !url.trim().is_empty());
    let Some(url) = url else { return Ok(None) };
    let connected = match is_pooled()? {
        true => engine::pooled::connect_replica(&url, REPLICA_CONNECTIONS_MAX).await,
        false => engine::connect_replica(&url, REPLICA_CONNECTIONS_MAX).await,
    };
    match connected {
        Ok(pool) => Ok(Some(pool)),
        Err(engine::Error::Refused(why)) => {
            Err(Failure::usage(format!("DATABASE_REPLICA_URL cannot be used: {why}")).into())
        }
        Err(error) => {
            tracing::warn!(%error, "the replica does not answer; until the next start lists come from the primary");
            Ok(None)
        }
    }
}

/// A private cluster in this folder, or a sentence with a cure.
pub(crate) async fn embedded(folder: PathBuf) -> anyhow::Result<Embedded> {
    let start = move || Embedded::start(&folder, Durability::Full);
    Ok(tokio::task::spawn_blocking(start).await?.map_err(|error| failure(&error))?)
}

/// Why there is no private cluster.
pub(crate) fn failure(error: &postgres::Error) -> Failure {
    let mut sentence = error.to_string();
    if let Some(source) = error.source() {
        sentence = format!("{sentence}: {source}");
    }
    let failure = Failure::refused(sentence);
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// A pool to this database.
pub(crate) async fn connect(url: &str) -> anyhow::Result<PgPool> {
    let connected = match is_pooled()? {
        true => engine::pooled::connect(url, CONNECTIONS_MAX).await,
        false => engine::connect(url, CONNECTIONS_MAX).await,
    };
    match connected {
        Err(engine::Error::Refused(why)) => Err(Failure::refused(why).into()),
        connected => connected.context(Failure::refused("the database cannot be reached")),
    }
}

/// Brings it to the schema of this release.
pub(crate) async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    let migrated = match is_pooled()? {
        true => engine::pooled::migrate(pool).await,
        false => engine::migrate(pool).await,
    };
    migrated.context(Failure::refused("the migrations cannot be applied"))
}
