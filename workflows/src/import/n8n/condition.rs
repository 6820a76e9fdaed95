//! If, Filter and Switch: the conditions of versions 1 and 2 as expressions.

use super::draw::{Drawn, Site, Way};
use crate::{
    import::{
        script::{Cel, Type},
        text::quoted,
    },
    json::{Json, object},
};

/// What a comparison looks at beside its two values.
struct Operator<'a> {
    kind: &'a str,
    operation: &'a str,
    folds_case: bool,
}

pub(super) fn draw_if(site: &mut Site<'_, '_>) -> Drawn {
    let when = when(site, site.node.parameter("conditions"), site.node.text("combineOperation"))?;
    site.push(site.make("if").with("when", when));
    site.drop_others(&["conditions", "combineOperation", "options", "looseTypeValidation"]);
    // A filter has no second output, and what it leaves out goes nowhere; n8n ends there.
    Ok(vec![site.way("true", 0), site.way("false", 1)])
}

pub(super) fn draw_switch(site: &mut Site<'_, '_>) -> Drawn {
    let node = site.node;
    if node.text("mode") == "expression" {
        return Err(
            "Its output is computed as a number; use a `switch` with conditions.".to_owned()
        );
    }
    let rules = match node.parameter("rules") {
        Some(rules) if rules.get("rules").is_some() => old_rules(site, rules)?,
        Some(rules) => new_rules(site, rules)?,
        None => return Err("It has no rules; use a `switch`.".to_owned()),
    };
    if rules.is_empty() {
        return Err("It has no rules; use a `switch`.".to_owned());
    }
    let mut ways: Vec<Way> = Vec::new();
    let mut cases = Vec::new();
    for (index, (when, output)) in rules.iter().enumerate() {
        let id = format!("case_{}", index + 1);
        cases.push(object([("id", id.as_str().into()), ("when", when.as_str().into())]));
        ways.push(site.way(&id, *output));
    }
    // Without a fallback what fits nowhere goes nowhere: an output that is not there.
    let fallback =
        node.at(&["options", "fallbackOutput"]).or_else(|| node.parameter("fallbackOutput"));
    let fallback = match fallback {
        Some(Json::String(word)) if word == "extra" => rules.len(),
        Some(number) => number.as_i64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    ways.push(site.way("default", fallback));
    site.push(site.make("switch").with("cases", cases));
    if node.at(&["options", "allMatchingOutputs"]).and_then(Json::as_bool) == Some(true) {
        let message = "all rules that hold were followed, and here only the first is";
        site.warn(message, "Use a `fork` with an `if` in each branch.");
    }
    site.drop_others(&[
        "rules",
        "options",
        "fallbackOutput",
        "mode",
        "dataType",
        "value1",
        "looseTypeValidation",
    ]);
    Ok(ways)
}

/// Version 3: each rule has conditions, and its place is its output.
fn new_rules(site: &Site<'_, '_>, rules: &Json) -> Result<Vec<(String, usize)>, String> {
    let values = rules.get("values").map_or(&[][..], Json::list);
    let rules = values.iter().enumerate();
    rules.map(|(index, rule)| Ok((when(site, rule.get("conditions"), "")?, index))).collect()
}

/// Before: each rule compares one value, and names its output.
fn old_rules(site: &Site<'_, '_>, rules: &Json) -> Result<Vec<(String, usize)>, String> {
    let left = site.here().expression(site.node.parameter("value1").unwrap_or(&Json::Null))?;
    let kind = match site.node.text("dataType") {
        "" => "number",
        kind => kind,
    };
    let rules = rules.get("rules").map_or(&[][..], Json::list).iter().enumerate();
    rules
        .map(|(index, rule)| {
            let right = site.here().expression(rule.get("value2").unwrap_or(&Json::Null))?;
            let operator = old_operator(kind, rule.text_of("operation"));
            let output = match rule.get("output").or_else(|| rule.get("outputKey")) {
                Some(output) => {
                    output.as_i64().and_then(|n| usize::try_from(n).ok()).unwrap_or(index)
                }
                None => index,
            };
            Ok((compare(&left, &right, &operator)?, output))
        })
        .collect()
}

/// The conditions of an If, a Filter or a rule.
fn when(site: &Site<'_, '_>, conditions: Option<&Json>, combine: &str) -> Result<String, String> {
    let conditions = conditions.ok_or("It has no conditions; use an `if`.")?;
    let mut parts = Vec::new();
    let mut is_any = combine == "any";
    if let Some(list) = conditions.get("conditions") {
        is_any = conditions.text_of("combinator") == "or";
        let option = |key: &str| conditions.at(&["options", key]).and_then(Json::as_bool);
        let ignores = site.node.at(&["options", "ignoreCase"]).and_then(Json::as_bool);
        let folds_case = option("caseSensitive") == Some(false) || ignores == Some(true);
        for condition in list.list() {
            let value = |key: &str| condition.get(key).unwrap_or(&Json::Null);
            let left = site.here().expression(value("leftValue"))?;
            let operator = value("operator");
            let operator = Operator {
                kind: operator.text_of("type"),
                operation: operator.text_of("operation"),
                folds_case,
            };
            let right = site.here().expression(value("rightValue"))?;
            parts.push(compare(&left, &right, &operator)?);
        }
    } else {
        for (kind, list) in conditions.entries() {
            for condition in list.list() {
                let value = |key: &str| condition.get(key).unwrap_or(&Json::Null);
                let left = site.here().expression(value("value1"))?;
                let right = site.here().expression(value("value2"))?;
                let operator = old_operator(kind, condition.text_of("operation"));
                parts.push(compare(&left, &right, &operator)?);
            }
        }
    }
    match parts.as_slice() {
        [] => Err("It has no conditions; use an `if`.".to_owned()),
        [one] => Ok(one.clone()),
        many => {
            let many: Vec<String> = many.iter().map(|part| format!("({part})")).collect();
            Ok(many.join(if is_any { " || " } else { " && " }))
        }
    }
}

/// The names of version 1 as those of version 2.
fn old_operator<'a>(kind: &'a str, operation: &'a str) -> Operator<'a> {
    let operation = match (kind, operation) {
        ("number", "") | (_, "smaller") => "lt",
        ("dateTime", "") => "after",
        (_, "" | "equal") => "equals",
        (_, "notEqual") => "notEquals",
        (_, "smallerEqual") => "lte",
        (_, "larger") => "gt",
        (_, "largerEqual") => "gte",
        (_, "isEmpty") => "empty",
        (_, "isNotEmpty") => "notEmpty",
        (_, other) => other,
    };
    Operator { kind, operation, folds_case: false }
}

fn compare(left: &Cel, right: &Cel, operator: &Operator<'_>) -> Result<String, String> {
    let operation = operator.operation;
    let value = left.grouped();
    match operation {
        "exists" => return Ok(format!("{value} != null")),
        "notExists" => return Ok(format!("{value} == null")),
        "empty" => return Ok(format!("dyn({}) in [null, '', [], {{}}]", left.source)),
        "notEmpty" => return Ok(format!("!(dyn({}) in [null, '', [], {{}}])", left.source)),
        _ => {}
    }
    let found = match operator.kind {
        "number" => compare_numbers(left, right, operation),
        "boolean" => match operation {
            "true" => Some(format!("dyn({}) == true", left.source)),
            "false" => Some(format!("dyn({}) == false", left.source)),
            "equals" => Some(format!("dyn({}) == {}", left.source, right.grouped())),
            "notEquals" => Some(format!("dyn({}) != {}", left.source, right.grouped())),
            _ => None,
        },
        "dateTime" => compare_times(left, right, operation),
        "array" => match operation {
            "contains" => Some(format!("{} in {value}", right.grouped())),
            "notContains" => Some(format!("!({} in {value})", right.grouped())),
            _ => {
                let sign = sign(operation.strip_prefix("length").unwrap_or_default());
                sign.map(|sign| format!("size({}) {sign} {}", left.source, number(right)))
            }
        },
        "string" | "any" | "" => compare_texts(left, right, operator)?,
        _ => None,
    };
    found.ok_or_else(|| {
        format!(
            "The comparison `{operation}` of `{}` is not known; write the condition.",
            operator.kind
        )
    })
}

fn sign(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "equals" | "Equals" => "==",
        "notEquals" | "NotEquals" => "!=",
        "gt" | "Gt" => ">",
        "lt" | "Lt" => "<",
        "gte" | "Gte" => ">=",
        "lte" | "Lte" => "<=",
        _ => return None,
    })
}

