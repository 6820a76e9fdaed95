//! What the conversation caused: states, timers, the CRM contact, the notice to the team, and how
//! to go on by hand.

use super::{Demo, EMAIL, local, local_time};
use crate::{
    dev::environment::Environment,
    failure::Failure,
    history,
    screen::{Style, short, text_of},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// How long the instance may take to come to rest after its last message.
const REST_MAX: Duration = Duration::from_secs(10);
const REST_POLL: Duration = Duration::from_millis(50);
/// Most turns shown; the demo has far fewer.
const TURNS_MAX: usize = 500;

/// Of the commands to go on with.
const JSON: &str = "-H 'content-type: application/json'";
const WRITE: &str = r#"{"from":"34600000001","name":"You","text":"book"}"#;
const ADVANCE: &str = r#"{"advance":"P5D"}"#;

/// Shows all of it; fails when the contact, the notice or the reminder is missing.
pub(super) async fn tell(demo: &Demo, environment: &Environment) -> anyhow::Result<()> {
    let instance = at_rest(demo).await?;
    let id = text_of(&instance["id"]);
    let turns = demo.api.list(&["v1", "instances", &id, "history"], &[], TURNS_MAX).await?;
    let contact = sent(demo, "hubspot", EMAIL).await?;
    let notice = sent(demo, "slack", EMAIL).await?;
    if demo.screen.is_json() {
        return demo.screen.json(&json!({ "instance": instance, "turns": turns.len(),
            "hubspot": contact["body"], "slack": notice["body"],
            "seconds": demo.begun.elapsed().as_secs_f64() }));
    }
    demo.title("The states it went through")?;
    tell_states(demo, &turns)?;
    demo.title("Timers")?;
    tell_timers(demo, &turns, &instance)?;
    demo.title("What the outside world was told")?;
    let properties = &contact["body"]["inputs"][0]["properties"];
    let properties = if properties.is_null() { &contact["body"]["properties"] } else { properties };
    demo.screen.line(format!("  HubSpot contact  {}", short(properties, 200)))?;
    let text =
        format!("{}: {}", text_of(&notice["body"]["channel"]), text_of(&notice["body"]["text"]));
    demo.screen.line(format!("  Slack message    {text}"))?;
    demo.title("Go on by hand")?;
    tell_how_to_go_on(demo, environment, &id)?;
    let seconds = demo.begun.elapsed().as_secs_f64();
    Ok(demo
        .screen
        .line(demo.screen.paint(Style::Dim, format!("\nthe booking took {seconds:.1} s")))?)
}

/// The customer's instance, once it waits for its reminder.
async fn at_rest(demo: &Demo) -> anyhow::Result<Value> {
    let begun = Instant::now();
    loop {
        let query = [("phone", demo.phone.clone())];
        let found = demo.api.list(&["v1", "instances"], &query, 1).await?;
        if let Some(found) = found.first() {
            let instance = demo.api.get(&["v1", "instances", &text_of(&found["id"])], &[]).await?;
            let has_timer = instance["timers"].as_array().is_some_and(|timers| !timers.is_empty());
            if instance["status"] == "waiting" && has_timer {
                return Ok(instance);
            }
        }
        if begun.elapsed() > REST_MAX {
            return Err(Failure::refused(
                "the booking did not come to the point where it waits for its reminder",
            )
            .help("`perdure instances` shows where it stands")
            .into());
        }
        tokio::time::sleep(REST_POLL).await;
    }
}

/// The call to a provider that had its effect and mentions this.
async fn sent(demo: &Demo, provider: &str, mention: &str) -> anyhow::Result<Value> {
    let query = [("provider", provider.to_owned())];
    let ledger = demo.simulator.get(&["_sim", "ledger"], &query).await?;
    let entries = ledger["items"].as_array().into_iter().flatten();
    // The demo's customer has the same name every time; the last call is this run's.
    let mut found = entries
        .filter(|entry| entry["effect"] == true && entry["body"].to_string().contains(mention));
    found.next_back().cloned().ok_or_else(|| {
        Failure::refused(format!("{provider} was told nothing about the booking")).into()
    })
}

fn tell_states(demo: &Demo, turns: &[Value]) -> anyhow::Result<()> {
    let mut last = String::new();
    for turn in turns {
        let to = text_of(&turn["to"]);
        if to == last {
            continue;
        }
        let event = demo.screen.paint(Style::Dim, format!("on {}", history::event_type(turn)));
        demo.screen.line(format!("  {}  {to:<28} {event}", local_time(&turn["at"])))?;
        last = to;
    }
    Ok(())
}

fn tell_timers(demo: &Demo, turns: &[Value], instance: &Value) -> anyhow::Result<()> {
    let set = turns.iter().flat_map(history::commands).filter(|c| c["type"] == "set_timer");
    let open = instance["timers"].as_array().map_or(&[][..], Vec::as_slice);
    let n_left = set.count().saturating_sub(open.len());
    demo.screen.line(format!(
        "  {n_left} would have nudged a silent customer; an answer in time cancelled each."
    ))?;
    for timer in open {
        let due = ["due", "fire_at", "at"]
            .iter()
            .find_map(|field| timer.get(*field))
            .unwrap_or(&Value::Null);
        demo.screen.line(format!(
            "  Still set: the reminder, {} ({})",
            local(due, "%A %-d %B, %H:%M"),
            short(&timer["name"], 60)
        ))?;
    }
    Ok(())
}

/// This program as it can be called from here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "perdure".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    // A shell looks for a bare name in PATH only.
    path.strip_prefix(here)
        .map_or_else(|_| path.clone(), |near| Path::new(".").join(near))
        .display()
        .to_string()
}

fn tell_how_to_go_on(demo: &Demo, environment: &Environment, id: &str) -> anyhow::Result<()> {
    let program = program();
    let (sim, api, phone) = (&environment.simulator, &environment.api, &demo.phone);
    let lines = [
        format!("{program} show {id}"),
        format!("{program} history {id}"),
        format!("{program} explain {id}"),
        format!("{program} instances --phone {phone}"),
        format!("curl -s {sim}/_sim/whatsapp/inbound {JSON} \\\n      -d '{WRITE}'"),
        format!("curl -s '{sim}/_sim/whatsapp/conversation?customer=34600000001'"),
        format!("curl -s {api}/_dev/clock {JSON} -d '{ADVANCE}'"),
    ];
    demo.screen
        .line(format!("  API {api}, key and the rest in {}\n", environment.path().display()))?;
    lines.iter().try_for_each(|line| demo.screen.line(format!("  {line}")))?;
    Ok(())
}
