//! A world for one test: a database, a provider with a ledger, a clock, an engine.

use crate::pooler::{self, Pooler};
use chrono::{DateTime, Utc};
use engine::{
    Account, Accounts, Clock, Engine, EventRequest, InstanceView, NoAccounts, Options, Refusal,
    Result, Settings, StartRequest, Wanted, limits,
};
use machine::{Event, State};
use serde_json::{Map, Value, json};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use std::{
    collections::HashMap,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;
use workflows::step::{Attempt, Attempted, Checked, Exchange, Outcome, Running, StepRunner};

/// Longest a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Behind a pooler.
const POOLED_LEASE: Duration = Duration::from_millis(1_500);
/// How often it is looked again.
const LOOK: Duration = Duration::from_millis(5);
/// The advisory lock that is the provider's gate.
const GATE: i64 = 7;

/// A database of its own.
pub(crate) struct Db {
    pub(crate) name: String,
    pub(crate) pool: PgPool,
    /// What stands before it, if the environment wants that.
    pooler: Option<Pooler>,
}

/// The provider's own pool: it is somebody else's database, and not killed with ours.
async fn provider_pool(name: &str) -> PgPool {
    let options = server().database(name).application_name("provider");
    sqlx::postgres::PgPoolOptions::new().max_connections(5).connect_with(options).await.unwrap()
}

/// The server to make databases on.
pub(crate) fn server() -> PgConnectOptions {
    let url = std::env::var("DATABASE_URL").expect(
        "these tests need DATABASE_URL: a Postgres server on which they may make databases, \
         e.g. postgres://postgres@localhost/postgres",
    );
    PgConnectOptions::from_str(&url).expect("DATABASE_URL is a Postgres URL")
}

impl Db {
    /// Makes it, migrated, with the provider's ledger in it.
    pub(crate) async fn make() -> Self {
        let name = format!("perdure_test_{}", Uuid::new_v4().simple());
        let mut connection = server().connect().await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let db = Self::open(&name).await;
        db.migrate().await.unwrap();
        let ledger = "create table ledger (key text, kind text, number int, has_acted boolean)";
        sqlx::raw_sql(ledger).execute(&db.pool).await.unwrap();
        db
    }

    /// Brings it to the schema of this release.
    pub(crate) async fn migrate(&self) -> Result<()> {
        match self.pooler {
            Some(_) => engine::pooled::migrate(&self.pool).await,
            None => engine::migrate(&self.pool).await,
        }
    }

    /// Opens one that is there.
    pub(crate) async fn open(name: &str) -> Self {
        let (name, options) = (name.to_owned(), server().database(name));
        if !pooler::is_wanted() {
            let pool = engine::connect_with(options, 10).await.unwrap();
            return Self { name, pool, pooler: None };
        }
        let pooler = Pooler::before(&options).await;
        let pool = engine::pooled::connect_with(pooler.options(), 10).await.unwrap();
        Self { name, pool, pooler: Some(pooler) }
    }

    /// One number.
    pub(crate) async fn count(&self, what: &'static str) -> i64 {
        sqlx::query_scalar(what).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until this number is not zero.
    pub(crate) async fn until(&self, what: &'static str) {
        let since = Instant::now();
        while self.count(what).await == 0 {
            assert!(since.elapsed() < PATIENCE, "still zero: {what}");
            // Asking again is the only way to see what other tasks and processes have done.
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Closes the provider's gate: a try that asks for it arrives, and is not answered before this is dropped.
    pub(crate) async fn close_gate(&self) -> PgConnection {
        let mut gate = server().database(&self.name).connect().await.unwrap();
        sqlx::query("select pg_advisory_lock($1)").bind(GATE).execute(&mut gate).await.unwrap();
        gate
    }

    /// Drops it.
    pub(crate) async fn drop(self) {
        self.pool.close().await;
        let wrongs = self.pooler.map(|pooler| pooler.wrongs()).unwrap_or_default();
        assert!(wrongs.is_empty(), "behind a pooler: {wrongs:#?}");
        let mut connection = server().connect().await.unwrap();
        let statement = format!("drop database if exists {} with (force)", self.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
}

/// A provider. What a step asks for stands in its input, under `value` or `body`: a list of what happens at the first,
/// second, … try; the last one stays.
pub(crate) struct Provider {
    ledger: PgPool,
}

impl Provider {
    pub(crate) async fn of(db: &Db) -> Arc<Self> {
        Arc::new(Self { ledger: provider_pool(&db.name).await })
    }

    async fn note(&self, attempt: &Attempt, has_acted: bool) {
        sqlx::query("insert into ledger values ($1, $2, $3, $4)")
            .bind(&attempt.key)
            .bind(&attempt.kind)
            .bind(i32::try_from(attempt.number).unwrap())
            .bind(has_acted)
            .execute(&self.ledger)
            .await
            .unwrap();
    }

    async fn pass_gate(&self) {
        let mut connection = self.ledger.acquire().await.unwrap();
        for statement in ["select pg_advisory_lock($1)", "select pg_advisory_unlock($1)"] {
            sqlx::query(statement).bind(GATE).execute(&mut *connection).await.unwrap();
        }
    }

    async fn answer(&self, attempt: Attempt) -> Outcome {
        let script = attempt.input.get("body").or_else(|| attempt.input.get("value"));
        let script = script.cloned().unwrap_or(Value::Null);
        let tried: i64 = sqlx::query_scalar("select count(*) from ledger where key = $1")
            .bind(&attempt.key)
            .fetch_one(&self.ledger)
            .await
            .unwrap();
        let nth = usize::try_from(tried).unwrap();
        let list = script.as_array().cloned().unwrap_or_else(|| vec![script]);
        let word = list.get(nth).or_else(|| list.last()).cloned().unwrap_or_default();
        let word = word.as_str().unwrap_or("act").to_owned();
        // Trying again with the key of something done is what a provider with idempotency keys answers from memory.
        self.note(&attempt, matches!(word.as_str(), "act" | "lose" | "gate")).await;
        let text = |text: &str| text.to_owned();
        match word.as_str() {
            "lose" => Outcome::Unknown { code: text("timeout"), message: text("no answer") },
            "vanish" => Outcome::Unknown { code: text("timeout"), message: text("no answer") },
            "busy" => Outcome::Retry { after: None, code: text("429"), message: text("busy") },
            "lost" => Outcome::Retry { after: None, code: text("http-502"), message: text("down") },
            "denied" => Outcome::Failed { code: text("auth"), message: text("401: denied") },
            "refuse" => Outcome::Failed { code: text("131047"), message: text("refused") },
            "big" => Outcome::Done { port: "default", output: json!("x".repeat(300 * 1024)) },
            "panic" => panic!("the node has a bug"),
            "hang" => std::future::pending().await,
            other => {
                if other == "gate" {
                    self.pass_gate().await;
                }
                Outcome::Done { port: "default", output: json!({ "key": attempt.key }) }
            }
        }
    }
}

impl StepRunner for Provider {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        Box::pin(async move {
            let exchange = Exchange { request: json!({"url": "x"}), response: json!(200) };
            Attempted { outcome: self.answer(attempt).await, exchange: Some(exchange) }
        })
    }

    fn check(&self, attempt: Attempt) -> Running<'_, Checked> {
        Box::pin(async move {
            if attempt.input.get("url").is_some_and(|u| u == "https://silent.test") {
                return Checked::CannotTell;
            }
            let has_acted: Option<bool> =
                sqlx::query_scalar("select bool_or(has_acted) from ledger where key = $1")
                    .bind(&attempt.key)
                    .fetch_one(&self.ledger)
                    .await
                    .unwrap();
            match has_acted {
                Some(true) => Checked::Happened { output: json!({ "key": attempt.key }) },
                _ => Checked::DidNotHappen,
            }
        })
    }
}

/// Refuses the connection named `refused`, and lets `later` wait once.
pub(crate) struct Doorman(std::sync::atomic::AtomicU32);

impl Doorman {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(std::sync::atomic::AtomicU32::new(0)))
    }
}

impl Accounts for Doorman {
    fn resolve(&self, wanted: Wanted) -> Running<'_, std::result::Result<Account, Refusal>> {
        let asked = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Box::pin(async move {
            match wanted.name.as_deref() {
                Some("refused") => Err(Refusal::Never {
                    code: "opted-out".to_owned(),
                    message: "the contact wants no messages".to_owned(),
                }),
                Some("later") if asked == 0 => Err(Refusal::Later {
                    after: Duration::from_millis(20),
                    code: "pacing".to_owned(),
                    message: "too fast".to_owned(),
                }),
                _ => Ok(Account::default()),
            }
        })
    }
}

/// Everything.
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(crate) tenant: Uuid,
}

