//! Waits that follow: a calendar, the zone of the tenant or the tz database changes, and timers that were computed from it move.

use crate::support::{Db, World};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use engine::{Clock, NoAccounts, Schedules, schedules::Doer};
use serde_json::{Map, Value, json};
use std::{process::Command, sync::Arc};
use uuid::Uuid;

/// Whose calendars the victim of a crash follows.
const TENANT: Uuid = Uuid::from_u128(1);
/// Instances that wait while it is killed.
const WAITING: i64 = 20;

/// Waits for the opening, after a `go` if told so, and for ever beside it.
fn waits() -> Value {
    let opening = json!({ "@expr": "next_open(tenant.calendars.shop)" });
    json!({
        "@exprLang": "cel", "initial": "begin", "delays": { "opening": opening },
        "states": {
            "begin": { "always": [{ "guard": { "@expr": "!input.later" }, "target": "wait" }], "on": { "go": "wait" } },
            "wait": { "after": { "opening": "open", "P1000D": "open" } },
            "open": { "type": "final" }
        }
    })
}

/// The hour that a test began in.
fn this_hour(clock: &Clock) -> DateTime<Utc> {
    let now = clock.now();
    let hour = now.with_minute(0).and_then(|at| at.with_second(0));
    hour.and_then(|at| at.with_nanosecond(0)).unwrap()
}

/// Open every day for half an hour from a moment on.
fn shop(from: DateTime<Utc>) -> Map<String, Value> {
    let hour = from.hour();
    let day = json!([[format!("{hour:02}:00"), format!("{hour:02}:30")]]);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    days.map(|name| (name.to_owned(), day.clone())).into_iter().collect()
}

async fn open_from(world: &World, tenant: Uuid, from: DateTime<Utc>) {
    let doer = Doer { tenant, actor: "test".to_owned(), reason: None };
    let schedules = world.engine.schedules();
    schedules.put_calendar("shop", shop(from), doer).await.unwrap();
}

/// When the wait of an instance that follows is over, once that is `wanted`.
async fn is_due(world: &World, instance: Uuid, wanted: DateTime<Utc>) {
    crate::support::eventually(&format!("{instance} due at {wanted}"), async || {
        let statement = "select fire_at from timer where instance_id = $1 and basis is not null";
        let due: Option<DateTime<Utc>> = sqlx::query_scalar(statement)
            .bind(instance)
            .fetch_optional(&world.db.pool)
            .await
            .unwrap();
        (due == Some(wanted)).then_some(())
    })
    .await;
}

async fn begin(world: &World, is_later: bool) -> Uuid {
    world.begin("waits", json!({ "later": is_later })).await.unwrap().id
}

