//! The accounts of development: a WhatsApp channel and three connections, all at the simulator.

use super::environment::Environment;
use crate::client::Client;
use anyhow::Context;
use engine::{ChannelNew, Channels, ConnectionNew};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use workflows::step::Secret;

/// Makes or refreshes them, and tells the simulator where its webhooks go.
pub(super) async fn set_up(
    channels: &Channels,
    environment: &mut Environment,
) -> anyhow::Result<()> {
    let secret = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    let channel = channels.upsert(ChannelNew {
        tenant: environment.tenant,
        kind: "whatsapp".to_owned(),
        name: "WhatsApp (simulated)".to_owned(),
        external_id: environment.phone_number_id.clone(),
        settings: json!({ "apiBase": format!("{}/v23.0", environment.simulator) }),
        secrets: BTreeMap::from([
            secret("app_secret", &environment.app_secret),
            secret("verify_token", &environment.verify_token),
            secret("access_token", &environment.access_token),
        ]),
    });
    environment.channel = channel.await.context("setting up the WhatsApp channel")?.id.to_string();
    for (provider, path, settings) in [
        ("openai", "/v1", json!({ "model": "gpt-4.1-mini" })),
        ("hubspot", "", json!({})),
        ("slack", "/api", json!({})),
    ] {
        let connected =
            channels.upsert_connection(connection(provider, path, settings, environment));
        connected.await.with_context(|| format!("setting up the connection `{provider}`"))?;
    }
    let webhook = format!("{}/hooks/whatsapp/{}", environment.api, environment.channel);
    let simulator = Client::at(&environment.simulator, None)?;
    let config = json!({ "webhook_url": webhook });
    simulator.post(&["_sim", "whatsapp", "config"], &[], &config).await?;
    Ok(())
}

fn connection(
    provider: &str,
    path: &str,
    settings: Value,
    environment: &Environment,
) -> ConnectionNew {
    ConnectionNew {
        tenant: environment.tenant,
        name: provider.to_owned(),
        provider: provider.to_owned(),
        base_url: format!("{}{path}", environment.simulator),
        settings,
        token: Some(Secret::new(format!("simulated-{provider}"))),
    }
}