impl World {
    /// Makes a world in a fresh database.
    pub(crate) async fn make() -> Self {
        let db = Db::make().await;
        Self::start(db, Uuid::now_v7(), Arc::new(NoAccounts)).await
    }

    /// Starts an engine on a database.
    pub(crate) async fn start(db: Db, tenant: Uuid, accounts: Arc<dyn Accounts>) -> Self {
        let clock = Clock::system();
        let engine = start_engine(&db, &clock, accounts).await.unwrap();
        Self { db, clock, engine, tenant }
    }

    /// Ends the engine, checks what must hold at rest, and drops the database.
    pub(crate) async fn end(self) {
        self.engine.shutdown().await;
        check_promises(&self.db).await;
        check_replay(&self.db, &self.engine).await;
        self.db.drop().await;
    }

    /// Publishes a machine.
    pub(crate) async fn publish(&self, name: &str, machine: Value) {
        publish(&self.engine, self.tenant, name, machine).await;
    }

    /// Starts an instance.
    pub(crate) async fn begin(&self, definition: &str, input: Value) -> Result<InstanceView> {
        let request = StartRequest {
            tenant: self.tenant,
            definition: definition.to_owned(),
            input,
            actor: "test".to_owned(),
            ..StartRequest::default()
        };
        self.engine.start_instance(request).await
    }

