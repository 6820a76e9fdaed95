//! Choices, pictures to choose from, and ratings. What is kept of a choice is its text, as Typebot keeps it, so its text is
//! its id wherever that is possible: conditions compare with it.

use super::{
    ask,
    block::{Drawn, Exit, Site},
};
use crate::json::{Json, object};
use std::collections::HashSet;

/// Most choices one question shows.
const CHOICES_MAX: usize = 10;
/// Longest id of a choice, in characters.
const ID_CHARS_MAX: usize = 200;
/// Exits every question has.
const RESERVED: &[&str] = &["answer", "invalid", "timeout", "error", "undo"];

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let block = site.block;
    if block.kind == "rating input" {
        return rating(site);
    }
    let is_dynamic = block.option("dynamicVariableId").is_some()
        || block
            .option("dynamicItems")
            .is_some_and(|d| d.get("isEnabled").and_then(Json::as_bool) == Some(true));
    if is_dynamic {
        return dynamic(site);
    }
    if block.items().is_empty() {
        return Err("Nothing can be chosen; list the choices of an `ask` node.".to_owned());
    }
    if block.is_on("isMultipleChoice") {
        return several(site);
    }
    if block.items().len() > CHOICES_MAX {
        return many(site);
    }
    let mut node = ask::question(site, "choice");
    let mut taken = HashSet::new();
    let mut choices = Vec::new();
    let mut ways = vec![site.next("answer")];
    for (index, item) in block.items().iter().enumerate() {
        let title = title(item);
        let id = choice_id(item, index, &mut taken);
        let title = site.variables().template(if title.is_empty() { &id } else { title });
        ways.push(site.way(&id, Exit::Item(item)));
        choices.push(object([("id", id.into()), ("title", title.into())]));
        drop_item(site, item, index);
    }
    node.set("choices", choices);
    drop_options(site);
    site.push(node);
    Ok(ask::ways(site, ways))
}

fn title(item: &Json) -> &str {
    let texts = ["content", "title"].into_iter().map(|key| item.text_of(key).trim());
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// What Typebot keeps of a choice, if it can be an id; else its own id.
fn choice_id(item: &Json, index: usize, taken: &mut HashSet<String>) -> String {
    let kept = [item.text_of("value").trim(), title(item), item.text_of("id")];
    let wanted = kept.into_iter().find(|id| {
        !id.is_empty()
            && !id.contains("{{")
            && !RESERVED.contains(id)
            && id.chars().count() <= ID_CHARS_MAX
            && !taken.contains(*id)
    });
    let id = wanted.map_or_else(|| format!("choice_{}", index + 1), str::to_owned);
    taken.insert(id.clone());
    id
}

fn drop_item(site: &mut Site<'_, '_>, item: &Json, index: usize) {
    let condition =
        item.get("displayCondition").or_else(|| item.at(&["options", "displayCondition"]));
    let is_hidden = |c: &Json| c.get("isEnabled").and_then(Json::as_bool) == Some(true);
    let at = format!("{}/items/{index}", site.block.pointer);
    if condition.is_some_and(is_hidden) {
        let message =
            format!("`displayCondition` of `{}` is left out: it is always shown", title(item));
        let help = "Put an `if` before the question, and ask with other choices behind it.";
        site.draft.warn(&site.id, &at, message, help);
    }
    for key in ["pictureSrc", "description"] {
        if item.get(key).is_some_and(|value| !value.is_empty()) {
            let message =
                format!("`{key}` of `{}` is left out: a choice is a text here", title(item));
            let help = "Send it before the question, e.g. with `send.media`.";
            site.draft.warn(&site.id, &at, message, help);
        }
    }
}

fn drop_options(site: &mut Site<'_, '_>) {
    let label = "the channel labels its own buttons";
    if site.block.is_on("isSearchable") {
        site.drop_option("isSearchable", label, "Nothing has to be done.");
    }
}

/// Several may be chosen: a chat has no boxes to tick, so they are listed, and the answer is a text.
fn several<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let message = "several can be chosen here: they are listed in the question, and the answer is kept as it is written";
    site.warn(message, "Ask for one at a time, or read the answer with `llm.extract`.");
    listed(site)
}

/// More than a list shows.
fn many<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    if site.block.items().iter().any(|item| !item.text_of("outgoingEdgeId").is_empty()) {
        return Err(format!(
            "A question shows at most {CHOICES_MAX} choices; ask in two steps with `ask` nodes."
        ));
    }
    let message = format!(
        "there are more than {CHOICES_MAX} choices: they are listed in the question, and the answer is kept as it is written"
    );
    site.warn(message, "Ask in two steps.");
    listed(site)
}

fn listed<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let block = site.block;
    let mut node = ask::question(site, "text");
    let lines = block.items().iter().enumerate();
    let lines: Vec<String> = lines
        .map(|(index, item)| format!("{}. {}", index + 1, site.variables().template(title(item))))
        .collect();
    append(&mut node.fields, &lines.join("\n"));
    for (index, item) in block.items().iter().enumerate() {
        drop_item(site, item, index);
        if !item.text_of("outgoingEdgeId").is_empty() {
            let at = format!("{}/items/{index}/outgoingEdgeId", block.pointer);
            let message = format!("the way of `{}` by itself is left out", title(item));
            let help = "Part behind the question with a `switch`.";
            site.draft.warn(&site.id, &at, message, help);
        }
    }
    site.push(node);
    Ok(ask::ways(site, vec![site.next("answer")]))
}

/// What can be chosen is in a variable.
fn dynamic<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let block = site.block;
    let titles = block.option("dynamicItems").map_or("", |d| d.text_of("titlesVariableId"));
    let ids = [block.text("dynamicVariableId"), titles];
    let list = ids.into_iter().find_map(|id| site.variables().expression(id));
    let list =
        list.ok_or("What can be chosen is in no variable; list the choices of an `ask` node.")?;
    let message = "what can be chosen is computed: it is listed in the question, and the answer is kept as it is written";
    site.warn(message, "Check the answer behind it, e.g. with an `if`.");
    let mut node = ask::question(site, "text");
    append(&mut node.fields, &format!("{{{{ {list} }}}}"));
    site.push(node);
    Ok(ask::ways(site, vec![site.next("answer")]))
}

/// Puts a line below the question.
fn append(fields: &mut [(String, Json)], line: &str) {
    for (name, value) in fields {
        if let ("text", Json::String(text)) = (name.as_str(), value) {
            text.push('\n');
            text.push_str(line);
        }
    }
}

/// A rating is a number in a range.
fn rating<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let whole = |key: &str, default: i64| {
        site.block.option(key).and_then(Json::as_i64).unwrap_or(default).clamp(0, 1_000)
    };
    let is_numbers = site.block.text("buttonType") == "Numbers";
    let first = if is_numbers { whole("startsAt", 0) } else { 1 };
    let last = whole("length", if is_numbers { 10 } else { 5 });
    let mut node = ask::question(site, "number");
    let labels = [site.block.label("left"), site.block.label("right")];
    let scale = match labels {
        ["", ""] => format!("({first} – {last})"),
        [left, right] => {
            let scale = format!("({first}: {left} – {last}: {right})");
            site.variables().template(&scale)
        }
    };
    append(&mut node.fields, &scale);
    node.set(
        "validate",
        format!("default(event.text, '').trim().matches('^[0-9]{{1,4}}$') && int(default(event.text, '').trim()) >= {first} && int(default(event.text, '').trim()) <= {last}"),
    );
    site.push(node);
    Ok(ask::ways(site, vec![site.next("answer")]))
}
