//! `perdure dev`: everything in one process, nothing else needed: database, engine, API, simulated
//! providers, and a published workflow to talk to.
//!
//! **Invariant:** starting again finds what the last run left: the same tenant, key, channel and
//! data.
//! **Invariant:** what only development may do (moving time, reaching private addresses) is set up
//! here and nowhere else.

mod accounts;
mod clock;
mod demo;
mod environment;

use crate::{
    database,
    failure::{Exit, Failure},
    host::{self, Host, Plan},
    screen::{Screen, Style},
};
use anyhow::Context;
use api::postgres::Embedded;
use engine::Keyring;
use environment::Environment;
use nodes::Egress;
use simulator::{Config, Simulator, WhatsApp};
use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot};

/// The workflow that is published at every start; publishing the same again changes nothing.
const BOOKING: &str = include_str!("../../../../workflows/definitions/booking.json");
/// Ports tried, counting up, when nobody asked for a certain one and the usual one is taken.
const PORTS_TRIED: u16 = 50;
/// How long requests in progress may take to end.
const SERVING_ENDS_MAX: Duration = Duration::from_secs(2);
const PORT: u16 = 7070;
const SIMULATOR_PORT: u16 = 7071;

/// Arguments of `dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Books an appointment as a simulated customer, before your eyes
    #[arg(long)]
    demo: bool,
    /// Leaves after the start, or the demo; no, if that did not go well
    #[arg(long)]
    exit: bool,
    /// Port of the API [default: 7070, or the next free one]
    #[arg(long)]
    port: Option<u16>,
    /// Port of the simulated providers [default: 7071, or the next free one]
    #[arg(long)]
    simulator_port: Option<u16>,
    /// Where data and credentials are kept
    #[arg(long, default_value = ".perdure", value_name = "FOLDER")]
    folder: PathBuf,
}

/// Runs until it is asked to stop.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    // A password file of the user's that cannot be read is no business of a cluster without
    // passwords.
    host::start_logging("warn,sqlx_postgres::options::pgpass=error", false);
    fs::create_dir_all(&args.folder)
        .with_context(|| format!("making {}", args.folder.display()))?;
    let (url, embedded) = database(&args.folder, screen).await?;
    let ended = Box::pin(run_on(args, &url, screen)).await;
    tokio::task::spawn_blocking(move || drop(embedded)).await?;
    ended
}

/// `DATABASE_URL`, or a private cluster.
async fn database(folder: &Path, screen: Screen) -> anyhow::Result<(String, Option<Embedded>)> {
    if let Some(url) = database::url() {
        step(screen, "database", "the one of DATABASE_URL")?;
        return Ok((url, None));
    }
    let embedded = database::embedded(folder.to_owned()).await?;
    step(screen, "database", format!("Postgres {} in {}", embedded.version(), folder.display()))?;
    Ok((embedded.url().to_owned(), Some(embedded)))
}

async fn run_on(args: &Args, url: &str, screen: Screen) -> anyhow::Result<Exit> {
    let pool = database::connect(url).await?;
    database::migrate(&pool).await?;
    let listener = listen(args.port, PORT).await?;
    let public_url = host::public_url(&listener)?;
    let api = format!("http://{}", listener.local_addr()?);
    let mut environment = Environment::open(&args.folder.join("dev.env"), &pool, api).await?;
    let simulator = simulate(args.simulator_port, &environment).await?;
    environment.simulator = simulator.url().to_owned();
    let keyring = keyring(&args.folder.join("master.key"))?;
    let clock = host::shifted_clock()?;
    let (egress, role) = (Egress::Anywhere, engine::Role::All);
    let plan = Plan { pool, keyring, clock, egress, public_url, role };
    let host = Host::start(plan).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = api::router(host.app()).merge(clock::router(host.engine.clone()));
    let served = axum::serve(listener, routes.into_make_service()).with_graceful_shutdown(async {
        // The sender gone means the same.
        let _ = stopped.await;
    });
    let serving = tokio::spawn(served.into_future());
    let ended = tokio::select! {
        ended = Box::pin(act(args, &host, &mut environment, screen)) => ended,
        () = host::until_asked_to_stop() => Ok(Exit::Fine),
    };
    step(screen, "stopping", "")?;
    drop(stop);
    // The simulator holds connections to us open; it ends first.
    simulator.shutdown().await;
    let served = tokio::time::timeout(SERVING_ENDS_MAX, serving).await;
    host.stop().await;
    // If it is late, a client holds a connection open; it will see that we are gone.
    if let Ok(served) = served {
        served?.context("serving")?;
    }
    ended
}

