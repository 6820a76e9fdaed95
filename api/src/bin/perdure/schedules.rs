//! `perdure schedules …`: what starts instances at times. Each verb is a file beside the others in its folder.

mod backfill;
mod delete;
mod list;
mod operate;
mod put;
mod show;

use crate::{client::Client, failure::Exit, screen::Screen};

/// Arguments of `schedules`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Lists schedules
    List(list::Args),
    /// Shows one, with its next ticks and the last ones
    Show(show::Args),
    /// Makes one, or changes it
    Put(Box<put::Args>),
    /// Removes one that was made by hand
    Delete(operate::Args),
    /// Lets it have no ticks until it is resumed
    Pause(operate::Args),
    /// Lets a paused one go on, from its next tick
    Resume(operate::Args),
    /// Starts an instance now, as a tick would
    Fire(operate::Args),
    /// Makes up for the ticks of a span, each once
    Backfill(backfill::Args),
}

/// Does it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List(args) => list::run(args, client, screen).await,
        Verb::Show(args) => show::run(args, client, screen).await,
        Verb::Put(args) => put::run(args, client, screen).await,
        Verb::Delete(args) => delete::run(args, client, screen).await,
        Verb::Pause(args) => operate::run("pause", args, client, screen).await,
        Verb::Resume(args) => operate::run("resume", args, client, screen).await,
        Verb::Fire(args) => operate::fire(args, client, screen).await,
        Verb::Backfill(args) => backfill::run(args, client, screen).await,
    }
}
