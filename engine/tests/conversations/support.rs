//! A world for one test: a database, a channel, customers who write, a provider that only remembers what it was asked.

use crate::pooler::{self, Pooler};
use chrono::{DateTime, Utc};
use engine::{
    Accepted, AccountsStore, Channel, ChannelNew, Channels, Clock, Conversation, Conversations,
    Engine, Keeping, Keyring, Message, Options, Settings,
    conversation::inbound::{Inbound, InboundMessage, InboundStatus, Sender},
};
use serde_json::{Map, Value, json};
use sqlx::{ConnectOptions, Connection, PgPool, postgres::PgConnectOptions};
use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;
use workflows::step::{Attempt, Attempted, Checked, Outcome, Running, Secret, StepRunner};

/// Longest a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// The customer of most tests.
pub(crate) const ASHA: &str = "255700000001";

/// Sends nothing, and remembers what it was asked to send.
#[derive(Default)]
pub(crate) struct Provider(Mutex<Vec<Attempt>>);

impl Provider {
    /// The texts that were sent, to whom.
    pub(crate) fn sent(&self) -> Vec<(String, String)> {
        let text = |attempt: &Attempt| {
            let phone =
                attempt.recipient.as_ref().and_then(|r| r.phone.clone()).unwrap_or_default();
            (phone, attempt.input["text"].as_str().unwrap_or_default().to_owned())
        };
        self.0.lock().unwrap().iter().map(text).collect()
    }
}

impl StepRunner for Provider {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        Box::pin(async move {
            let output = json!({ "messageId": format!("wamid.OUT-{}", attempt.key) });
            self.0.lock().unwrap().push(attempt);
            Attempted { outcome: Outcome::Done { port: "default", output }, exchange: None }
        })
    }

    fn check(&self, _attempt: Attempt) -> Running<'_, Checked> {
        Box::pin(async { Checked::CannotTell })
    }
}

/// Everything.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) pool: PgPool,
    pub(crate) tenant: Uuid,
    pub(crate) clock: Clock,
    pub(crate) provider: Arc<Provider>,
    pub(crate) channels: Channels,
    pub(crate) accounts: Arc<AccountsStore>,
    pub(crate) engine: Engine,
    pub(crate) conversations: Conversations,
    pub(crate) channel: Arc<Channel>,
    /// What stands before the database, if the environment wants that.
    pooler: Option<Pooler>,
}

/// A pool, and what stands before its database.
async fn connect(name: &str) -> (PgPool, Option<Pooler>) {
    let options = server().database(name);
    if !pooler::is_wanted() {
        return (engine::connect_with(options, 20).await.unwrap(), None);
    }
    let pooler = Pooler::before(&options).await;
    (engine::pooled::connect_with(pooler.options(), 20).await.unwrap(), Some(pooler))
}

fn server() -> PgConnectOptions {
    let url = std::env::var("DATABASE_URL").expect("these tests need DATABASE_URL");
    PgConnectOptions::from_str(&url).expect("DATABASE_URL is a Postgres URL")
}

impl World {
    /// Makes one, with the router at work.
    pub(crate) async fn make() -> Self {
        Self::make_keeping(Keeping::default()).await
    }

    /// Makes one that keeps as much as this.
    pub(crate) async fn make_keeping(keeping: Keeping) -> Self {
        let world = Self::make_deaf_keeping(keeping).await;
        world.conversations.start();
        world
    }

    /// Makes one whose router has not been started.
    pub(crate) async fn make_deaf() -> Self {
        Self::make_deaf_keeping(Keeping::default()).await
    }

    async fn make_deaf_keeping(keeping: Keeping) -> Self {
        let name = format!("perdure_test_{}", Uuid::new_v4().simple());
        let mut connection = server().connect().await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let (pool, pooler) = connect(&name).await;
        match pooler {
            Some(_) => engine::pooled::migrate(&pool).await.unwrap(),
            None => engine::migrate(&pool).await.unwrap(),
        }
        let tenant = Uuid::now_v7();
        sqlx::query("insert into tenant (tenant_id, name) values ($1, 'Clinic')")
            .bind(tenant)
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        Self::open(name, tenant, keeping).await
    }

