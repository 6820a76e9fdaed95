//! `Set variable`: system values by name, and expressions as far as they can be translated.

use super::{
    block::{Drawn, Site},
    variable::Variables,
};
use crate::{import::script, json::Json};

/// What the time of day is called, in the tenant's zone.
const MOMENT: &str = "now.getHours(default(tenant.timeZone, 'UTC')) < 6 ? 'night' : now.getHours(default(tenant.timeZone, 'UTC')) < 12 ? 'morning' : now.getHours(default(tenant.timeZone, 'UTC')) < 18 ? 'afternoon' : now.getHours(default(tenant.timeZone, 'UTC')) < 22 ? 'evening' : 'night'";

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let Some(path) = site.save_as() else {
        return Err("It sets no variable; remove it, or use a `set` node.".to_owned());
    };
    let value = value(site, path)?;
    site.push(site.node("set").with("assign", Json::Object(vec![(path.to_owned(), value.into())])));
    for (key, what) in [
        ("isExecutedOnClient", "it is computed here"),
        ("saveErrorInVariableId", "an error stops the instance, and someone sees it"),
        ("timeZone", "times are kept in UTC, and shown in the zone of the customer"),
    ] {
        if site.block.option(key) != Some(&Json::Bool(false)) {
            site.drop_option(key, what, "Nothing has to be done if that is fine.");
        }
    }
    Ok(vec![site.next("default")])
}

fn value(site: &Site<'_, '_>, path: &str) -> Result<String, String> {
    let fixed = match site.block.text("type") {
        "" | "Custom" => return custom(site.block.text("expressionToEvaluate"), site.variables()),
        "Append value(s)" => {
            let item = site.block.text("item");
            let variables = site.variables();
            let item = match script::translate(item, variables) {
                Ok(cel) => cel.source,
                Err(_) => variables.text_expression(item),
            };
            return Ok(format!("default(context.{path}, []) + [{item}]"));
        }
        "Empty" => "null",
        "Now" | "Today" => "text(now)",
        "Yesterday" => "text(now - duration('24h'))",
        "Tomorrow" => "text(now + duration('24h'))",
        "Moment of the day" => MOMENT,
        "Random ID" => "text(int(random() * 9007199254740992.0))",
        "User ID" => "default(contact.id, '')",
        "Phone number" => "default(contact.phone, '')",
        "Contact name" => "default(contact.name, '')",
        "Environment name" => "'whatsapp'",
        other => {
            return Err(format!(
                "The value `{other}` is not known here; compute it with an expression in a `set` node."
            ));
        }
    };
    Ok(fixed.to_owned())
}

/// A script, or else the text it is: Typebot keeps what it cannot run as it stands.
fn custom(text: &str, variables: &Variables) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok("null".to_owned());
    }
    match script::translate(text, variables) {
        Ok(cel) => Ok(cel.source),
        Err(_) if is_prose(text) => Ok(variables.text_expression(text)),
        Err(why) => Err(format!(
            "Its script cannot be translated ({why}); write an expression in a `set` node."
        )),
    }
}

/// Whether a text can hardly be a program.
fn is_prose(text: &str) -> bool {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        words.push_str(before);
        rest = tail.split_once("}}").map_or("", |(_, after)| after);
    }
    words.push_str(rest);
    let is_chain =
        words.trim().split('.').count() > 1 && !words.trim().contains(char::is_whitespace);
    !is_chain && !words.contains(['(', ')', '{', '}', '[', ']', ';', '=', '`', '*', '|', '&'])
}
