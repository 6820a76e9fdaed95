//! Several processes on one database, here as several engines in one process: they come and go under load, hang, and serve
//! what others own.

use crate::support::{
    Db, Provider, check_promises, check_replay, event, eventually, one_step, post, publish,
    settings, until,
};
use engine::{Clock, Engine, Error, NoAccounts, Options, Role, Settings, StartRequest};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Whose instances they are.
const TENANT: Uuid = Uuid::from_u128(1);
/// Instances under load.
const INSTANCES: usize = 200;
/// Events that each counts.
const TICKS: i64 = 3;
/// How many engines there are, one time after the other.
const SIZES: [usize; 8] = [3, 8, 5, 2, 6, 1, 4, 3];
/// How soon shards that were given back have another owner.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);
/// Longest wait for a turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts events; then an unsafe step, a timer, a child and a safe step.
fn journey() -> Value {
    let count =
        json!([{ "type": "@xstate.assign", "context": { "n": { "@expr": "context.n + 1" } } }]);
    let unsafe_step = json!({
        "id": "post", "src": "http.request", "onDone": "sleep",
        "input": { "method": "POST", "url": "https://example.test", "body": "act" },
        "policy": { "onUnknown": "check", "backoffMs": 1, "backoffMaxMs": 2 }
    });
    json!({
        "@exprLang": "cel",
        "initial": "open",
        "context": { "n": 0 },
        "states": {
            "open": { "on": { "tick": { "actions": count }, "go": "post" } },
            "post": { "invoke": unsafe_step },
            "sleep": { "after": { "20": "family" } },
            "family": { "invoke": { "id": "child", "src": "workflow:child", "onDone": "safe" } },
            "safe": { "invoke": {
                "id": "safe", "src": "noop", "input": { "value": "act" }, "onDone": "done"
            } },
            "done": { "type": "final" }
        }
    })
}

fn child() -> Value {
    json!({ "initial": "end", "states": { "end": { "type": "final" } } })
}

/// Engines that share a database.
#[derive(Clone)]
struct Fleet {
    db: Arc<Db>,
    runner: Arc<Provider>,
    engines: Arc<RwLock<Vec<Engine>>>,
    next: Arc<AtomicUsize>,
}

impl Fleet {
    async fn make(db: Db) -> Self {
        let runner = Provider::of(&db).await;
        Self { db: Arc::new(db), runner, engines: Arc::default(), next: Arc::default() }
    }

    async fn join(&self, settings: Settings) -> Engine {
        let engine = Engine::start(Options {
            pool: self.db.pool.clone(),
            runner: self.runner.clone(),
            accounts: Arc::new(NoAccounts),
            clock: Clock::system(),
            settings: Settings { tracks: 1, ..settings },
        });
        let engine = engine.await.unwrap();
        self.engines.write().unwrap().push(engine.clone());
        engine
    }

    /// The oldest one goes, and its shards find owners.
    async fn leave(&self) {
        let engine = self.engines.write().unwrap().remove(0);
        engine.shutdown().await;
        let since = Instant::now();
        self.db.until("select (count(owner) = 256)::int::bigint from shard").await;
        assert!(since.elapsed() < TAKEN_WITHIN, "shards were free for {:?}", since.elapsed());
    }

    /// One after the other.
    fn any(&self) -> Engine {
        let engines = self.engines.read().unwrap();
        engines[self.next.fetch_add(1, Ordering::Relaxed) % engines.len()].clone()
    }

    async fn is_fair(&self) {
        eventually("a fair spread", async || {
            let engines = self.engines.read().unwrap();
            let owned: Vec<usize> = engines.iter().map(Engine::shards_owned).collect();
            let (least, most) = (owned.iter().min()?, owned.iter().max()?);
            (most - least <= 1 && owned.iter().sum::<usize>() == 256).then_some(())
        })
        .await;
    }