    /// Starts an engine on a database that is there, with its router deaf.
    pub(crate) async fn open(name: String, tenant: Uuid, keeping: Keeping) -> Self {
        let (pool, pooler) = connect(&name).await;
        let settings = Settings {
            poll: Duration::from_millis(100),
            keeping,
            notify: !std::env::var("PERDURE_NOTIFY").is_ok_and(|set| set == "off"),
            behind_pooler: pooler.is_some(),
            ..Settings::default()
        };
        let (clock, provider) = (Clock::system(), Arc::new(Provider::default()));
        let channels = Channels::new(pool.clone(), Keyring::generate().unwrap());
        let channel = channels.upsert(whatsapp(tenant, "900001")).await.unwrap();
        let accounts = Arc::new(AccountsStore::new(channels.clone(), clock.clone()));
        let options = Options {
            pool: pool.clone(),
            runner: provider.clone(),
            accounts: accounts.clone(),
            clock: clock.clone(),
            settings,
        };
        let engine = Engine::start(options).await.unwrap();
        let conversations = Conversations::new(engine.clone(), channels.clone());
        Self {
            name,
            pool,
            tenant,
            clock,
            provider,
            channels,
            accounts,
            engine,
            conversations,
            channel,
            pooler,
        }
    }

    /// Ends it; nothing may be left undone.
    pub(crate) async fn end(self) {
        self.rest().await;
        self.conversations.shutdown().await;
        self.engine.shutdown().await;
        self.pool.close().await;
        let wrongs = self.pooler.map(|pooler| pooler.wrongs()).unwrap_or_default();
        assert!(wrongs.is_empty(), "behind a pooler: {wrongs:#?}");
        let mut connection = server().connect().await.unwrap();
        let statement = format!("drop database if exists {} with (force)", self.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }

    /// Publishes a definition file.
    pub(crate) async fn publish(&self, definition: Value) {
        let bytes = definition.to_string().into_bytes();
        if let Err(error) = self.engine.upload(self.tenant, bytes, None, true).await {
            panic!("it does not compile: {error:#?}");
        }
    }

    /// What a webhook carries.
    pub(crate) async fn accept(&self, items: Vec<Inbound>) -> Accepted {
        self.conversations.accept(&self.channel, items).await.unwrap()
    }

    /// A customer writes, and everything comes to rest.
    pub(crate) async fn say(&self, phone: &str, text: &str) {
        self.accept(vec![said(phone, &Uuid::now_v7().to_string(), text)]).await;
        self.rest().await;
    }

    /// Waits until there is nothing to route, to apply or to run.
    pub(crate) async fn rest(&self) {
        let idle = "select -((select count(*) from message where routed_at is null)
             + (select count(*) from inbox) + (select count(*) from step where status <> 'parked'))";
        self.until(idle, 0).await;
    }

