//! Inputs become questions. An input without a text before it asks with its placeholder, or with a phrase of ours.

use super::{
    block::{Drawn, Exit, Site, Way},
    document::Block,
};
use crate::{
    import::{draft::Node, text::quoted},
    json::Json,
};

/// Longest question of a text, and of one with choices, in characters.
const TEXT_CHARS_MAX: usize = 4096;
const CHOICE_CHARS_MAX: usize = 1024;

/// How long the question of this block may be; `None` if it asks nothing.
pub(super) fn question_chars_max(block: &Block<'_>) -> Option<usize> {
    match block.kind {
        "choice input" | "picture choice input" | "rating input" => Some(CHOICE_CHARS_MAX),
        "text input" | "number input" | "email input" | "url input" | "date input"
        | "time input" | "phone number input" | "file input" => Some(TEXT_CHARS_MAX),
        _ => None,
    }
}

/// What is asked when nothing else says it.
fn phrase(kind: &str) -> &'static str {
    match kind {
        "number input" => "Please enter a number.",
        "email input" => "Please enter your e-mail address.",
        "url input" => "Please enter a web address.",
        "date input" => "Please enter a date.",
        "time input" => "Please enter a time.",
        "phone number input" => "Please enter your phone number.",
        "file input" => "Please send a file.",
        "rating input" => "How would you rate it?",
        "choice input" | "picture choice input" => "Please choose.",
        _ => "Please type your answer.",
    }
}

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let kind = match site.block.kind {
        "number input" => "number",
        "email input" => "email",
        "phone number input" => "phone",
        "file input" => "file",
        "date input" if !site.block.is_on("isRange") && !site.block.is_on("hasTime") => "date",
        _ => "text",
    };
    let mut node = question(site, kind);
    if let Some(validate) = validate(site) {
        node.set("validate", validate);
    }
    reask(site, &mut node);
    if kind == "text" && site.block.kind == "date input" {
        let message =
            "a time of day, or two dates, are asked for here: the answer is kept as it is written";
        site.warn(message, "Ask for each by itself, or read the answer with `llm.extract`.");
    }
    drop_options(site);
    site.push(node);
    Ok(ways(site, vec![site.next("answer")]))
}

/// The node without what is peculiar to one type.
pub(super) fn question(site: &mut Site<'_, '_>, kind: &'static str) -> Node {
    let text = match site.question {
        Some(text) => text.to_owned(),
        None => {
            let placeholder = site.block.label("placeholder");
            let text = if placeholder.is_empty() { phrase(site.block.kind) } else { placeholder };
            let message = format!("no text stands before this input, so it asks: {text}");
            site.warn(message, "Write the question.");
            site.variables().template(text)
        }
    };
    let save_as = match site.save_as() {
        Some(path) => path.to_owned(),
        None => site.draft.paths.path(&format!("answer_{}", site.id), "answer"),
    };
    let node = site.node("ask").with("text", text).with("type", kind).with("saveAs", save_as);
    match &site.flow.expiry {
        Some(expiry) => node.with("timeout", expiry.as_str()),
        None => node,
    }
}

/// The exits every question has, behind its own.
pub(super) fn ways<'a>(site: &Site<'_, 'a>, mut ways: Vec<Way<'a>>) -> Vec<Way<'a>> {
    if site.flow.expiry.is_some() {
        ways.push(site.way("timeout", Exit::Expired));
    }
    ways
}

/// What is said when an answer does not fit.
pub(super) fn reask(site: &Site<'_, '_>, node: &mut Node) {
    if !site.block.text("retryMessageContent").is_empty() {
        node.set("reask", site.template("retryMessageContent"));
    }
}

/// What else must hold of an answer, as a condition on the message.
fn validate(site: &Site<'_, '_>) -> Option<String> {
    const TEXT: &str = "default(event.text, '').trim()";
    match site.block.kind {
        "url input" => {
            Some(format!("{TEXT}.matches({})", quoted(r"^(https?://)?[^\s/]+\.[^\s]+$")))
        }
        "time input" => {
            Some(format!("{TEXT}.matches({})", quoted(r"^([01]?[0-9]|2[0-3])[:.h][0-5][0-9]$")))
        }
        "number input" => {
            let bound = |key: &str, sign: &str| {
                let bound = match site.block.option(key)? {
                    Json::Number(number) => number.as_f64()?,
                    Json::String(text) => text.trim().parse::<f64>().ok()?,
                    _ => return None,
                };
                bound
                    .is_finite()
                    .then(|| format!("double({TEXT}.replace(',', '.')) {sign} {bound:?}"))
            };
            let bounds: Vec<String> =
                bound("min", ">=").into_iter().chain(bound("max", "<=")).collect();
            (!bounds.is_empty()).then(|| bounds.join(" && "))
        }
        _ => None,
    }
}

fn drop_options(site: &mut Site<'_, '_>) {
    let is_number = site.block.kind == "number input";
    for key in ["min", "max"] {
        let is_kept = is_number
            && site.block.option(key).is_some_and(|bound| match bound {
                Json::String(text) => text.trim().parse::<f64>().is_ok(),
                bound => matches!(bound, Json::Number(_)),
            });
        if !is_kept {
            let help = "Check the answer with an `if` behind the question.";
            site.drop_option(key, "it is not a number that is known here", help);
        }
    }
    for (key, what, help) in [
        ("step", "any number is taken", "Check the answer with `validate`."),
        ("format", "a date is kept as YYYY-MM-DD", "Show it with date(context.x, '…')."),
        ("audioClip", "a voice message is not a text", "Ask with type `file` for voice messages."),
        ("attachments", "a text is asked for", "Ask for files with type `file`."),
        (
            "defaultCountryCode",
            "the customer's channel tells the country",
            "Nothing has to be done if numbers are complete.",
        ),
        ("isMultipleAllowed", "one file is kept", "Ask again for the next one."),
        ("dynamicVariableId", "what can be chosen is computed", "List it in the question."),
    ] {
        site.drop_option(key, what, help);
    }
    if site.block.kind == "file input"
        && site.block.option("isRequired").and_then(Json::as_bool) == Some(false)
    {
        site.drop_option("isRequired", "a file must be sent", "Ask first with a choice.");
    }
}
