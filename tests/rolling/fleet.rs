//! Two processes of either binary, what they share, and how they are replaced.

use anyhow::{Context, Result, bail, ensure};
use perdure_tests::{call, client, fresh_database, this_binary};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use simulator::{Config, Simulator};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Longest time anything expected may take. A start whose process was killed is answered when its key is free again, after 90 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);
/// How often it is looked again.
pub(crate) const LOOK: Duration = Duration::from_millis(25);
const MASTER_KEY: &str = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Of which revision a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Earlier,
    This,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// `SIGTERM`: it hands over and goes.
    Asked,
    /// `kill -9`.
    Killed,
}

/// Both binaries.
pub(crate) struct Binaries {
    earlier: PathBuf,
    this: PathBuf,
}

impl Binaries {
    /// Them, if the environment names the earlier one.
    pub(crate) fn given() -> Result<Option<Self>> {
        let Some(earlier) = std::env::var_os("PERDURE_EARLIER") else { return Ok(None) };
        let (earlier, this) = (PathBuf::from(earlier), this_binary()?);
        ensure!(earlier.exists(), "{} is missing", earlier.display());
        Ok(Some(Self { earlier, this }))
    }

    fn of(&self, which: Which) -> &PathBuf {
        match which {
            Which::Earlier => &self.earlier,
            Which::This => &self.this,
        }
    }
}

/// The way in for customers: both addresses, taken in turn.
#[derive(Clone)]
pub(crate) struct Door {
    client: Client,
    addresses: Arc<[String; 2]>,
    key: Arc<str>,
    next: Arc<AtomicUsize>,
}

