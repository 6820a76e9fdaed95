//! Data that lasts: months, retention, checkpoints, archives; also when the process dies in between.

use crate::support::{Db, World, publish, start_engine};
use engine::{
    Clock, Engine, Keeping, NoAccounts,
    archive::{list, read, restore},
    everlasting::{expire, months, retire},
    fault,
    ops::{explain, history, replay},
};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const TENANT: Uuid = Uuid::from_u128(1);

/// Counts `add`, ends with `end`; kept for 30 days.
fn counter() -> Value {
    let add =
        json!([{ "type": "@xstate.assign", "context": { "n": { "@expr": "context.n + 1" } } }]);
    json!({
        "perdure": 1,
        "name": "counter",
        "policies": { "retention": "30d" },
        "machine": {
            "@exprLang": "cel",
            "context": { "n": 0 },
            "initial": "counting",
            "states": {
                "counting": { "on": { "add": { "actions": add }, "end": "over" } },
                "over": { "type": "final" }
            }
        }
    })
}

/// Lets no engine keep house by itself: these tests move time, and do it by hand, with a folder.
async fn silence(db: &Db) {
    let never = "insert into chore (name, due_at)
         select unnest(array['months', 'expired', 'retention']), 'infinity' on conflict do nothing";
    sqlx::raw_sql(never).execute(&db.pool).await.unwrap();
}

async fn quiet_world() -> World {
    let db = Db::make().await;
    silence(&db).await;
    World::start(db, Uuid::now_v7(), Arc::new(NoAccounts)).await
}

