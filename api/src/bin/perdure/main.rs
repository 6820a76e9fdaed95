//! The one binary. A verb is a file of its name beside this one.
//!
//! **Invariant:** the exit code says what happened (see [`EXIT_CODES`]), and a user's mistake is a
//! sentence, never a panic.

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod archive;
mod bench;
mod calendars;
mod cancel;
mod check;
mod client;
mod compile;
mod database;
mod dev;
mod diagnostics;
mod explain;
mod export;
mod failure;
mod files;
mod history;
mod host;
mod import;
mod instance;
mod instances;
mod key;
mod kinds;
mod migrate;
mod ops;
mod postgres;
mod purge;
mod replay;
mod resume;
mod retry;
mod schedules;
mod schema;
mod screen;
mod send;
mod serve;
mod show;
mod simulate;
mod skip;
mod start;
mod suspend;
mod tenant;
mod test;
mod upload;

use clap::{Parser, Subcommand};
use client::Client;
use failure::Exit;
use screen::{Format, Screen};
use std::process::ExitCode;

const EXIT_CODES: &str = "Exit codes:
  0  all is well
  1  the answer is no: not publishable, diverged, stuck
  2  asked wrongly
  3  the server or database cannot be reached, or refused";

/// Durable workflows on Postgres
#[derive(Debug, Parser)]
#[command(name = "perdure", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// For people, or exact JSON for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    server: client::Server,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs everything in one process: database, engine, API, simulated providers
    Dev(dev::Args),
    /// Serves engine and API on DATABASE_URL
    Serve(serve::Args),
    /// Brings the database of DATABASE_URL to the schema of this release
    Migrate(migrate::Args),
    /// Makes tenants in the database of DATABASE_URL
    Tenant(tenant::Args),
    /// Makes API keys in the database of DATABASE_URL
    Key(key::Args),
    /// Says whether definitions can be published, and why not
    Check(check::Args),
    /// Prints the statechart a definition compiles to
    Compile(compile::Args),
    /// Makes a definition file of what Typebot or n8n exported
    Import(import::Args),
    /// Writes a definition in the form that React Flow or XState reads
    Export(export::Args),
    /// Runs a definition under a virtual clock, without a server
    Simulate(simulate::Args),
    /// Plays the scenarios of definitions, without a server
    Test(test::Args),
    /// Lists the node kinds with their fields
    Kinds(kinds::Args),
    /// Lists what may be wrong with a definition, or explains one code
    Diagnostics(diagnostics::Args),
    /// Prints the JSON Schema of a definition, for editors
    Schema,
    /// Stores and publishes definitions
    Upload(upload::Args),
    /// Starts an instance
    Start(start::Args),
    /// Sends an event to an instance
    Send(send::Args),
    /// Lists instances
    Instances(instances::Args),
    /// Shows one instance
    Show(show::Args),
    /// Prints every turn of an instance
    History(history::Args),
    /// Says why an instance is where it is
    Explain(explain::Args),
    /// Replays a history through its own or a candidate definition
    Replay(replay::Args),
    /// Tries again what an instance got stuck on
    Retry(retry::Args),
    /// Goes on as if a step had answered
    Skip(skip::Args),
    /// Stops an instance; what arrives is held
    Suspend(suspend::Args),
    /// Lets a suspended instance go on
    Resume(resume::Args),
    /// Ends an instance for good
    Cancel(cancel::Args),
    /// Forgets a contact, for good
    Purge(purge::Args),
    /// Writes, reads and brings back what left the database of DATABASE_URL
    Archive(archive::Args),
    /// Starts instances at times: list, show, put, pause, resume, fire, backfill, delete
    Schedules(schedules::Args),
    /// Business calendars, which schedules and expressions name
    Calendars(calendars::Args),
    /// Measures this machine, or the engine on it
    Bench(bench::Args),
    /// Runs a command with DATABASE_URL set to a new private database, which is removed afterwards
    #[command(hide = true)]
    Postgres(postgres::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match Box::pin(run(&cli)).await {
        Ok(exit) => exit.into(),
        Err(error) => failure::report(&error),
    }
}

async fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let screen = Screen::new(cli.format);
    let client = || Client::new(&cli.server);
    match &cli.verb {
        Verb::Dev(args) => dev::run(args, screen).await,
        Verb::Serve(args) => serve::run(args, screen).await,
        Verb::Migrate(args) => migrate::run(args, screen).await,
        Verb::Tenant(args) => tenant::run(args, screen).await,
        Verb::Key(args) => key::run(args, screen).await,
        Verb::Check(args) => check::run(args, screen),
        Verb::Compile(args) => compile::run(args, screen),
        Verb::Import(args) => import::run(args, screen),
        Verb::Export(args) => export::run(args, screen),
        Verb::Simulate(args) => simulate::run(args, screen),
        Verb::Test(args) => test::run(args, screen),
        Verb::Kinds(args) => kinds::run(args, screen),
        Verb::Diagnostics(args) => diagnostics::run(args, screen),
        Verb::Schema => schema::run(screen),
        Verb::Upload(args) => upload::run(args, &client()?, screen).await,
        Verb::Start(args) => start::run(args, &client()?, screen).await,
        Verb::Send(args) => send::run(args, &client()?, screen).await,
        Verb::Instances(args) => instances::run(args, &client()?, screen).await,
        Verb::Show(args) => show::run(args, &client()?, screen).await,
        Verb::History(args) => history::run(args, &client()?, screen).await,
        Verb::Explain(args) => explain::run(args, &client()?, screen).await,
        Verb::Replay(args) => replay::run(args, &client()?, screen).await,
        Verb::Retry(args) => retry::run(args, &client()?, screen).await,
        Verb::Skip(args) => skip::run(args, &client()?, screen).await,
        Verb::Suspend(args) => suspend::run(args, &client()?, screen).await,
        Verb::Resume(args) => resume::run(args, &client()?, screen).await,
        Verb::Cancel(args) => cancel::run(args, &client()?, screen).await,
        Verb::Purge(args) => purge::run(args, &client()?, screen).await,
        Verb::Archive(args) => archive::run(args, screen).await,
        Verb::Schedules(args) => schedules::run(args, &client()?, screen).await,
        Verb::Calendars(args) => calendars::run(args, &client()?, screen).await,
        Verb::Bench(args) => bench::run(args, screen).await,
        Verb::Postgres(args) => postgres::run(args).await,
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_verb_is_put_together_well() {
        Cli::command().debug_assert();
    }
}
