//! `Edit Fields` (Set): each field is kept in the context under the node's name.

use super::{
    data::SetFields,
    document::Node,
    draw::{Drawn, Site},
};
use crate::{import::names::word, json::Json};

/// First version whose other fields stay out unless they are asked for.
const ASKS_SINCE: f64 = 3.3;
/// First version with assignments instead of values by type.
const ASSIGNS_SINCE: f64 = 3.0;

/// A field as it is written.
struct Field<'a> {
    name: &'a str,
    value: &'a Json,
    kind: &'a str,
}

/// Where each field is kept.
pub(super) fn fields(node: &Node<'_>) -> SetFields {
    let is = |key: &str| node.parameter(key).and_then(Json::as_bool) == Some(true);
    let passes = match node.version {
        v if v < ASSIGNS_SINCE => !is("keepOnlySet"),
        v if v < ASKS_SINCE => !matches!(node.text("include"), "none" | "selected"),
        _ => is("includeOtherFields"),
    };
    let read = read(node).unwrap_or_default();
    let paths = read.iter().map(|field| (field.name.to_owned(), path(field.name))).collect();
    SetFields { paths, passes }
}

/// A name with dots is a path into an object, as in n8n.
fn path(name: &str) -> String {
    let parts: Vec<String> = name
        .split('.')
        .map(|part| if crate::import::names::is_field(part) { part.to_owned() } else { word(part) })
        .map(|part| if part.is_empty() { "value".to_owned() } else { part })
        .collect();
    parts.join(".")
}

fn read<'a>(node: &Node<'a>) -> Result<Vec<Field<'a>>, String> {
    if node.text("mode") == "raw" || node.text("mode") == "json" {
        return Err(
            "Its fields are written as one JSON text; write them one by one in a `set` node."
                .to_owned(),
        );
    }
    let mut fields = Vec::new();
    if let Some(values) = node.parameter("values").filter(|_| node.version < ASSIGNS_SINCE) {
        for (kind, items) in values.entries() {
            fields.extend(items.list().iter().map(|item| Field {
                name: item.text_of("name"),
                value: item.get("value").unwrap_or(&Json::Null),
                kind,
            }));
        }
        return Ok(fields);
    }
    let old = node.at(&["fields", "values"]);
    for item in node.at(&["assignments", "assignments"]).or(old).map_or(&[][..], Json::list) {
        let kind = item.text_of("type").trim_end_matches("Value");
        // Between 3.0 and 3.3 each type had a member of its own.
        let value = item.get("value").or_else(|| item.get(&format!("{kind}Value")));
        let value = value.or_else(|| item.get("stringValue"));
        fields.push(Field {
            name: item.text_of("name"),
            value: value.unwrap_or(&Json::Null),
            kind,
        });
    }
    Ok(fields)
}

pub(super) fn draw(site: &mut Site<'_, '_>) -> Drawn {
    let here = site.here();
    let kept = site.data.set_fields(site.index).map(|set| &set.paths);
    let mut assign = Vec::new();
    for field in read(site.node)?.iter().filter(|field| !field.name.is_empty()) {
        let Some(path) = kept.and_then(|kept| kept.get(field.name)) else { continue };
        let value = match (field.kind, field.value) {
            ("number", Json::String(text)) if !text.starts_with('=') => {
                let number = text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
                number.ok_or_else(|| format!("`{}` is not a number.", field.name))?;
                text.trim().to_owned()
            }
            ("boolean", Json::String(text)) if matches!(text.as_str(), "true" | "false") => {
                text.clone()
            }
            ("array" | "object", Json::String(text)) if !text.starts_with('=') => {
                let json: serde_json::Value = serde_json::from_str(text).map_err(|_| {
                    format!("`{}` is not JSON; write it in a `set` node.", field.name)
                })?;
                format!("json({})", crate::import::text::quoted(&json.to_string()))
            }
            (_, value) => here.expression(value)?.source,
        };
        assign.push((format!("{}.{path}", site.node.id), value.into()));
    }
    site.push(site.make("set").with("assign", Json::Object(assign)));
    let known = [
        "assignments",
        "values",
        "fields",
        "keepOnlySet",
        "include",
        "includeOtherFields",
        "mode",
        "options",
    ];
    site.drop_others(&known);
    Ok(vec![site.way("default", 0)])
}
