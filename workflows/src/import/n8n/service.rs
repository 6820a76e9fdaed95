//! Slack and HubSpot.

use super::draw::{Drawn, Site};
use crate::json::Json;

/// HubSpot's internal names of what n8n calls otherwise.
const PROPERTIES: &[(&str, &str)] = &[
    ("phoneNumber", "phone"),
    ("companyName", "company"),
    ("websiteUrl", "website"),
    ("postalCode", "zip"),
    ("streetAddress", "address"),
    ("stateRegion", "state"),
    ("mobilePhoneNumber", "mobilephone"),
];

pub(super) fn slack(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let resource = node.text("resource");
    let operation = node.text("operation");
    if !matches!(resource, "" | "message") || !matches!(operation, "" | "post") {
        return Err(match operation {
            "sendAndWait" => {
                "Use an `approval` node, which asks in Slack and waits for the decision.".to_owned()
            }
            _ => {
                "Of Slack only posting a message is known here; call the rest with `http.request`."
                    .to_owned()
            }
        });
    }
    let target = ["channelId", "channel", "user"].into_iter().find_map(|key| node.parameter(key));
    let target = target.ok_or("It does not say where to post; use `slack.post`.")?;
    let channel = match target {
        Json::Array(items) => items.first().and_then(Json::as_str).unwrap_or_default(),
        target => target.as_str().unwrap_or_else(|| target.text_of("value")),
    };
    let mut channel = site.here().template(channel)?;
    let is_name = target.text_of("mode") == "name" && !channel.starts_with(['#', '@', '{']);
    if is_name {
        channel.insert(0, '#');
    }
    let text = site.template("text")?;
    let mut made = site.make("slack.post").with("channel", channel);
    if !text.is_empty() {
        made.set("text", text);
    } else if node.parameter("blocksUi").is_some() {
        made.set("text", site.node.name);
    } else {
        return Err("It posts nothing; use `slack.post` with a text.".to_owned());
    }
    if let Some(blocks) = node.parameter("blocksUi") {
        let blocks: Json = serde_json::from_str(blocks.as_str().unwrap_or_default())
            .map_err(|_| "Its blocks are computed; write them in `slack.post`.".to_owned())?;
        let blocks = blocks.get("blocks").cloned().unwrap_or(blocks);
        made.set("blocks", site.here().json(&blocks)?);
    }
    made.set("saveAs", node.id.as_str());
    site.drop_others(&[
        "resource",
        "operation",
        "select",
        "channelId",
        "channel",
        "user",
        "text",
        "messageType",
        "blocksUi",
        "authentication",
        "otherOptions",
    ]);
    site.push_step(made)
}

pub(super) fn hubspot(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let is_upsert = matches!(node.text("resource"), "" | "contact")
        && matches!(node.text("operation"), "" | "upsert" | "create" | "update");
    if !is_upsert {
        return Err("Of HubSpot only creating and updating contacts is known here; call the rest with `http.request`.".to_owned());
    }
    let email = site.template("email")?;
    if email.is_empty() {
        return Err("It does not say by which e-mail the contact is known; use `hubspot.contact`."
            .to_owned());
    }
    let mut properties = Vec::new();
    for holder in ["additionalFields", "updateFields"] {
        for (key, value) in node.parameter(holder).map_or(&[][..], Json::entries) {
            if key.starts_with("customProperties") {
                continue;
            }
            let name = PROPERTIES.iter().find(|(theirs, _)| theirs == key).map(|(_, ours)| *ours);
            let name = name.map_or_else(|| key.to_ascii_lowercase(), str::to_owned);
            properties.push((name, site.here().json(value)?));
        }
        let custom = node.at(&[holder, "customPropertiesUi", "customPropertiesValues"]);
        for pair in custom.map_or(&[][..], Json::list) {
            let name = pair.text_of("property").to_owned();
            properties.push((name, site.here().json(pair.get("value").unwrap_or(&Json::Null))?));
        }
    }
    let mut made = site.make("hubspot.contact").with("email", email);
    if !properties.is_empty() {
        made.set("properties", Json::Object(properties));
    }
    made.set("saveAs", node.id.as_str());
    site.drop_others(&[
        "resource",
        "operation",
        "email",
        "additionalFields",
        "updateFields",
        "authentication",
    ]);
    site.push_step(made)
}
