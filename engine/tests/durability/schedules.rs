//! Schedules: a tick starts one instance, whoever fires it and whatever dies meanwhile, and policies decide the rest.

use crate::support::{Db, World};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use engine::{
    Clock, Error, NoAccounts, Schedules,
    schedules::{Backfill, Doer, ScheduleNew, Shown},
};
use serde_json::{Map, Value, json};
use std::{process::Command, sync::Arc, time::Duration};
use uuid::Uuid;
use workflows::schedule::{Missed, Outside, Overlap, Policies};

/// Whose schedules the victim of a crash has.
const TENANT: Uuid = Uuid::from_u128(1);

fn done() -> Value {
    json!({ "initial": "end", "states": { "end": { "type": "final" } } })
}

fn waits() -> Value {
    json!({ "initial": "wait", "states": {
        "wait": { "on": { "go": "end" } }, "end": { "type": "final" } } })
}

fn doer(tenant: Uuid) -> Doer {
    Doer { tenant, actor: "test".to_owned(), reason: Some("to see".to_owned()) }
}

fn new(name: &str, definition: &str, cron: &str, policies: Policies) -> ScheduleNew {
    ScheduleNew {
        name: name.to_owned(),
        definition: definition.to_owned(),
        cron: cron.to_owned(),
        time_zone: "UTC".to_owned(),
        policies,
        ..ScheduleNew::default()
    }
}

async fn put(world: &World, new: ScheduleNew) {
    world.engine.schedules().put(new, doer(world.tenant)).await.unwrap();
}

async fn shown(world: &World, name: &str) -> Shown {
    world.engine.schedules().show(world.tenant, name).await.unwrap()
}

/// Lets the next tick come, in time.
async fn come(world: &World, name: &str) -> DateTime<Utc> {
    let next = shown(world, name).await.schedule.next_fire.unwrap();
    let ahead = next - world.clock.now() + TimeDelta::milliseconds(1);
    world.clock.advance(ahead.to_std().unwrap());
    next
}

