//! Messages to a customer: in whichever chat they were sent, they go to the conversation of the instance here.

use super::draw::{Drawn, Site};
use crate::json::Json;

const OTHERS: &str = "Of messages only texts, files and templates are known here; use a `send.*` node or `http.request`.";

pub(super) fn whatsapp(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    if !matches!(node.text("resource"), "" | "message") {
        return Err(OTHERS.to_owned());
    }
    let made = match (node.text("operation"), node.text("messageType")) {
        ("sendTemplate", _) => template(site)?,
        ("" | "send", "" | "text") => {
            let text = site.template("textBody")?;
            if text.is_empty() {
                return Err("It sends nothing; use `send.text`.".to_owned());
            }
            site.make("send.text").with("text", text)
        }
        ("" | "send", kind @ ("image" | "video" | "audio" | "document")) => {
            let link = site.template("mediaLink")?;
            if link.is_empty() {
                return Err("It sends a file without a link; use `send.media` with one.".to_owned());
            }
            let made = site.make("send.media").with("media", link).with("mediaType", kind);
            match node.at(&["additionalFields", "mediaCaption"]) {
                Some(caption) => made
                    .with("caption", site.here().template(caption.as_str().unwrap_or_default())?),
                None => made,
            }
        }
        ("sendAndWait", _) => {
            return Err(
                "Use an `ask` node, which sends a question and waits for the answer.".to_owned()
            );
        }
        _ => return Err(OTHERS.to_owned()),
    };
    tell_recipient(site, "recipientPhoneNumber");
    site.drop_others(&[
        "resource",
        "operation",
        "messageType",
        "textBody",
        "mediaLink",
        "mediaPath",
        "additionalFields",
        "template",
        "components",
        "recipientPhoneNumber",
        "phoneNumberId",
    ]);
    site.push_step(made)
}

/// `name|language`.
fn template(site: &Site<'_, '_>) -> Result<crate::import::draft::Node, String> {
    let (name, language) = match site.node.text("template").split_once('|') {
        Some((name, language)) if !name.starts_with('=') => (name, language),
        _ => return Err("Which template is sent is computed; use `send.template`.".to_owned()),
    };
    let mut params = Vec::new();
    let components = site.node.at(&["components", "component"]).map_or(&[][..], Json::list);
    for component in components.iter().filter(|c| matches!(c.text_of("type"), "" | "body")) {
        for parameter in component.at(&["bodyParameters", "parameter"]).map_or(&[][..], Json::list)
        {
            params.push(site.here().template(parameter.text_of("text"))?.into());
        }
    }
    if components.iter().any(|c| !matches!(c.text_of("type"), "" | "body")) {
        return Err("Of a template only its body is known here; use `send.template`.".to_owned());
    }
    let made = site.make("send.template").with("name", name).with("language", language);
    Ok(if params.is_empty() { made } else { made.with("params", params) })
}

pub(super) fn telegram(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let is_message = matches!(node.text("resource"), "" | "message");
    let made = match node.text("operation") {
        "" | "sendMessage" if is_message => {
            let text = site.template("text")?;
            if text.is_empty() {
                return Err("It sends nothing; use `send.text`.".to_owned());
            }
            site.make("send.text").with("text", text)
        }
        "sendPhoto" | "sendDocument" | "sendVideo" | "sendAudio" if is_message => {
            let file = site.template("file")?;
            if !file.starts_with("http") && !file.starts_with("{{") {
                return Err("It sends a file without a link; use `send.media` with one.".to_owned());
            }
            site.make("send.media").with("media", file)
        }
        _ => return Err(OTHERS.to_owned()),
    };
    tell_recipient(site, "chatId");
    site.drop_others(&[
        "resource",
        "operation",
        "text",
        "file",
        "chatId",
        "replyMarkup",
        "additionalFields",
    ]);
    site.push_step(made)
}

fn tell_recipient(site: &mut Site<'_, '_>, key: &str) {
    if site.node.parameter(key).is_some() {
        let message =
            format!("`{key}` is left out: messages go to the customer of the conversation");
        site.warn(&message, "To write to somebody else, call a workflow for them.");
    }
}
