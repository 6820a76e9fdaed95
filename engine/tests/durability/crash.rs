//! Kills a process at every point, starts another on what it left, and compares with the run nobody disturbed.
//!
//! What a crash at each point leaves behind is said in `engine/src/fault.rs`, beside the point. What must come out is the
//! same everywhere: the instance completes, and every effect on the world happened exactly once.

use crate::support::{Db, check_promises, publish, start_engine, until};
use engine::{AccountsStore, Channels, Clock, Keyring, StartRequest, fault};
use serde_json::{Value, json};
use std::{process::Command, sync::Arc};
use uuid::Uuid;

/// The instance of the journey.
const INSTANCE: Uuid = Uuid::from_u128(7);
/// Its tenant.
const TENANT: Uuid = Uuid::from_u128(1);

/// Two unsafe steps (one whose answer is lost), a safe one that is busy at first, a timer, an event for itself and a child; all
/// of them paced, and the child under a concurrency key.
fn journey() -> Value {
    let unsafe_step = |script: &str| {
        json!({
            "src": "http.request",
            "input": { "method": "POST", "url": "https://example.test", "body": script },
            "policy": { "onUnknown": "check", "backoffMs": 1, "backoffMaxMs": 2 }
        })
    };
    let state = |mut invoke: Value, next: &str| {
        invoke["onDone"] = json!(next);
        json!({ "invoke": invoke })
    };
    let machine = json!({
        "initial": "sent",
        "states": {
            "sent": state(unsafe_step("act"), "lost"),
            "lost": state(unsafe_step("lose"), "busy"),
            "busy": state(json!({
                "src": "noop",
                "input": { "value": ["busy", "act"] },
                "policy": { "backoffMs": 1, "backoffMaxMs": 2, "maxAttempts": 9 }
            }), "sleep"),
            "sleep": { "after": { "20": "tell" } },
            "tell": state(json!({
                "src": "signal", "input": { "instance": INSTANCE, "event": "hello" }
            }), "listen"),
            "listen": { "on": { "hello": "family" } },
            "family": state(json!({ "src": "workflow:child" }), "end"),
            "end": { "type": "final" }
        }
    });
    json!({ "perdure": 1, "name": "journey", "policies": { "rate": "1000/s" }, "machine": machine })
}

/// At most one at a time.
fn child() -> Value {
    let machine = json!({ "initial": "end", "states": { "end": { "type": "final" } } });
    let policies = json!({ "concurrency": { "max": 1 } });
    json!({ "perdure": 1, "name": "child", "policies": policies, "machine": machine })
}

/// Runs the journey on a database, as far as this process lives.
async fn run(db: &Db) {
    let clock = Clock::system();
    let channels = Channels::new(db.pool.clone(), Keyring::generate().unwrap());
    let accounts = Arc::new(AccountsStore::new(channels, clock.clone()));
    let engine = start_engine(db, &clock, accounts).await.unwrap();
    publish(&engine, TENANT, "child", child()).await;
    publish(&engine, TENANT, "journey", journey()).await;
    let request = StartRequest {
        tenant: TENANT,
        definition: "journey".to_owned(),
        id: Some(INSTANCE),
        ..StartRequest::default()
    };
    match engine.start_instance(request).await {
        Ok(_) | Err(engine::Error::Exists(_)) => {}
        Err(error) => panic!("{error}"),
    }
    until(&engine, TENANT, INSTANCE, &["completed", "stuck", "failed"]).await;
    engine.shutdown().await;
}

/// The process that is killed: this very test binary, told so by its environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_victim() {
    let Ok(name) = std::env::var("PERDURE_TEST_VICTIM_OF") else { return };
    let db = Db::open(&name).await;
    run(&db).await;
}

/// Runs the journey in a process that dies at the `n`th visit of `point`; whether it did.
fn kill_at(db: &Db, point: &str, n: u32) -> bool {
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "crash::crash_victim", "--nocapture"]);
    victim.env("PERDURE_TEST_VICTIM_OF", &db.name);
    victim.env("PERDURE_CRASH_AT", format!("{point}:{n}"));
    let output = victim.output().unwrap();
    assert!(
        !output.status.success() || n > 1,
        "{point} was not visited:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    !output.status.success()
}

async fn check(point: &str, n: u32) -> bool {
    let db = Db::make().await;
    if point == "recovery.step" {
        // There must be something to recover.
        kill_at(&db, "step.after_mark", 1);
    }
    let was_killed = kill_at(&db, point, n);
    run(&db).await;
    let status: String = sqlx::query_scalar("select status from instance where id = $1")
        .bind(INSTANCE)
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(status, "completed", "killed at {point}:{n}");
    let children = db.count("select count(*) from instance where status = 'completed'").await;
    assert_eq!(children, 2, "killed at {point}:{n}");
    let heard = db.count("select count(*) from history where event ->> 'type' = 'hello'").await;
    assert_eq!(heard, 1, "killed at {point}:{n}: an event was delivered once");
    let twice = db
        .count(
            "select count(*) from (select key from ledger where has_acted and kind = 'http.request'
             group by key having count(*) > 1) twice",
        )
        .await;
    assert_eq!(twice, 0, "killed at {point}:{n}: an unsafe step had its effect twice");
    let effects = db.count("select count(distinct key) from ledger where has_acted").await;
    assert_eq!(effects, 3, "killed at {point}:{n}: every step had its effect");
    for table in ["step", "timer", "inbox", "incident"] {
        let statement = format!("select count(*) from {table}");
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&db.pool).await.unwrap();
        assert_eq!(left, 0, "killed at {point}:{n}: rows left in {table}");
    }
    check_promises(&db).await;
    db.drop().await;
    was_killed
}

/// At every point the first three times it is visited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_a_crash_at_every_point() {
    if !cfg!(debug_assertions) {
        return;
    }
    let mut killed = 0;
    for point in fault::POINTS {
        for n in 1..=3 {
            killed += u32::from(check(point, n).await);
        }
    }
    println!("{killed} processes were killed");
}