impl Door {
    /// Asks until one of the processes has taken it; the key makes sure that it is done once.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Result<Value> {
        self.ask(path, |url| {
            let request = self.client.post(url).header("idempotency-key", key);
            request.bearer_auth(&self.key).json(body)
        })
        .await
    }

    /// The same for what may be done twice, or says itself that it may not.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(path, |url| self.client.post(url).bearer_auth(&self.key).json(body)).await
    }

    /// Reads until one of the processes answers.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(path, |url| self.client.get(url).bearer_auth(&self.key)).await
    }

    async fn ask(
        &self,
        path: &str,
        make: impl Fn(String) -> reqwest::RequestBuilder,
    ) -> Result<Value> {
        let begun = Instant::now();
        let mut last = String::new();
        while begun.elapsed() < PATIENCE {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % self.addresses.len();
            match make(format!("http://{}{path}", self.addresses[at])).send().await {
                Ok(answer) => {
                    let status = answer.status();
                    // The body may be cut off, too, when the process is killed.
                    let text = answer.text().await.unwrap_or_default();
                    if status.is_success()
                        && let Ok(body) = serde_json::from_str(&text)
                    {
                        return Ok(body);
                    }
                    // 409 with a key: its first try is still being worked on, maybe by a process that is gone.
                    let passes = status.is_success() || status.is_server_error() || status == 409;
                    ensure!(passes, "{path} answered {status}: {text}");
                    last = format!("{status}: {text}");
                }
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("{path} was not answered for {} s; last: {last}", PATIENCE.as_secs())
    }
}

/// The processes and what they work on.
pub(crate) struct Fleet {
    binaries: Binaries,
    pub(crate) database: String,
    simulator: Simulator,
    door: Door,
    processes: [Option<Child>; 2],
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Fleet {
    /// A database with the earlier schema, a tenant, a connection and the workflow, all made by the earlier binary; and two
    /// processes of it.
    pub(crate) async fn begin(binaries: Binaries) -> Result<Self> {
        let database = fresh_database().await?;
        let port = || -> Result<String> {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            Ok(listener.local_addr()?.to_string())
        };
        let door = Door {
            client: client(),
            addresses: Arc::new([port()?, port()?]),
            key: "".into(),
            next: Arc::default(),
        };
        let simulator = Simulator::start(Config::default()).await?;
        let processes = [None, None];
        let mut fleet = Self { binaries, database, simulator, door, processes };
        fleet.migrate(Which::Earlier)?;
        let tenant = fleet.run(Which::Earlier, &["tenant", "create", "Clinic"])?;
        let tenant = tenant["id"].as_str().context("a tenant has an id")?.to_owned();
        let create = ["key", "create", "--tenant", &tenant, "--role", "owner"];
        let key = fleet.run(Which::Earlier, &create)?;
        fleet.door.key = key["key"].as_str().context("a key")?.into();
        for place in 0..2 {
            fleet.spawn(place, Which::Earlier).await?;
        }
        let slack = json!({
            "name": "slack", "provider": "slack", "token": "token",
            "base_url": format!("{}/api", fleet.simulator.url()),
        });
        fleet.door.post("/v1/connections", &slack).await?;
        fleet.door.post("/v1/definitions?publish=true", &workflow()).await?;
        Ok(fleet)
    }

    /// For customers.
    pub(crate) fn door(&self) -> Door {
        self.door.clone()
    }

    /// Brings the schema to that of a revision.
    pub(crate) fn migrate(&self, which: Which) -> Result<()> {
        self.run(which, &["migrate"]).map(drop)
    }

    /// Another process in the place of one.
    pub(crate) async fn replace(&mut self, place: usize, which: Which, how: How) -> Result<()> {
        let mut old = self.processes[place].take().context("a process to replace")?;
        match how {
            How::Killed => old.kill()?,
            How::Asked => {
                let asked = Command::new("kill").arg(old.id().to_string()).status()?;
                ensure!(asked.success(), "the process was gone before it was asked to stop");
            }
        }
        let status = tokio::task::spawn_blocking(move || old.wait()).await??;
        ensure!(how == How::Killed || status.success(), "it was asked to stop: {status}");
        self.spawn(place, which).await
    }

    async fn spawn(&mut self, place: usize, which: Which) -> Result<()> {
        let address = &self.door.addresses[place];
        let mut command = self.command(which);
        command.args(["serve", "--bind", address]).stdin(Stdio::null());
        let process = self.processes[place].insert(command.spawn().context("starting a process")?);
        let begun = Instant::now();
        let ready = format!("http://{address}/ready");
        while call(&self.door.client, Method::GET, &ready, None, None).await.is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("a process of {which:?} ended at its start: {status}");
            }
            ensure!(begun.elapsed() < PATIENCE, "a process of {which:?} does not get ready");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    fn command(&self, which: Which) -> Command {
        let mut command = Command::new(self.binaries.of(which));
        command
            .env("DATABASE_URL", &self.database)
            .env("PERDURE_MASTER_KEY", MASTER_KEY)
            .env("PERDURE_URL", format!("http://{}", self.door.addresses[0]))
            .env("PERDURE_API_KEY", &*self.door.key)
            .env("PERDURE_LOG", "error");
        command
    }

    /// Runs a verb of one of the binaries, and reads what it prints.
    pub(crate) fn run(&self, which: Which, args: &[&str]) -> Result<Value> {
        let output = self.command(which).args(args).args(["--format", "json"]).output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        let why = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{which:?} {args:?}: {told} {why}");
        serde_json::from_str(&told).with_context(|| format!("{args:?} printed {told}"))
    }

    /// Every call that Slack got.
    pub(crate) async fn ledger(&self) -> Result<Vec<Value>> {
        let url = format!("{}/_sim/ledger?provider=slack", self.simulator.url());
        let ledger = call(&self.door.client, Method::GET, &url, None, None).await?;
        Ok(ledger["items"].as_array().cloned().unwrap_or_default())
    }

    /// Both stop as they are asked to.
    pub(crate) async fn end(mut self) -> Result<()> {
        for process in &mut self.processes {
            let Some(mut process) = process.take() else { continue };
            Command::new("kill").arg(process.id().to_string()).status()?;
            let status = tokio::task::spawn_blocking(move || process.wait()).await??;
            ensure!(status.success(), "at the end: {status}");
        }
        Ok(())
    }
}

/// Counts events wherever it is; at `go` a message goes out, a timer runs, and a step of no effect ends it. Each instance has a Slack
/// channel of its own, because Slack bears one message a second in each; named by its id, because a try that was cut off is looked for
/// there, and Slack finds channels by id only.
fn workflow() -> Value {
    let count =
        json!([{ "type": "@xstate.assign", "context": { "n": { "@expr": "context.n + 1" } } }]);
    json!({ "perdure": 1, "name": "rolling", "context": { "n": 0 }, "machine": {
        "@exprLang": "cel",
        "initial": "open",
        "on": { "tick": { "actions": count } },
        "states": {
            "open": { "on": { "go": "post" } },
            "post": { "invoke": {
                "id": "post", "src": "slack.post", "onDone": "nap", "policy": { "onUnknown": "check" },
                "input": { "channel": { "@expr": "'C' + input.name" }, "text": "hello" }
            } },
            "nap": { "after": { "400": "last" } },
            "last": { "invoke": { "id": "last", "src": "noop", "onDone": "done" } },
            "done": { "type": "final" }
        }
    } })
}
