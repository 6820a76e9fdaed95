//! Several servers in one URL, as far as one server can show it; `tests/failover.rs` has two.

use engine::Error;

fn url_with(parameters: &str) -> String {
    let url = std::env::var("DATABASE_URL").expect("these tests need DATABASE_URL");
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{parameters}")
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused_by_name() {
    let read_only = "options=-c%20default_transaction_read_only%3Don";
    let Err(Error::NoServer(why)) = engine::connect(&url_with(read_only), 2).await else {
        panic!("it was taken for a primary");
    };
    assert!(why.contains("is read-only by its settings"), "{why}");
    let pool = engine::connect(&url_with("target_session_attrs=read-write"), 2).await.unwrap();
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&pool).await.unwrap();
    assert_eq!(one, 1);
    pool.close().await;
    // For reading it is good enough.
    engine::connect_replica(&url_with(read_only), 2).await.unwrap().close().await;
}
