//! A local server that behaves like the providers, faults included, and keeps a ledger of what was really sent.
//!
//! Base URLs for connections: WhatsApp `{url}/v23.0`, OpenAI `{url}/v1`, HubSpot `{url}`, Slack `{url}/api`, and
//! `{url}/echo/...` for plain HTTP. Everything a test may ask of it is under `{url}/_sim`.
//!
//! **Invariant:** it imports no other crate of ours, so it cannot share a mistake with the code it judges.
//! **Invariant:** every call that arrives stands in the ledger, with whether it had its effect, before it is answered.

mod echo;
mod faults;
mod gate;
mod hubspot;
mod ledger;
mod line;
mod llm;
mod routes;
mod slack;
mod whatsapp;
mod world;

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// What the simulator is started with.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The WhatsApp business number it plays.
    pub whatsapp: WhatsApp,
    /// Seed of everything random (faults with a probability).
    pub seed: u64,
}

/// The WhatsApp business number.
#[derive(Debug, Clone, Default)]
pub struct WhatsApp {
    /// The id in the path of a send, and in `metadata` of a webhook.
    pub phone_number_id: String,
    /// Signs the webhooks.
    pub app_secret: String,
    /// Sent by `POST /_sim/whatsapp/verify`, the GET handshake of the webhook.
    pub verify_token: String,
    /// Where webhooks go; can be set later with `POST /_sim/whatsapp/config`.
    pub webhook_url: Option<String>,
    /// The bearer token sends must carry; empty accepts any.
    pub access_token: String,
}

/// A running simulator. Dropping it stops it.
pub struct Simulator {
    url: String,
    closing: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// How long calls in progress may take to end when the simulator shuts down.
const SHUTDOWN_MS_MAX: u64 = 2_000;

impl Simulator {
    /// Binds and serves. Fails only if the port cannot be bound or the HTTP client cannot be built.
    pub async fn start(config: Config) -> io::Result<Simulator> {
        // Another crate of the process may have installed it already; it is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (closing, closed) = watch::channel(false);
        let sim = Arc::new(world::Sim::new(&config, closed.clone())?);
        let service = routes::router(sim).into_make_service_with_connect_info::<line::Scissors>();
        let server = axum::serve(line::Lines(listener), service)
            .with_graceful_shutdown(world::until_closed(closed));
        let server = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the simulator stopped serving");
            }
        });
        Ok(Simulator { url, closing, server })
    }

    /// `http://127.0.0.1:<port>`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops serving and delivering; calls that are held open are let go.
    pub async fn shutdown(mut self) {
        // Nobody listening means that it has ended already.
        let _ = self.closing.send(true);
        let limit = Duration::from_millis(SHUTDOWN_MS_MAX);
        if tokio::time::timeout(limit, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}
