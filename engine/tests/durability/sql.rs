//! Every statement, described by the server against the migrated schema: a change of schema or SQL shows as a diff.

use crate::support::{Db, server};
use sqlx::{Column, ConnectOptions, Executor, SqlSafeStr, Statement, TypeInfo};
use std::fmt::Write;

#[tokio::test]
async fn statements_fit_the_schema() {
    let db = Db::make().await;
    // Past a pooler of the tests, which refuses those that need a session.
    let mut connection = server().database(&db.name).connect().await.unwrap();
    let mut text = String::new();
    for (name, sql) in engine::store::statements() {
        let prepared =
            match (&mut connection).prepare(sqlx::AssertSqlSafe(*sql).into_sql_str()).await {
                Ok(prepared) => prepared,
                Err(error) => {
                    writeln!(text, "{name}: {error}").unwrap();
                    continue;
                }
            };
        let parameters = match prepared.parameters() {
            Some(sqlx::Either::Left(types)) => {
                types.iter().map(|t| t.name().to_owned()).collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        let columns: Vec<String> = prepared
            .columns()
            .iter()
            .map(|c| format!("{}: {}", c.name(), c.type_info().name()))
            .collect();
        writeln!(text, "{name} ({parameters})\n  -> {}", columns.join(", ")).unwrap();
    }
    expect_test::expect_file!["statements.txt"].assert_eq(&text);
    db.drop().await;
}
