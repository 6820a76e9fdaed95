//! Rates, health and places, as several processes share them: each process here is a gate of its own on one database.

use crate::support::{Db, World, one_step, start_engine};
use chrono::{DateTime, Utc};
use engine::{Accounts, AccountsStore, Channels, Clock, ConnectionNew, Keyring, Refusal, Wanted};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;
use workflows::{
    pacing::{Pace, Rate},
    step::{Outcome, Secret},
};

/// A database with two processes' accounts, and one connection.
struct Two {
    db: Db,
    clock: Clock,
    tenant: Uuid,
    channels: Channels,
    accounts: [AccountsStore; 2],
}

impl Two {
    async fn make(settings: Value) -> Self {
        let db = Db::make().await;
        let (clock, tenant) = (Clock::system(), Uuid::now_v7());
        let channels = Channels::new(db.pool.clone(), Keyring::generate().unwrap());
        let two = Self {
            accounts: [0, 1].map(|_| AccountsStore::new(channels.clone(), clock.clone())),
            db,
            clock,
            tenant,
            channels,
        };
        two.put("shop", settings).await;
        two
    }

    async fn put(&self, name: &str, settings: Value) {
        let new = ConnectionNew {
            tenant: self.tenant,
            name: name.to_owned(),
            provider: "http".to_owned(),
            base_url: "https://example.test".to_owned(),
            settings,
            token: Some(Secret::new("x")),
        };
        self.channels.upsert_connection(new).await.unwrap();
    }

    fn wanted(&self, connection: &str, step: usize) -> Wanted {
        Wanted {
            tenant: self.tenant,
            instance: Uuid::nil(),
            kind: "http.request".to_owned(),
            provider: None,
            name: Some(connection.to_owned()),
            conversation: None,
            key: format!("step {step}"),
            input: json!({ "connection": connection }),
            paces: Vec::new(),
            timeout: Duration::from_secs(10),
            is_check: false,
        }
    }

    /// `in`, or the code of the refusal with its wait.
    async fn ask(&self, process: usize, wanted: &Wanted) -> (String, Duration) {
        match self.accounts[process].resolve(wanted.clone()).await {
            Ok(_) => ("in".to_owned(), Duration::ZERO),
            Err(Refusal::Later { after, code, .. }) => (code, after),
            Err(Refusal::Never { code, message }) => panic!("{code}: {message}"),
        }
    }

    async fn word(&self, process: usize, connection: &str, step: usize) -> String {
        self.ask(process, &self.wanted(connection, step)).await.0
    }

    async fn end(&self, process: usize, connection: &str, step: usize, outcome: &Outcome) {
        self.accounts[process].ended(&self.wanted(connection, step).key, outcome).await;
    }

