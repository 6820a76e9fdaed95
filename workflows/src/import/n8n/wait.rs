//! Wait: an interval, a moment, or a call from outside.

use super::draw::{Drawn, Site};
use crate::{
    import::{draft::Node, script::Type},
    json::Json,
};

/// Units, and the letters of ours.
const UNITS: &[(&str, &str, &str)] =
    &[("seconds", "s", "s"), ("minutes", "m", "m"), ("hours", "h", "h"), ("days", "d", "h")];
const HOURS_OF_A_DAY: i64 = 24;

pub(super) fn draw(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    // Version 1 waited for an hour unless it said else, later ones for seconds.
    let default_unit = if node.version < 1.1 { "hours" } else { "seconds" };
    match node.text("resume") {
        "" | "timeInterval" => {
            let length = length(site, "amount", ("unit", default_unit))?;
            site.push(site.make("delay").with("for", length));
            site.drop_others(&["resume", "amount", "unit", "options"]);
            Ok(vec![site.way("default", 0)])
        }
        "specificTime" => {
            let at = moment(site, "dateTime")?;
            site.push(site.make("until").with("at", at));
            site.drop_others(&["resume", "dateTime", "options"]);
            Ok(vec![site.way("default", 0)])
        }
        "webhook" => webhook(site),
        _ => {
            Err("Ask for what the form asked with `ask` nodes, or wait with `wait.webhook`."
                .to_owned())
        }
    }
}

/// A length of time as written, or computed.
fn length(
    site: &Site<'_, '_>,
    amount: &str,
    (unit, default): (&str, &str),
) -> Result<String, String> {
    let unit = match site.node.text(unit) {
        "" => default,
        unit => unit,
    };
    let (_, letter, computed) = UNITS
        .iter()
        .find(|(name, ..)| *name == unit)
        .ok_or_else(|| format!("The unit `{unit}` is not known; use a `delay`."))?;
    let amount = site.node.parameter(amount).cloned().unwrap_or_else(|| Json::from(1));
    let cel = site.here().expression(&amount)?;
    match cel.source.trim_matches('"').parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && (0.0..1e9).contains(&number) => {
            Ok(format!("{}{letter}", number as i64))
        }
        Ok(number) if (0.0..1e6).contains(&number) => {
            let hours = if unit == "days" { HOURS_OF_A_DAY as f64 } else { 1.0 };
            let ms = match *computed {
                "s" => 1_000.0,
                "m" => 60_000.0,
                _ => 3_600_000.0,
            };
            Ok(format!("{}ms", (number * hours * ms).round() as i64))
        }
        Ok(_) => Err("How long it waits is not known; use a `delay`.".to_owned()),
        Err(_) if unit == "days" => Ok(format!("duration(text(int({}) * 24) + 'h')", cel.source)),
        Err(_) => Ok(format!("duration({} + '{computed}')", cel.text())),
    }
}

fn moment(site: &Site<'_, '_>, key: &str) -> Result<String, String> {
    let value = site.node.parameter(key).ok_or("It does not say when; use an `until`.")?;
    let cel = site.here().expression(value)?;
    if cel.ty == Type::Text && value.as_str().is_some_and(|text| !text.starts_with('=')) {
        let text = value.as_str().unwrap_or_default();
        return match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("Its time says no time zone; use an `until` with one, like 2026-12-24T18:00:00+01:00.".to_owned()),
        };
    }
    Ok(cel.source)
}

fn webhook(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    let mut made: Node = site.make("wait.webhook").with("saveAs", node.id.as_str());
    let is_limited = node.parameter("limitWaitTime").and_then(Json::as_bool) == Some(true);
    let mut ways = vec![site.way("received", 0)];
    if is_limited {
        if node.text("limitType") == "atSpecifiedTime" {
            return Err("It waits until a moment; use `wait.webhook` with a `timeout`.".to_owned());
        }
        made.set("timeout", length(site, "resumeAmount", ("resumeUnit", "hours"))?);
        // n8n goes on the same way when the time is up.
        ways.push(site.way("timeout", 0));
    }
    site.push(made);
    let message = format!("`$execution.resumeUrl` is resume_url('{}') here", node.id);
    site.warn(&message, "Send that address to the program that calls.");
    site.drop_others(&[
        "resume",
        "limitWaitTime",
        "limitType",
        "resumeAmount",
        "resumeUnit",
        "responseMode",
        "options",
    ]);
    Ok(ways)
}