    /// Waits until this number has grown so far.
    pub(crate) async fn until(&self, what: &'static str, wanted: i64) {
        let since = Instant::now();
        while self.one::<i64>(what).await < wanted {
            assert!(since.elapsed() < PATIENCE, "never {wanted}: {what}");
            // Asking again is the only way to see what other tasks have done.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// One value.
    pub(crate) async fn one<T>(&self, query: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    /// A customer's conversation.
    pub(crate) async fn conversation(&self, phone: &str) -> Conversation {
        self.conversations.by_phone(self.tenant, phone).await.unwrap().remove(0)
    }

    /// A customer's messages.
    pub(crate) async fn messages(&self, phone: &str) -> Vec<Message> {
        let conversation = self.conversation(phone).await.id;
        self.conversations.messages(self.tenant, conversation, None, 1_000).await.unwrap()
    }

    /// What was decided about a customer's messages.
    pub(crate) async fn decisions(&self, phone: &str) -> Vec<String> {
        let messages = self.messages(phone).await.into_iter();
        messages.filter(|m| m.direction == "in").filter_map(|m| m.decision).collect()
    }

    /// Definitions and statuses of all instances, oldest first.
    pub(crate) async fn instances(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select definition || ' ' || status from instance order by created_at, id",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }
}

/// A channel of a tenant.
pub(crate) fn whatsapp(tenant: Uuid, phone_number_id: &str) -> ChannelNew {
    let secrets = ["app_secret", "verify_token", "access_token"];
    ChannelNew {
        tenant,
        kind: "whatsapp".to_owned(),
        name: "Main number".to_owned(),
        external_id: phone_number_id.to_owned(),
        settings: json!({ "apiBase": "https://graph.test/v23.0/" }),
        secrets: secrets
            .map(|s| (s.to_owned(), Secret::new(format!("plain-{s}"))))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A message with this body.
pub(crate) fn wrote(from: Sender, id: &str, body: &Value) -> Inbound {
    Inbound::Message(InboundMessage {
        provider_id: id.to_owned(),
        from,
        at: now(),
        body: body.as_object().cloned().unwrap_or_else(Map::new),
        phone_number_id: None,
    })
}

/// A person with this phone.
pub(crate) fn phone(phone: &str) -> Sender {
    Sender { phone: Some(phone.to_owned()), user_id: None, name: Some("Asha".to_owned()) }
}

/// A text message.
pub(crate) fn said(from: &str, id: &str, text: &str) -> Inbound {
    wrote(phone(from), id, &json!({ "messageType": "text", "text": text }))
}

/// A tapped button.
pub(crate) fn tapped(from: &str, choice: &str, reply_to: Option<&str>) -> Inbound {
    let mut body = json!({ "messageType": "interactive", "text": choice, "choice": { "id": choice, "title": choice } });
    if let Some(reply_to) = reply_to {
        body["replyTo"] = json!(reply_to);
    }
    wrote(phone(from), &Uuid::now_v7().to_string(), &body)
}

/// What the provider tells about a message of ours.
pub(crate) fn told(id: &str, status: &str, key: Option<&str>) -> Inbound {
    Inbound::Status(InboundStatus {
        provider_id: id.to_owned(),
        status: status.to_owned(),
        at: now(),
        key: key.map(str::to_owned),
        recipient: phone(ASHA),
        error: (status == "failed").then(|| json!({ "code": "131047", "message": "too late" })),
        phone_number_id: None,
    })
}

/// Asks two questions, and is done.
pub(crate) fn booking() -> Value {
    let ask = |text: &str, next: &str| json!({ "invoke": { "src": "send.text", "input": { "text": text }, "onDone": next } });
    let wait = |field: &str, next: &str| {
        let keep =
            json!({ "type": "@xstate.assign", "context": { field: { "@expr": "event.text" } } });
        json!({ "on": { "message": { "target": next, "actions": [keep] } } })
    };
    json!({
        "perdure": 1,
        "name": "booking",
        "context": { "day": null, "time": null },
        "key": "contact.id",
        "triggers": [{ "on": "message", "when": "event.text.matches('(?i)^book')", "priority": 10 }],
        "machine": {
            "@exprLang": "cel",
            "initial": "ask_day",
            "states": {
                "ask_day": ask("Which day?", "day"),
                "day": wait("day", "ask_time"),
                "ask_time": ask("What time?", "time"),
                "time": wait("time", "end"),
                "end": { "type": "final" }
            }
        }
    })
}

/// Keeps every text it gets, until `bye`; remembers failures of its messages.
pub(crate) fn recorder(name: &str, trigger: &Value) -> Value {
    let keep = |field: &str, value: &str| {
        let value = json!({ "@expr": format!("context.{field} + [{value}]") });
        json!([{ "type": "@xstate.assign", "context": { field: value } }])
    };
    json!({
        "perdure": 1,
        "name": name,
        "context": { "got": [], "failed": [] },
        "triggers": [trigger],
        "machine": {
            "@exprLang": "cel",
            "initial": "wait",
            "states": {
                "wait": { "on": {
                    "message": [
                        { "guard": { "@expr": "event.text == 'bye'" }, "target": "end" },
                        { "actions": keep("got", "event.text") }
                    ],
                    "message.failed": { "actions": keep("failed", "event.code") }
                } },
                "end": { "type": "final" }
            }
        }
    })
}
