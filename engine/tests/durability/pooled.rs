//! What a pooler must do, and what one that does not is told; everything else runs behind one with `PERDURE_POOLER=transaction`.

use crate::{
    pooler::Pooler,
    support::{Db, Provider, server, settings},
};
use engine::{Clock, Engine, Error, NoAccounts, Options, Settings};
use sqlx::ConnectOptions;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_loses_statements_is_refused() {
    let db = Db::make().await;
    let pooler = Pooler::ours(&server().database(&db.name), false).await;
    // The second time what the first one left on the servers is there too.
    for _ in 0..2 {
        let Err(Error::Refused(why)) = engine::pooled::connect_with(pooler.options(), 4).await
        else {
            panic!("it was not refused");
        };
        assert!(why.contains("PgBouncer 1.21 or later"), "{why}");
    }
    drop(pooler);
    db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_nobody_told_of_is_refused() {
    let db = Db::make().await;
    let pooler = Pooler::ours(&server().database(&db.name), true).await;
    let pool = engine::pooled::connect_with(pooler.options(), 4).await.unwrap();
    let options = Options {
        pool,
        runner: Provider::of(&db).await,
        accounts: Arc::new(NoAccounts),
        clock: Clock::system(),
        settings: Settings { behind_pooler: false, ..settings() },
    };
    let Err(Error::Refused(why)) = Engine::start(options).await else {
        panic!("it was not refused");
    };
    assert!(why.contains("PERDURE_POOLER=transaction"), "{why}");
    assert_eq!(pooler.wrongs(), Vec::<String>::new());
    drop(pooler);
    db.drop().await;
}

/// More pools than servers, all at the statements of all the others. They start at once, and each looks for a second server while it
/// holds one: if it held that until it gave up looking, the last ones would never start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_carries_them_is_used_and_migrated_behind() {
    let db = Db::make().await;
    let pooler = Pooler::ours(&server().database(&db.name), true).await;
    // Two at a time, as two processes that start with `--migrate`.
    let one = engine::pooled::connect_with(pooler.options(), 2).await.unwrap();
    let other = engine::pooled::connect_with(pooler.options(), 2).await.unwrap();
    sqlx::raw_sql("drop schema public cascade; create schema public").execute(&one).await.unwrap();
    let (first, second) =
        tokio::join!(engine::pooled::migrate(&one), engine::pooled::migrate(&other));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    let mut started = tokio::task::JoinSet::new();
    for n in 0..30_i64 {
        let options = pooler.options();
        started.spawn(async move {
            let pool = engine::pooled::connect_with(options, 2).await.unwrap();
            for m in 0..10 {
                let mut transaction = pool.begin().await.unwrap();
                let sum: i64 = sqlx::query_scalar("select $1 + $2")
                    .bind(n)
                    .bind(m)
                    .fetch_one(&mut *transaction)
                    .await
                    .unwrap();
                assert_eq!(sum, n + m);
                // A mistake ends the transaction, and nothing that was prepared is lost by it.
                if m % 3 == 0 {
                    sqlx::query("select 1 / 0").execute(&mut *transaction).await.unwrap_err();
                }
                transaction.rollback().await.unwrap();
            }
        });
    }
    started.join_all().await;
    assert_eq!(pooler.wrongs(), Vec::<String>::new());
    drop(pooler);
    db.drop().await;
}

/// The tests' pooler is no use if it lets everything pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_session_is_caught() {
    let db = Db::make().await;
    let pooler = Pooler::ours(&server().database(&db.name), true).await;
    let options = pooler.options().extra_float_digits(None);
    for wrong in ["listen perdure", "select pg_advisory_lock(1)", "set statement_timeout = '1s'"] {
        let mut connection = options.connect().await.unwrap();
        sqlx::query(wrong).execute(&mut connection).await.unwrap_err();
    }
    let refused = pooler.options().connect().await.unwrap_err().to_string();
    assert!(refused.contains("extra_float_digits"), "{refused}");
    assert_eq!(pooler.wrongs().len(), 3);
    drop(pooler);
    db.drop().await;
}