    /// Sends an event.
    pub(crate) async fn send(&self, instance: Uuid, body: Value) -> Result<InstanceView> {
        let Value::Object(body) = body else { panic!("an event is an object") };
        self.engine.send_and_wait(event(self.tenant, instance, body), PATIENCE).await
    }

    /// Waits until an instance has one of these statuses.
    pub(crate) async fn until(&self, instance: Uuid, statuses: &[&str]) -> InstanceView {
        until(&self.engine, self.tenant, instance, statuses).await
    }
}

pub(crate) fn event(tenant: Uuid, instance: Uuid, body: Map<String, Value>) -> EventRequest {
    EventRequest { tenant, instance, body, actor: "test".to_owned(), reason: None }
}

pub(crate) async fn start_engine(
    db: &Db,
    clock: &Clock,
    accounts: Arc<dyn Accounts>,
) -> Result<Engine> {
    Engine::start(Options {
        pool: db.pool.clone(),
        runner: Provider::of(db).await,
        accounts,
        clock: clock.clone(),
        settings: settings(),
    })
    .await
}

/// Short waits; and what the environment says of `NOTIFY` and of a pooler, so that all tests can run without them.
pub(crate) fn settings() -> Settings {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    let behind_pooler = pooler::is_wanted();
    Settings {
        // Only the date tells there that a process was killed, and many are.
        lease: if behind_pooler { POOLED_LEASE } else { limits::LEASE_TTL },
        check_window: Duration::from_millis(400),
        poll: Duration::from_millis(100),
        drain: Duration::from_millis(200),
        notify: !is("PERDURE_NOTIFY", "off"),
        behind_pooler,
        ..Settings::default()
    }
}

pub(crate) async fn publish(engine: &Engine, tenant: Uuid, name: &str, machine: Value) {
    let bytes = machine.to_string().into_bytes();
    if let Err(error) = engine.upload(tenant, bytes, Some(name.to_owned()), true).await {
        panic!("{name} does not compile: {error:?}");
    }
}

pub(crate) async fn until(
    engine: &Engine,
    tenant: Uuid,
    instance: Uuid,
    statuses: &[&str],
) -> InstanceView {
    let since = Instant::now();
    loop {
        let found = engine.instance(tenant, instance).await;
        match &found {
            Ok(view) if statuses.contains(&view.status.as_str()) => return found.unwrap(),
            _ if since.elapsed() > PATIENCE => panic!("{statuses:?} never came: {found:#?}"),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what} never came");
        tokio::time::sleep(LOOK).await;
    }
}

