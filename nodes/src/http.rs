//! The HTTP clients: one for providers, whose addresses an operator has set, and one for whatever a workflow calls.
//!
//! **Invariant:** no client retries, none uses a proxy of the environment, and the one for providers follows no redirect,
//! so a credential goes only where the operator said.

use crate::{
    egress::{Blocked, Egress, PublicOnly, check_url, redirects},
    outcome::Lost,
};
use reqwest::{
    Client, ClientBuilder, Method, Response, Url,
    header::{CONTENT_TYPE, HeaderMap},
    redirect, retry,
};
use serde_json::Value;
use std::{error::Error, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use workflows::step::Secret;

/// Longest time to connect.
const CONNECT_TIMEOUT_MS: u64 = 5_000;
/// Idle connections are closed before the other side closes them, so that a call seldom dies on a stale one.
const POOL_IDLE_MS_MAX: u64 = 20_000;
/// Largest body that is read.
const RESPONSE_BYTES_MAX: usize = 1024 * 1024;

/// Whose address a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The operator's: a connection's base URL. Trusted, redirects are answers.
    Provider,
    /// The workflow's: guarded.
    Open,
}

/// What is sent as body.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Text(String),
}

/// One call to make.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) reach: Reach,
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) token: Option<&'a Secret>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

impl<'a> Request<'a> {
    /// A JSON call to a provider.
    pub(crate) fn json(method: Method, url: String, token: &'a Secret, body: Value) -> Self {
        let (reach, body) = (Reach::Provider, Body::Json(body));
        Request { reach, method, url, token: Some(token), headers: Vec::new(), body }
    }

    /// The body as it is kept for people.
    pub(crate) fn body_value(&self) -> Value {
        match &self.body {
            Body::Empty => Value::Null,
            Body::Json(json) => json.clone(),
            Body::Text(text) => Value::String(text.clone()),
        }
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// JSON, or a text if it is not JSON, or null if it is empty.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// No answer, and what is known of it.
#[derive(Debug)]
pub(crate) struct NoReply {
    pub(crate) lost: Lost,
    /// The status, if the answer broke off after it.
    pub(crate) status: Option<u16>,
}

/// The clients.
pub(crate) struct Http {
    egress: Egress,
    providers: Client,
    open: Client,
}

impl Http {
    pub(crate) fn new(egress: Egress) -> Result<Http, reqwest::Error> {
        // Another part of the process may have installed it already; it is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let providers = builder().redirect(redirect::Policy::none()).build()?;
        let open = builder().redirect(redirects(egress));
        let open = match egress {
            Egress::Public => open.dns_resolver(Arc::new(PublicOnly)),
            Egress::Anywhere => open,
        };
        Ok(Http { egress, providers, open: open.build()? })
    }

    /// Makes one call and reads its answer, all before the deadline.
    pub(crate) async fn call(
        &self,
        request: Request<'_>,
        deadline: Instant,
    ) -> Result<Reply, NoReply> {
        let no_reply = |lost| NoReply { lost, status: None };
        let url = Url::parse(&request.url)
            .map_err(|error| no_reply(Lost::Invalid(format!("not a URL: {error}"))))?;
        let client = match request.reach {
            Reach::Provider => &self.providers,
            Reach::Open => &self.open,
        };
        if (request.reach, self.egress) == (Reach::Open, Egress::Public) {
            check_url(&url).map_err(|blocked| no_reply(Lost::Blocked(blocked.0)))?;
        }
        let mut call = client.request(request.method, url);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if let Some(token) = request.token {
            call = call.bearer_auth(token.reveal());
        }
        call = match request.body {
            Body::Empty => call,
            Body::Json(json) => call.json(&json),
            Body::Text(text) => call.body(text),
        };
        match timeout_at(deadline, call.send()).await {
            Ok(Ok(response)) => read(response, deadline).await,
            Ok(Err(error)) => Err(no_reply(lost(error))),
            Err(_) => Err(no_reply(Lost::Timeout)),
        }
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("perdure/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .retry(retry::never())
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .pool_idle_timeout(Duration::from_millis(POOL_IDLE_MS_MAX))
}

/// Reads the body under the cap. A refusal is a refusal even if its body breaks off; a success without its body is lost.
async fn read(mut response: Response, deadline: Instant) -> Result<Reply, NoReply> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let bytes = match read_bytes(&mut response, deadline).await {
        Ok(bytes) => bytes,
        Err(_) if !(200..300).contains(&status) => Vec::new(),
        Err(lost) => return Err(NoReply { lost, status: Some(status) }),
    };
    let text = String::from_utf8_lossy(&bytes);
    let is_text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/plain") || kind.starts_with("text/html"));
    let body = match serde_json::from_str(&text) {
        Ok(json) if !is_text => json,
        _ if text.is_empty() => Value::Null,
        _ => Value::String(text.into_owned()),
    };
    Ok(Reply { status, headers, body })
}

async fn read_bytes(response: &mut Response, deadline: Instant) -> Result<Vec<u8>, Lost> {
    let mut bytes = Vec::new();
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) if bytes.len() + chunk.len() > RESPONSE_BYTES_MAX => {
                return Err(Lost::TooLarge);
            }
            Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
            Ok(Ok(None)) => return Ok(bytes),
            Ok(Err(error)) => return Err(Lost::Broken(story(&error))),
            Err(_) => return Err(Lost::Timeout),
        }
    }
}

/// What a failed send proves.
fn lost(error: reqwest::Error) -> Lost {
    let error = error.without_url();
    if let Some(blocked) = blocked(&error) {
        return Lost::Blocked(blocked.0.clone());
    }
    let why = story(&error);
    if error.is_builder() {
        Lost::Invalid(why)
    } else if error.is_connect() {
        Lost::NotConnected(why)
    } else if error.is_timeout() {
        Lost::Timeout
    } else {
        Lost::Broken(why)
    }
}

/// The guard's own refusal, from inside the resolver or the redirect policy.
fn blocked(error: &reqwest::Error) -> Option<&Blocked> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(blocked) = error.downcast_ref::<Blocked>() {
            return Some(blocked);
        }
        cause = error.source();
    }
    None
}

/// The error and its causes in one line.
fn story(error: &reqwest::Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        story = format!("{story}: {error}");
        cause = error.source();
    }
    story
}
