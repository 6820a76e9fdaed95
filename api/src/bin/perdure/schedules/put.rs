//! `perdure schedules put NAME DEFINITION CRON`.

use super::show;
use crate::{client::Client, failure::Exit, files, screen::Screen};
use serde_json::json;

/// Arguments of `put`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule
    name: String,
    /// What it starts
    definition: String,
    /// When, as cron writes it: "0 7 * * *" is seven every day
    cron: String,
    /// IANA zone, or `tenant`
    #[arg(long, default_value = "tenant")]
    tz: String,
    /// What becomes of ticks at which nothing ran
    #[arg(long, value_parser = ["one", "skip", "all"], default_value = "one")]
    missed: String,
    /// Most of them that `all` starts
    #[arg(long, value_name = "N")]
    missed_max: Option<u32>,
    /// What happens while the instance before still lives
    #[arg(long, value_parser = ["allow", "skip", "queue", "cancel_old"], default_value = "allow")]
    overlap: String,
    /// What becomes of a time that the clock skips
    #[arg(long, value_parser = ["shift", "skip"], default_value = "shift")]
    dst_missing: String,
    /// What becomes of a time that comes twice
    #[arg(long, value_parser = ["first", "both"], default_value = "first")]
    dst_repeated: String,
    /// Only within the hours of this calendar
    #[arg(long)]
    calendar: Option<String>,
    /// What becomes of a tick outside the calendar
    #[arg(long, value_parser = ["skip", "next_open"], default_value = "skip")]
    outside: String,
    /// No tick before this moment
    #[arg(long, value_name = "TIME")]
    start_at: Option<String>,
    /// None from this moment on
    #[arg(long, value_name = "TIME")]
    end_at: Option<String>,
    /// Each start is late by up to this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    jitter_ms: i64,
    /// What instances are started with: a JSON object, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    input: Option<String>,
    /// The key they are started with
    #[arg(long)]
    key: Option<String>,
    /// Why; stands in the audit
    #[arg(long)]
    reason: Option<String>,
}

/// Makes or changes it, and shows it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut body = json!({
        "definition": args.definition, "cron": args.cron, "tz": args.tz, "missed": args.missed,
        "missed_max": args.missed_max, "overlap": args.overlap, "dst_missing": args.dst_missing,
        "dst_repeated": args.dst_repeated, "calendar": args.calendar, "outside": args.outside,
        "start_at": args.start_at, "end_at": args.end_at, "jitter_ms": args.jitter_ms,
        "key": args.key, "reason": args.reason,
    });
    if let Some(input) = &args.input {
        body["input"] = files::json_argument("--input", input)?;
    }
    let put = client.put(&["v1", "schedules", &args.name], &body).await?;
    show::tell(&put, screen)
}