/// What must hold whenever nothing is under way; each statement counts what breaks a promise.
const PROMISES: &[(&str, &str)] = &[
    (
        "history has no gap, and ends where the instance stands",
        "select count(*) from instance i where i.seq <> (select count(*) from history h
           where h.tenant_id = i.tenant_id and h.instance_id = i.id)
         or i.seq <> (select max(h.seq) from history h
           where h.tenant_id = i.tenant_id and h.instance_id = i.id)",
    ),
    (
        "time never goes back along a history",
        "select count(*) from history a join history b
           on b.instance_id = a.instance_id and b.seq = a.seq + 1 where b.at < a.at",
    ),
    (
        "an event has one turn",
        "select count(*) from (select event_id from history group by instance_id, event_id
           having count(*) > 1) twice",
    ),
    (
        "an instance that is over has no open row",
        "select count(*) from instance i where not i.live and (
           exists (select 1 from step s where s.instance_id = i.id)
           or exists (select 1 from timer t where t.instance_id = i.id)
           or exists (select 1 from incident n where n.instance_id = i.id))",
    ),
    (
        "an instance is pinned to what its last turn ran with",
        "select count(*) from instance i join history h
           on h.tenant_id = i.tenant_id and h.instance_id = i.id and h.seq = i.seq
         where h.version <> i.version or not exists (select 1 from definition d
           where d.tenant_id = i.tenant_id and d.name = i.definition and d.version = i.version
           and d.digest = i.digest)",
    ),
    (
        "an open step is in its instance's memo",
        "select count(*) from step s join instance i on i.id = s.instance_id
         where not exists (select 1 from jsonb_each(i.memo->'steps') m
           where m.value->>'id' = s.seq || '.' || s.index)",
    ),
    (
        "stuck has an incident, and nothing else has",
        "select count(*) from instance i where (i.status = 'stuck')
           <> exists (select 1 from incident n where n.instance_id = i.id)",
    ),
];

/// Checks them.
pub(crate) async fn check_promises(db: &Db) {
    for (promise, statement) in PROMISES {
        assert_eq!(db.count(statement).await, 0, "{promise}");
    }
}

/// A turn as history has it: tenant, instance, time, event, digest of the state after, digest of the definition.
type Recorded = (Uuid, Uuid, DateTime<Utc>, Value, Vec<u8>, String);

/// Folds every history, and compares each turn with what was written.
pub(crate) async fn check_replay(db: &Db, engine: &Engine) {
    let turns: Vec<Recorded> = sqlx::query_as(
        "select h.tenant_id, h.instance_id, h.at, h.event, h.state_digest, d.digest
             from history h join instance i on i.tenant_id = h.tenant_id and i.id = h.instance_id
             join definition d on d.tenant_id = h.tenant_id and d.name = i.definition and d.version = h.version
             order by h.instance_id, h.seq",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    let mut states: HashMap<Uuid, State> = HashMap::new();
    for (tenant, id, at, body, digest, of) in turns {
        let definition = engine.definition_by_digest(tenant, &of).await.unwrap();
        let before = states.remove(&id).unwrap_or_else(|| State::unborn(id.to_string()));
        let body = body.as_object().unwrap().clone();
        let mut step = machine::step(&definition, before, &Event { at, body });
        engine::turn::normalise(&mut step);
        let state = step.state;
        assert_eq!(
            engine::turn::digest(&state)[..],
            digest,
            "{id} differs at {}: {state:#?}",
            state.seq
        );
        states.insert(id, state);
    }
    for (id, replayed) in states {
        let tenant = sqlx::query_scalar("select tenant_id from instance where id = $1");
        let tenant: Uuid = tenant.bind(id).fetch_one(&db.pool).await.unwrap();
        let stored = engine.instance(tenant, id).await.unwrap();
        assert_eq!(stored.state, replayed, "{id}: the row is not what history gives");
    }
}

/// A machine with one step and a choice of what follows.
pub(crate) fn one_step(invoke: Value) -> Value {
    let mut step = invoke;
    step["id"] = json!("work");
    step["onDone"] = json!("done");
    json!({
        "initial": "working",
        "states": { "working": { "invoke": step }, "done": { "type": "final" } }
    })
}

/// A try of an unsafe kind, with this script and policy.
pub(crate) fn post(script: Value, policy: Value) -> Value {
    json!({
        "src": "http.request",
        "input": { "method": "POST", "url": "https://example.test", "body": script },
        "policy": policy
    })
}
