//! `perdure schedules backfill NAME --from TIME --until TIME`.

use crate::{
    client::Client,
    failure::Exit,
    screen::{Screen, text_of},
};
use serde_json::json;

/// Arguments of `backfill`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule
    name: String,
    /// The first moment
    #[arg(long, value_name = "TIME")]
    from: String,
    /// The moment after the last one; what is to come is not made up for
    #[arg(long, value_name = "TIME")]
    until: String,
    /// At most this many ticks
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Only tells what it would do
    #[arg(long)]
    dry_run: bool,
    /// What a tick does while the one before runs
    #[arg(long, value_parser = ["allow", "skip", "queue", "cancel_old"], default_value = "allow")]
    overlap: String,
    /// Why; stands in the audit
    #[arg(long)]
    reason: Option<String>,
}

/// Makes up for them, and says what became of each.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let body = json!({
        "from": args.from, "until": args.until, "limit": args.limit, "dry_run": args.dry_run,
        "overlap": args.overlap, "reason": args.reason,
    });
    let done = client.post(&["v1", "schedules", &args.name, "backfill"], &[], &body).await?;
    if screen.is_json() {
        screen.json(&done)?;
        return Ok(Exit::Fine);
    }
    let items = done["items"].as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| ["tick", "outcome", "instance"].map(|field| text_of(&item[field])).to_vec())
        .collect();
    match rows.is_empty() {
        true => screen.line("the rule has no tick in that span")?,
        false => screen.table(&["TICK", "OUTCOME", "INSTANCE"], &rows)?,
    }
    if !done["next"].is_null() {
        screen.line(format!("there are more: go on with --from {}", text_of(&done["next"])))?;
    }
    Ok(Exit::Fine)
}
