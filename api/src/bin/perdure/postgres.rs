//! `perdure postgres -- COMMAND…`: lends a private database to a command, for the time it runs.
//! What `script/test` uses.

use crate::{
    database,
    failure::{Exit, Failure},
};
use api::postgres::Embedded;
use std::os::unix::process::ExitStatusExt;
use tokio::process::Command;

/// What shells answer for a program that a signal ended, less the signal.
const BY_SIGNAL: i32 = 128;

/// Arguments of `postgres`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Runs the command. Ends as it ended.
pub(crate) async fn run(args: &Args) -> anyhow::Result<Exit> {
    let embedded = tokio::task::spawn_blocking(Embedded::for_tests).await?;
    let embedded = embedded.map_err(|error| database::failure(&error))?;
    let Some((program, arguments)) = args.command.split_first() else { return Ok(Exit::Fine) };
    let spawned = Command::new(program).args(arguments).env("DATABASE_URL", embedded.url()).spawn();
    let mut child =
        spawned.map_err(|why| Failure::usage(format!("{program} cannot be run: {why}")))?;
    // Ctrl-C reaches the command too. We stay until it has ended, because the database is still in
    // use until then.
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    tokio::task::spawn_blocking(move || drop(embedded)).await?;
    let code = status.code().or_else(|| status.signal().map(|signal| BY_SIGNAL + signal));
    Ok(Exit::Like(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
