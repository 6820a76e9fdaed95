//! Everything that runs in a serving process, put together: engine, nodes, conversations, HTTP.
//!
//! **Invariant:** it stops from the outside in: first no request is taken, then no message is
//! routed, then the engine finishes what was committed and lets its lease go.

use crate::{database, failure::Failure, screen};
use anyhow::Context;
use api::{
    App,
    metrics::{Counted, Metrics},
};
use engine::{
    AccountsStore, Channels, Clock, Conversations, Engine, Keeping, Keyring, Options, ResumeLinks,
    Role, Settings,
};
use nodes::{Egress, Nodes};
use sqlx::PgPool;
use std::{env, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

/// What a process is put together from.
pub(crate) struct Plan {
    pub(crate) pool: PgPool,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Clock,
    /// Where `http.request` may go.
    pub(crate) egress: Egress,
    /// Where the outside reaches this process, see [`public_url`].
    pub(crate) public_url: String,
    /// What this process is for.
    pub(crate) role: Role,
}

/// The running parts.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) engine: Engine,
    pub(crate) conversations: Conversations,
    app: App,
}

impl Host {
    /// Starts the engine and the router; nobody can reach them yet.
    pub(crate) async fn start(plan: Plan) -> anyhow::Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let nodes =
            Nodes::new(nodes::Settings { egress: plan.egress }).context("setting up the nodes")?;
        let links = ResumeLinks::new(&plan.public_url, &plan.keyring);
        let channels = Channels::new(plan.pool.clone(), plan.keyring);
        let options = Options {
            pool: plan.pool,
            runner: Arc::new(Counted::new(Arc::new(nodes), Arc::clone(&metrics))),
            accounts: Arc::new(AccountsStore::new(channels.clone(), plan.clock.clone())),
            clock: plan.clock,
            settings: Settings { resume: Some(links), role: plan.role, ..settings()? },
        };
        let engine = Engine::start(options).await.context("starting the engine")?;
        let conversations = Conversations::new(engine.clone(), channels);
        conversations.start();
        let app = App::new(engine.clone(), conversations.clone(), metrics);
        Ok(Self { engine, conversations, app })
    }

    /// The routes of the API.
    pub(crate) fn app(&self) -> App {
        self.app.clone()
    }

    /// Stops what [`start`](Self::start) started, after the listener has been closed.
    pub(crate) async fn stop(self) {
        self.conversations.shutdown().await;
        self.engine.shutdown().await;
        self.engine.pool().close().await;
    }
}

/// Takes a port, with a sentence if it is taken.
pub(crate) async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        Failure::refused(format!("{address} cannot be listened on"))
            .help("choose another with --bind or --port")
    })
}