    /// Starts an instance; with another engine, if the one that was asked is leaving.
    async fn begin(&self, definition: &str, id: Uuid) {
        loop {
            let request = StartRequest {
                tenant: TENANT,
                definition: definition.to_owned(),
                id: Some(id),
                ..StartRequest::default()
            };
            match self.any().start_instance(request).await {
                Ok(view) => return assert_eq!(view.id, id),
                Err(Error::Stopping) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    /// As [`begin`](Self::begin): one that is leaving takes nothing, so this is sent once.
    async fn send(&self, id: Uuid, kind: &str) {
        let Value::Object(body) = json!({ "type": kind }) else { unreachable!() };
        loop {
            let sent = self.any().send_and_wait(event(TENANT, id, body.clone()), PATIENCE).await;
            match sent {
                Ok(_) => return,
                Err(Error::Stopping) => {}
                Err(error) => panic!("{kind}: {error:?}"),
            }
        }
    }

    /// One instance, through all engines in turn.
    async fn journey(self) -> Uuid {
        let id = Uuid::now_v7();
        self.begin("journey", id).await;
        for _ in 0..TICKS {
            self.send(id, "tick").await;
        }
        self.send(id, "go").await;
        id
    }

    /// All of them end as they should, and what holds at rest holds.
    async fn end(self, journeys: &[Uuid]) {
        let engine = self.any();
        for id in journeys {
            let ended = until(&engine, TENANT, *id, &["completed", "stuck", "failed"]).await;
            assert_eq!(ended.status, "completed", "{ended:#?}");
            assert_eq!(ended.state.context["n"], TICKS, "{id}: every event counts once");
        }
        let twice =
            "select count(*) from (select key from ledger where has_acted and kind = 'http.request'
             group by key having count(*) > 1) twice";
        assert_eq!(self.db.count(twice).await, 0, "an unsafe step had its effect twice");
        let effects =
            "select count(distinct key) from ledger where has_acted and kind = 'http.request'";
        let wanted = i64::try_from(journeys.len()).unwrap();
        assert_eq!(self.db.count(effects).await, wanted, "every unsafe step had its effect");
        drop(engine);
        self.rest().await;
    }

    /// What holds at rest holds.
    async fn rest(self) {
        let engine = self.any();
        let left = "select (not exists (select 1 from step) and not exists (select 1 from timer)
             and not exists (select 1 from inbox) and not exists (select 1 from outbox))::int::bigint";
        self.db.until(left).await;
        let engines = std::mem::take(&mut *self.engines.write().unwrap());
        for engine in engines {
            engine.shutdown().await;
        }
        check_promises(&self.db).await;
        check_replay(&self.db, &engine).await;
        drop(engine);
        Arc::into_inner(self.db).unwrap().drop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_come_and_go_under_load() {
    let fleet = Fleet::make(Db::make().await).await;
    let first = fleet.join(settings()).await;
    publish(&first, TENANT, "child", child()).await;
    publish(&first, TENANT, "journey", journey()).await;
    drop(first);
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..INSTANCES {
        load.spawn(fleet.clone().journey());
    }
    for size in SIZES {
        while fleet.engines.read().unwrap().len() < size {
            fleet.join(settings()).await;
        }
        while fleet.engines.read().unwrap().len() > size {
            fleet.leave().await;
        }
    }
    let journeys = load.join_all().await;
    fleet.is_fair().await;
    fleet.end(&journeys).await;
}

/// The keeper of the first one hangs at its row for longer than its lease, and the other one takes all it has. The first
/// believes that it owns them, and goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_owners_do_no_harm() {
    let fleet = Fleet::make(Db::make().await).await;
    let lease = Duration::from_millis(1_500);
    let hung = fleet.join(Settings { lease, ..settings() }).await;
    publish(&hung, TENANT, "child", child()).await;
    publish(&hung, TENANT, "journey", journey()).await;
    let other = fleet.join(Settings { lease, ..settings() }).await;
    fleet.is_fair().await;
    let mut begun = Vec::new();
    for _ in 0..40 {
        let id = Uuid::now_v7();
        fleet.begin("journey", id).await;
        begun.push(id);
    }
    let mut hang = fleet.db.pool.begin().await.unwrap();
    sqlx::query("select id from process order by started_at limit 1 for update")
        .execute(&mut *hang)
        .await
        .unwrap();
    eventually("the takeover", async || (other.shards_owned() == 256).then_some(())).await;
    assert_eq!(hung.shards_owned(), 128, "it does not know");
    let mut load = tokio::task::JoinSet::new();
    for id in begun.clone() {
        let fleet = fleet.clone();
        load.spawn(async move {
            for _ in 0..TICKS {
                fleet.send(id, "tick").await;
            }
            fleet.send(id, "go").await;
        });
    }
    load.join_all().await;
    hang.rollback().await.unwrap();
    fleet.is_fair().await;
    drop((hung, other));
    fleet.end(&begun).await;
}

/// Tries run longer than a hand-over waits, and end when another process owns their instances.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_during_a_hand_over_is_not_lost() {
    let fleet = Fleet::make(Db::make().await).await;
    let first = fleet.join(settings()).await;
    let safe = json!({ "src": "noop", "input": { "value": "gate" } });
    publish(&first, TENANT, "safe", one_step(safe)).await;
    let policy = json!({ "onUnknown": "check", "backoffMs": 1 });
    publish(&first, TENANT, "unsafe", one_step(post(json!("gate"), policy))).await;
    let gate = fleet.db.close_gate().await;
    let mut begun = Vec::new();
    // Few: the provider has five connections, and a try at the gate keeps one.
    for (shard, definition) in [(1, "safe"), (2, "unsafe"), (254, "safe"), (255, "unsafe")] {
        let mut bytes = Uuid::new_v4().into_bytes();
        bytes[15] = shard;
        begun.push(Uuid::from_bytes(bytes));
        fleet.begin(definition, Uuid::from_bytes(bytes)).await;
    }
    fleet.db.until("select (count(*) = 4)::int::bigint from ledger").await;
    fleet.join(settings()).await;
    fleet.is_fair().await;
    drop(gate);
    for id in begun {
        let ended = until(&first, TENANT, id, &["completed", "stuck", "failed"]).await;
        assert_eq!(ended.status, "completed", "{ended:#?}");
    }
    drop(first);
    fleet.rest().await;
}

/// A child that cannot be started is in another shard than its parent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_elsewhere_is_told() {
    let fleet = Fleet::make(Db::make().await).await;
    let first = fleet.join(settings()).await;
    fleet.join(settings()).await;
    fleet.is_fair().await;
    let mut parent = one_step(json!({ "src": "workflow:unknown" }));
    parent["states"]["working"]["invoke"]["onError"] = json!("done");
    publish(&first, TENANT, "parent", parent).await;
    for _ in 0..20 {
        let id = Uuid::now_v7();
        fleet.begin("parent", id).await;
        let ended = until(&first, TENANT, id, &["completed", "stuck", "failed"]).await;
        assert_eq!(ended.status, "completed", "{ended:#?}");
    }
    drop(first);
    fleet.rest().await;
}

