//! A migrated database for one test.

use sqlx::{ConnectOptions, Connection, PgPool, postgres::PgConnectOptions};
use std::str::FromStr;
use uuid::Uuid;

/// A database of its own.
pub(crate) struct Db {
    name: String,
    pub(crate) pool: PgPool,
}

fn server() -> PgConnectOptions {
    let url = std::env::var("DATABASE_URL").expect(
        "these tests need DATABASE_URL: a Postgres server on which they may make databases",
    );
    PgConnectOptions::from_str(&url).unwrap()
}

impl Db {
    pub(crate) async fn make() -> Self {
        let name = format!("perdure_wide_{}", Uuid::new_v4().simple());
        Self::on_server(format!("create database {name}")).await;
        let pool = engine::connect_with(server().database(&name), 4).await.unwrap();
        engine::migrate(&pool).await.unwrap();
        Self { name, pool }
    }

    pub(crate) async fn drop(self) {
        self.pool.close().await;
        Self::on_server(format!("drop database {} with (force)", self.name)).await;
    }

    async fn on_server(statement: String) {
        let mut connection = server().connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
