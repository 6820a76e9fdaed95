//! Bubbles: what is shown becomes a message.

use super::{
    block::{Drawn, Site},
    rich_text,
};

/// Endings of files a channel can play as a video.
const VIDEO_ENDINGS: &[&str] = &[".mp4", ".3gp"];

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let content = site.block.json.get("content");
    let url = content.map_or("", |content| content.text_of("url"));
    let url = site.variables().template(url.trim());
    let node = match site.block.kind {
        "text" => {
            let text = rich_text::template(site.block, site.variables());
            // Nothing is shown, so nothing is sent.
            if text.trim().is_empty() {
                site.push(site.node("set").with("assign", crate::json::Json::Object(Vec::new())));
                site.warn("this bubble is empty, and sends nothing", "Write a text, or remove it.");
                return Ok(vec![site.next("default")]);
            }
            site.node("send.text").with("text", text)
        }
        _ if url.is_empty() => return Err("It shows nothing; remove it.".to_owned()),
        "image" => media(site, url, "image"),
        "audio" => media(site, url, "audio"),
        "video" if VIDEO_ENDINGS.iter().any(|end| url.to_ascii_lowercase().ends_with(end)) => {
            media(site, url, "video")
        }
        _ => site.node("send.text").with("text", url).with("previewUrl", true),
    };
    if content.and_then(|content| content.get("clickLink")).is_some_and(|link| !link.is_empty()) {
        let message = "`clickLink` is left out: a picture in a chat is not a link";
        site.warn(message, "Send the link as a text.");
    }
    if site.block.kind == "embed" {
        let message = "a page was embedded here; in a chat the customer gets a link to it";
        site.warn(message, "Check that the page can be opened by itself.");
    }
    site.push(node);
    Ok(vec![site.next("default")])
}

fn media(site: &Site<'_, '_>, url: String, kind: &str) -> crate::import::draft::Node {
    site.node("send.media").with("media", url).with("mediaType", kind)
}