/// Ticks and what became of them, oldest first, once there are so many.
async fn outcomes(world: &World, name: &str, n: usize) -> Vec<String> {
    crate::support::eventually("ticks", async || {
        let mut ticks = shown(world, name).await.ticks;
        ticks.reverse();
        (ticks.len() >= n).then(|| ticks.into_iter().map(|t| t.outcome).collect::<Vec<_>>())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_starts_one_instance_whatever_leaders_believe() {
    let world = World::make().await;
    world.publish("report", done()).await;
    for n in 0..20 {
        let mut new = new(&format!("s{n}"), "report", "0 7 * * *", Policies::default());
        new.input = Map::from_iter([("n".to_owned(), json!(n))]);
        put(&world, new).await;
    }
    // Both see what is due before either fires: beside the leader of the engine.
    let leaders = [1, 2].map(|_| Schedules::new(world.db.pool.clone(), world.clock.clone()));
    come(&world, "s0").await;
    let seen = [leaders[0].due().await.unwrap(), leaders[1].due().await.unwrap()];
    let (a, b) = tokio::join!(leaders[0].fire(&seen[0]), leaders[1].fire(&seen[1]));
    // Two that change the same rows may be in each other's way: the loser is told so, and comes again.
    let fired = a.unwrap_or(0) + b.unwrap_or(0);
    assert!(fired <= 20, "{fired}");
    world
        .db
        .until("select count(*) from (select 1 from instance having count(*) = 20) all_of_them")
        .await;
    for leader in &leaders {
        leader.lead_once().await.unwrap();
        leader.fire(&seen[0]).await.unwrap();
    }
    assert_eq!(
        world.db.count("select count(*) from schedule_tick where outcome = 'started'").await,
        20
    );
    world.db.until("select count(*) where not exists (select from inbox)").await;
    assert_eq!(world.db.count("select count(*) from instance").await, 20);
    let told = "select count(*) from history where event #>> '{trigger,type}' = 'schedule'
        and (event #>> '{trigger,schedule}') = 's' || (event #>> '{input,n}')";
    assert_eq!(world.db.count(told).await, 20);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_ticks_go_by_their_policy() {
    let world = World::make().await;
    world.publish("report", done()).await;
    // Half an hour away from now, so that no tick comes while this is set up.
    let rule = format!("{} * * * *", (world.clock.now().minute() + 30) % 60);
    for (name, missed, missed_max) in
        [("skip", Missed::Skip, 1), ("one", Missed::One, 1), ("all", Missed::All, 3)]
    {
        let policies = Policies { missed, missed_max, ..Policies::default() };
        put(&world, new(name, "report", &rule, policies)).await;
    }
    // No leader runs for ten hours.
    world.clock.advance(Duration::from_secs(36_000));
    for (name, wanted) in [
        ("skip", &["missed"][..]),
        ("one", &["missed", "started"]),
        ("all", &["missed", "started", "started", "started"]),
    ] {
        let found = outcomes(&world, name, wanted.len()).await;
        assert!(
            found.starts_with(&wanted.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "{name}: {found:?}"
        );
        let next = shown(&world, name).await.schedule.next_tick.unwrap();
        assert!(next > world.clock.now(), "{name}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlaps_go_by_their_policy() {
    let world = World::make().await;
    world.publish("waits", waits()).await;
    let cases = [
        (Overlap::Allow, "started,started,started", 3, 0),
        (Overlap::Skip, "started,skipped,skipped", 1, 0),
        (Overlap::Queue, "started,queued,queued", 1, 0),
        (Overlap::CancelOld, "started,started,started", 1, 2),
    ];
    for (overlap, wanted, live, cancelled) in cases {
        let name = serde_json::to_value(overlap).unwrap().as_str().unwrap().to_owned();
        let policies = Policies { overlap, ..Policies::default() };
        let mut new = new(&name, "waits", "0 * * * *", policies);
        // One key: the next one could not start while the one before lives.
        new.key = (overlap == Overlap::CancelOld).then(|| "only".to_owned());
        put(&world, new).await;
        for n in 1..=3 {
            come(&world, &name).await;
            outcomes(&world, &name, n).await;
            // Those that are to start have started before the next tick comes.
            world.db.until("select count(*) where not exists (select from inbox)").await;
            if overlap == Overlap::CancelOld {
                world
                    .db
                    .until(
                        "select count(*) where not exists (select from schedule where name = 'cancel_old' and queued > 0)",
                    )
                    .await;
                world.db.until("select count(*) where not exists (select from inbox)").await;
            }
        }
        assert_eq!(outcomes(&world, &name, 3).await.join(","), wanted, "{name}");
        let count = async |status: &str| {
            let statement =
                "select count(*) from instance i join schedule_tick t on t.instance_id = i.id
                join schedule s on s.id = t.schedule_id where s.name = $1 and i.status = $2";
            sqlx::query_scalar::<_, i64>(statement)
                .bind(&name)
                .bind(status)
                .fetch_one(&world.db.pool)
                .await
                .unwrap()
        };
        assert_eq!((count("waiting").await, count("cancelled").await), (live, cancelled), "{name}");
        world.engine.schedules().pause(&name, doer(world.tenant)).await.unwrap();
    }
    // A queue goes on when what runs has ended.
    for left in [1, 0] {
        let running = shown(&world, "queue").await.schedule.last_instance.unwrap();
        world.send(running, json!({ "type": "go" })).await.unwrap();
        crate::support::eventually("the next of the queue", async || {
            let schedule = shown(&world, "queue").await.schedule;
            (schedule.queued == left && schedule.last_instance != Some(running)).then_some(())
        })
        .await;
        world.db.until("select count(*) where not exists (select from inbox)").await;
    }
    assert_eq!(outcomes(&world, "queue", 3).await.join(","), "started,started,started");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_makes_changes_and_removes() {
    let world = World::make().await;
    let schedules = world.engine.schedules();
    let publish = async |triggers: Value| {
        let file =
            json!({ "perdure": 1, "name": "daily", "triggers": triggers, "machine": done() });
        let bytes = file.to_string().into_bytes();
        world.engine.upload(world.tenant, bytes, None, true).await.unwrap();
        let page = schedules.list(world.tenant, Some("daily".to_owned()), None, 50).await.unwrap();
        page.items
    };
    let trigger = |name: &str, cron: &str| json!({ "on": "schedule", "name": name, "cron": cron });
    let made =
        publish(json!([trigger("a", "0 7 * * *"), { "on": "schedule", "cron": "@hourly" }])).await;
    let names: Vec<&str> = made.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["daily.2", "daily.a"]);
    schedules.pause("daily.a", doer(world.tenant)).await.unwrap();
    let hand = new("daily.a", "daily", "@daily", Policies::default());
    assert!(matches!(schedules.put(hand, doer(world.tenant)).await, Err(Error::Refused(_))));
    let gone = schedules.remove("daily.a", doer(world.tenant)).await;
    assert!(matches!(gone, Err(Error::Conflict(_))), "{gone:?}");

    // The same triggers: nothing changes. Another rule: the same schedule, still paused.
    let same =
        publish(json!([trigger("a", "0 7 * * *"), { "on": "schedule", "cron": "@hourly" }])).await;
    assert_eq!(same[0], made[0]);
    let changed = publish(json!([trigger("a", "0 8 * * *")])).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(
        (changed[0].id, changed[0].paused, changed[0].cron.as_str()),
        (made[1].id, true, "0 8 * * *")
    );
    assert_eq!(changed[0].next_fire, None);
    let resumed = schedules.resume("daily.a", doer(world.tenant)).await.unwrap();
    assert_eq!(resumed.next_fire.unwrap().format("%H:%M").to_string(), "08:00");
    assert_eq!(publish(json!([])).await, []);
    assert_eq!(world.db.count("select count(*) from schedule").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_rule_depends_on_moves_its_next_tick() {
    let world = World::make().await;
    let schedules = world.engine.schedules();
    sqlx::query(
        "insert into tenant (tenant_id, name, time_zone) values ($1, 't', 'Africa/Nairobi')",
    )
    .bind(world.tenant)
    .execute(&world.db.pool)
    .await
    .unwrap();
    world.publish("report", done()).await;
    let mut daily = new("daily", "report", "0 7 * * *", Policies::default());
    daily.time_zone = "tenant".to_owned();
    put(&world, daily.clone()).await;
    let hour = async || {
        shown(&world, "daily").await.schedule.next_fire.map(|at| at.format("%H:%M").to_string())
    };
    assert_eq!(hour().await.as_deref(), Some("04:00"));
    // The tenant moves.
    sqlx::query("update tenant set time_zone = 'Asia/Kolkata'")
        .execute(&world.db.pool)
        .await
        .unwrap();
    schedules.lead_once().await.unwrap();
    assert_eq!(hour().await.as_deref(), Some("01:30"));
    // Another release of the tz database had computed it.
    let old = "update schedule set tz_version = '1999a', next_fire = next_fire + interval '1 hour',
        next_tick = next_tick + interval '1 hour'";
    sqlx::query(old).execute(&world.db.pool).await.unwrap();
    schedules.lead_once().await.unwrap();
    assert_eq!(hour().await.as_deref(), Some("01:30"));
    // A calendar.
    daily.calendar = Some("shop".to_owned());
    daily.policies.outside = Outside::NextOpen;
    let without = schedules.put(daily.clone(), doer(world.tenant)).await;
    assert!(matches!(without, Err(Error::Refused(_))), "{without:?}");
    let week = |from: &str| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let hours = days.iter().map(|day| ((*day).to_owned(), json!([[from, "18:00"]])));
        hours.collect::<Map<_, _>>()
    };
    for (from, wanted) in [("09:00", "03:30"), ("10:00", "04:30")] {
        schedules.put_calendar("shop", week(from), doer(world.tenant)).await.unwrap();
        if from == "09:00" {
            put(&world, daily.clone()).await;
        }
        schedules.lead_once().await.unwrap();
        assert_eq!(hour().await.as_deref(), Some(wanted));
    }
    schedules.remove_calendar("shop", doer(world.tenant)).await.unwrap();
    schedules.lead_once().await.unwrap();
    let broken = shown(&world, "daily").await.schedule;
    assert_eq!(
        (broken.next_fire, broken.problem.as_deref()),
        (None, Some("there is no calendar `shop`"))
    );
    schedules.put_calendar("shop", week("11:00"), doer(world.tenant)).await.unwrap();
    schedules.lead_once().await.unwrap();
    assert_eq!(hour().await.as_deref(), Some("05:30"));
    let audited = "select count(*) from audit where actor = 'test' and reason = 'to see'";
    assert_eq!(world.db.count(audited).await, 6);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand() {
    let world = World::make().await;
    let schedules = world.engine.schedules();
    world.publish("report", done()).await;
    put(&world, new("daily", "report", "0 7 * * *", Policies::default())).await;
    let until = world.clock.now();
    let wanted = |dry_run, limit| Backfill {
        from: until - TimeDelta::days(5),
        until,
        limit,
        dry_run,
        overlap: Overlap::Allow,
    };
    // (dry run, limit) => outcomes, whether there is more
    for (dry_run, limit, outcomes, has_more) in [
        (true, 100, "would_start,would_start,would_start,would_start,would_start", false),
        (false, 2, "started,started", true),
        (false, 2, "before,before", true),
        (false, 100, "before,before,started,started,started", false),
        (true, 100, "before,before,before,before,before", false),
    ] {
        let did =
            schedules.backfill("daily", wanted(dry_run, limit), doer(world.tenant)).await.unwrap();
        let found: Vec<_> = did.items.iter().map(|item| item.outcome).collect();
        assert_eq!((found.join(",").as_str(), did.next.is_some()), (outcomes, has_more));
    }
    schedules.pause("daily", doer(world.tenant)).await.unwrap();
    let fired = schedules.fire_now("daily", doer(world.tenant)).await.unwrap();
    assert_eq!(fired.outcome, "started");
    world.until(fired.instance, &["completed"]).await;
    world
        .db
        .until("select count(*) from (select 1 from instance having count(*) = 6) all_of_them")
        .await;
    let rests = shown(&world, "daily").await;
    assert_eq!((rests.schedule.next_fire, rests.upcoming.len(), rests.ticks.len()), (None, 5, 6));
    schedules.remove("daily", doer(world.tenant)).await.unwrap();
    assert!(matches!(schedules.show(world.tenant, "daily").await, Err(Error::NotFound(_))));
    let stranger = doer(Uuid::now_v7());
    put(&world, new("daily", "report", "0 7 * * *", Policies::default())).await;
    let none = schedules.pause("daily", stranger).await;
    assert!(matches!(none, Err(Error::NotFound(_))), "{none:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_computed_is_refused() {
    let world = World::make().await;
    world.publish("report", done()).await;
    let fine = || new("daily", "report", "0 7 * * *", Policies::default());
    let cases: [(&str, ScheduleNew); 7] = [
        ("has 1", ScheduleNew { cron: "never".to_owned(), ..fine() }),
        ("no time zone", ScheduleNew { time_zone: "Mars/Base".to_owned(), ..fine() }),
        ("no calendar", ScheduleNew { calendar: Some("shop".to_owned()), ..fine() }),
        ("name of a schedule", ScheduleNew { name: "a.b".to_owned(), ..fine() }),
        ("key is empty", ScheduleNew { key: Some(String::new()), ..fine() }),
        ("published definition", ScheduleNew { definition: "nothing".to_owned(), ..fine() }),
        ("jitter_ms", ScheduleNew { jitter_ms: -1, ..fine() }),
    ];
    for (part, new) in cases {
        let error = world.engine.schedules().put(new, doer(world.tenant)).await.unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    world.end().await;
}

/// The process that is killed: this very test binary, told so by its environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedule_victim() {
    let Ok(name) = std::env::var("PERDURE_TEST_SCHEDULE_VICTIM_OF") else { return };
    let db = Db::open(&name).await;
    let leader = Schedules::new(db.pool.clone(), Clock::shifted(Duration::from_secs(7_200)));
    leader.lead_once().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loses_no_tick_and_doubles_none() {
    if !cfg!(debug_assertions) {
        return;
    }
    for point in engine::fault::POINTS_ASIDE {
        let world = World::start(Db::make().await, TENANT, Arc::new(NoAccounts)).await;
        world.publish("report", done()).await;
        put(&world, new("hourly", "report", "0 * * * *", Policies::default())).await;
        world.engine.shutdown().await;
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "schedules::schedule_victim", "--nocapture"]);
        victim.env("PERDURE_TEST_SCHEDULE_VICTIM_OF", &world.db.name);
        victim.env("PERDURE_CRASH_AT", format!("{point}:1"));
        let output = victim.output().unwrap();
        assert!(!output.status.success(), "{point} was not visited");
        let World { db, .. } = world;
        let world = World::start(db, TENANT, Arc::new(NoAccounts)).await;
        world.clock.advance(Duration::from_secs(7_200));
        world.db.until("select count(*) from instance").await;
        world.engine.schedules().lead_once().await.unwrap();
        world.db.until("select count(*) where not exists (select from inbox)").await;
        let (started, instances) = (
            world.db.count("select count(*) from schedule_tick where outcome = 'started'").await,
            world.db.count("select count(*) from instance").await,
        );
        assert_eq!(started, instances, "killed at {point}");
        world.end().await;
    }
}
