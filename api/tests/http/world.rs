//! A world for one test: a database, an engine, a served API, two tenants with a key of each role.

use api::{App, auth::Role, create_key, metrics::Metrics};
use engine::{
    Channels, Clock, Conversations, Engine, Keyring, NoAccounts, Options, ResumeLinks, Settings,
};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, PgPool, postgres::PgConnectOptions};
use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use uuid::Uuid;
use workflows::step::{Attempt, Attempted, Checked, Outcome, Running, StepRunner};

/// Longest a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for the event `paid`; takes a phone.
pub(crate) fn waiting() -> Value {
    json!({
        "perdure": 1, "name": "waiting",
        "input": {"type": "object", "required": ["phone"], "properties": {"phone": {"type": "string"}}},
        "machine": {
            "@exprLang": "cel", "id": "waiting", "initial": "asking", "context": {"amount": 0},
            "states": {
                "asking": {
                    "on": {"paid": {"target": "thanks", "actions": [
                        {"type": "@xstate.assign", "assignment": {"amount": {"@expr": "event.amount"}}}
                    ]}},
                    "after": {"86400000": "late"},
                },
                "thanks": {"type": "final"},
                "late": {"type": "final"},
            },
        },
    })
}

/// Its only step fails for good.
pub(crate) fn failing() -> Value {
    json!({
        "perdure": 1, "name": "failing",
        "machine": {
            "@exprLang": "cel", "id": "failing", "initial": "calling",
            "states": {
                "calling": {"invoke": {
                    "id": "call", "src": "http.request", "input": {"url": "https://example.com/"}, "onDone": "done",
                }},
                "done": {"type": "final"},
            },
        },
    })
}

/// Fails every `http.request`, and does everything else.
struct Runner;

impl StepRunner for Runner {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        Box::pin(async move {
            let outcome = match attempt.kind.as_str() {
                "http.request" => {
                    Outcome::Failed { code: "404".to_owned(), message: "not there".to_owned() }
                }
                _ => Outcome::Done { port: "default", output: attempt.input },
            };
            Attempted { outcome, exchange: None }
        })
    }

    fn check(&self, _attempt: Attempt) -> Running<'_, Checked> {
        Box::pin(async { Checked::CannotTell })
    }
}

/// The world.
pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) conversations: Conversations,
    pub(crate) tenant: Uuid,
    engine: Engine,
    url: String,
    http: Client,
    database: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Its body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The body, if the status is this one.
    pub(crate) fn wants(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

fn server() -> PgConnectOptions {
    let url = std::env::var("DATABASE_URL").expect("these tests need DATABASE_URL");
    PgConnectOptions::from_str(&url).expect("DATABASE_URL is a Postgres URL")
}

impl World {
    pub(crate) async fn make() -> Self {
        Self::make_with(async |_| None).await
    }

    /// With a replica that is made of the database's own pool.
    pub(crate) async fn make_with(replica: impl AsyncFnOnce(&PgPool) -> Option<PgPool>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = format!("perdure_api_{}", Uuid::new_v4().simple());
        let mut connection = server().connect().await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("create database {database}"));
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        let pool = engine::connect_with(server().database(&database), 10).await.unwrap();
        engine::migrate(&pool).await.unwrap();
        let clock = Clock::system();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keyring = Keyring::generate().unwrap();
        let links = ResumeLinks::new(&url, &keyring);
        let channels = Channels::new(pool.clone(), keyring);
        let metrics = Arc::new(Metrics::default());
        let engine = Engine::start(Options {
            pool: pool.clone(),
            runner: Arc::new(api::metrics::Counted::new(Arc::new(Runner), metrics.clone())),
            accounts: Arc::new(NoAccounts),
            clock,
            settings: Settings { resume: Some(links), ..Settings::default() },
        });
        let engine = engine.await.unwrap();
        let conversations = Conversations::new(engine.clone(), channels);
        conversations.start();
        let app = App::new(engine.clone(), conversations.clone(), metrics);
        let app = app.with_replica(replica(&pool).await);
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            api::serve(app, listener, async { drop(stopped.await) }).await.unwrap();
        });
        let http = Client::builder().no_proxy().build().unwrap();
        let tenant = Uuid::now_v7();
        Self { pool, conversations, tenant, engine, url, http, database, stop, server }
    }

    /// Somebody of this tenant.
    pub(crate) async fn user(&self, role: Role) -> User<'_> {
        self.user_of(self.tenant, role).await
    }

    /// Somebody of any tenant.
    pub(crate) async fn user_of(&self, tenant: Uuid, role: Role) -> User<'_> {
        let key = create_key(&self.pool, tenant, role).await.unwrap();
        User { world: self, key: Some(key) }
    }

    /// Somebody without a key.
    pub(crate) fn nobody(&self) -> User<'_> {
        User { world: self, key: None }
    }

    /// Ends it; a test that fails leaves its database behind to be looked at.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(());
        self.server.await.unwrap();
        self.conversations.shutdown().await;
        self.engine.shutdown().await;
        self.pool.close().await;
        let mut connection = server().connect().await.unwrap();
        let statement = format!("drop database if exists {} with (force)", self.database);
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Whoever calls.
pub(crate) struct User<'a> {
    world: &'a World,
    key: Option<String>,
}

impl User<'_> {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.world.http.request(method, format!("{}{path}", self.world.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).body(body.to_string())).await
    }

    /// Runs `perdure` on the command line, as this user; its exit code and what it said.
    pub(crate) fn perdure(&self, arguments: &[&str]) -> (i32, String) {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_perdure"));
        program.args(arguments).env_clear().args(["--url", &self.world.url]);
        let output = program.args(["--api-key", self.key.as_deref().unwrap()]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    /// Uploads and publishes.
    pub(crate) async fn publish(&self, definition: &Value) {
        self.post("/v1/definitions?publish=true", definition).await.wants(201);
    }

    /// Starts an instance; its id.
    pub(crate) async fn start(&self, body: Value) -> String {
        let started = self.post("/v1/instances", &body).await.wants(201);
        started["id"].as_str().unwrap().to_owned()
    }
}

/// Asks again and again until the answer is what is waited for.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what} never came");
        // Asking again is the only way to see what the engine has done.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends a request, and checks what is true of every answer.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert!(headers.contains_key("x-request-id"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(!headers.contains_key("access-control-allow-origin"));
    if status.is_client_error() || status.is_server_error() {
        assert_eq!(headers["content-type"], "application/problem+json", "{text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], status.as_u16());
        for member in ["type", "title", "code", "detail"] {
            assert!(problem[member].is_string(), "{problem}");
        }
    }
    if status == StatusCode::UNAUTHORIZED {
        assert!(headers.contains_key("www-authenticate"));
    }
    Answer { status: status.as_u16(), headers, text }
}
