//! Runs the cases of `testdata/<kind>.json` against the simulator: input and faults in, outcome and ledger out.
//!
//! In what is wanted, an object needs only the fields it names, `"*"` is anything, and `"~text"` is a text containing it.
//! `{url}` stands for the simulator, `{tls}` for an address that fails the TLS handshake, `{closed}` for a closed port,
//! and a text `{x*N}` for N times `x`.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use perdure_nodes::{Egress, Nodes, Settings};
use serde::Deserialize;
use serde_json::{Value, json};
use simulator::{Config, Simulator, WhatsApp};
use std::{fs, path::Path, time::Duration};
use workflows::step::{
    Attempt, Attempted, Checked, Connection, Outcome, Recipient, Secret, StepRunner,
};

const TOKEN: &str = "canary-token";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The provider of the usual connection, if the kind needs one.
    provider: Option<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    input: Value,
    /// Overrides fields of the usual connection; `false` is no connection.
    #[serde(default)]
    connection: Value,
    #[serde(default)]
    recipient: Option<Recipient>,
    #[serde(default = "first")]
    attempt: u32,
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
    #[serde(default)]
    egress: Option<String>,
    #[serde(default)]
    faults: Vec<Value>,
    #[serde(default)]
    answers: Vec<Value>,
    /// Inputs of the same kind that are run first, without faults.
    #[serde(default)]
    before: Vec<Value>,
    outcome: Value,
    #[serde(default)]
    ledger: Vec<Value>,
    #[serde(default)]
    exchange: Option<Value>,
    /// What asking afterwards tells.
    #[serde(default)]
    checked: Option<Value>,
}

fn first() -> u32 {
    1
}

fn timeout_ms() -> u64 {
    5_000
}

#[tokio::test]
async fn cases() {
    let bench = Bench {
        public: Nodes::new(Settings { egress: Egress::Public }).unwrap(),
        anywhere: Nodes::new(Settings { egress: Egress::Anywhere }).unwrap(),
        http: reqwest::Client::new(),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = path.file_stem().unwrap().to_str().unwrap().replacen('_', ".", 1);
        let text = fs::read_to_string(&path).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        let file: File =
            serde_json::from_value(expand(json)).unwrap_or_else(|e| panic!("{kind}: {e}"));
        for case in &file.cases {
            check(&bench, (&kind, file.provider.as_deref()), case).await;
        }
    }
}

/// Long texts are written short.
fn expand(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            let parts = inner.and_then(|inner| inner.split_once('*'));
            match parts.and_then(|(part, n)| Some(part.repeat(n.parse().ok()?))) {
                Some(long) => Value::String(long),
                None => Value::String(text),
            }
        }
        Value::Array(items) => items.into_iter().map(expand).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, expand(value))).collect()
        }
        plain => plain,
    }
}

/// What all cases share.
struct Bench {
    public: Nodes,
    anywhere: Nodes,
    http: reqwest::Client,
}