/// Turns in which waits were computed again.
const TOLD: &str = "select count(*) from history where event ->> 'type' = 'ops.reschedule'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_follows_its_calendar() {
    let mut world = World::make().await;
    let (begun, hours) = (this_hour(&world.clock), TimeDelta::hours);
    let hour = |after| begun + hours(after);
    let mine = world.tenant;
    world.publish("waits", waits()).await;
    open_from(&world, mine, hour(3)).await;
    let waiting = begin(&world, false).await;
    let later = begin(&world, true).await;
    let suspended = begin(&world, false).await;
    world.send(suspended, json!({ "type": "ops.suspend" })).await.unwrap();
    // Another tenant with the same calendar.
    world.tenant = Uuid::now_v7();
    world.publish("waits", waits()).await;
    open_from(&world, world.tenant, hour(3)).await;
    let stranger = begin(&world, false).await;
    world.tenant = mine;
    for instance in [waiting, suspended, stranger] {
        is_due(&world, instance, hour(3)).await;
    }

    open_from(&world, mine, hour(5)).await;
    for instance in [waiting, suspended] {
        is_due(&world, instance, hour(5)).await;
    }
    // It knows the calendar as it was before, and its wait follows all the same.
    world.send(later, json!({ "type": "go" })).await.unwrap();
    is_due(&world, later, hour(3)).await;
    world.engine.schedules().lead_once().await.unwrap();
    is_due(&world, later, hour(5)).await;
    is_due(&world, stranger, hour(3)).await;
    world.engine.schedules().lead_once().await.unwrap();
    assert_eq!(world.db.count(TOLD).await, 3);

    // Earlier, and nobody is told of what does not concern them.
    open_from(&world, mine, hour(2)).await;
    is_due(&world, waiting, hour(2)).await;
    is_due(&world, suspended, hour(2)).await;
    is_due(&world, later, hour(2)).await;
    assert_eq!(world.db.count(TOLD).await, 6);
    let opens = hour(2);
    world.clock.advance((opens - world.clock.now()).to_std().unwrap());
    for instance in [waiting, later] {
        let view = world.until(instance, &["completed"]).await;
        assert!(view.updated_at >= opens, "{view:?}");
    }
    assert_eq!(world.until(suspended, &["suspended"]).await.state.configuration, ["wait"]);
    world.send(suspended, json!({ "type": "ops.resume" })).await.unwrap();
    world.until(suspended, &["completed"]).await;
    let untouched = world.engine.instance(world.tenant, stranger).await;
    assert!(untouched.is_err(), "it is another tenant's");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_follows_zone_and_tz_database() {
    let world = World::make().await;
    let (begun, hours) = (this_hour(&world.clock), TimeDelta::hours);
    let hour = |after| begun + hours(after);
    let insert = "insert into tenant (tenant_id, name) values ($1, 't')";
    sqlx::query(insert).bind(world.tenant).execute(&world.db.pool).await.unwrap();
    world.publish("waits", waits()).await;
    open_from(&world, world.tenant, hour(3)).await;
    let waiting = begin(&world, false).await;
    is_due(&world, waiting, hour(3)).await;
    // Whoever moves the tenant, in whatever way.
    let moved = "update tenant set time_zone = '-02:00'";
    sqlx::query(moved).execute(&world.db.pool).await.unwrap();
    world.engine.schedules().lead_once().await.unwrap();
    is_due(&world, waiting, hour(5)).await;
    // An older release had computed it, and this one computes the same.
    let before = "update timer set basis = 1 where basis is not null";
    sqlx::query(before).execute(&world.db.pool).await.unwrap();
    world.engine.schedules().lead_once().await.unwrap();
    world.db.until("select count(*) from timer where basis > 1").await;
    // Marked and told in one commit, but the turn comes after it.
    world
        .db
        .until("select count(*) from (select) as one where not exists (select from inbox)")
        .await;
    is_due(&world, waiting, hour(5)).await;
    // A newer one has computed it: this one does not touch it.
    sqlx::query("update timer set basis = 9223372036854775807 where basis is not null")
        .execute(&world.db.pool)
        .await
        .unwrap();
    world.engine.schedules().lead_once().await.unwrap();
    assert_eq!(world.db.count("select count(*) from inbox").await, 0);
    assert_eq!(world.db.count(TOLD).await, 2);
    world.end().await;
}

/// The process that is killed: this very test binary, told so by its environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn follow_victim() {
    let Ok(name) = std::env::var("PERDURE_TEST_FOLLOW_VICTIM_OF") else { return };
    let db = Db::open(&name).await;
    Schedules::new(db.pool.clone(), Clock::system()).lead_once().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_change_loses_no_wait() {
    if !cfg!(debug_assertions) {
        return;
    }
    for point in engine::fault::FOLLOW_POINTS {
        let world = World::start(Db::make().await, TENANT, Arc::new(NoAccounts)).await;
        let (begun, hours) = (this_hour(&world.clock), TimeDelta::hours);
        let hour = |after| begun + hours(after);
        world.publish("waits", waits()).await;
        open_from(&world, TENANT, hour(3)).await;
        for _ in 0..WAITING {
            begin(&world, false).await;
        }
        world.engine.shutdown().await;
        // Nobody runs who would tell them.
        open_from(&world, TENANT, hour(5)).await;
        assert_eq!(world.db.count(TOLD).await, 0);
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "follow::follow_victim", "--nocapture"]);
        victim.env("PERDURE_TEST_FOLLOW_VICTIM_OF", &world.db.name);
        victim.env("PERDURE_CRASH_AT", format!("{point}:1"));
        let output = victim.output().unwrap();
        assert!(!output.status.success(), "{point} was not visited");
        let World { db, .. } = world;
        let world = World::start(db, TENANT, Arc::new(NoAccounts)).await;
        let moved = hour(5);
        crate::support::eventually("all of them", async || {
            let statement = "select count(*) from timer where basis is not null and fire_at = $1";
            let count = sqlx::query_scalar(statement).bind(moved);
            let count: i64 = count.fetch_one(&world.db.pool).await.unwrap();
            (count == WAITING).then_some(())
        })
        .await;
        world.engine.schedules().lead_once().await.unwrap();
        world.db.until("select count(*) where not exists (select from inbox)").await;
        assert_eq!(world.db.count(TOLD).await, WAITING, "killed at {point}");
        world.end().await;
    }
}
