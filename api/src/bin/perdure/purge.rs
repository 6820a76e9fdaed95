//! `perdure purge contact ID`: forgets a person, for good; without `--yes` only tells what that would change.

use crate::{
    client::Client,
    failure::Exit,
    screen::{Screen, Style, text_of},
};
use serde_json::{Value, json};

/// Arguments of `purge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Everything that says who a contact is, or what they said
    Contact {
        /// The contact
        id: String,
        /// Does it; without this it is only told what would be done
        #[arg(long)]
        yes: bool,
        /// Cancels the instances that live on; without this a contact with live instances is not purged
        #[arg(long)]
        cancel_live: bool,
        /// Instances about the person that ran in none of their conversations
        #[arg(long = "instance", value_name = "ID")]
        instances: Vec<String>,
        /// Why; stands in the audit
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Purges, or tells. No, while something is left.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let Verb::Contact { id, yes, cancel_live, instances, reason } = &args.verb;
    let mut body = json!({ "dry_run": !yes, "cancel_live": cancel_live, "instances": instances });
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    let found = client.post(&["v1", "contacts", id, "purge"], &[], &body).await?;
    match screen.is_json() {
        true => screen.json(&found)?,
        false => tell(&found, *yes, screen)?,
    }
    Ok(if !yes || found["is_done"] == true { Exit::Fine } else { Exit::No })
}

fn tell(found: &Value, is_wanted: bool, screen: Screen) -> anyhow::Result<()> {
    let verdict = match (is_wanted, found["is_done"] == true) {
        (false, _) => "this would go; --yes does it".to_owned(),
        (true, true) => screen.paint(Style::Green, "purged"),
        (true, false) => {
            screen.paint(Style::Yellow, "cancelled instances still take steps back; ask again")
        }
    };
    screen.line(verdict)?;
    for (table, n) in found["rows"].as_object().into_iter().flatten() {
        screen.line(format!("  {table:<12}  {}", text_of(n)))?;
    }
    for (title, field) in [("live instances", "live"), ("archives", "files")] {
        for item in found[field].as_array().into_iter().flatten() {
            screen.line(format!("  {title}: {}", text_of(item)))?;
        }
    }
    Ok(())
}
