//! `perdure migrate`: brings the database of `DATABASE_URL` to the schema of this release, and with `--distribute` spreads
//! it over the nodes of a Citus cluster.

use crate::{
    database,
    failure::{Exit, Failure},
    screen::Screen,
};
use anyhow::Context;
use engine::distribute::{self, How, Plan};
use serde_json::{Value, json};
use sqlx::PgPool;

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Spreads the tables over the nodes of Citus afterwards, by tenant
    #[arg(long)]
    distribute: bool,
    /// Only tells what --distribute would do; changes nothing, the migrations included
    #[arg(long, requires = "distribute")]
    dry_run: bool,
    /// Parts that the tables are made of; a node can hold many, and a part never leaves its node in pieces
    #[arg(long, requires = "distribute", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=4096))]
    shards: u32,
}

/// Applies what is missing; safe while servers of this and the last release run.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let pool = database::connect(&database::url_needed()?).await?;
    if !args.dry_run {
        database::migrate(&pool).await?;
    }
    if args.distribute {
        return distribute(args, &pool, screen).await;
    }
    match screen.is_json() {
        true => screen.json(&json!({ "migrated": true }))?,
        false => screen.line("the database has the schema of this release")?,
    }
    Ok(Exit::Fine)
}

async fn distribute(args: &Args, pool: &PgPool, screen: Screen) -> anyhow::Result<Exit> {
    let plan = distribute::plan(pool, args.shards).await.context("looking at the tables")?;
    tell(&plan, screen)?;
    if args.dry_run {
        return Ok(if plan.problems.is_empty() { Exit::Fine } else { Exit::No });
    }
    if !plan.problems.is_empty() {
        return Err(Failure::refused("nothing was distributed").into());
    }
    if !plan.has_citus {
        return Err(Failure::refused("this database has no Citus extension; nothing was distributed")
            .help("load it (shared_preload_libraries = 'citus') and run `create extension citus` in this database")
            .into());
    }
    let telling = |placed: &distribute::Placed| {
        // A terminal that went away does not stop what was begun.
        let _ = screen.line(format!("placing {}", placed.table));
    };
    let quiet = |_: &distribute::Placed| {};
    match screen.is_json() {
        true => distribute::apply(pool, &plan, quiet).await,
        false => distribute::apply(pool, &plan, telling).await,
    }
    .context("distributing the tables")?;
    match screen.is_json() {
        true => screen.json(&json!({ "distributed": true }))?,
        false => screen.line("the tables are distributed")?,
    }
    Ok(Exit::Fine)
}

fn tell(plan: &Plan, screen: Screen) -> anyhow::Result<()> {
    if screen.is_json() {
        let tables = plan.tables.iter().map(|placed| {
            json!({ "table": placed.table, "how": word(placed.how), "why": placed.why, "statement": placed.statement })
        });
        return screen
            .json(&json!({ "tables": tables.collect::<Vec<Value>>(), "problems": plan.problems,
            "has_citus": plan.has_citus }));
    }
    for placed in &plan.tables {
        let statement = placed.statement.as_ref().map(|statement| format!("{statement};"));
        let nothing = match placed.how {
            How::Local => format!("-- {} stays on the coordinator: {}", placed.table, placed.why),
            How::Reference | How::Distributed => format!("-- {} is in its place", placed.table),
        };
        screen.line(statement.unwrap_or(nothing))?;
    }
    for problem in &plan.problems {
        screen.line(format!("-- problem: {problem}"))?;
    }
    if !plan.has_citus {
        screen.line("-- this database has no Citus extension")?;
    }
    Ok(())
}

fn word(how: How) -> &'static str {
    match how {
        How::Distributed => "distributed",
        How::Reference => "reference",
        How::Local => "local",
    }
}