    /// Asks until it is answered so: what another process knows is looked up once a second.
    async fn until(&self, process: usize, connection: &str, wanted: &str) {
        for n in 0..200 {
            let step = 1_000_000 + n;
            let word = self.word(process, connection, step).await;
            if word == wanted {
                return;
            }
            if word == "in" {
                self.end(
                    process,
                    connection,
                    step,
                    &Outcome::Failed { code: "404".to_owned(), message: String::new() },
                )
                .await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{connection} is never {wanted}");
    }

    async fn drop(self) {
        self.db.drop().await;
    }
}

fn done() -> Outcome {
    Outcome::Done { port: "default", output: Value::Null }
}

fn failure() -> Outcome {
    Outcome::Retry { after: None, code: "http-502".to_owned(), message: "bad gateway".to_owned() }
}

fn refused() -> Outcome {
    Outcome::Failed { code: "auth".to_owned(), message: "401: bad token".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_keep_one_rate() {
    let (per_second, burst) = (40_usize, 20_usize);
    let two = Two::make(json!({"limits": {"per_second": per_second, "burst": burst}})).await;
    let began: DateTime<Utc> = two.clock.now();
    let mut times = Vec::new();
    let before = two.db.count("select coalesce(sum(n_tup_upd + n_tup_ins), 0)::bigint from pg_stat_user_tables where relname = 'pacing'").await;
    for round in 0..120 {
        // Both ask for more than there is, at the same time.
        for burst in 0..4 {
            let wanted = [0, 1].map(|process| two.wanted("shop", round * 8 + burst * 2 + process));
            let (a, b) = tokio::join!(two.ask(0, &wanted[0]), two.ask(1, &wanted[1]));
            for (process, (word, after)) in [a, b].into_iter().enumerate() {
                match word.as_str() {
                    "in" => {
                        times.push(two.clock.now());
                        let step = round * 8 + burst * 2 + process;
                        two.end(process, "shop", step, &done()).await;
                    }
                    "pacing" => assert!(after <= Duration::from_secs(30), "{after:?}"),
                    other => panic!("{other}"),
                }
            }
        }
        two.clock.advance(Duration::from_millis(25));
    }
    // In every window: never more than the rate carries in its time, and the burst.
    for (first, from) in times.iter().enumerate() {
        for (last, to) in times.iter().enumerate().skip(first) {
            let seconds = (*to - *from).num_microseconds().unwrap() as f64 / 1e6;
            let bound = seconds * per_second as f64 + burst as f64 + 1.0;
            assert!(((last - first + 1) as f64) <= bound, "{} in {seconds} s", last - first + 1);
        }
    }
    let seconds = (two.clock.now() - began).num_milliseconds() as f64 / 1e3;
    let least = seconds * per_second as f64 * 0.6;
    assert!(times.len() as f64 >= least, "only {} in {seconds} s", times.len());
    println!("{} of {} in {seconds} s, {before} rows before", times.len(), 120 * 8);
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_costs_a_statement_per_block() {
    let two = Two::make(json!({"limits": {"per_second": 1_000, "burst": 1_000}})).await;
    let accounts = Arc::new(AccountsStore::new(two.channels.clone(), two.clock.clone()));
    let mut asked = tokio::task::JoinSet::new();
    for step in 0..600 {
        let (accounts, wanted) = (accounts.clone(), two.wanted("shop", step));
        asked.spawn(async move { accounts.resolve(wanted).await.is_ok() });
    }
    let taken = asked.join_all().await.into_iter().filter(|is_in| *is_in).count();
    let used = "select (granted > 1)::int::bigint from pacing where key = 'connection/shop'";
    assert!(taken >= 500, "{taken}");
    assert_eq!(two.db.count(used).await, 1, "tokens are taken in blocks");
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_account_is_closed_for_everybody() {
    let two = Two::make(Value::Null).await;
    two.put("other", Value::Null).await;
    assert_eq!(two.word(0, "shop", 1).await, "in");
    let throttled = Outcome::Retry {
        after: Some(Duration::from_secs(7)),
        code: "rate-limited".to_owned(),
        message: "429".to_owned(),
    };
    let wanted = two.wanted("shop", 1);
    let put_back = two.accounts[0].ended(&wanted.key, &throttled).await;
    let is_later =
        matches!(&put_back, Some(Refusal::Later { after, .. }) if *after == Duration::from_secs(7));
    assert!(is_later, "{put_back:?}");
    for process in [0, 1] {
        let (word, after) = two.ask(process, &two.wanted("shop", 2)).await;
        assert_eq!(word, "pacing");
        assert!(after > Duration::from_secs(6) && after < Duration::from_secs(9), "{after:?}");
        assert_eq!(two.word(process, "other", 3).await, "in");
    }
    two.clock.advance(Duration::from_secs(8));
    for process in [0, 1] {
        assert_eq!(two.word(process, "shop", 4).await, "in");
    }
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_of_recipients_and_definitions() {
    let two = Two::make(json!({"limits": {"per_recipient": "1/6s"}})).await;
    // (the recipient, the definition's rate, what is answered)
    let daily = Pace { key: "definition/daily".to_owned(), rate: Rate::parse("2/m").unwrap() };
    let cases: [(&str, Option<&Pace>, &str); 6] = [
        ("#sales", None, "in"),
        ("#sales", None, "pacing"),
        ("#support", Some(&daily), "in"),
        ("#ops", Some(&daily), "pacing"),
        ("#ops", None, "in"),
        ("#support", None, "pacing"),
    ];
    for (step, (recipient, pace, answer)) in cases.into_iter().enumerate() {
        let mut wanted = two.wanted("shop", step);
        wanted.input = json!({ "channel": recipient });
        wanted.paces.extend(pace.cloned());
        // Processes take turns: they share all of it.
        assert_eq!(two.ask(step % 2, &wanted).await.0, answer, "{step}: {recipient}");
    }
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_is_shared_and_lets_one_probe() {
    let two = Two::make(json!({"limits": {"failures": 3, "rest": "10s"}})).await;
    two.put("other", Value::Null).await;
    for step in 0..3 {
        assert_eq!(two.word(0, "shop", step).await, "in");
        two.end(0, "shop", step, &failure()).await;
    }
    assert_eq!(two.word(0, "shop", 10).await, "resting");
    two.until(1, "shop", "resting").await;
    assert_eq!(two.word(1, "other", 11).await, "in");
    // After its rest, one of the two probes, and the other waits for what comes of it.
    two.clock.advance(Duration::from_secs(11));
    let words = [two.word(0, "shop", 20).await, two.word(1, "shop", 21).await];
    assert_eq!(words, ["in", "resting"]);
    two.end(0, "shop", 20, &failure()).await;
    assert_eq!(two.word(0, "shop", 22).await, "resting");
    // It rests for longer.
    two.clock.advance(Duration::from_secs(11));
    assert_eq!(two.word(0, "shop", 23).await, "resting");
    two.clock.advance(Duration::from_secs(11));
    two.until(1, "shop", "in").await;
    two.end(1, "shop", 1_000_000, &done()).await;
    two.until(0, "shop", "in").await;
    assert_eq!(two.db.count("select count(*) from health").await, 0);
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_a_crash_took_is_taken_over() {
    let two = Two::make(json!({"limits": {"failures": 1, "rest": "1s"}})).await;
    assert_eq!(two.word(0, "shop", 0).await, "in");
    two.end(0, "shop", 0, &failure()).await;
    two.clock.advance(Duration::from_secs(2));
    // The process dies with the probe: it says nothing any more.
    assert_eq!(two.word(0, "shop", 1).await, "in");
    two.until(1, "shop", "resting").await;
    two.clock.advance(Duration::from_secs(60));
    two.until(1, "shop", "in").await;
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_run_at_once_and_a_crash_frees_their_places() {
    let two = Two::make(json!({"limits": {"max_running": 2}})).await;
    assert_eq!(two.word(0, "shop", 0).await, "in");
    assert_eq!(two.word(1, "shop", 1).await, "in");
    for process in [0, 1] {
        assert_eq!(two.word(process, "shop", 2).await, "running");
    }
    two.end(0, "shop", 0, &done()).await;
    assert_eq!(two.word(1, "shop", 3).await, "in");
    assert_eq!(two.word(0, "shop", 4).await, "running");
    // Nobody ends theirs: the places are dated.
    two.clock.advance(Duration::from_secs(120));
    assert_eq!(two.word(0, "shop", 5).await, "in");
    two.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_credential_is_one_incident_until_it_is_changed() {
    let two = Two::make(Value::Null).await;
    for step in 0..20 {
        let process = step % 2;
        if two.word(process, "shop", step).await == "in" {
            let wanted = two.wanted("shop", step);
            let put_back = two.accounts[process].ended(&wanted.key, &refused()).await;
            assert!(matches!(put_back, Some(Refusal::Later { .. })), "{put_back:?}");
        }
    }
    two.until(1, "shop", "credential").await;
    let causes = engine::ops::incidents::causes(&two.db.pool, two.tenant, None, 10).await.unwrap();
    let told: Vec<_> =
        causes.items.iter().map(|c| (c.code.as_str(), c.fingerprint.as_str())).collect();
    assert_eq!(told, [("auth", "connection/shop")]);
    // Days later it still waits, and nobody has tried.
    two.clock.advance(Duration::from_secs(3 * 24 * 3_600));
    assert_eq!(two.word(0, "shop", 30).await, "credential");
    two.put("shop", Value::Null).await;
    two.until(0, "shop", "in").await;
    two.until(1, "shop", "in").await;
    let causes = engine::ops::incidents::causes(&two.db.pool, two.tenant, None, 10).await.unwrap();
    assert!(causes.items.is_empty(), "{causes:?}");
    two.drop().await;
}

#[tokio::test]
async fn wrong_limits_are_refused_with_their_name() {
    let two = Two::make(Value::Null).await;
    let new = ConnectionNew {
        tenant: two.tenant,
        name: "shop".to_owned(),
        provider: "http".to_owned(),
        base_url: "https://example.test".to_owned(),
        settings: json!({"limits": {"per_second": "fast"}}),
        token: None,
    };
    let error = two.channels.upsert_connection(new).await.unwrap_err().to_string();
    assert!(error.contains("settings.limits"), "{error}");
    two.drop().await;
}

/// A world whose steps use real connections.
async fn world(connections: &[(&str, Value)]) -> (World, Channels) {
    let db = Db::make().await;
    let (clock, tenant) = (Clock::system(), Uuid::now_v7());
    let channels = Channels::new(db.pool.clone(), Keyring::generate().unwrap());
    for (name, limits) in connections {
        let new = ConnectionNew {
            tenant,
            name: (*name).to_owned(),
            provider: "http".to_owned(),
            base_url: "https://example.test".to_owned(),
            settings: json!({ "limits": limits }),
            token: Some(Secret::new("x")),
        };
        channels.upsert_connection(new).await.unwrap();
    }
    let accounts = Arc::new(AccountsStore::new(channels.clone(), clock.clone()));
    let engine = start_engine(&db, &clock, accounts).await.unwrap();
    (World { db, clock, engine, tenant }, channels)
}

/// A try of a safe kind over a connection, with this script.
fn get(connection: &str, script: Value) -> Value {
    json!({
        "src": "http.request",
        "input": {
            "method": "GET", "url": "https://example.test", "body": script, "connection": connection
        },
        "policy": { "maxAttempts": 3, "backoffMs": 1 }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_rate_costs_no_attempt_and_no_row() {
    let (world, _) = world(&[("slow", json!({"per_second": 4, "burst": 1}))]).await;
    world.publish("ask", one_step(get("slow", json!("act")))).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.begin("ask", Value::Null).await.unwrap().id);
    }
    world.db.until("select (count(*) >= 2)::int::bigint from ledger").await;
    assert_eq!(world.db.count("select count(*) from step where attempt > 0 or fence > 0").await, 0);
    let waits: Vec<String> = waits(&world, &ids).await;
    assert!(
        waits.iter().any(|w| w.contains("waits for the rate of the connection `slow`")),
        "{waits:?}"
    );
    for id in ids {
        world.until(id, &["completed"]).await;
    }
    assert_eq!(world.db.count("select count(*) from ledger where number <> 1").await, 0);
    assert_eq!(world.db.count("select count(*) from ledger").await, 5);
    world.end().await;
}

/// Why the open steps of these instances wait.
async fn waits(world: &World, ids: &[Uuid]) -> Vec<String> {
    let mut all = Vec::new();
    for id in ids {
        let steps = engine::ops::steps::open(&world.db.pool, world.tenant, *id).await.unwrap();
        all.extend(steps.into_iter().filter_map(|step| step.waits));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_try_does_not_count() {
    let (world, _) = world(&[("busy", json!({}))]).await;
    // More answers of "busy" than the step has attempts.
    let script = json!(["busy", "busy", "busy", "busy", "busy", "act"]);
    world.publish("ask", one_step(get("busy", script))).await;
    let id = world.begin("ask", Value::Null).await.unwrap().id;
    for _ in 0..600 {
        if world.engine.instance(world.tenant, id).await.unwrap().status == "completed" {
            break;
        }
        world.clock.advance(Duration::from_millis(500));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.until(id, &["completed"]).await;
    assert_eq!(world.db.count("select count(*) from ledger where number <> 1").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_one_connection_stops_only_its_own_steps() {
    let limits = json!({"failures": 3, "rest": "60s"});
    let (world, _) = world(&[("down", limits.clone()), ("up", limits)]).await;
    let mut down = get("down", json!(["lost"]));
    down["policy"] = json!({ "maxAttempts": 50, "backoffMs": 1, "backoffMaxMs": 5 });
    world.publish("down", one_step(down)).await;
    world.publish("up", one_step(get("up", json!("act")))).await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(world.begin("down", Value::Null).await.unwrap().id);
    }
    world.db.until("select count(*) from health where subject = 'connection/down'").await;
    for _ in 0..20 {
        let id = world.begin("up", Value::Null).await.unwrap().id;
        world.until(id, &["completed"]).await;
    }
    // Those that were under way when it opened are all that has been tried.
    let tries = world.db.count("select count(*) from ledger where number > 3").await;
    assert_eq!(tries, 0, "resting costs no attempt");
    let waits = waits(&world, &ids).await;
    assert!(
        waits.iter().any(|w| w.contains("the connection `down` is resting until")),
        "{waits:?}"
    );
    world.engine.shutdown().await;
    world.db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_of_a_refused_credential_go_on_when_it_is_changed() {
    let (world, channels) = world(&[("shop", json!({}))]).await;
    world.publish("ask", one_step(get("shop", json!(["denied", "act"])))).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(world.begin("ask", Value::Null).await.unwrap().id);
    }
    world.db.until("select count(*) from health").await;
    assert_eq!(
        world.db.count("select count(*) from incident").await,
        0,
        "the instances are not stuck"
    );
    let new = ConnectionNew {
        tenant: world.tenant,
        name: "shop".to_owned(),
        provider: "http".to_owned(),
        base_url: "https://example.test".to_owned(),
        settings: Value::Null,
        token: Some(Secret::new("y")),
    };
    // A step that was denied meets a credential that serves at its second try; what is asked again in between is put aside
    // again, and mended again.
    let mut statuses: BTreeMap<Uuid, String> = BTreeMap::new();
    for _ in 0..400 {
        channels.upsert_connection(new.clone()).await.unwrap();
        world.clock.advance(Duration::from_secs(2));
        for id in &ids {
            let status = world.engine.instance(world.tenant, *id).await.unwrap().status;
            statuses.insert(*id, status);
        }
        if statuses.values().all(|status| status == "completed") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for id in ids {
        world.until(id, &["completed"]).await;
    }
    world.end().await;
}
