//! What starts the flow, and what interrupts it: events, the WhatsApp start condition, the session's expiry.

use super::{condition, document::coordinates, flow::Flow};
use crate::{
    import::draft::{Draft, Node},
    json::Json,
};

/// Typebot's own when nothing else is set, in hours.
const EXPIRY_H: f64 = 4.0;

fn events(json: &Json) -> &[Json] {
    json.get("events").map_or(&[], Json::list)
}

/// A command that can be listened for while the flow runs.
fn command(event: &Json) -> Option<&str> {
    let name = event.at(&["options", "command"])?.as_str()?.trim();
    let is_usable = event.text_of("type") == "command"
        && !matches!(name, "" | "default" | "timeout" | "error" | "message");
    is_usable.then_some(name)
}

pub(super) fn has_commands(json: &Json) -> bool {
    events(json).iter().any(|event| command(event).is_some())
}

/// How long an answer is waited for: as long as a WhatsApp session lasts.
pub(super) fn expiry(json: &Json) -> Option<String> {
    let settings = json.at(&["settings", "whatsApp"]).filter(|settings| !settings.is_empty())?;
    let hours = match settings.get("sessionExpiryTimeout") {
        Some(Json::Number(hours)) => hours.as_f64().filter(|h| (0.01..=8760.0).contains(h)),
        _ => None,
    };
    let minutes = (hours.unwrap_or(EXPIRY_H) * 60.0).round() as i64;
    Some(if minutes % 60 == 0 { format!("{}h", minutes / 60) } else { format!("{minutes}m") })
}

pub(super) fn draw(flow: &Flow<'_>, draft: &mut Draft) {
    let json = flow.document.json;
    let mut has_start = false;
    for (index, event) in events(json).iter().enumerate() {
        let pointer = format!("/events/{index}");
        match event.text_of("type") {
            "start" if !has_start => {
                has_start = true;
                start(flow, (event, pointer), draft);
            }
            _ if command(event).is_some() => interrupt(flow, (event, pointer), draft),
            kind => listed(flow, (event, pointer), kind, draft),
        }
    }
    if has_start {
        return;
    }
    // Before version 6 the start was a block.
    for group in &flow.document.groups {
        for block in group.blocks.iter().filter(|block| block.kind == "start") {
            if has_start {
                let place = (draft.ids.id(block.id, "start"), block.pointer.clone());
                let note = "A workflow begins in one place; remove this one.";
                let node = draft.placeholder(place, "start", block.json, note);
                draft.nodes.push(node);
                continue;
            }
            has_start = true;
            start(flow, (block.json, block.pointer.clone()), draft);
        }
    }
    if !has_start {
        draft.remark(
            "",
            "nothing starts this bot",
            "Add a `trigger` node, and lead it to the first node.",
        );
    }
}

fn start(flow: &Flow<'_>, (event, pointer): (&Json, String), draft: &mut Draft) {
    let id = draft.ids.id(event.text_of("id"), "start");
    let mut node = Node::new(id.clone(), "trigger", pointer.clone());
    node.position = coordinates(event);
    node.sources = vec![event.text_of("id").to_owned()];
    let settings = flow.document.json.at(&["settings", "whatsApp"]).unwrap_or(&Json::Null);
    if settings.get("isEnabled").and_then(Json::as_bool) == Some(true) {
        node.set("on", "message");
        let condition = settings.get("startCondition").filter(|condition| {
            condition.get("comparisons").is_some_and(|comparisons| !comparisons.is_empty())
        });
        let said = |_: &Json| Ok("default(event.text, '')".to_owned());
        match condition.map(|c| condition::combine(c, said, &flow.document.variables)) {
            Some(Ok(when)) => node.set("when", when),
            Some(Err(why)) => {
                let at = "/settings/whatsApp/startCondition";
                let message =
                    "when the bot starts could not be translated, so every message starts it";
                draft.warn(&id, at, message.to_owned(), &why);
            }
            None => {}
        }
    } else {
        node.set("on", "start");
    }
    draft.nodes.push(node);
    let target = flow.document.leaves(event, event.text_of("id"), "");
    match target {
        Some(target) => {
            let entry = flow.entry(target, draft).to_owned();
            draft.edge((&id, "default"), &entry, &format!("/edges/{}", target.edge));
        }
        None => draft.edge((&id, "default"), &flow.end, &pointer),
    }
}

/// A command leads out of wherever the flow is: an edge of the group around it, by an event of the command's name.
fn interrupt(flow: &Flow<'_>, (event, pointer): (&Json, String), draft: &mut Draft) {
    let (Some(name), Some(all)) = (command(event), &flow.all) else { return };
    let target = flow.document.leaves(event, event.text_of("id"), "");
    let entry = match target {
        Some(target) => flow.entry(target, draft).to_owned(),
        None => flow.end.clone(),
    };
    draft.edge((all, name), &entry, &pointer);
    if let Some(node) = draft.nodes.iter_mut().find(|node| node.id == *all) {
        node.sources.push(event.text_of("id").to_owned());
    }
    if event.at(&["options", "resumeAfter"]).and_then(Json::as_bool) == Some(true) {
        let message = format!(
            "`resumeAfter` of the command `{name}` is left out: the flow does not go back to where it was"
        );
        let help = "Lead the last node of the command to where the customer goes on.";
        draft.warn(all, &format!("{pointer}/options/resumeAfter"), message, help);
    }
}

/// An event without a counterpart.
fn listed(flow: &Flow<'_>, (event, pointer): (&Json, String), kind: &str, draft: &mut Draft) {
    let id = draft.ids.id(event.text_of("id"), "event");
    let note = match kind {
        "reply" => "What happens on every answer is drawn behind each `ask` here.",
        "invalidReply" => {
            "What happens on an answer that does not fit is drawn from the `invalid` exit of an `ask`."
        }
        "command" => "Give the command a name, and lead an edge of that name from a group.",
        _ => "Draw what it does where it happens.",
    };
    let mut node = draft.placeholder((id.clone(), pointer), kind, event, note);
    node.position = coordinates(event);
    node.sources = vec![event.text_of("id").to_owned()];
    draft.nodes.push(node);
    if let Some(target) = flow.document.leaves(event, event.text_of("id"), "") {
        let entry = flow.entry(target, draft).to_owned();
        draft.edge((&id, "default"), &entry, &format!("/edges/{}", target.edge));
    }
}