/// A number that may be written as a text.
fn number(value: &Cel) -> String {
    let inner = value.source.trim_matches('"');
    match value.ty == Type::Text && inner.parse::<f64>().is_ok() {
        true => inner.to_owned(),
        false => value.grouped(),
    }
}

fn compare_numbers(left: &Cel, right: &Cel, operation: &str) -> Option<String> {
    Some(format!("dyn({}) {} {}", left.source, sign(operation)?, number(right)))
}

fn compare_times(left: &Cel, right: &Cel, operation: &str) -> Option<String> {
    let sign = match operation {
        "equals" => "==",
        "notEquals" => "!=",
        "after" => ">",
        "before" => "<",
        "afterOrEquals" => ">=",
        "beforeOrEquals" => "<=",
        _ => return None,
    };
    let time = |value: &Cel| match value.ty {
        Type::Time => value.grouped(),
        _ => format!("timestamp({})", value.source),
    };
    Some(format!("{} {sign} {}", time(left), time(right)))
}

fn compare_texts(
    left: &Cel,
    right: &Cel,
    operator: &Operator<'_>,
) -> Result<Option<String>, String> {
    let fold = if operator.folds_case { ".lower()" } else { "" };
    let (a, b) = (format!("{}{fold}", left.text()), format!("{}{fold}", right.text()));
    Ok(Some(match operator.operation {
        "equals" => format!("{a} == {b}"),
        "notEquals" => format!("{a} != {b}"),
        "contains" => format!("{a}.contains({b})"),
        "notContains" => format!("!{a}.contains({b})"),
        "startsWith" => format!("{a}.startsWith({b})"),
        "notStartsWith" => format!("!{a}.startsWith({b})"),
        "endsWith" => format!("{a}.endsWith({b})"),
        "notEndsWith" => format!("!{a}.endsWith({b})"),
        "regex" => format!("{}.matches({})", left.text(), pattern(right)?),
        "notRegex" => format!("!{}.matches({})", left.text(), pattern(right)?),
        _ => return Ok(None),
    }))
}

/// `/pattern/flags` or `pattern`, if our regular expressions can do it.
fn pattern(value: &Cel) -> Result<String, String> {
    let text: String = serde_json::from_str(&value.source)
        .map_err(|_| "Its regular expression is computed; write the condition.".to_owned())?;
    let parts = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    let (pattern, flags) = parts.unwrap_or((&text, ""));
    let flags: String = flags.chars().filter(|flag| matches!(flag, 'i' | 's' | 'm')).collect();
    let pattern =
        if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
    match regex::Regex::new(&pattern) {
        Ok(_) => Ok(quoted(&pattern)),
        Err(_) => Err("Its regular expression needs what ours do not have, like looking ahead; write the condition.".to_owned()),
    }
}
