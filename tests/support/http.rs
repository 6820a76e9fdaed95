//! JSON over HTTP, for tests that are a customer, an admin or ops.

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use serde_json::Value;
use std::time::Duration;

/// A client that gives up soon: what it talks to may have been killed.
pub fn client() -> Client {
    // The simulator of this process may have installed the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .expect("a client with the ring provider")
}

/// One call; an answer that is not a success is an error that shows it.
pub async fn call(
    client: &Client,
    method: Method,
    url: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> Result<Value> {
    let mut request = client.request(method, url);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.with_context(|| format!("calling {url}"))?;
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}
