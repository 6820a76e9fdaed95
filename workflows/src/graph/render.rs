//! Templates as expressions, for places where machine JSON renders none: outputs and assigned values.
//!
//! **Invariant:** the expression gives the text the template would have given.

use super::emit::{expression, text_literal};
use crate::expr::{Expression, Template};
use serde_json::Value;

/// How many `}}` are tried as the end of one part; more than one only where an expression holds `}}` itself.
const ENDS_MAX: usize = 16;

/// The value with each text that holds `{{ }}` replaced by the expression it stands for.
pub(crate) fn computed(value: &Value) -> Value {
    match value {
        Value::String(text) => text_expression(text).map_or_else(|| value.clone(), expression),
        Value::Array(items) => items.iter().map(computed).collect(),
        Value::Object(map) if map.contains_key("@expr") => value.clone(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), computed(value))).collect())
        }
        _ => value.clone(),
    }
}

/// `None` for a text without computed parts, and for one that cannot be read, which has been told by then.
fn text_expression(text: &str) -> Option<String> {
    if !text.contains("{{") || Template::parse(text).is_err() {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, tail)) = rest.split_once("{{") {
        let mut ends = tail.match_indices("}}").map(|(end, _)| end).take(ENDS_MAX);
        let end = ends.find(|end| Expression::parse(&tail[..*end]).is_ok())?;
        if !literal.is_empty() {
            parts.push(text_literal(literal));
        }
        parts.push(format!("text({})", tail[..end].trim()));
        rest = &tail[end + 2..];
    }
    if !rest.is_empty() {
        parts.push(text_literal(rest));
    }
    Some(parts.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_become_expressions() {
        for (value, wanted) in [
            (json!("plain"), json!("plain")),
            (json!("{{ context.n }}"), json!({"@expr": "text(context.n)"})),
            (
                json!("Hi \"{{ context.n }}\", {{ 1 + 2 }}!"),
                json!({"@expr": r#""Hi \"" + text(context.n) + "\", " + text(1 + 2) + "!""#}),
            ),
            (json!("{{ '}}' }}"), json!({"@expr": "text('}}')"})),
            (json!("{{ broken"), json!("{{ broken")),
            (json!({"@expr": "'{{ x }}'"}), json!({"@expr": "'{{ x }}'"})),
            (json!([{"a": "{{ now }}"}, 3]), json!([{"a": {"@expr": "text(now)"}}, 3])),
        ] {
            assert_eq!(computed(&value), wanted, "{value}");
        }
    }
}
