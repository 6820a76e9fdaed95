//! A commit that went through and whose answer never came: what it did is found, and not done again.

use crate::support::{World, event, server, settings};
use engine::{Clock, Engine, NoAccounts, Options, Role, Settings};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixListener, UnixStream},
};
use uuid::Uuid;

/// What a connection has sent before its commit is the one that is cut off.
const MARK: &[u8] = b"insert into inbox";
/// A commit, as it stands on the wire.
const COMMIT: &[u8] = b"COMMIT\0";

/// Between an engine and its server. Once armed, the next commit with a [`MARK`] reaches the server, and its answer nobody.
struct Lossy {
    folder: PathBuf,
    is_armed: Arc<AtomicBool>,
}

impl Lossy {
    async fn make() -> Self {
        let folder = std::env::temp_dir().join(format!("lossy_{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).unwrap();
        let listener = UnixListener::bind(socket(&folder)).unwrap();
        let is_armed: Arc<AtomicBool> = Arc::default();
        let armed = is_armed.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(client, armed.clone()));
            }
        });
        Self { folder, is_armed }
    }

    /// The server, by way of this.
    fn options(&self) -> PgConnectOptions {
        server().socket(&self.folder)
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The server's socket in a folder.
fn socket(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{}", server().get_port()))
}

async fn connect(client: UnixStream, armed: Arc<AtomicBool>) {
    let server = server();
    let host = server.get_host();
    let folder = server.get_socket().cloned();
    let folder = folder.or_else(|| host.starts_with('/').then(|| PathBuf::from(host)));
    match folder {
        Some(folder) => {
            carry(client, UnixStream::connect(socket(&folder)).await.unwrap(), &armed).await;
        }
        None => {
            let server = TcpStream::connect((host, server.get_port())).await.unwrap();
            carry(client, server, &armed).await;
        }
    }
}

/// Carries bytes both ways, until either side ends or an answer is to be lost.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: UnixStream,
    mut server: S,
    armed: &AtomicBool,
) {
    let (mut up, mut down) = (vec![0; 1 << 18], vec![0; 1 << 18]);
    let mut is_marked = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(n @ 1..) = read else { return };
                let sent = &up[..n];
                let has = |what: &[u8]| sent.windows(what.len()).any(|part| part == what);
                is_marked |= has(MARK);
                if server.write_all(sent).await.is_err() {
                    return;
                }
                if is_marked && has(COMMIT) && armed.swap(false, Ordering::SeqCst) {
                    // The server has answered, so it is written; the engine sees a connection that ends.
                    let _ = server.read(&mut down).await;
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(n @ 1..) = read else { return };
                if client.write_all(&down[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// An event for an instance of another process: it is passed on once, and has one turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_passed_on_is_not_passed_on_again() {
    let world = World::make().await;
    let count =
        json!([{ "type": "@xstate.assign", "context": { "n": { "@expr": "context.n + 1" } } }]);
    let machine = json!({ "@exprLang": "cel", "initial": "on", "context": { "n": 0 },
        "states": { "on": { "on": { "tick": { "actions": count } } } } });
    world.publish("counter", machine).await;
    let counter = world.begin("counter", json!({})).await.unwrap().id;
    let tenant = world.tenant;
    // Nobody owns it for a while, so that the row waits.
    world.engine.shutdown().await;

    let lossy = Lossy::make().await;
    let pool = engine::connect_with(lossy.options().database(&world.db.name), 10).await.unwrap();
    let api = Engine::start(Options {
        pool,
        runner: crate::support::Provider::of(&world.db).await,
        accounts: Arc::new(NoAccounts),
        clock: Clock::system(),
        settings: Settings { role: Role::Api, tracks: 1, ..settings() },
    });
    let api = api.await.unwrap();
    let Value::Object(tick) = json!({ "type": "tick" }) else { unreachable!() };
    lossy.is_armed.store(true, Ordering::SeqCst);
    let sent = tokio::spawn({
        let api = api.clone();
        async move { api.send_and_wait(event(tenant, counter, tick), Duration::from_secs(20)).await }
    });
    crate::support::eventually("a lost answer", async || {
        (!lossy.is_armed.load(Ordering::SeqCst)).then_some(())
    })
    .await;
    // Long enough for the event to be passed on again, if it were.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.db.count("select count(*) from inbox").await, 1);
    assert!(!sent.is_finished(), "whoever sent it waits for its turn");

    let World { db, .. } = world;
    let world = World::start(db, tenant, Arc::new(NoAccounts)).await;
    let after = sent.await.unwrap().unwrap();
    assert_eq!((after.state.seq, &after.state.context), (2, &json!({ "n": 1 })));
    api.shutdown().await;
    world.end().await;
}