/// One that serves and owns nothing, beside one that owns everything and is not asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_owns_nothing_serves_everything() {
    let fleet = Fleet::make(Db::make().await).await;
    let owner = fleet.join(Settings { role: Role::Engine, ..settings() }).await;
    let api = fleet.join(Settings { role: Role::Api, ..settings() }).await;
    assert_eq!((api.shards_owned(), owner.shards_owned()), (0, 256));
    publish(&api, TENANT, "child", child()).await;
    publish(&api, TENANT, "journey", journey()).await;
    let start = |id: Uuid, key: Option<&str>| {
        api.start_instance(StartRequest {
            tenant: TENANT,
            definition: "journey".to_owned(),
            id: Some(id),
            key: key.map(str::to_owned),
            ..StartRequest::default()
        })
    };
    let send = |id: Uuid, kind: &str| {
        let Value::Object(body) = json!({ "type": kind }) else { unreachable!() };
        api.send_and_wait(event(TENANT, id, body), PATIENCE)
    };
    let id = Uuid::now_v7();
    let view = start(id, Some("k")).await.unwrap();
    assert_eq!((view.id, view.status.as_str(), view.key.as_deref()), (id, "waiting", Some("k")));
    let taken = start(Uuid::now_v7(), Some("k")).await;
    assert!(matches!(taken, Err(Error::KeyTaken(holder)) if holder == id), "{taken:?}");
    let again = start(id, None).await;
    assert!(matches!(again, Err(Error::Exists(there)) if there == id), "{again:?}");
    let nowhere = send(Uuid::now_v7(), "tick").await;
    assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
    for n in 1..=TICKS {
        assert_eq!(send(id, "tick").await.unwrap().state.context["n"], n, "the turn of this event");
    }
    for (verb, status) in [("ops.suspend", "suspended"), ("ops.resume", "waiting")] {
        assert_eq!(send(id, verb).await.unwrap().status, status, "{verb}");
    }
    let cancelled = Uuid::now_v7();
    start(cancelled, None).await.unwrap();
    assert_eq!(send(cancelled, "ops.cancel").await.unwrap().status, "cancelled");
    let over = send(cancelled, "tick").await;
    assert!(matches!(over, Err(Error::Over(there)) if there == cancelled), "{over:?}");
    send(id, "go").await.unwrap();
    assert_eq!(api.shards_owned(), 0);
    drop((owner, api));
    fleet.end(&[id]).await;
}
