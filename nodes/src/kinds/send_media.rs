//! `send.media`: an image, video, audio or document, by URL or by the id of an upload.

use crate::{
    http::Http,
    node::Node,
    outcome::failed,
    talk::Talk,
    whatsapp::{self, limits},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use workflows::step::{Attempt, Attempted, Outcome, Running};

/// Output: `{"messageId"}`.
pub(crate) struct SendMedia;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    media: String,
    #[serde(default)]
    media_type: Option<MediaType>,
    #[serde(default)]
    caption: Option<String>,
    #[serde(default)]
    filename: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum MediaType {
    Image,
    Video,
    Audio,
    Document,
}

impl MediaType {
    fn word(self) -> &'static str {
        match self {
            MediaType::Image => "image",
            MediaType::Video => "video",
            MediaType::Audio => "audio",
            MediaType::Document => "document",
        }
    }

    /// By the extension of a URL's path; what has none is taken for an image.
    fn of(media: &str) -> MediaType {
        let path = media.split(['?', '#']).next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
        match extension.as_deref() {
            Some("mp4" | "3gp") => MediaType::Video,
            Some("aac" | "amr" | "mp3" | "m4a" | "ogg" | "opus") => MediaType::Audio,
            Some(
                "pdf" | "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" | "txt" | "csv" | "zip",
            ) => MediaType::Document,
            _ => MediaType::Image,
        }
    }
}

impl Node for SendMedia {
    fn kind(&self) -> &'static str {
        "send.media"
    }

    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        Box::pin(async move {
            let mut talk = Talk::begin(http, attempt);
            let outcome = send(&mut talk).await;
            talk.end(outcome)
        })
    }
}

async fn send(talk: &mut Talk<'_>) -> Result<Outcome, Outcome> {
    let input: Input = talk.input()?;
    if input.media.is_empty() {
        return Err(failed("limit", "media: a URL or a media id is needed"));
    }
    let kind = input.media_type.unwrap_or_else(|| MediaType::of(&input.media));
    let caption = input.caption.filter(|caption| !caption.is_empty());
    if kind == MediaType::Audio && caption.is_some() {
        return Err(failed("limit", "caption: WhatsApp takes none with audio"));
    }
    limits::optional("caption", caption.as_deref(), limits::CAPTION_CHARS_MAX)?;
    let is_link = input.media.starts_with("http://") || input.media.starts_with("https://");
    let place = if is_link { "link" } else { "id" };
    let mut content = json!({ (place): input.media });
    if let Some(caption) = caption {
        content["caption"] = json!(caption);
    }
    if let (MediaType::Document, Some(filename)) = (kind, input.filename) {
        content["filename"] = json!(filename);
    }
    whatsapp::send(talk, kind.word(), content).await
}