/// What happens between start and stop: accounts, the workflow, the demo; then waiting.
async fn act(
    args: &Args,
    host: &Host,
    environment: &mut Environment,
    screen: Screen,
) -> anyhow::Result<Exit> {
    accounts::set_up(host.conversations.channels(), environment).await?;
    let uploaded = host.engine.upload(environment.tenant, BOOKING.into(), None, true).await;
    let uploaded = uploaded.context("publishing the workflow `booking`")?;
    environment.write()?;
    step(screen, "API", &environment.api)?;
    step(
        screen,
        "simulator",
        format!("{} (WhatsApp, OpenAI, HubSpot, Slack)", environment.simulator),
    )?;
    step(screen, "workflow", format!("{} version {}, published", uploaded.name, uploaded.version))?;
    step(screen, "settings", environment.path().display().to_string())?;
    let exit = match args.demo {
        true => demo::run(environment, screen).await?,
        false => Exit::Fine,
    };
    if args.exit {
        return Ok(exit);
    }
    screen.line(screen.paint(Style::Dim, "\nrunning; Ctrl-C stops it"))?;
    std::future::pending().await
}

fn step(screen: Screen, what: &str, text: impl AsRef<str>) -> anyhow::Result<()> {
    if screen.is_json() {
        return Ok(());
    }
    Ok(screen.line(format!(
        "{} {:<10} {}",
        screen.paint(Style::Green, "●"),
        what,
        text.as_ref()
    ))?)
}

/// The port asked for, or the first free one.
async fn listen(asked: Option<u16>, usual: u16) -> anyhow::Result<TcpListener> {
    if let Some(port) = asked {
        return host::listen(&format!("127.0.0.1:{port}")).await;
    }
    for port in usual..usual + PORTS_TRIED {
        if let Ok(listener) = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await {
            return Ok(listener);
        }
    }
    host::listen("127.0.0.1:0").await
}

async fn simulate(asked: Option<u16>, environment: &Environment) -> anyhow::Result<Simulator> {
    // The simulator binds by itself; finding a free port first is a race that only another start at
    // the same time loses.
    let port = {
        let listener = listen(asked, SIMULATOR_PORT).await?;
        listener.local_addr()?.port()
    };
    let whatsapp = WhatsApp {
        phone_number_id: environment.phone_number_id.clone(),
        app_secret: environment.app_secret.clone(),
        verify_token: environment.verify_token.clone(),
        access_token: environment.access_token.clone(),
        webhook_url: None,
    };
    let started = Simulator::start(Config { port, whatsapp, ..Config::default() }).await;
    started.with_context(|| Failure::refused(format!("the simulator cannot listen on port {port}")))
}

/// The key that seals credentials; drawn at the first start.
fn keyring(path: &Path) -> anyhow::Result<Keyring> {
    if let Ok(text) = fs::read_to_string(path) {
        let why =
            "remove it to start anew; credentials sealed under it are set again at every start";
        return Keyring::from_text(&text).map_err(|error| {
            Failure::refused(format!("{} cannot be used: {error}", path.display())).help(why).into()
        });
    }
    let keyring = Keyring::generate()?;
    write_private(path, &keyring.to_text())?;
    Ok(keyring)
}

/// Writes a file that only its owner can read, in one step.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let growing = path.with_extension("new");
    let write = || {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&growing)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&growing, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}
