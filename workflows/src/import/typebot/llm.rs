//! Language models: a chat completion becomes `llm.reply`, variables read by one `llm.extract`.

use super::{
    block::{Drawn, Exit, Site},
    integration,
};
use crate::{
    import::{draft::Node, names::word},
    json::{Json, object},
};

/// Blocks that speak to a model.
const MODELS: &[&str] = &[
    "OpenAI",
    "openai",
    "anthropic",
    "mistral",
    "groq",
    "together-ai",
    "open-router",
    "perplexity",
    "deepseek",
];
const NOTE: &str = "Of models only written answers and read variables are known here: use `llm.reply`, `llm.extract` or `http.request`.";

pub(super) fn is_model(kind: &str) -> bool {
    MODELS.contains(&kind)
}

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let action = [site.block.text("action"), site.block.text("task")];
    let action = action.into_iter().find(|a| !a.is_empty()).unwrap_or_default().to_lowercase();
    let save_as = site.draft.paths.path(&format!("model_{}", site.id), "model");
    let (node, assign) = match action.as_str() {
        "create chat completion" | "create chat message" => reply(site, &save_as)?,
        "generate variables" | "extract infos" => extract(site, &save_as)?,
        _ => return Err(NOTE.to_owned()),
    };
    let model = site.block.text("model");
    let node = if model.is_empty() { node } else { node.with("model", model) };
    site.push(node.with("saveAs", save_as));
    drop_options(site);
    let on_error = site.next("error");
    if assign.is_empty() {
        return Ok(vec![site.next("default"), on_error]);
    }
    let id = site.draft.ids.id(&format!("{}_keep", site.id), "keep");
    let keep = Node::new(id.clone(), "set", site.block.pointer.clone());
    site.push(keep.with("assign", Json::Object(assign)));
    Ok(vec![site.way("default", Exit::Node(id.clone())), integration::on(id), on_error])
}

type Made = (Node, Vec<(String, Json)>);

fn reply(site: &mut Site<'_, '_>, save_as: &str) -> Result<Made, String> {
    let (mut system, mut prompt) = (Vec::new(), Vec::new());
    for message in site.block.option("messages").map_or(&[][..], Json::list) {
        let content = site.variables().template(message.text_of("content"));
        match message.text_of("role") {
            "system" => system.push(content),
            "user" => prompt.push(content),
            "assistant" => prompt.push(format!("(You said: {content})")),
            "Dialogue" | "Messages sequence ✨" => {
                let dialogue = ["dialogueVariableId", "variableId"]
                    .into_iter()
                    .find_map(|key| site.variables().expression(message.text_of(key)));
                prompt.extend(dialogue.map(|list| format!("{{{{ {list} }}}}")));
            }
            _ => {}
        }
    }
    prompt.retain(|text| !text.is_empty());
    if prompt.is_empty() {
        return Err("Nothing is asked of the model; use `llm.reply` with a prompt.".to_owned());
    }
    let mut node = site.node("llm.reply").with("prompt", prompt.join("\n\n"));
    let system = match site.block.text("systemMessage") {
        "" => system.join("\n\n"),
        _ => site.template("systemMessage"),
    };
    if !system.is_empty() {
        node.set("system", system);
    }
    let mut assign = Vec::new();
    for (index, mapping) in
        site.block.option("responseMapping").map_or(&[][..], Json::list).iter().enumerate()
    {
        let what = [mapping.text_of("item"), mapping.text_of("valueToExtract")];
        let what = what.into_iter().find(|w| !w.is_empty()).unwrap_or("Message content");
        match site.variables().path(mapping.text_of("variableId")) {
            Some(path) if what.to_lowercase() == "message content" => {
                assign.push((path.to_owned(), format!("context.{save_as}.text").into()));
            }
            _ => {
                let at = format!("{}/options/responseMapping/{index}", site.block.pointer);
                let message = format!("`{what}` of the answer is not kept");
                site.draft.warn(&site.id, &at, message, "Only the text of an answer is known.");
            }
        }
    }
    Ok((node, assign))
}

fn extract(site: &mut Site<'_, '_>, save_as: &str) -> Result<Made, String> {
    let wanted = ["variablesToExtract", "extractInfos", "variables"];
    let wanted = wanted.into_iter().find_map(|key| site.block.option(key));
    let (mut properties, mut assign) = (Vec::new(), Vec::new());
    for variable in wanted.map_or(&[][..], Json::list) {
        let Some(path) = site.variables().path(variable.text_of("variableId")) else { continue };
        let kind = match variable.text_of("type") {
            "number" => "number",
            "boolean" => "boolean",
            _ => "string",
        };
        let name = word(path);
        let mut schema = vec![("type".to_owned(), Json::from(kind))];
        if !variable.text_of("description").is_empty() {
            schema.push(("description".to_owned(), variable.text_of("description").into()));
        }
        let of = format!("default(context.{save_as}.{name}, null)");
        assign.push((path.to_owned(), of.into()));
        properties.push((name, Json::Object(schema)));
    }
    if properties.is_empty() || site.block.text("prompt").is_empty() {
        return Err("It reads nothing; use `llm.extract` with a prompt and a schema.".to_owned());
    }
    let schema = object([("type", "object".into()), ("properties", Json::Object(properties))]);
    let node = site.node("llm.extract").with("prompt", site.template("prompt"));
    Ok((node.with("schema", schema), assign))
}

fn drop_options(site: &mut Site<'_, '_>) {
    for (key, what, help) in [
        (
            "credentialsId",
            "keys are not exported",
            "Make a connection to the provider, and name it in `connection`.",
        ),
        ("tools", "models call no tools here", "Call what they need before, with `http.request`."),
        ("temperature", "the provider's own is used", "Nothing has to be done if that is fine."),
        (
            "advancedSettings",
            "the provider's own are used",
            "Nothing has to be done if that is fine.",
        ),
        ("baseUrl", "the connection says where the model is", "Put it into the connection."),
    ] {
        site.drop_option(key, what, help);
    }
}
