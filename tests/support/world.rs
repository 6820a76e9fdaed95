//! One world: customer, providers, database, and the process of ours that may die.

use crate::{database, http};
use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use simulator::{Config, Simulator, WhatsApp};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest time anything expected may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(15);
const NUMBER: &str = "900001";
const SECRET: &str = "app-secret";
const MASTER_KEY: &str = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Kill the engine at the nth visit of a named point (see `engine::fault::POINTS`).
#[derive(Debug, Clone)]
pub struct Crash {
    /// The point.
    pub point: &'static str,
    /// Which visit.
    pub visit: u32,
}

/// A running world. Dropping it kills the process.
pub struct World {
    client: Client,
    database: String,
    simulator: Simulator,
    address: String,
    key: String,
    process: Option<Child>,
    clock_offset: Option<String>,
    /// How often the process died and was started again.
    pub deaths: u32,
    /// How often a person had to say whether a step had happened.
    pub unknown: u32,
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
    }
}

impl World {
    /// Database, simulator, tenant, and an engine that is going to crash, if it is told to.
    pub async fn start(crash: Option<Crash>) -> Result<Self> {
        let database = database::fresh().await?;
        let pool = engine::connect(&database, 2).await?;
        engine::migrate(&pool).await?;
        let (_, key) = api::ensure_dev_tenant(&pool).await?;
        pool.close().await;
        let whatsapp = WhatsApp {
            phone_number_id: NUMBER.to_owned(),
            app_secret: SECRET.to_owned(),
            verify_token: "verify".to_owned(),
            access_token: "token".to_owned(),
            webhook_url: None,
        };
        let simulator = Simulator::start(Config { whatsapp, ..Config::default() }).await?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut world = Self {
            client: http::client(),
            database,
            simulator,
            address: format!("127.0.0.1:{port}"),
            key,
            process: None,
            clock_offset: None,
            deaths: 0,
            unknown: 0,
        };
        world.spawn(crash)?;
        world.set_up().await?;
        Ok(world)
    }

    fn spawn(&mut self, crash: Option<Crash>) -> Result<()> {
        let mut command = Command::new(this_binary()?);
        command
            .args(["serve", "--bind", &self.address])
            .env("DATABASE_URL", &self.database)
            .env("PERDURE_MASTER_KEY", MASTER_KEY)
            .env("PERDURE_CHECK_WINDOW", "4s")
            .env("PERDURE_LOG", "off")
            .env_remove("PERDURE_CRASH_AT")
            .stdin(Stdio::null());
        if let Some(crash) = crash {
            command.env("PERDURE_CRASH_AT", format!("{}:{}", crash.point, crash.visit));
        }
        if let Some(offset) = &self.clock_offset {
            command.env("PERDURE_CLOCK_OFFSET", offset);
        }
        self.process = Some(command.spawn().context("starting the engine")?);
        Ok(())
    }

    /// `kill -9`, if it lives.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have died by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Kills it, and starts it again at a later time.
    pub fn restart_later(&mut self, offset: &str) -> Result<()> {
        self.kill();
        self.clock_offset = Some(offset.to_owned());
        self.spawn(None)
    }

    /// Starts the process again if it has died.
    fn revive(&mut self) -> Result<()> {
        let has_died = match &mut self.process {
            Some(process) => process.try_wait()?.is_some(),
            None => true,
        };
        if has_died {
            self.deaths += 1;
            self.spawn(None)?;
        }
        Ok(())
    }

    /// Channel, connections and the bundled booking workflow, as an admin sets them up. Repeated until it was done by a
    /// process that lived.
    async fn set_up(&mut self) -> Result<()> {
        self.until("the set-up", async |world: &mut Self| {
            Ok(world.try_set_up().await.inspect_err(tracing_line).ok())
        })
        .await
    }

    async fn try_set_up(&self) -> Result<()> {
        let base = self.simulator.url();
        let channel = json!({
            "kind": "whatsapp", "name": "test", "external_id": NUMBER,
            "settings": {"apiBase": format!("{base}/v23.0")},
            "secrets": {"app_secret": SECRET, "verify_token": "verify", "access_token": "token"},
        });
        let channel = self.post("/v1/channels", &channel).await?;
        let connections = [("openai", "/v1"), ("hubspot", ""), ("slack", "/api")];
        for (provider, path) in connections {
            let body = json!({
                "name": provider, "provider": provider, "base_url": format!("{base}{path}"),
                "settings": {"model": "simulated"}, "token": format!("token-{provider}"),
            });
            self.post("/v1/connections", &body).await?;
        }
        let booking = include_str!("../../workflows/definitions/booking.json");
        let booking: Value = serde_json::from_str(booking)?;
        self.post("/v1/definitions?publish=true", &booking).await?;
        let id = channel["id"].as_str().context("a channel has an id")?;
        let webhook =
            json!({ "webhook_url": format!("http://{}/hooks/whatsapp/{id}", self.address) });
        self.simulate("/_sim/whatsapp/config", &webhook).await?;
        Ok(())
    }

