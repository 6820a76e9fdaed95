//! Language models: OpenAI, chains and agents become `llm.reply`, information extractors `llm.extract`.

use super::draw::{Drawn, Site};
use crate::{
    import::names::word,
    json::{Json, object},
};

pub(super) fn reply(site: &mut Site<'_, '_>) -> Drawn {
    let (mut system, prompt) = match site.node.kind {
        "openAi" => messages(site)?,
        _ => (String::new(), prompt(site)?),
    };
    if let Some(text) = site.node.at(&["options", "systemMessage"]).and_then(Json::as_str) {
        system = site.here().template(text)?;
    }
    if prompt.trim().is_empty() {
        return Err("Nothing is asked of the model; use `llm.reply` with a prompt.".to_owned());
    }
    let mut made = site.make("llm.reply").with("prompt", prompt);
    if !system.is_empty() {
        made.set("system", system);
    }
    let own = site.node.parameter("modelId").or_else(|| site.node.parameter("model"));
    if let Some(model) = own.and_then(model_name).or_else(|| attached_model(site)) {
        made.set("model", model);
    }
    made.set("saveAs", site.node.id.as_str());
    site.drop_others(&[
        "resource",
        "operation",
        "modelId",
        "model",
        "messages",
        "prompt",
        "promptType",
        "text",
        "options",
        "chatModel",
        "simplify",
        "hasOutputParser",
        "simplifyOutput",
    ]);
    drop_options(site);
    site.push_step(made)
}

/// System and user messages, old and new.
fn messages(site: &Site<'_, '_>) -> Result<(String, String), String> {
    let node = site.node;
    let is_chat = matches!(node.text("resource"), "" | "text" | "chat")
        && matches!(node.text("operation"), "" | "message" | "complete" | "response");
    if !is_chat {
        return Err(
            "Of OpenAI only written answers are known here; call the rest with `http.request`."
                .to_owned(),
        );
    }
    let holder =
        ["messages", "prompt", "responses"].into_iter().find_map(|key| node.parameter(key));
    let list = holder.and_then(|h| h.get("values").or_else(|| h.get("messages")));
    let (mut system, mut prompt) = (Vec::new(), Vec::new());
    for message in list.map_or(&[][..], Json::list) {
        let content = site.here().template(message.text_of("content"))?;
        match message.text_of("role") {
            "system" => system.push(content),
            "assistant" => prompt.push(format!("(You said: {content})")),
            _ => prompt.push(content),
        }
    }
    Ok((system.join("\n\n"), prompt.join("\n\n")))
}

/// The prompt of a chain or an agent: written, or what the chat said.
fn prompt(site: &Site<'_, '_>) -> Result<String, String> {
    let is_written =
        site.node.text("promptType") == "define" || site.node.parameter("text").is_some();
    match is_written {
        true => site.template("text"),
        false => site.here().template("={{ $json.chatInput }}"),
    }
}

fn model_name(model: &Json) -> Option<String> {
    let name = model.as_str().unwrap_or_else(|| model.text_of("value"));
    (!name.is_empty() && !name.starts_with('=')).then(|| name.to_owned())
}

/// The model that is attached as a node; it is part of this one then.
fn attached_model(site: &mut Site<'_, '_>) -> Option<String> {
    let is_model = |index: &&usize| site.document.nodes[**index].kind.starts_with("lm");
    let index = *site.node.attached.iter().find(is_model)?;
    let attached = &site.document.nodes[index];
    let name = attached.parameter("model").or_else(|| attached.parameter("modelName"));
    // One model may be attached to several nodes; it is kept once.
    if !site.absorbed.contains(&index) {
        site.absorbed.push(index);
        let message = format!("the model of `{}` is a field here", attached.name);
        let help = "Make a connection to its provider, and name it in `connection`.";
        site.draft.warn(&site.node.id, &attached.pointer, message, help);
    }
    name.and_then(model_name)
}

fn drop_options(site: &mut Site<'_, '_>) {
    for (key, value) in site.node.parameter("options").map_or(&[][..], Json::entries) {
        if !value.is_empty() && key != "systemMessage" {
            let message = format!("the option `{key}` is left out");
            site.warn(&message, "Nothing has to be done if the provider's own is fine.");
        }
    }
}

pub(super) fn extract(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let text = site.template("text")?;
    let schema = match node.text("schemaType") {
        "fromJson" | "manual" => {
            let written = [node.text("inputSchema"), node.text("jsonSchema")];
            let written = written.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            serde_json::from_str::<Json>(written).map_err(|_| {
                "Its schema is an example or computed; write a schema in `llm.extract`.".to_owned()
            })?
        }
        _ => {
            let attributes = node.at(&["attributes", "attributes"]).map_or(&[][..], Json::list);
            let properties: Vec<(String, Json)> = attributes
                .iter()
                .map(|attribute| {
                    let kind = match attribute.text_of("type") {
                        kind @ ("number" | "boolean") => kind,
                        _ => "string",
                    };
                    let schema = object([
                        ("type", kind.into()),
                        ("description", attribute.text_of("description").into()),
                    ]);
                    (word(attribute.text_of("name")), schema)
                })
                .collect();
            object([("type", "object".into()), ("properties", Json::Object(properties))])
        }
    };
    if text.is_empty() || schema.get("properties").is_none_or(Json::is_empty) {
        return Err("It reads nothing; use `llm.extract` with a prompt and a schema.".to_owned());
    }
    let prompt = match node.at(&["options", "systemPromptTemplate"]).and_then(Json::as_str) {
        Some(prompt) => site.here().template(prompt)?,
        None => "Read these values from the text. Leave out what it does not say.".to_owned(),
    };
    let mut made =
        site.make("llm.extract").with("prompt", prompt).with("text", text).with("schema", schema);
    if let Some(model) = attached_model(site) {
        made.set("model", model);
    }
    made.set("saveAs", node.id.as_str());
    site.drop_others(&["text", "schemaType", "inputSchema", "jsonSchema", "attributes", "options"]);
    site.push_step(made)
}
