//! Logic blocks that are neither conditions nor variables.

use super::{
    block::{Drawn, Exit, Site},
    integration,
};
use crate::{
    import::text::definition_name,
    json::{Json, object},
};

/// How traffic is parted when nothing says it.
const HALF: i64 = 50;

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    match site.block.kind {
        "Redirect" => redirect(site),
        "Wait" => wait(site),
        "webhook" => listen(site),
        "Typebot link" => link(site),
        "AB test" => ab_test(site),
        _ => {
            Err("It jumps nowhere, or in circles; lead an edge to the node that comes next."
                .to_owned())
        }
    }
}

fn redirect<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    if site.block.text("url").is_empty() {
        return Err("It has no address; send a link with `send.text`.".to_owned());
    }
    let node = site.node("send.text").with("text", site.template("url")).with("previewUrl", true);
    let message = "a page was opened here; in a chat the customer gets a link to it";
    site.warn(message, "Write a sentence around the link.");
    site.push(node);
    Ok(vec![site.next("default")])
}

fn wait<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let given = match site.block.option("secondsToWaitFor") {
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::String(text)) => text.clone(),
        _ => return Err("It does not say how long; use a `delay`.".to_owned()),
    };
    let length = match site.variables().is_literal(&given) {
        true => {
            let seconds = given.trim().parse::<f64>().ok();
            let ms = seconds.map(|s| (s * 1000.0).round()).filter(|ms| (0.0..1e12).contains(ms));
            let ms = ms.ok_or("How long it waits is not a number; use a `delay`.")? as i64;
            if ms % 1000 == 0 { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
        }
        false => format!("duration({} + 's')", site.variables().text_expression(given.trim())),
    };
    site.push(site.node("delay").with("for", length));
    Ok(vec![site.next("default")])
}

/// Waits until another program calls the address of this wait.
fn listen<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let path = site.draft.paths.path(&format!("webhook_{}", site.id), "webhook");
    let mut node = site.node("wait.webhook").with("saveAs", path.as_str());
    if let Some(expiry) = &site.flow.expiry {
        node.set("timeout", expiry.as_str());
    }
    site.push(node);
    let message = format!(
        "the address to call is another one here: resume_url('{}') gives it in a text or a request",
        site.id
    );
    site.warn(message, "Send that address to the program that calls.");
    let exits = match integration::map_answer(site, &path, "") {
        Some(set) => vec![site.way("received", Exit::Node(set.clone())), integration::on(set)],
        None => vec![site.next("received")],
    };
    let expired = site.flow.expiry.as_ref().map(|_| site.way("timeout", Exit::Expired));
    Ok(exits.into_iter().chain(expired).collect())
}

fn link<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let id = site.block.text("typebotId");
    if id.is_empty() || id == "current" {
        return Err("It links to this bot itself; lead an edge to the node instead.".to_owned());
    }
    let name = definition_name(id, None, "bot");
    let save_as = site.draft.paths.path(&format!("linked_{}", site.id), "linked");
    let variables = site
        .variables()
        .all()
        .map(|path| (path.to_owned(), object([("@expr", format!("context.{path}").into())])));
    let input = Json::Object(variables.collect());
    let node = site.node("call").with("workflow", name.as_str()).with("input", input);
    site.push(node.with("saveAs", save_as));
    let message = format!(
        "the linked bot is called as the workflow `{name}`, with the variables as its input"
    );
    site.warn(message, "Import that bot too, and give both the same name for it.");
    site.drop_option(
        "groupId",
        "a called workflow begins at its start",
        "Part there with a `switch`.",
    );
    if site.block.is_on("mergeResults") {
        site.drop_option(
            "mergeResults",
            "its answers are its output",
            "Read them from the saved output.",
        );
    }
    Ok(vec![site.next("done")])
}

fn ab_test<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let [a, b] = site.block.items() else {
        return Err("It has not two paths; use a `random` node.".to_owned());
    };
    let percent =
        site.block.option("aPercent").and_then(Json::as_i64).unwrap_or(HALF).clamp(0, 100);
    if percent == 0 || percent == 100 {
        return Err("All go one way; remove it, or use a `random` node.".to_owned());
    }
    let branch = |id: &str, weight: i64| object([("id", id.into()), ("weight", weight.into())]);
    let branches = vec![branch("a", percent), branch("b", 100 - percent)];
    site.push(site.node("random").with("branches", branches));
    Ok(vec![site.way("a", Exit::Item(a)), site.way("b", Exit::Item(b))])
}