    /// Looks again and again until there is something, while the process is kept alive and people answer what only
    /// people can know.
    pub async fn until<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut looked_after = Instant::now();
        loop {
            if let Some(found) = look(self).await? {
                return Ok(found);
            }
            if begun.elapsed() > PATIENCE {
                bail!(
                    "{what} did not come in {} s; {}",
                    PATIENCE.as_secs(),
                    self.situation().await
                );
            }
            self.revive()?;
            if looked_after.elapsed() > Duration::from_millis(500) {
                looked_after = Instant::now();
                // The process may be away just now; then there is nothing to look after.
                if let Err(error) = self.look_after_unknown().await {
                    tracing_line(&error);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What ops do with "did this happen?": they look at the provider. If it has the message, they give its id as the
    /// result; if not, they let it be sent again.
    async fn look_after_unknown(&mut self) -> Result<()> {
        let stuck = self.get("/v1/instances?status=stuck").await?;
        for instance in stuck["items"].as_array().into_iter().flatten() {
            let id = instance["id"].as_str().context("an id")?;
            let instance = self.get(&format!("/v1/instances/{id}")).await?;
            if instance["incident"]["code"] != "step-unknown" {
                continue;
            }
            self.unknown += 1;
            let step = &instance["incident"]["step"];
            let open = instance["steps"].as_array().into_iter().flatten();
            let open =
                open.into_iter().find(|open| open["step"] == *step).context("the open step")?;
            let key = open["key"].as_str().context("its key")?.to_owned();
            let arrived = self
                .ledger("")
                .await?
                .into_iter()
                .find(|call| call["key"] == key.as_str() && call["effect"] == json!(true));
            match arrived {
                Some(call) => {
                    let body = json!({ "step": step, "output": {"messageId": call["response"]["messages"][0]["id"]}, "reason": "the provider has it" });
                    self.post(&format!("/v1/instances/{id}/skip"), &body).await?;
                }
                None => {
                    let body = json!({ "reason": "the provider does not have it" });
                    self.post(&format!("/v1/instances/{id}/retry"), &body).await?;
                }
            }
        }
        Ok(())
    }

    async fn situation(&self) -> String {
        match self.get("/v1/instances").await {
            Ok(instances) => format!("instances: {instances}"),
            Err(error) => format!("the API does not answer: {error:#}"),
        }
    }

    /// Every call the providers got, in order; `provider` empty for all.
    pub async fn ledger(&self, provider: &str) -> Result<Vec<Value>> {
        let url = format!("{}/_sim/ledger?provider={provider}", self.simulator.url());
        let ledger = http::call(&self.client, Method::GET, &url, None, None).await?;
        Ok(ledger["items"].as_array().cloned().unwrap_or_default())
    }

    /// What a customer sees on the phone.
    pub async fn conversation(&self, customer: &str) -> Result<Vec<Value>> {
        let url =
            format!("{}/_sim/whatsapp/conversation?customer={customer}", self.simulator.url());
        let found = http::call(&self.client, Method::GET, &url, None, None).await?;
        Ok(found["items"].as_array().cloned().unwrap_or_default())
    }

    /// Looks for something at the CRM, as its user would.
    pub async fn ask_crm(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.simulator.url());
        http::call(&self.client, Method::POST, &url, Some("token-hubspot"), Some(body)).await
    }

    /// Asks the simulator for something.
    pub async fn simulate(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.simulator.url());
        http::call(&self.client, Method::POST, &url, None, Some(body)).await
    }

    /// Reads from the API.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("http://{}{path}", self.address);
        http::call(&self.client, Method::GET, &url, Some(&self.key), None).await
    }

    /// Writes to the API.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("http://{}{path}", self.address);
        http::call(&self.client, Method::POST, &url, Some(&self.key), Some(body)).await
    }
}

fn tracing_line(error: &anyhow::Error) {
    // Connection refused is the normal case while the process starts.
    if std::env::var_os("PERDURE_TEST_VERBOSE").is_some() {
        eprintln!("not yet: {error:#}");
    }
}

/// The binary of this build, beside the test's own folder.
pub fn this_binary() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(|deps| deps.parent()).context("a target folder")?;
    let binary = folder.join("perdure");
    if !binary.exists() {
        bail!("{} is missing; build it first: cargo build -p perdure", binary.display());
    }
    Ok(binary)
}