/// A folder of its own, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Self {
        let path = std::env::temp_dir().join(format!("perdure-archive-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn keeping(&self) -> Keeping {
        Keeping { retention: None, archive_dir: Some(self.0.clone()) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn add(world: &World, id: Uuid) {
    world.send(id, json!({ "type": "add" })).await.unwrap();
}

async fn replayed(world: &World, id: Uuid) -> replay::Replayed {
    replay::instance(&world.engine, world.tenant, id, None).await.unwrap()
}

fn wish(tenant: Uuid, instance: Uuid) -> restore::Wish {
    restore::Wish { tenant, instance, actor: "test".to_owned(), reason: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_of_years_is_replayed_and_what_is_over_leaves_and_comes_back() {
    let (world, folder) = (quiet_world().await, Folder::make());
    let keeping = folder.keeping();
    let pool = &world.db.pool;
    publish(&world.engine, world.tenant, "counter", counter()).await;
    let long = world.begin("counter", json!({})).await.unwrap().id;
    let over = world.begin("counter", json!({})).await.unwrap().id;
    for _ in 0..3 {
        add(&world, long).await;
    }
    add(&world, over).await;
    world.send(over, json!({ "type": "end" })).await.unwrap();
    assert_eq!(retire::retire(pool, &keeping, world.clock.now()).await.unwrap().archived, 0);

    // Longer than the months made ahead: turns land in the default partition, and are moved.
    world.clock.advance(200 * DAY);
    add(&world, long).await;
    let young = world.begin("counter", json!({})).await.unwrap().id;
    world.send(young, json!({ "type": "end" })).await.unwrap();
    assert_eq!(world.db.count("select count(*) from history_default").await, 3);
    months::ensure(pool, world.clock.now()).await.unwrap();
    months::ensure(pool, world.clock.now()).await.unwrap();
    assert_eq!(world.db.count("select count(*) from history_default").await, 0);
    assert_eq!(replayed(&world, long).await.divergence, None);

    // Nobody said that anything may be dropped while what is over is there.
    assert_eq!(expire::expire(pool, &keeping, world.clock.now()).await.unwrap(), 4 - 1);
    let retired = retire::retire(pool, &keeping, world.clock.now()).await.unwrap();
    assert_eq!((retired.archived, retired.deleted), (1, 1));
    assert!(world.engine.instance(world.tenant, over).await.is_err());
    assert!(world.engine.instance(world.tenant, young).await.is_ok());
    let error = engine::Error::NotFound(String::new());
    let error = history::gone(pool, world.tenant, over, error).await.to_string();
    assert!(error.contains("perdure archive restore"), "{error}");

    // Its month goes; the one that lives on is replayed from its checkpoint.
    assert_eq!(expire::expire(pool, &keeping, world.clock.now()).await.unwrap(), 1);
    let found = replayed(&world, long).await;
    assert_eq!((found.divergence, found.turns), (None, 0));
    let from = found.from.unwrap();
    assert_eq!((from.seq, from.is_verified), (5, true));
    add(&world, long).await;
    let found = replayed(&world, long).await;
    let context = &*found.state.context;
    assert_eq!((found.divergence, found.turns, context), (None, 1, &json!({ "n": 5 })));
    let explained = explain::instance(&world.engine, world.tenant, long).await.unwrap();
    assert_eq!(explained.history_from.map(|from| from.seq), Some(5));

    // The files are what their manifests say, and bring both back.
    let files = list::archives(pool, world.tenant, None, 10).await.unwrap().items;
    assert_eq!(files.len(), 2);
    for file in &files {
        let manifest = read::manifest(&folder.0.join(&file.file)).unwrap();
        read::verify(&folder.0, &manifest).unwrap();
    }
    for (id, turns, instance) in [(over, 3, true), (long, 4, false)] {
        let now = world.clock.now();
        let restored =
            restore::instance(pool, &folder.0, wish(world.tenant, id), now).await.unwrap();
        assert_eq!((restored.turns, restored.instance), (turns, instance), "{restored:?}");
        let again = restore::instance(pool, &folder.0, wish(world.tenant, id), now).await.unwrap();
        assert_eq!((again.turns, again.instance), (0, false));
        let found = replayed(&world, id).await;
        assert_eq!((found.divergence, found.from), (None, None));
        assert_eq!(found.state, world.engine.instance(world.tenant, id).await.unwrap().state);
    }
    assert_eq!(world.db.count("select count(*) from history_default").await, 0);

    // What came back stays a while, and is not written a second time.
    let now = world.clock.now();
    assert_eq!(retire::retire(pool, &keeping, now).await.unwrap().deleted, 0);
    assert_eq!(expire::expire(pool, &keeping, now).await.unwrap(), 0);
    world.clock.advance(8 * DAY);
    let retired = retire::retire(pool, &keeping, world.clock.now()).await.unwrap();
    assert_eq!((retired.archived, retired.deleted), (0, 1));
    assert_eq!(expire::expire(pool, &keeping, world.clock.now()).await.unwrap(), 1);
    assert_eq!(list::archives(pool, world.tenant, None, 10).await.unwrap().items.len(), 2);
    assert_eq!(replayed(&world, long).await.divergence, None);
    world.engine.shutdown().await;
    world.db.drop().await;
}

/// What an instance stands with is changed by hand: no checkpoint is made of it, and its month stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_its_turn_did_not_leave_makes_no_checkpoint() {
    let world = quiet_world().await;
    let pool = &world.db.pool;
    publish(&world.engine, world.tenant, "counter", counter()).await;
    world.begin("counter", json!({})).await.unwrap();
    let forge = "update instance set context = '{\"n\": 7}'";
    sqlx::raw_sql(forge).execute(pool).await.unwrap();
    world.clock.advance(200 * DAY);
    let now = world.clock.now();
    let months = "select count(*) from pg_inherits where inhparent = 'history'::regclass";
    let before = world.db.count(months).await;
    let dropped = expire::expire(pool, &Keeping::default(), now).await.unwrap();
    assert_eq!(world.db.count("select count(*) from checkpoint").await, 0);
    assert_eq!(world.db.count("select count(*) from history").await, 1);
    assert_eq!(world.db.count(months).await, before - i64::try_from(dropped).unwrap());
    world.engine.shutdown().await;
    world.db.drop().await;
}

/// The server says how long what no definition speaks of is kept; without a folder it is deleted and gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_folder_what_is_over_is_deleted_and_by_the_servers_word() {
    let world = quiet_world().await;
    let pool = &world.db.pool;
    let mut definition = counter();
    definition["policies"] = json!({});
    publish(&world.engine, world.tenant, "counter", definition).await;
    let over = world.begin("counter", json!({})).await.unwrap().id;
    world.send(over, json!({ "type": "end" })).await.unwrap();
    world.begin("counter", json!({})).await.unwrap();
    world.clock.advance(40 * DAY);
    let now = world.clock.now();
    for (days, deleted) in [(None, 0), (Some(50), 0), (Some(30), 1), (Some(30), 0)] {
        let retention = days.map(|days| days * DAY);
        let keeping = Keeping { retention, archive_dir: None };
        let retired = retire::retire(pool, &keeping, now).await.unwrap();
        assert_eq!((retired.deleted, retired.archived), (deleted, 0), "{days:?}");
    }
    assert_eq!(world.db.count("select count(*) from instance").await, 1);
    assert_eq!(world.db.count("select count(*) from history").await, 1);
    world.engine.shutdown().await;
    world.db.drop().await;
}

/// Two instances, one over, moved 200 days; then everything that keeps house.
async fn journey(db: &Db, folder: &std::path::Path) -> (Engine, Clock) {
    silence(db).await;
    let clock = Clock::system();
    let engine = start_engine(db, &clock, Arc::new(NoAccounts)).await.unwrap();
    publish(&engine, TENANT, "counter", counter()).await;
    for (n, ends) in [(7_u128, false), (8, true)] {
        let id = Uuid::from_u128(n);
        let request = engine::StartRequest {
            tenant: TENANT,
            definition: "counter".to_owned(),
            id: Some(id),
            ..engine::StartRequest::default()
        };
        // The second process finds it there, or in an archive.
        let is_there = !list::parts(&db.pool, TENANT, id).await.unwrap().is_empty();
        if is_there || engine.start_instance(request).await.is_err() || !ends {
            continue;
        }
        let Value::Object(body) = json!({ "type": "end" }) else { panic!() };
        engine.send_event(crate::support::event(TENANT, id, body)).await.unwrap();
    }
    clock.advance(200 * DAY);
    let keeping = Keeping { retention: None, archive_dir: Some(folder.to_owned()) };
    months::ensure(&db.pool, clock.now()).await.unwrap();
    retire::retire(&db.pool, &keeping, clock.now()).await.unwrap();
    expire::expire(&db.pool, &keeping, clock.now()).await.unwrap();
    (engine, clock)
}

/// The process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chore_victim() {
    let Ok(name) = std::env::var("PERDURE_TEST_CHORES_OF") else { return };
    let folder = std::env::var("PERDURE_TEST_FOLDER").unwrap();
    journey(&Db::open(&name).await, std::path::Path::new(&folder)).await.0.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_anywhere_loses_nothing() {
    if !cfg!(debug_assertions) {
        return;
    }
    for point in fault::CHORE_POINTS.iter().filter(|point| !point.starts_with("purge.")) {
        let (db, folder) = (Db::make().await, Folder::make());
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "everlasting::chore_victim", "--nocapture"]);
        victim.env("PERDURE_TEST_CHORES_OF", &db.name);
        victim.env("PERDURE_TEST_FOLDER", &folder.0);
        victim.env("PERDURE_CRASH_AT", format!("{point}:1"));
        assert!(!victim.output().unwrap().status.success(), "{point} was not visited");

        let (engine, clock) = journey(&db, &folder.0).await;
        assert!(engine.instance(TENANT, Uuid::from_u128(8)).await.is_err(), "{point}");
        let left = "select count(*) from pg_class where relname like 'history\\_dropped%'";
        assert_eq!(db.count(left).await, 0, "{point}");
        for (n, turns) in [(7, 1), (8, 2)] {
            let id = Uuid::from_u128(n);
            restore::instance(&db.pool, &folder.0, wish(TENANT, id), clock.now()).await.unwrap();
            let found = replay::instance(&engine, TENANT, id, None).await.unwrap();
            assert_eq!((found.divergence, found.turns, found.from), (None, turns, None), "{point}");
        }
        engine.shutdown().await;
        db.drop().await;
    }
}

/// Many processes keep house at once; every chore is done by one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_do_no_harm() {
    let (world, folder) = (quiet_world().await, Folder::make());
    publish(&world.engine, world.tenant, "counter", counter()).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        let id = world.begin("counter", json!({})).await.unwrap().id;
        world.send(id, json!({ "type": "end" })).await.unwrap();
        ids.push(id);
    }
    world.clock.advance(200 * DAY);
    let mut rounds = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (pool, keeping, now) = (world.db.pool.clone(), folder.keeping(), world.clock.now());
        rounds.spawn(async move {
            months::ensure(&pool, now).await.unwrap();
            let retired = retire::retire(&pool, &keeping, now).await.unwrap();
            // A month that another is at just now is left to it.
            let _ = expire::expire(&pool, &keeping, now).await;
            retired.deleted
        });
    }
    let deleted: usize = rounds.join_all().await.into_iter().sum();
    assert_eq!(deleted, 30);
    let now = world.clock.now();
    for id in ids {
        let wish = wish(world.tenant, id);
        restore::instance(&world.db.pool, &folder.0, wish, now).await.unwrap();
        assert_eq!(replayed(&world, id).await.divergence, None);
    }
    world.engine.shutdown().await;
    world.db.drop().await;
}
