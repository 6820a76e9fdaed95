//! A process is killed while another one runs beside it: its shards change hands, and so does what it was at.

use crate::support::{
    Db, Provider, check_promises, check_replay, one_step, post, publish, settings, until,
};
use engine::{Clock, Engine, NoAccounts, Options, Settings, StartRequest};
use serde_json::{Value, json};
use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Whose instances they are.
const TENANT: Uuid = Uuid::from_u128(1);
/// Instances of each kind.
const EACH: usize = 6;
/// What tells a test binary that it is the victim: the database, and what stands before it.
const VICTIM_OF: &str = "PERDURE_TEST_KILLED_ON";

/// Definition, its step, and how its instances end when the process of the first try died.
fn kinds() -> Vec<(&'static str, Value, &'static str)> {
    let script = || json!(["hang", "act"]);
    let policy = |on_unknown: &str| json!({ "onUnknown": on_unknown, "backoffMs": 1 });
    vec![
        ("safe", json!({ "src": "noop", "input": { "value": script() } }), "completed"),
        ("found-by-asking", post(script(), policy("check")), "completed"),
        ("a-person-decides", post(script(), policy("ask")), "stuck"),
    ]
}

async fn start(db: &Db, lease: Duration, behind_pooler: bool) -> Engine {
    let given = settings();
    let behind_pooler = behind_pooler || given.behind_pooler;
    let (pool, runner) = (db.pool.clone(), Provider::of(db).await);
    let settings = Settings { lease, behind_pooler, ..given };
    let (accounts, clock) = (Arc::new(NoAccounts), Clock::system());
    Engine::start(Options { pool, runner, accounts, clock, settings }).await.unwrap()
}

/// The process that is killed: this very test binary, told so by its environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Ok(told) = std::env::var(VICTIM_OF) else { return };
    let [name, lease_ms, pooler] = told.split(',').collect::<Vec<_>>().try_into().unwrap();
    let db = Db::open(name).await;
    let lease = Duration::from_millis(lease_ms.parse().unwrap());
    let _engine = start(&db, lease, pooler == "pooler").await;
    std::future::pending::<()>().await;
}

fn spawn(db: &Db, lease: Duration, behind_pooler: bool) -> Child {
    let pooler = if behind_pooler { "pooler" } else { "direct" };
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "killed::victim", "--nocapture"]);
    victim.env(VICTIM_OF, format!("{},{},{pooler}", db.name, lease.as_millis()));
    victim.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts an instance whose shard is the victim's, and that this process has to pass on.
async fn begin(engine: &Engine, definition: &str, shard: i16) -> Uuid {
    let mut bytes = Uuid::new_v4().into_bytes();
    bytes[15] = u8::try_from(shard).unwrap();
    let id = Uuid::from_bytes(bytes);
    let request = StartRequest {
        tenant: TENANT,
        definition: definition.to_owned(),
        id: Some(id),
        ..StartRequest::default()
    };
    assert_eq!(engine.start_instance(request).await.unwrap().id, id);
    id
}

/// With a session the lease is long, so that it cannot be what ends; the shards must be taken within `bound` of the kill.
async fn check(lease: Duration, behind_pooler: bool, bound: Duration) {
    let db = Db::make().await;
    let survivor = start(&db, lease, behind_pooler).await;
    for (name, step, _) in kinds() {
        publish(&survivor, TENANT, name, one_step(step)).await;
    }
    let mut child = spawn(&db, lease, behind_pooler);
    db.until(
        "select (count(*) = 2)::int::bigint from (select owner from shard where owner is not null
           group by owner having count(*) = 128) as halves",
    )
    .await;
    let theirs = "select id from shard where owner = (select id from process order by started_at desc limit 1)
                  order by id";
    let theirs: Vec<i16> = sqlx::query_scalar(theirs).fetch_all(&db.pool).await.unwrap();
    let mut begun = Vec::new();
    for (name, _, wanted) in kinds() {
        for shard in theirs.iter().take(EACH) {
            begun.push((begin(&survivor, name, *shard).await, name, wanted));
        }
    }
    db.until("select (count(*) = 18)::int::bigint from ledger").await;
    assert_eq!(db.count("select count(*) from step where kind = 'noop'").await, 0, "no row yet");
    assert_eq!(db.count("select count(*) from step where status = 'started'").await, 12);

    child.kill().unwrap();
    child.wait().unwrap();
    let killed = Instant::now();
    db.until("select (count(distinct owner) = 1)::int::bigint from shard").await;
    let took = killed.elapsed();
    assert!(took < bound, "behind_pooler {behind_pooler}: taken after {took:?}");
    for (id, name, wanted) in begun {
        let ended = until(&survivor, TENANT, id, &["completed", "stuck", "failed"]).await;
        assert_eq!(ended.status, wanted, "{name}, behind_pooler {behind_pooler}");
        if wanted == "stuck" {
            assert_eq!(ended.state.memo.incident.as_ref().unwrap().code, "step-unknown", "{name}");
        }
    }
    let twice = "select count(*) from (select key from ledger where has_acted group by key having count(*) > 1) twice";
    assert_eq!(db.count(twice).await, 0, "nothing has its effect twice");
    let effects = db.count("select count(*) from ledger where has_acted").await;
    assert_eq!(effects, 12, "all but those that a person decides about");
    db.until("select (count(*) = 0)::int::bigint from outbox").await;
    survivor.shutdown().await;
    check_promises(&db).await;
    check_replay(&db, &survivor).await;
    db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_tells_at_once() {
    if settings().behind_pooler {
        return;
    }
    check(Duration::from_secs(9), false, Duration::from_millis(4_500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_session_the_date_tells() {
    check(Duration::from_secs(2), true, Duration::from_secs(4)).await;
}
