//! Many instances at once, in batches.

use crate::support::{World, one_step};
use serde_json::json;

const INSTANCES: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_instances() {
    let world = World::make().await;
    world.publish("journey", one_step(json!({ "src": "noop" }))).await;
    let mut started = tokio::task::JoinSet::new();
    for _ in 0..INSTANCES {
        let engine = world.engine.clone();
        let request = engine::StartRequest {
            tenant: world.tenant,
            definition: "journey".to_owned(),
            ..engine::StartRequest::default()
        };
        started.spawn(async move { engine.start_instance(request).await.unwrap().id });
    }
    let ids = started.join_all().await;
    for id in ids {
        world.until(id, &["completed"]).await;
    }
    let turns = world.db.count("select count(*) from history").await;
    let commits = world.db.count("select count(distinct xmin::text) from history").await;
    assert_eq!(turns, 2 * i64::try_from(INSTANCES).unwrap());
    // How many come together is the machine's business: behind a pooler, or beside other work, it is a few at a time.
    assert!(commits < turns / 2, "{turns} turns in {commits} commits");
    println!("{turns} turns in {commits} commits");
    world.end().await;
}