/// Ends when the process is asked to: Ctrl-C, or SIGTERM.
pub(crate) async fn until_asked_to_stop() {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        // Without handlers the signals keep their meaning, which is to end the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

/// Logs go to stderr, as `PERDURE_LOG` says (`info`, `engine=debug`, …).
pub(crate) fn start_logging(default: &str, is_json: bool) {
    let wanted = env::var("PERDURE_LOG").or_else(|_| env::var("RUST_LOG"));
    let filter = EnvFilter::new(wanted.unwrap_or_else(|_| default.to_owned()));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(screen::may_colour(&std::io::stderr()))
        .with_writer(std::io::stderr);
    // A second start in one process keeps the first one's set-up.
    let _ = match is_json {
        true => logs.json().try_init(),
        false => logs.try_init(),
    };
}

/// The clock with what `PERDURE_CLOCK_OFFSET` (`PT31M`, `2d`) adds: for looking at what comes
/// later.
pub(crate) fn shifted_clock() -> Result<Clock, Failure> {
    let Ok(text) = env::var("PERDURE_CLOCK_OFFSET") else { return Ok(Clock::system()) };
    duration(&text).map(Clock::shifted).ok_or_else(|| {
        Failure::usage(format!("PERDURE_CLOCK_OFFSET is `{text}`"))
            .help("a duration like PT31M, 2h or 3d")
    })
}

/// `PERDURE_PUBLIC_URL` (`https://flows.example.com`): the address that links to this process begin with. Without it, the one
/// it listens on.
pub(crate) fn public_url(listener: &TcpListener) -> anyhow::Result<String> {
    let Ok(text) = env::var("PERDURE_PUBLIC_URL") else {
        let address = listener.local_addr()?;
        if address.ip().is_unspecified() {
            tracing::warn!(%address, "PERDURE_PUBLIC_URL is not set: links that workflows give away lead nowhere");
        }
        return Ok(format!("http://{address}"));
    };
    let is_one = reqwest::Url::parse(&text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
    match is_one {
        true => Ok(text),
        false => Err(Failure::usage(format!("PERDURE_PUBLIC_URL is `{text}`"))
            .help("an address like https://flows.example.com")
            .into()),
    }
}

/// `PERDURE_RETENTION` (`365d`): how long finished instances are kept whose definition does not say it; for ever without it.
/// `PERDURE_ARCHIVE_DIR`: the folder for what is deleted then; without it, it is deleted and gone.
pub(crate) fn keeping() -> Result<Keeping, Failure> {
    let retention = match env::var("PERDURE_RETENTION") {
        Err(_) => None,
        Ok(text) => {
            let shortest =
                Duration::from_millis(workflows::limits::RETENTION_MS_MIN.unsigned_abs());
            let told = duration(&text).filter(|told| *told >= shortest);
            Some(told.ok_or_else(|| {
                Failure::usage(format!("PERDURE_RETENTION is `{text}`"))
                    .help("a duration of an hour or more, like 365d")
            })?)
        }
    };
    let archive_dir = env::var_os("PERDURE_ARCHIVE_DIR").map(PathBuf::from);
    match &archive_dir {
        Some(folder) if !folder.is_absolute() => {
            Err(Failure::usage(format!("PERDURE_ARCHIVE_DIR is `{}`", folder.display()))
                .help("an absolute path, the same folder for every process of the database"))
        }
        _ => Ok(Keeping { retention, archive_dir }),
    }
}

/// `PERDURE_CHECK_WINDOW` (`60s`): how long a step whose outcome is unknown waits for a status webhook that tells.
/// `PERDURE_NOTIFY=off`: processes tell each other nothing, and find out by polling.
fn settings() -> Result<Settings, Failure> {
    let mut settings = Settings { keeping: keeping()?, ..Settings::default() };
    settings.notify = choice("PERDURE_NOTIFY", ["on", "off"])? != Some("off");
    settings.behind_pooler = database::is_pooled()?;
    settings.tracks = tracks()?;
    if let Ok(text) = env::var("PERDURE_CHECK_WINDOW") {
        settings.check_window = duration(&text).ok_or_else(|| {
            Failure::usage(format!("PERDURE_CHECK_WINDOW is `{text}`")).help("a duration like 60s")
        })?;
    }
    Ok(settings)
}

/// `PERDURE_TRACKS` (`4`): how many owners work side by side in this process, each with a connection of its own. Two per core if it
/// is not set, but at most sixteen.
pub(crate) fn tracks() -> Result<usize, Failure> {
    let Ok(text) = env::var("PERDURE_TRACKS") else { return Ok(Settings::default().tracks) };
    let told = text.parse().ok().filter(|tracks| (1..=64).contains(tracks));
    told.ok_or_else(|| {
        Failure::usage(format!("PERDURE_TRACKS is `{text}`")).help("a number from 1 to 64")
    })
}

/// A variable with two possible values, if it is set.
pub(crate) fn choice(
    name: &str,
    values: [&'static str; 2],
) -> Result<Option<&'static str>, Failure> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    let found = values.into_iter().find(|value| *value == text);
    match found {
        Some(value) => Ok(Some(value)),
        None => Err(Failure::usage(format!("{name} is `{text}`"))
            .help(format!("`{}` or `{}`", values[0], values[1]))),
    }
}

/// `PT31M`, `2h`, `3d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let ms = workflows::duration::parse_duration_ms(text.trim())?;
    u64::try_from(ms).ok().map(Duration::from_millis)
}
