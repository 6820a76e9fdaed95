//! `hubspot.contact`: creates a contact or updates it, found by e-mail, or else by phone.
//!
//! **Invariant:** by e-mail twice is once, whatever is lost. By phone a lost create is `Unknown`: the search that would
//! find it lags behind by seconds.

use crate::{
    http::Http,
    http::{Reply, Request},
    node::Node,
    outcome::{Safety, done, failed, of_status, retry, retry_after, unknown},
    talk::{Account, Talk},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"id", "new"}`.
pub(crate) struct HubspotContact;

/// Where contacts live, unless the connection's setting `contacts_path` says otherwise.
const CONTACTS_PATH: &str = "crm/v3/objects/contacts";
/// A `Retry-After` from here on is meant in milliseconds: one of their gateways sends it so.
const RETRY_AFTER_S_MAX: u64 = 1_000;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    properties: Map<String, Value>,
}

impl Node for HubspotContact {
    fn kind(&self) -> &'static str {
        "hubspot.contact"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = save(&mut talk).await;
            talk.end(outcome)
        })
    }
}

async fn save(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let input: Input = talk.input()?;
    let account = talk.account("hubspot")?;
    let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (email, phone) = (some(input.email), some(input.phone));
    let mut properties = texts(input.properties)?;
    if let Some(phone) = &phone {
        properties.insert("phone".to_owned(), json!(phone));
    }
    if let Some(email) = email {
        properties.insert("email".to_owned(), json!(email));
        return by_email(talk, account, &email, properties).await;
    }
    match phone {
        Some(phone) => by_search(talk, account, ("phone", &phone), properties).await,
        None => Err(failed("input", "email or phone is needed to find the contact")),
    }
}

/// Every property value is a text on their wire; null clears nothing, so it is left out.
fn texts(properties: Map<String, Value>) -> Result<Map<String, Value>, Outcome> {
    let mut texts = Map::new();
    for (name, value) in properties {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            // HubSpot's own form for a choice of several.
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                items.join(";")
            }
            Value::Object(_) => {
                return Err(failed("input", format!("properties.{name}: must be a text")));
            }
        };
        texts.insert(name, Value::String(text));
    }
    Ok(texts)
}

fn path(account: Account<'_>, rest: &str) -> String {
    format!("{}{rest}", account.setting("contacts_path").unwrap_or(CONTACTS_PATH))
}

async fn by_email(
    talk: &mut Talk<'_>,
    account: Account<'_>,
    email: &str,
    properties: Map<String, Value>,
) -> Result<Outcome, Outcome> {
    let input = json!({"id": email, "idProperty": "email", "properties": properties});
    let body = json!({ "inputs": [input] });
    let request = account.request(Method::POST, &path(account, "/batch/upsert"), body);
    let reply = call(talk, request, Safety::Safe).await?;
    if reply.status == 400 {
        // Some portals refuse an upsert by e-mail that leaves properties out.
        return by_search(talk, account, ("email", email), properties).await;
    }
    if !reply.is_success() {
        return Err(refusal(&reply, Safety::Safe));
    }
    let result = &reply.body["results"][0];
    match result["id"].as_str() {
        Some(id) => Ok(done(json!({"id": id, "new": result["new"].as_bool().unwrap_or(false)}))),
        None => Err(refused_item(&reply)),
    }
}

/// A 207: the batch went through, our only item did not.
fn refused_item(reply: &Reply) -> Outcome {
    let error = &reply.body["errors"][0];
    let code = error["category"].as_str().unwrap_or("no-result");
    failed(code, error["message"].as_str().unwrap_or("the answer names no contact"))
}

async fn by_search(
    talk: &mut Talk<'_>,
    account: Account<'_>,
    (property, value): (&str, &str),
    properties: Map<String, Value>,
) -> Result<Outcome, Outcome> {
    let filter = json!({"propertyName": property, "operator": "EQ", "value": value});
    let body = json!({"filterGroups": [{"filters": [filter]}], "properties": ["email"],
        "limit": 1});
    let request = account.request(Method::POST, &path(account, "/search"), body);
    let reply = call(talk, request, Safety::Safe).await?;
    if !reply.is_success() {
        return Err(refusal(&reply, Safety::Safe));
    }
    if let Some(id) = reply.body["results"][0]["id"].as_str() {
        return update(talk, account, id, properties).await;
    }
    // By e-mail a second create answers 409; by phone it makes a second contact.
    let safety = if property == "email" { Safety::Safe } else { Safety::Unsafe };
    let body = json!({ "properties": properties });
    let request = account.request(Method::POST, &path(account, ""), body);
    let reply = call(talk, request, safety).await?;
    match (reply.status, reply.body["id"].as_str()) {
        (200..=299, Some(id)) => Ok(done(json!({"id": id, "new": true}))),
        (200..=299, None) => Err(unknown("no-id", "the answer names no contact")),
        (409, _) => match existing(&reply.body) {
            Some(id) => update(talk, account, &id, properties).await,
            None => Err(refusal(&reply, safety)),
        },
        _ => Err(refusal(&reply, safety)),
    }
}

/// The id stands only in the text: `Contact already exists. Existing ID: 501`.
fn existing(body: &Value) -> Option<String> {
    let (_, rest) = body["message"].as_str()?.split_once("Existing ID:")?;
    let id: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    (!id.is_empty()).then_some(id)
}

async fn update(
    talk: &mut Talk<'_>,
    account: Account<'_>,
    id: &str,
    properties: Map<String, Value>,
) -> Result<Outcome, Outcome> {
    let body = json!({ "properties": properties });
    let request = account.request(Method::PATCH, &path(account, &format!("/{id}")), body);
    let reply = call(talk, request, Safety::Safe).await?;
    if !reply.is_success() {
        return Err(refusal(&reply, Safety::Safe));
    }
    Ok(done(json!({"id": id, "new": false})))
}

async fn call(talk: &mut Talk<'_>, request: Request<'_>, safety: Safety) -> Result<Reply, Outcome> {
    talk.call(request).await.map_err(|lost| lost.outcome(safety))
}

fn refusal(reply: &Reply, safety: Safety) -> Outcome {
    let body = &reply.body;
    let message = body["message"].as_str().unwrap_or("no message");
    let message = format!("HTTP {}: {message}", reply.status);
    match reply.status {
        401 | 403 => failed("auth", message),
        // The quota of the day comes back with the day.
        429 if body["policyName"] == "DAILY" => failed("quota", message),
        429 => retry(wait(reply), "rate-limited", message),
        400..=499 if reply.status != 408 && reply.status != 425 => {
            let category = body["category"].as_str().map(str::to_owned);
            failed(category.unwrap_or_else(|| format!("http-{}", reply.status)), message)
        }
        status => of_status(status, &reply.headers, safety, message),
    }
}

fn wait(reply: &Reply) -> Option<Duration> {
    match retry_after(&reply.headers) {
        Some(wait) if wait.as_secs() >= RETRY_AFTER_S_MAX => {
            Some(Duration::from_millis(wait.as_secs()))
        }
        Some(wait) => Some(wait),
        None => {
            let interval = reply.headers.get("x-hubspot-ratelimit-interval-milliseconds")?;
            interval.to_str().ok()?.parse().ok().map(Duration::from_millis)
        }
    }
}
