//! Conditions: Typebot compares texts, so values are compared as texts here too, and as numbers only where both are.

use super::{
    block::{Drawn, Exit, Site, Way},
    variable::Variables,
};
use crate::{
    import::text::quoted,
    json::{Json, object},
};

/// What a text must look like to be compared as a number.
const NUMBER: &str = r"^-?[0-9]+(\\.[0-9]+)?$";

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Drawn<'a> {
    let items = site.block.items();
    let whens: Result<Vec<String>, String> = items
        .iter()
        .map(|item| when(item.get("content").unwrap_or(&Json::Null), site.variables()))
        .collect();
    let whens = whens?;
    if let ([item], [when]) = (items, whens.as_slice()) {
        site.push(site.node("if").with("when", when.as_str()));
        return Ok(vec![site.way("true", Exit::Held(item)), site.next("false")]);
    }
    if items.is_empty() {
        return Err("It asks for nothing; use an `if` or a `switch`.".to_owned());
    }
    let mut cases = Vec::new();
    let mut ways: Vec<Way<'a>> = Vec::new();
    for (index, (item, when)) in items.iter().zip(&whens).enumerate() {
        let id = format!("case_{}", index + 1);
        cases.push(object([("id", id.as_str().into()), ("when", when.as_str().into())]));
        ways.push(site.way(&id, Exit::Held(item)));
    }
    ways.push(site.next("default"));
    site.push(site.node("switch").with("cases", cases));
    Ok(ways)
}

/// The condition of one item.
fn when(content: &Json, variables: &Variables) -> Result<String, String> {
    combine(
        content,
        |comparison| {
            let id = comparison.text_of("variableId");
            let value = variables.expression(id);
            value.ok_or_else(|| "It compares no variable; write the condition.".to_owned())
        },
        variables,
    )
}

/// Comparisons joined by `logicalOperator`; what is compared is told by `value_of`.
pub(super) fn combine(
    content: &Json,
    value_of: impl Fn(&Json) -> Result<String, String>,
    variables: &Variables,
) -> Result<String, String> {
    let comparisons = content.get("comparisons").map_or(&[][..], Json::list);
    let joined = if content.text_of("logicalOperator") == "OR" { " || " } else { " && " };
    let parts: Result<Vec<String>, String> = comparisons
        .iter()
        .map(|comparison| compare(&value_of(comparison)?, comparison, variables))
        .collect();
    let parts = parts?;
    match parts.as_slice() {
        [] => Err("It compares nothing; write the condition.".to_owned()),
        [one] => Ok(one.clone()),
        many => Ok(many.iter().map(|p| format!("({p})")).collect::<Vec<_>>().join(joined)),
    }
}

fn compare(value: &str, comparison: &Json, variables: &Variables) -> Result<String, String> {
    let other = match comparison.get("value") {
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(flag)) => flag.to_string(),
        Some(value) => value.as_str().unwrap_or_default().to_owned(),
        None => String::new(),
    };
    let text = format!("text({value})");
    let same = || variables.text_expression(&other);
    let folded = || folded(&other, variables);
    Ok(match comparison.text_of("comparisonOperator") {
        "Equal to" => format!("{text} == {}", same()),
        "Not equal" => format!("{text} != {}", same()),
        "Contains" => format!("{text}.lower().contains({})", folded()),
        "Does not contain" => format!("!{text}.lower().contains({})", folded()),
        "Starts with" => format!("{text}.lower().trim().startsWith({})", folded()),
        "Ends with" => format!("{text}.lower().trim().endsWith({})", folded()),
        "Is set" => format!("{text} != ''"),
        "Is empty" => format!("{text} == ''"),
        "Greater than" => number(&text, ">", &other, variables)?,
        "Less than" => number(&text, "<", &other, variables)?,
        "Greater or equal to" => number(&text, ">=", &other, variables)?,
        "Less or equal to" => number(&text, "<=", &other, variables)?,
        "Matches regex" => format!("{text}.matches({})", pattern(&other, variables)?),
        "Does not match regex" => format!("!{text}.matches({})", pattern(&other, variables)?),
        operator => {
            return Err(format!("The comparison `{operator}` is not known; write the condition."));
        }
    })
}

fn folded(other: &str, variables: &Variables) -> String {
    match variables.is_literal(other) {
        true => quoted(other.trim().to_lowercase().as_str()),
        false => format!("({}).lower().trim()", variables.text_expression(other)),
    }
}

/// A comparison of numbers, which does not hold for anything else.
fn number(text: &str, sign: &str, other: &str, variables: &Variables) -> Result<String, String> {
    let is_number = |text: &str| format!("{text}.matches(\"{NUMBER}\")");
    if variables.is_literal(other) {
        let number = other.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let number = number.ok_or("It compares a time; write the condition with timestamp().")?;
        return Ok(format!("{} && double({text}) {sign} {number:?}", is_number(text)));
    }
    let other = format!("({})", variables.text_expression(other));
    Ok(format!(
        "{} && {} && double({text}) {sign} double({other})",
        is_number(text),
        is_number(&other)
    ))
}

/// `/pattern/flags` or `pattern`, if our regular expressions can do it.
fn pattern(text: &str, variables: &Variables) -> Result<String, String> {
    const REFUSED: &str = "Its regular expression needs what ours do not have, like looking ahead; write the condition.";
    if !variables.is_literal(text) {
        return Err("Its regular expression is computed; write the condition.".to_owned());
    }
    let parts = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    let (pattern, flags) = parts.unwrap_or((text, ""));
    let flags: String = flags.chars().filter(|flag| matches!(flag, 'i' | 's' | 'm')).collect();
    let pattern =
        if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
    match regex::Regex::new(&pattern) {
        Ok(_) => Ok(quoted(&pattern)),
        Err(_) => Err(REFUSED.to_owned()),
    }
}
