//! What the customers talk to: engine, router and API of this process, and the simulator in the provider's place.

use super::super::Bench;
use crate::host::{Host, Plan};
use anyhow::Context;
use engine::{ChannelNew, Clock, Keyring};
use nodes::Egress;
use serde_json::{Value, json};
use simulator::{Config, Simulator, WhatsApp};
use std::{collections::BTreeMap, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use uuid::Uuid;
use workflows::step::Secret;

/// Signs the webhooks; known to the customers and the channel of this run.
pub(super) const APP_SECRET: &str = "bench-app-secret";
const ACCESS_TOKEN: &str = "bench-access-token";
/// The same in every run, because a run also gets what the last one left unfinished. It guards nothing.
const MASTER_KEY: &str = "bench:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
/// How long requests in progress may take to end.
const SERVING_ENDS_MAX: Duration = Duration::from_secs(2);

/// Everything that runs.
pub(super) struct Stage {
    host: Host,
    simulator: Simulator,
    tenant: Uuid,
    /// Where webhooks go.
    pub(super) hook: String,
    pub(super) phone_number_id: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Stage {
    /// Starts it all for a tenant, a channel and a number of its own.
    pub(super) async fn set_up(bench: &Bench) -> anyhow::Result<Self> {
        let tenant = Uuid::new_v4();
        // An account belongs to one tenant for ever, so each run has another.
        let phone_number_id = (tenant.as_u128() % 1_000_000_000_000).to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening")?;
        let public_url = format!("http://{}", listener.local_addr()?);
        let whatsapp = WhatsApp {
            phone_number_id: phone_number_id.clone(),
            app_secret: APP_SECRET.to_owned(),
            verify_token: "verify".to_owned(),
            webhook_url: None,
            access_token: ACCESS_TOKEN.to_owned(),
        };
        let simulator = Simulator::start(Config { whatsapp, ..Config::default() }).await;
        let simulator = simulator.context("starting the simulator")?;
        let plan = Plan {
            role: engine::Role::All,
            pool: bench.pool.clone(),
            keyring: Keyring::from_text(MASTER_KEY)?,
            clock: Clock::system(),
            egress: Egress::Anywhere,
            public_url: public_url.clone(),
        };
        let host = Host::start(plan).await?;
        let channel = host.conversations.channels().upsert(channel(
            tenant,
            &phone_number_id,
            simulator.url(),
        ));
        let hook = format!("{public_url}/hooks/whatsapp/{}", channel.await?.id);
        let uploaded =
            host.engine.upload(tenant, definition().to_string().into_bytes(), None, true).await;
        uploaded.context("uploading the definition")?;
        tell_webhook(&simulator, &hook).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = api::router(host.app());
        let served =
            axum::serve(listener, routes.into_make_service()).with_graceful_shutdown(async {
                // The sender gone means the same.
                let _ = stopped.await;
            });
        let serving = tokio::spawn(served.into_future());
        Ok(Self { host, simulator, tenant, hook, phone_number_id, stop, serving })
    }

    /// Conversations that have not come to their end.
    pub(super) async fn open_conversations(&self) -> anyhow::Result<usize> {
        let open: i64 =
            sqlx::query_scalar("select count(*) from instance where tenant_id = $1 and live")
                .bind(self.tenant)
                .fetch_one(self.host.engine.pool())
                .await?;
        Ok(usize::try_from(open)?)
    }

    /// Stops from the outside in. The pool stays open: it is the bench's own.
    pub(super) async fn close(self) {
        let _ = self.stop.send(());
        self.simulator.shutdown().await;
        if tokio::time::timeout(SERVING_ENDS_MAX, self.serving).await.is_err() {
            tracing::warn!("a connection was still open when the run ended");
        }
        self.host.conversations.shutdown().await;
        self.host.engine.shutdown().await;
    }
}

fn channel(tenant: Uuid, phone_number_id: &str, simulator: &str) -> ChannelNew {
    let secret = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    ChannelNew {
        tenant,
        kind: "whatsapp".to_owned(),
        name: "Benchmark".to_owned(),
        external_id: phone_number_id.to_owned(),
        // What a number gets that is in use: with the 80 a second of a new one, the bench would measure that.
        settings: json!({ "apiBase": format!("{simulator}/v23.0"), "limits": { "per_second": 1_000, "burst": 1_000 } }),
        secrets: BTreeMap::from([
            secret("app_secret", APP_SECRET),
            secret("verify_token", "verify"),
            secret("access_token", ACCESS_TOKEN),
        ]),
    }
}

async fn tell_webhook(simulator: &Simulator, hook: &str) -> anyhow::Result<()> {
    let client = crate::client::Client::at(simulator.url(), None)?;
    client.post(&["_sim", "whatsapp", "config"], &[], &json!({ "webhook_url": hook })).await?;
    Ok(())
}

/// A greeting opens it; it asks one thing and says thanks.
fn definition() -> Value {
    let node = |id: &str, kind: &str, data: Value| json!({ "id": id, "type": kind, "data": data });
    let nodes = json!([
        node("start", "trigger", json!({ "on": "message", "when": "event.text == 'hi'" })),
        node(
            "name",
            "ask",
            json!({ "text": "Welcome! What is your name?", "type": "text", "saveAs": "name", "timeout": "PT1H" })
        ),
        node("thanks", "send.text", json!({ "text": "Thank you, {{ context.name }}." })),
        node("end", "end", json!({})),
    ]);
    let edges = json!([
        { "source": "start", "target": "name" },
        { "source": "name", "sourceHandle": "answer", "target": "thanks" },
        { "source": "name", "sourceHandle": "timeout", "target": "end" },
        { "source": "thanks", "target": "end" },
    ]);
    json!({ "perdure": 1, "name": "mixed", "title": "Benchmark: mixed", "graph": {"nodes": nodes, "edges": edges} })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation_can_be_published() {
        let compiled = workflows::compile::compile(definition().to_string().as_bytes(), None);
        assert!(compiled.is_publishable(), "{:?}", compiled.diagnostics);
    }
}
