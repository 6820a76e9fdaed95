//! What starts the workflow.

use super::{
    draw::{Drawn, Site},
    schedule,
};
use crate::{import::text::quoted, json::Json};

const KNOWN: &[&str] = &[
    "manualTrigger",
    "executeWorkflowTrigger",
    "webhook",
    "scheduleTrigger",
    "cron",
    "interval",
    "whatsAppTrigger",
    "telegramTrigger",
    "chatTrigger",
];

pub(super) fn is_trigger(kind: &str) -> bool {
    KNOWN.contains(&kind)
}

pub(super) fn draw(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let made = match node.kind {
        "webhook" => {
            let path = [node.text("path"), node.json.text_of("webhookId"), node.name];
            let path = path.into_iter().find(|p| !p.is_empty() && !p.starts_with('='));
            let name = crate::source::slug(path.unwrap_or_default());
            site.make("trigger").with("on", "webhook").with("name", name)
        }
        "scheduleTrigger" | "cron" | "interval" => {
            let (cron, rest) = schedule::cron(node)?;
            for cron in rest {
                let message = format!("a second rule is left out: `{cron}`");
                site.warn(
                    &message,
                    "A trigger has one rule; make another workflow that calls this one.",
                );
            }
            let zone = site.document.json.at(&["settings", "timezone"]).and_then(Json::as_str);
            let zone = zone.filter(|zone| *zone != "DEFAULT").unwrap_or("tenant");
            site.make("trigger").with("on", "schedule").with("cron", cron).with("tz", zone)
        }
        "whatsAppTrigger" | "telegramTrigger" | "chatTrigger" => return message(site),
        _ => site.make("trigger").with("on", "start"),
    };
    site.push(made);
    Ok(vec![site.way("default", 0)])
}

/// A message starts it, and is kept: later nodes read it.
fn message(site: &mut Site<'_, '_>) -> Drawn {
    let keep = site.make_another("keep", "set");
    let id = keep.id.clone();
    let path = &site.node.id;
    let value = format!(
        "{{\"text\": default(event.text, \"\"), \"from\": default(contact.phone, {})}}",
        quoted("")
    );
    site.push(site.make("trigger").with("on", "message"));
    let assign = Json::Object(vec![(path.clone(), value.into())]);
    site.push(keep.with("assign", assign));
    let mut on = site.way("default", 0);
    on.from.clone_from(&id);
    Ok(vec![site.to_node("default", &id), on])
}
