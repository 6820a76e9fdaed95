//! A transaction pooler: what PgBouncer 1.21 does with `pool_mode = transaction`, and stricter.
//!
//! A client has a server only from the first message of a transaction to its end, and hardly ever the same one twice. Prepared
//! statements are carried: each is known on the servers by a name made of its text, and prepared where it is missing. What needs a
//! session of its own (`LISTEN`, a session's lock, `SET`, the unnamed statement of an earlier transaction) is refused, and remembered until
//! the end of the test, because the engine may have shrugged at the error.
//!
//! With `PERDURE_PGBOUNCER` naming a PgBouncer, that one stands there instead.

mod client;
mod pgbouncer;
mod servers;
mod session;
mod wire;

use client::Client;
use pgbouncer::PgBouncer;
use servers::Servers;
use sqlx::postgres::PgConnectOptions;
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, task::JoinHandle};

/// A pooler, until it is dropped.
pub(crate) struct Pooler {
    options: PgConnectOptions,
    what: What,
}

enum What {
    Ours { task: JoinHandle<()>, wrongs: Arc<Mutex<Vec<String>>> },
    Real(#[expect(dead_code, reason = "it ends with us")] PgBouncer),
}

/// Whether the environment wants the tests behind one.
pub(crate) fn is_wanted() -> bool {
    std::env::var("PERDURE_POOLER").is_ok_and(|mode| mode == "transaction")
}

impl Pooler {
    /// One before this server, as the environment wants it.
    pub(crate) async fn before(server: &PgConnectOptions) -> Self {
        match std::env::var("PERDURE_PGBOUNCER") {
            Ok(program) => {
                let (real, options) = PgBouncer::before(&program, server).await;
                Self { options, what: What::Real(real) }
            }
            Err(_) => Self::ours(server, true).await,
        }
    }

    /// One of ours. If it carries no statements, they stay where they were prepared under the client's names, as with PgBouncer
    /// before 1.21.
    pub(crate) async fn ours(server: &PgConnectOptions, carries: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let servers = Arc::new(Servers::new(server.clone()));
        let wrongs: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, database) = (wrongs.clone(), server.get_database().unwrap_or("postgres"));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (servers, wrongs) = (servers.clone(), wrongs.clone());
                tokio::spawn(async move {
                    // How a connection ends is the client's business: it sees the same.
                    let _ = Client::new(stream, &servers, carries, wrongs).run().await;
                });
            }
        });
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .username(server.get_username())
            .database(database);
        Self { options, what: What::Ours { task, wrongs: kept } }
    }

    /// How to connect to it.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// What was asked that needs a session.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        match &self.what {
            What::Ours { wrongs, .. } => wrongs.lock().unwrap().clone(),
            What::Real(_) => Vec::new(),
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if let What::Ours { task, .. } = &self.what {
            task.abort();
        }
    }
}
