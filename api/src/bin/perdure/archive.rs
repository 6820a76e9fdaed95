//! `perdure archive write|read|list|restore`: the files that hold what left the database, in the folder of `PERDURE_ARCHIVE_DIR`.

use crate::{
    database,
    failure::{Exit, Failure},
    host,
    screen::{Screen, Style},
};
use anyhow::Context;
use engine::{
    Clock, Keeping,
    archive::{list, read, restore},
    everlasting::{expire, retire},
};
use serde_json::json;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Files shown by `list`.
const FILES_SHOWN: u32 = 200;

/// Arguments of `archive`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Writes and deletes what is kept no longer, now instead of within the hour
    Write,
    /// Checks a file, and prints its lines as JSON; needs no database
    Read {
        /// The file, ending in .jsonl.zst
        file: PathBuf,
        /// Only the lines of this instance
        #[arg(long, value_name = "ID")]
        instance: Option<Uuid>,
        /// Only checks the file
        #[arg(long)]
        check: bool,
    },
    /// Lists the newest files of a tenant, or those that hold an instance
    List {
        /// The tenant
        #[arg(long, value_name = "ID")]
        tenant: Uuid,
        /// The instance
        #[arg(long, value_name = "ID")]
        instance: Option<Uuid>,
    },
    /// Brings an instance and its history back, for a week
    Restore {
        /// The instance
        instance: Uuid,
        /// Its tenant
        #[arg(long, value_name = "ID")]
        tenant: Uuid,
        /// Why; stands in the audit
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Does it.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Write => write(screen).await,
        Verb::Read { file, instance, check } => read_file(file, *instance, *check, screen).await,
        Verb::List { tenant, instance } => list_files(*tenant, *instance, screen).await,
        Verb::Restore { instance, tenant, reason } => {
            let actor = format!("cli:{}", std::env::var("USER").unwrap_or_default());
            let (tenant, instance, reason) = (*tenant, *instance, reason.clone());
            bring_back(restore::Wish { tenant, instance, actor, reason }, screen).await
        }
    }
}

fn folder(keeping: &Keeping) -> Result<&Path, Failure> {
    keeping.archive_dir.as_deref().ok_or_else(|| {
        Failure::usage("PERDURE_ARCHIVE_DIR is not set")
            .help("the folder that all processes of this database write their archives to")
    })
}

async fn write(screen: Screen) -> anyhow::Result<Exit> {
    let keeping = host::keeping()?;
    folder(&keeping)?;
    let pool = database::connect(&database::url_needed()?).await?;
    let now = Clock::system().now();
    let retired = retire::retire(&pool, &keeping, now).await.context("writing archives")?;
    let months = expire::expire(&pool, &keeping, now).await.context("dropping months")?;
    match screen.is_json() {
        true => screen.json(&json!({ "retired": retired, "months_dropped": months }))?,
        false => screen.line(format!(
            "{} instances were written, {} were deleted, {months} months were dropped",
            retired.archived, retired.deleted
        ))?,
    }
    Ok(Exit::Fine)
}

async fn read_file(
    file: &Path,
    instance: Option<Uuid>,
    is_check: bool,
    screen: Screen,
) -> anyhow::Result<Exit> {
    let (path, shown) = (file.to_owned(), screen);
    let reading = move || -> anyhow::Result<Exit> {
        let manifest = read::manifest(&path)?;
        let depth = Path::new(&manifest.file).components().count();
        let folder = path.ancestors().nth(depth).unwrap_or_else(|| Path::new("")).to_owned();
        // A file that was moved is read where it is.
        let here = match folder.join(&manifest.file) == path {
            true => (folder, manifest.clone()),
            false => {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                let parent = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
                let file = name.unwrap_or_default();
                (parent, engine::archive::Manifest { file, ..manifest.clone() })
            }
        };
        read::verify(&here.0, &here.1)?;
        if is_check {
            match shown.is_json() {
                true => shown.json(&manifest)?,
                false => shown.line(format!(
                    "{}: {} instances, {} turns",
                    shown.paint(Style::Green, "whole"),
                    manifest.instances,
                    manifest.turns
                ))?,
            }
            return Ok(Exit::Fine);
        }
        let mut failed = None;
        read::lines(&path, |text, line| {
            let is_wanted = instance.is_none_or(|wanted| wanted == line.instance);
            if is_wanted && failed.is_none() {
                failed = shown.line(String::from_utf8_lossy(text).trim_end()).err();
            }
            Ok(())
        })?;
        failed.map_or(Ok(Exit::Fine), |error| Err(error.into()))
    };
    tokio::task::spawn_blocking(reading).await?
}

async fn list_files(tenant: Uuid, instance: Option<Uuid>, screen: Screen) -> anyhow::Result<Exit> {
    let pool = database::connect(&database::url_needed()?).await?;
    if let Some(instance) = instance {
        let parts = list::parts(&pool, tenant, instance).await?;
        if screen.is_json() {
            screen.json(&json!({ "items": parts }))?;
            return Ok(Exit::Fine);
        }
        for part in &parts {
            let what = if part.is_over { "the instance, " } else { "" };
            screen.line(format!(
                "{}  {what}turns {} to {}",
                part.file, part.first_seq, part.last_seq
            ))?;
        }
        return Ok(if parts.is_empty() { Exit::No } else { Exit::Fine });
    }
    let page = list::archives(&pool, tenant, None, FILES_SHOWN).await?;
    if screen.is_json() {
        screen.json(&page)?;
        return Ok(Exit::Fine);
    }
    for archive in &page.items {
        screen.line(format!(
            "{}  {:>7} instances  {:>9} turns  {:>12} bytes  {}",
            archive.file, archive.instances, archive.turns, archive.bytes, archive.status
        ))?;
    }
    if page.next.is_some() {
        crate::screen::Screen::aside(format!("note: only the newest {FILES_SHOWN} are shown"));
    }
    Ok(Exit::Fine)
}

async fn bring_back(wish: restore::Wish, screen: Screen) -> anyhow::Result<Exit> {
    let keeping = host::keeping()?;
    let folder = folder(&keeping)?;
    let pool = database::connect(&database::url_needed()?).await?;
    let restored = restore::instance(&pool, folder, wish, Clock::system().now()).await?;
    match screen.is_json() {
        true => screen.json(&restored)?,
        false => screen.line(format!(
            "{} turns are back{}; they stay until {}",
            restored.turns,
            if restored.instance { ", with the instance" } else { "" },
            restored.until.map(|until| until.to_rfc3339()).unwrap_or_default()
        ))?,
    }
    Ok(Exit::Fine)
}
