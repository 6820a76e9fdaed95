//! A database of its own for every test, on `DATABASE_URL`'s server or, without it, on a private cluster.

use anyhow::{Context, Result};
use api::postgres::Embedded;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::{str::FromStr, sync::LazyLock};

static CLUSTER: LazyLock<Option<Embedded>> =
    LazyLock::new(|| match std::env::var("DATABASE_URL") {
        Ok(_) => None,
        Err(_) => Some(Embedded::for_tests().expect("a private Postgres for the tests")),
    });

/// Makes an empty database and gives its URL.
pub async fn fresh() -> Result<String> {
    let server = match &*CLUSTER {
        Some(cluster) => cluster.url().to_owned(),
        None => std::env::var("DATABASE_URL").context("DATABASE_URL")?,
    };
    let name = format!("journey_{}", uuid::Uuid::new_v4().simple());
    let options = PgConnectOptions::from_str(&server)?;
    let mut connection =
        PgConnection::connect_with(&options).await.context("reaching the test server")?;
    let statement = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(statement).execute(&mut connection).await?;
    connection.close().await?;
    with_database(&server, &name)
}

/// The same server, another database. The path is all that differs, whatever stands in the query.
fn with_database(url: &str, name: &str) -> Result<String> {
    let (base, query) =
        url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let host = base.find("://").context("a database URL")? + 3;
    let path = base[host..].find('/').map_or(base.len(), |slash| host + slash);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{}/{name}{query}", &base[..path]))
}
