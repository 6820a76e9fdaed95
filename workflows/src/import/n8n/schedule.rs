//! The rules of a schedule trigger as cron rules of five or six fields.

use super::document::Node;
use crate::json::Json;

/// The first rule, and the others. An error if one cannot be said so.
pub(super) fn cron(node: &Node<'_>) -> Result<(String, Vec<String>), String> {
    let rules: Result<Vec<String>, String> = match node.kind {
        "cron" => node
            .at(&["triggerTimes", "item"])
            .map_or(&[][..], Json::list)
            .iter()
            .map(|item| old_rule(item).ok_or_else(refused))
            .collect(),
        "interval" => {
            let every = node.parameter("interval").and_then(Json::as_i64).unwrap_or(1);
            let unit = node.text("unit");
            Ok(vec![
                every_unit(if unit.is_empty() { "seconds" } else { unit }, every)
                    .ok_or_else(refused)?,
            ])
        }
        _ => node
            .at(&["rule", "interval"])
            .map_or(&[][..], Json::list)
            .iter()
            .map(|interval| rule(interval).ok_or_else(refused))
            .collect(),
    };
    let mut rules = rules?.into_iter();
    let first = rules.next().ok_or_else(refused)?;
    Ok((first, rules.collect()))
}

fn refused() -> String {
    "When it starts cannot be said as a cron rule; write a `trigger` with `cron`.".to_owned()
}

fn number(json: &Json, key: &str, default: i64) -> i64 {
    json.get(key).and_then(Json::as_i64).unwrap_or(default)
}

/// `*/n`, which is what was meant only if the round is a multiple of `n`.
fn every(n: i64, round: i64) -> Option<String> {
    match n {
        1 => Some("*".to_owned()),
        n if n > 1 && round % n == 0 => Some(format!("*/{n}")),
        _ => None,
    }
}

fn every_unit(unit: &str, n: i64) -> Option<String> {
    Some(match unit {
        "seconds" => format!("{} * * * * *", every(n, 60)?),
        "minutes" => format!("{} * * * *", every(n, 60)?),
        "hours" => format!("0 {} * * *", every(n, 24)?),
        _ => return None,
    })
}

fn rule(interval: &Json) -> Option<String> {
    let (minute, hour) =
        (number(interval, "triggerAtMinute", 0), number(interval, "triggerAtHour", 0));
    if !(0..60).contains(&minute) || !(0..24).contains(&hour) {
        return None;
    }
    Some(match interval.text_of("field") {
        "cronExpression" => {
            let text = interval.text_of("expression").trim().to_owned();
            return (!text.is_empty() && !text.starts_with('=')).then_some(text);
        }
        "seconds" => every_unit("seconds", number(interval, "secondsInterval", 30))?,
        "minutes" => every_unit("minutes", number(interval, "minutesInterval", 5))?,
        "hours" => format!("{minute} {} * * *", every(number(interval, "hoursInterval", 1), 24)?),
        "weeks" if number(interval, "weeksInterval", 1) == 1 => {
            let days = interval.get("triggerAtDay").map_or(&[][..], Json::list);
            let days: Vec<String> =
                days.iter().filter_map(Json::as_i64).map(|d| d.to_string()).collect();
            let days = if days.is_empty() { "0".to_owned() } else { days.join(",") };
            format!("{minute} {hour} * * {days}")
        }
        "months" => {
            let day = number(interval, "triggerAtDayOfMonth", 1);
            let months = every(number(interval, "monthsInterval", 1), 12)?;
            format!("{minute} {hour} {day} {months} *")
        }
        "days" | "" if number(interval, "daysInterval", 1) == 1 => format!("{minute} {hour} * * *"),
        _ => return None,
    })
}

fn old_rule(item: &Json) -> Option<String> {
    let (minute, hour) = (number(item, "minute", 0), number(item, "hour", 14));
    Some(match item.text_of("mode") {
        "everyMinute" => "* * * * *".to_owned(),
        "everyHour" => format!("{minute} * * * *"),
        "everyDay" | "" => format!("{minute} {hour} * * *"),
        "everyWeek" => {
            let day = item.get("weekday").and_then(|day| {
                day.as_str().map(str::to_owned).or_else(|| Some(day.as_i64()?.to_string()))
            });
            format!("{minute} {hour} * * {}", day.unwrap_or_else(|| "1".to_owned()))
        }
        "everyMonth" => format!("{minute} {hour} {} * *", number(item, "dayOfMonth", 1)),
        "everyX" => every_unit(item.text_of("unit"), number(item, "value", 1))?,
        "custom" => item.text_of("cronExpression").to_owned(),
        _ => return None,
    })
}
