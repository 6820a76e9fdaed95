//! `perdure serve`: engine and API on the database of `DATABASE_URL`.
//!
//! **Invariant:** it makes no tenant, no key and no credential, and its clock is the database's.

use crate::{
    database,
    failure::{Exit, Failure},
    host::{self, Host, Plan},
    screen::Screen,
};
use anyhow::Context;
use engine::{Clock, Keyring};
use nodes::Egress;
use std::env;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:7070", value_name = "ADDRESS")]
    bind: String,
    /// What this process does; any number of processes share one database
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Applies the migrations first
    #[arg(long)]
    migrate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// Engine and API
    All,
    /// Only the engine: of the API, /health, /ready and /metrics
    Engine,
    /// Only the API: what it is asked of instances is passed on to the engines
    Api,
}

impl From<Role> for engine::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::All => Self::All,
            Role::Engine => Self::Engine,
            Role::Api => Self::Api,
        }
    }
}

/// Serves until it is asked to stop.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let keyring = keyring()?;
    host::start_logging("info", screen.is_json());
    let pool = database::connect(&database::url_needed()?).await?;
    if args.migrate {
        database::migrate(&pool).await?;
    }
    let replica = database::replica().await?;
    let listener = host::listen(&args.bind).await?;
    let public_url = host::public_url(&listener)?;
    let role = args.role.into();
    let plan = Plan { pool, keyring, clock: clock()?, egress: Egress::Public, public_url, role };
    let host = Host::start(plan).await?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    let served =
        api::serve(host.app().with_replica(replica), listener, host::until_asked_to_stop()).await;
    tracing::info!("stopping");
    host.stop().await;
    served.context("serving")?;
    Ok(Exit::Fine)
}

/// Only a debug build lets its time be moved, for the tests that start this process.
fn clock() -> Result<Clock, Failure> {
    match cfg!(debug_assertions) {
        true => host::shifted_clock(),
        false => Ok(Clock::system()),
    }
}

fn keyring() -> Result<Keyring, Failure> {
    let text =
        ["PERDURE_MASTER_KEYS", "PERDURE_MASTER_KEY"].iter().find_map(|name| env::var(name).ok());
    let help = "PERDURE_MASTER_KEY=\"k1:$(head -c 32 /dev/urandom | base64)\"; keep it: \
                credentials are sealed under it";
    let text = text.ok_or_else(|| Failure::usage("PERDURE_MASTER_KEY is not set").help(help))?;
    Keyring::from_text(&text).map_err(|why| {
        Failure::usage(format!("PERDURE_MASTER_KEY cannot be used: {why}")).help(help)
    })
}