impl Bench {
    async fn post(&self, url: String, body: &[Value]) {
        let answer = self.http.post(&url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{url}: {}", answer.text().await.unwrap());
    }

    async fn ledger(&self, url: &str) -> Value {
        let answer = self.http.get(format!("{url}/_sim/ledger")).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["items"].clone()
    }
}

async fn check(bench: &Bench, (kind, provider): (&str, Option<&str>), case: &Case) {
    let is_public = case.egress.as_deref() == Some("public");
    let nodes = if is_public { &bench.public } else { &bench.anywhere };
    let name = format!("{kind}: {}", case.name);
    let whatsapp = WhatsApp { access_token: TOKEN.to_owned(), ..WhatsApp::default() };
    let config = Config { whatsapp, ..Config::default() };
    let simulator = Simulator::start(config).await.unwrap();
    for (at, input) in case.before.iter().enumerate() {
        let mut attempt = attempt(kind, provider, case, simulator.url());
        attempt.input = input.clone();
        attempt.key = format!("before-{at}");
        let attempted = nodes.run(attempt).await;
        assert!(matches!(attempted.outcome, Outcome::Done { .. }), "{name}: {attempted:?}");
    }
    let url = simulator.url();
    bench.post(format!("{url}/_sim/faults"), &case.faults).await;
    bench.post(format!("{url}/_sim/llm/answers"), &case.answers).await;
    let attempt = attempt(kind, provider, case, simulator.url());
    let attempted = nodes.run(attempt.clone()).await;
    // A wrong outcome is easier to understand with what was said.
    let evidence = format!("{:#?}", attempted.exchange);
    expect(&name, &case.outcome, &view(&attempted), &evidence);
    assert!(!format!("{attempted:?}").contains(TOKEN), "{name}: the token leaked");
    if let Some(wanted) = &case.exchange {
        expect(&name, wanted, &json!(attempted.exchange), &evidence);
    }
    if let Some(wanted) = &case.checked {
        let found = match nodes.check(attempt).await {
            Checked::Happened { output } => json!({"happened": output}),
            Checked::DidNotHappen => json!("did_not_happen"),
            Checked::CannotTell => json!("cannot_tell"),
        };
        expect(&name, wanted, &found, "check");
    }
    expect(&name, &json!(case.ledger), &bench.ledger(url).await, "ledger");
    simulator.shutdown().await;
}

fn attempt(kind: &str, provider: Option<&str>, case: &Case, url: &str) -> Attempt {
    let fill = |value: &Value| -> Value {
        let port = url.rsplit(':').next().unwrap();
        let text =
            value.to_string().replace("{url}", url).replace("{closed}", "http://127.0.0.1:1");
        let text = text.replace("{tls}", &format!("https://127.0.0.1:{port}"));
        serde_json::from_str(&text).unwrap()
    };
    let usual = provider.filter(|_| case.connection != json!(false));
    let given = fill(&case.connection);
    let connection = usual.map(|provider| {
        let path = match provider {
            "whatsapp" => "/v23.0",
            "openai" => "/v1",
            "slack" => "/api",
            "http" => "/echo",
            _ => "",
        };
        let text = |field: &str| given[field].as_str().map(str::to_owned);
        let settings = json!({"phone_number_id": "900001", "model": "m1"});
        let token = (given["token"] != false).then(|| Secret::new(TOKEN));
        Connection {
            name: "main".to_owned(),
            provider: text("provider").unwrap_or_else(|| provider.to_owned()),
            base_url: text("base_url").unwrap_or_else(|| format!("{url}{path}")),
            token,
            settings: given.get("settings").cloned().unwrap_or(settings),
        }
    });
    let phone = Recipient { phone: Some("255700000001".to_owned()), user_id: None };
    Attempt {
        kind: kind.to_owned(),
        input: fill(&case.input),
        key: "key-1".to_owned(),
        number: case.attempt,
        timeout: Duration::from_millis(case.timeout_ms),
        connection,
        recipient: Some(case.recipient.clone().unwrap_or(phone)),
    }
}

fn view(attempted: &Attempted) -> Value {
    match &attempted.outcome {
        Outcome::Done { port, output } => json!({"done": output, "port": port}),
        Outcome::Retry { after, code, message } => json!({"retry": code, "message": message,
            "after_ms": after.map(|after| after.as_millis() as u64)}),
        Outcome::Failed { code, message } => json!({"failed": code, "message": message}),
        Outcome::Unknown { code, message } => json!({"unknown": code, "message": message}),
    }
}

#[track_caller]
fn expect(name: &str, wanted: &Value, found: &Value, evidence: &str) {
    assert!(covers(wanted, found), "{name}\nwanted {wanted:#}\nfound {found:#}\n{evidence}");
}

fn covers(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::String(any), found) if any == "*" => !found.is_null(),
        (Value::String(part), Value::String(text)) if part.starts_with('~') => {
            text.contains(&part[1..])
        }
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(name, value)| covers(value, found.get(name).unwrap_or(&Value::Null))),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| covers(wanted, found))
        }
        (wanted, found) => wanted == found,
    }
}
